"""Table 17: how fast models of different sizes learn products and eigenvalues."""

from dataclasses import replace

from ...runs import Cell, Experiment, Label, Scale, examples_until
from ...training import TrainConfig
from ..study import Table
from .full_size import EPOCH, full_size
from .grids import TARGET, TOLERANCE, WIDTHS, small_model
from .settings import models_of, paper_tokens, slug

_PROBLEMS = {"matrix-vector product": "matvec", "eigenvalues": "eigenvalues"}
_LENGTHS = {"matvec": 100 * EPOCH, "eigenvalues": 250 * EPOCH}
"""The slowest model that gets there takes 29 epochs for products, 244 for eigenvalues."""
_SMALL_LENGTHS = {"matvec": 200_000, "eigenvalues": 100_000}
_SMALL_MODELS = (("1/1", 128), ("2/2", 32), ("2/2", 64), ("2/2", 128), ("4/4", 128))
"""Layers and widths: each depth at the largest width, each width at the depth in the middle."""
_READ = examples_until(TARGET, TOLERANCE)


def _experiments(scale: Scale) -> list[Experiment]:
    if scale == "laptop":
        return [
            _small(task, layers, width) for task in _PROBLEMS for layers, width in _SMALL_MODELS
        ]
    return [
        Experiment(
            name=slug(*model.labels.values()),
            config=_until_target(
                full_size(
                    scale,
                    _PROBLEMS[model["task"]],
                    "5x5",
                    layers=model["layers"],
                    dim=int(model["dim"]),
                    examples=_LENGTHS[_PROBLEMS[model["task"]]],
                    ours=paper_tokens,
                )
            ),
            cells=[Cell(labels=model.labels, read=_READ, paper={})],
        )
        for model in models_of("table17")
    ]


def _small(task: str, layers: str, width: int) -> Experiment:
    problem = _PROBLEMS[task]
    labels: dict[str, Label] = {"layers": layers, "task": task, "dim": width, "dims": "2x2"}
    config = small_model(
        problem, "2x2", layers, width, examples=_SMALL_LENGTHS[problem], evaluations=25
    )
    return Experiment(
        name=slug(*labels.values()),
        config=_until_target(config),
        cells=[Cell(labels=labels, read=_READ, paper={"dim": WIDTHS[width]})],
    )


def _until_target(config: TrainConfig) -> TrainConfig:
    return replace(config, evaluation=replace(config.evaluation, target=TARGET))


TABLE = Table(
    name="table17",
    title="Examples until 95% of products or eigenvalues are right at 5% tolerance, for models of "
    "different sizes",
    section="D.2",
    rows=("layers",),
    columns=("task", "dim"),
    runs=_experiments,
    note="The paper counts epochs of 300,000 examples, we count examples; runs end where they "
    "reach 95%. 2x2 stands for its 5x5, width 32, 64 and 128 for 128, 256 and 512; at most 200,000 "
    "examples (products) or 100,000, looked at 25 times on their way. The paper's tokens.",
)
