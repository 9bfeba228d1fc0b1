"""Table 13: sums of matrices in two, three and four digits."""

from dataclasses import replace

from ...runs import Cell, Experiment, Label, Scale, examples_until
from ...runs.recipes import fast
from ...training import TestSet, TrainConfig
from ..study import Table
from .full_size import full_size
from .settings import PaperModel, at_tolerances, models_of, slug, with_tests

TOLERANCES = (10, 5, 2, 1, 0.5, 0.1)
_PAPER_LENGTH = 30_000_000
_SMALL_LENGTH = 20_000
_SEEDS = (0, 1, 2)


def at_all_tolerances(config: TrainConfig) -> TrainConfig:
    """`config` with the tolerances of tables 13 and 14 evaluated."""
    tolerances = tuple(percent / 100 for percent in TOLERANCES)
    return replace(config, evaluation=replace(config.evaluation, tolerances=tolerances))


def _experiments(scale: Scale) -> list[Experiment]:
    models = models_of("table13", "tolerance")
    if scale == "laptop":
        return [_small(model, seed) for model in models for seed in _SEEDS]
    return [
        Experiment(
            name=slug(model["encoding"]),
            config=at_all_tolerances(
                full_size(
                    scale,
                    "add",
                    "10x10",
                    encoding=model["encoding"],
                    layers="2/2",
                    examples=_PAPER_LENGTH,
                )
            ),
            cells=_cells(model.labels, 0.99),
        )
        for model in models
    ]


def _small(model: PaperModel, seed: int) -> Experiment:
    encoding = model["encoding"]
    config = fast("add", "3x3", encoding=encoding, layers=(2, 2), examples=_SMALL_LENGTH, seed=seed)
    return Experiment(
        name=slug(encoding, "seed", seed),
        config=at_all_tolerances(with_tests(config, TestSet(size=2000), evaluations=20)),
        cells=_cells({**model.labels, "seed": seed}, 0.95),
    )


def _cells(labels: dict[str, Label], target: float) -> list[Cell]:
    """Accuracies, and the examples until `target` of the answers are right within 5%."""
    until: dict[str, Label] = {"tolerance": 5, "metric": f"examples to {target:.0%}"}
    return [
        *at_tolerances(labels, {}, tolerances=TOLERANCES),
        Cell(labels={**labels, **until}, read=examples_until(target, 0.05)),
    ]


TABLE = Table(
    name="table13",
    title="Sums of two matrices, for different numbers of digits",
    section="C",
    rows=("precision_digits", "encoding", "seed"),
    columns=("metric", "tolerance"),
    runs=_experiments,
    note="3x3 stands for the paper's 10x10, width 128 for 512, 20,000 examples for 30,000,000; "
    "three training seeds, 2,000 test matrices. The recipe is `fast`. Beside the paper's table "
    "stand the examples that its text counts: those until 99% are right at 5% tolerance (95% at "
    "laptop scale).",
)
