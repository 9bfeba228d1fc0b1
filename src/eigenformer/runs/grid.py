"""A run for each combination of the values of some fields."""

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..core import InputError
from ..training import Run
from .experiment import Experiment, Measured, proportion
from .progress import last_lines


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A field or option that varies, and its values as words."""

    field: str
    values: tuple[str, ...]

    @staticmethod
    def parse(text: str) -> "Axis":
        """From "model.encoder.layers=1,2,4"; `InputError` if it is not like that."""
        field, equals, listed = text.partition("=")
        values = tuple(value.strip() for value in listed.split(","))
        field = field.strip().removeprefix("--").replace("_", "-")
        if not (field and equals and all(values)):
            raise InputError(
                f"--vary is {text!r}; give a field and values, such as seed=0,1,2 or "
                "model.encoder.layers=1,2,4"
            )
        if len(set(values)) < len(values):
            raise InputError(f"--vary {text} has a value twice; leave one out")
        return Axis(field=field, values=values)


@dataclass(frozen=True, kw_only=True)
class Combination:
    """A value of each axis, by its field, and the run that has them."""

    values: Mapping[str, str]
    experiment: Experiment


def grid(axes: Sequence[Axis], configure: Callable[[Mapping[str, str]], Run]) -> list[Combination]:
    """Every combination, configured by its values; the last axis varies fastest."""
    combinations = []
    for chosen in itertools.product(*(axis.values for axis in axes)):
        values = {axis.field: value for axis, value in zip(axes, chosen, strict=True)}
        name = "-".join(f"{field.rpartition('.')[2]}-{value}" for field, value in values.items())
        name = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        experiment = Experiment(name=name, config=configure(values))
        combinations.append(Combination(values=values, experiment=experiment))
    return combinations


def final_scores(experiment: Experiment) -> dict[str, Measured]:
    """At the end of a run, by tolerance, the accuracy on its first test set, or its test loss."""
    folder = experiment.folder()
    if folder is None or folder.status()["state"] not in ("finished", "diverged"):
        return {}
    line = last_lines(folder).get("evaluation", {})
    if "loss" in line:
        return {"loss": Measured(value=line["loss"], unit="loss")}
    for test in list(line.get("accuracy", ()))[:1]:
        result = folder.evaluations(test)[line["examples"]]
        shares = result["accuracy"][result["score"]]
        ceilings = result["ceiling"][result["score"]]
        return {
            tolerance: proportion(shares[tolerance], ceilings[tolerance]["value"])
            for tolerance in line["accuracy"][test]
        }
    return {}
