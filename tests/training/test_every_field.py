"""Every field of every registered configuration, with values that nobody can mean."""

import json
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from eigenformer import ensembles, problems
from eigenformer.cli.train import configured
from eigenformer.core import InputError, Registry
from eigenformer.core.checks import check_finite
from eigenformer.encodings import Encoding
from eigenformer.incontext import ARCHITECTURES, TASKS, Evaluation, Optimizer, RunConfig
from eigenformer.incontext.tasks.covariates import COVARIATES
from eigenformer.models import ModelConfig
from eigenformer.runs.recipes import RECIPES, fast
from eigenformer.training import EvaluationConfig, Execution, Run, TestSet, TrainConfig, train
from eigenformer.training.run import run_from_json, run_to_json

HOSTILE = [math.nan, math.inf, -1, 0, 1e30, ""]


def tokens(**changes: Any) -> TrainConfig:
    """Two steps, each scored."""
    run = fast(problem="inverse", dims="2x2", width=32, layers=(1, 1), examples=8, batch_size=4)
    tests = (TestSet(size=4),)
    evaluation = EvaluationConfig(every=4, tests=tests, target=0.9)
    return replace(run, evaluation=evaluation, **changes)


def prompts(**changes: Any) -> RunConfig:
    usual: dict[str, Any] = {
        "task": TASKS.get("regression"),
        "optimizer": Optimizer(clip=1.0, halve_every=5),
    }
    usual |= {"steps": 2, "batch": 4, "evaluation": Evaluation(every=1, size=4), "snapshots": (0,)}
    return RunConfig(**{**usual, **changes})


def configurations() -> Iterator[Run]:
    """A small run with each registered class of which a run's configuration is made."""
    yield tokens()
    task = tokens().task
    for name in ModelConfig.registry.names():
        yield tokens(model=ModelConfig.registry.item(name).like(tokens().model))
    for name in ensembles.names():
        several = {"components": ("iid-uniform", "iid-laplace")} if name == "mixture" else {}
        of = ensembles.get(name, dims="2x2", **several)
        yield tokens(task=replace(task, problem=problems.get("transpose"), ensemble=of))
    for name in Encoding.registry.names():
        encoding = Encoding.registry.get(name)
        yield tokens(task=replace(task, encoder=encoding, decoder=encoding))
    for name in problems.names():
        if name != "matmul":  # of a 2x2 matrix that has two operands
            yield fast(problem=name, dims="2x2", width=32, layers=(1, 1), examples=4, batch_size=4)
    for name in ARCHITECTURES.names():
        if name != "constructed":  # it has no numbers
            item: Any = ARCHITECTURES.item(name)
            graphs = name in ("from-richardson", "graph-transformer")
            usual = "graph" if graphs else getattr(item, "usual_task", "regression")
            yield prompts(task=TASKS.get(usual), model=item())
    for name in TASKS.names():
        model = {"graph": "graph-transformer", "patterns": "one-layer"}.get(name, "transformer")
        yield prompts(task=TASKS.get(name), model=ARCHITECTURES.get(model))
    for name in COVARIATES.names():
        yield prompts(task=TASKS.get("regression", covariates=COVARIATES.get(name)))


@dataclass(frozen=True)
class Field:
    """One number, text or flag in the JSON form of a run."""

    run: Any
    path: tuple[Any, ...]

    def __str__(self) -> str:
        return ".".join(map(str, self.path))

    def given(self, value: Any) -> Any:
        changed = json.loads(json.dumps(self.run))
        *way, last = self.path
        node = changed
        for key in way:
            node = node[key]
        whole = isinstance(node[last], int) and value == 1e30
        node[last] = 10**30 if whole else value
        return changed


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(node, dict | list):
        for key in node if isinstance(node, dict) else range(len(node)):
            yield from leaves(node[key], (*path, key))
    else:
        yield path


def fields() -> list[Field]:
    """Every field of every class once."""
    seen: dict[Any, Field] = {}
    for run in configurations():
        data = run_to_json(run)
        for path in leaves(data):
            holder, name = data, ""
            for key in path[:-1]:
                holder = holder[key]
                if isinstance(holder, dict):
                    name = holder.get("name", name) if "name" in holder else f"{name}.{key}"
            seen.setdefault((data["kind"], name, path[-1]), Field(data, path))
    return list(seen.values())


FIELDS = fields()


def test_the_walk_sees_every_class() -> None:
    registries: list[Registry[Any]] = [
        *(ModelConfig.registry, Encoding.registry, ensembles.Ensemble.registry),
        *(ARCHITECTURES, TASKS, COVARIATES),
    ]
    text = json.dumps([field.run for field in FIELDS])
    for registry in registries:
        for name in registry.names():
            if not registry.item(name).__module__.startswith("eigenformer."):
                continue  # what a test registered
            built = name in text or name == "constructed" or registry is Encoding.registry
            assert built, f"{name} needs a run in `configurations`"


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_a_field_is_refused_or_makes_a_run(field: Field) -> None:
    for value in HOSTILE:
        try:
            run = run_from_json(field.given(value), "config")
            check_finite(run)
            run.check()
        except InputError as refused:
            assert str(refused).count("\n") == 0
        else:
            assert not isinstance(value, float) or math.isfinite(value)


@pytest.mark.slow
@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_a_field_is_refused_before_anything_is_written_or_trains(
    field: Field, tmp_path: Path
) -> None:
    for value in HOSTILE:
        folder = tmp_path / f"run{value}"
        try:
            run = run_from_json(field.given(value), "config")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                train(run, folder, Execution(workers=0, quiet=True, device="cpu"))
        except InputError as refused:
            assert str(refused).count("\n") == 0 and not folder.exists()
        else:
            assert not isinstance(value, float) or math.isfinite(value)


def arguments() -> list[tuple[str, str]]:
    from inspect import signature

    return [
        (recipe, f"--{name.replace('_', '-')}")
        for recipe in ("fast", "paper", "transformer")
        for name in signature(RECIPES.item(recipe)).parameters
    ]


@pytest.mark.parametrize(("recipe", "option"), arguments())
def test_an_argument_of_a_recipe_is_refused_or_makes_a_run(recipe: str, option: str) -> None:
    for value in ("nan", "inf", "-1", "0", str(10**30), ""):
        pair = option == "--layers" or (recipe, option) == ("paper", "--heads")
        words = [value, "1"] if pair and recipe != "transformer" else [value]
        try:
            run, _ = configured(recipe, [option, *words])
            run.check()
        except InputError as refused:
            assert str(refused).count("\n") == 0
