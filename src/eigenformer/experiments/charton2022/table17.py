"""Table 17: how fast models of different sizes learn products and eigenvalues."""

from dataclasses import replace

from ...training import TrainConfig
from ..study import Cell, Experiment, Label, Scale, Table, examples_until
from .cells import models_of, slug
from .full_size import EPOCH, full_size
from .grids import LAYERS, TARGET, TOLERANCE, WIDTHS, small_model
from .settings import paper_tokens

_PROBLEMS = {"matrix-vector product": "matvec", "eigenvalues": "eigenvalues"}
_LENGTHS = {"matvec": 100 * EPOCH, "eigenvalues": 250 * EPOCH}
"""The slowest model that gets there takes 29 epochs for products, 244 for eigenvalues."""
_READ = examples_until(TARGET, TOLERANCE)


def _experiments(scale: Scale) -> list[Experiment]:
    if scale == "laptop":
        return [
            _small(task, layers, width)
            for task in _PROBLEMS
            for layers in LAYERS
            for width in WIDTHS
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
    labels: dict[str, Label] = {"layers": layers, "task": task, "dim": width, "dims": "2x2"}
    return Experiment(
        name=slug(*labels.values()),
        config=_until_target(
            small_model(_PROBLEMS[task], "2x2", layers, width, examples=60_000, evaluations=20)
        ),
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
    experiments=_experiments,
    note="The paper counts epochs of 300,000 examples, we count examples; runs end where they "
    "reach 95%. 2x2 stands for its 5x5, width 32, 64 and 128 for 128, 256 and 512; at most 60,000 "
    "examples, looked at every 3,000. The paper's tokens.",
)
