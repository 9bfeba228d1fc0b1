"""Table 14: eigenvalues with two, three and four significant digits."""

from ...runs import Cell, Experiment, Label, Scale, examples_until
from ...runs.recipes import fast
from ...training import TrainConfig
from ..study import Table
from .full_size import full_size
from .settings import at_tolerances, models_of, slug, with_tests
from .table13 import TOLERANCES, at_all_tolerances

_PAPER_LENGTH = 60_000_000
_LAPTOP_LENGTH = 30_000


def _experiments(scale: Scale) -> list[Experiment]:
    laptop = scale == "laptop"
    target = 0.95 if laptop else 0.99
    until: dict[str, Label] = {"metric": f"examples to {target:.0%}"}
    found = []
    for model in models_of("table14", "tolerance"):
        labels = {**model.labels, "dims": "3x3" if laptop else "5x5"}
        found.append(
            Experiment(
                name=slug(model["encoding"]),
                config=at_all_tolerances(_config(scale, model["encoding"])),
                cells=(
                    *at_tolerances(labels, {"dims": "5x5"}, tolerances=TOLERANCES),
                    Cell(labels={**labels, **until}, read=examples_until(target, 0.05)),
                ),
            )
        )
    return found


def _config(scale: Scale, encoding: str) -> TrainConfig:
    if scale == "laptop":
        config = fast("eigenvalues", "3x3", encoding=encoding, examples=_LAPTOP_LENGTH)
        return with_tests(config, evaluations=10)
    return full_size(scale, "eigenvalues", "5x5", encoding=encoding, examples=_PAPER_LENGTH)


TABLE = Table(
    name="table14",
    title="Eigenvalues, for different number precisions",
    section="C",
    rows=("precision_digits", "encoding"),
    columns=("metric", "tolerance"),
    runs=_experiments,
    note="3x3 in place of 5x5, 2/1 layers of width 128, 30,000 examples with `fast`. Beside "
    "the paper's table, the examples that its text counts: those until 99% are right within 5% "
    "(95% at 3x3).",
)
