"""Runs on noisy inputs (section 4.8 and appendix F.3), shared by tables 11, 27 and 28."""

from collections.abc import Mapping
from dataclasses import replace

from ...runs import Experiment, Label, Scale
from ...runs.recipes import fast
from ...training import TrainConfig
from .full_size import full_size
from .settings import as_printed, at_tolerances, models_of, slug, with_tests

LEVELS = (0.01, 0.02, 0.05)
"""Standard deviations, in units of the coefficients' own."""
TOLERANCES = (5, 2, 1)
PROBLEMS = {"addition": "add", "eigenvalues": "eigenvalues"}
_EXAMPLES = 40_000


def noisy(config: TrainConfig, level: float) -> TrainConfig:
    """`config` with noise on the inputs that it learns from and on those that it is tested on."""
    return replace(config, task=replace(config.task, noise=level))


def printed(table: str, scale: Scale, task: str | None = None) -> list[Experiment]:
    """The models of one of the paper's tables; `task` where its labels name none."""
    return [
        Experiment(
            name=slug(*model.labels.values()),
            config=full_size(
                scale,
                PROBLEMS[task or model["task"]],
                "5x5",
                encoding=model["encoding"],
                layers=model["layers"],
                dim=int(model["dim"]),
                noise=float(model["noise"]),
            ),
            cells=as_printed(model),
        )
        for model in models_of(table, "tolerance")
    ]


def small(
    task: str,
    level: float,
    paper: Mapping[str, Label],
    *,
    width: int = 128,
    encoding: str = "P1000",
) -> Experiment:
    """3x3 matrices, `fast`, 2/1 layers; `paper` are the labels that the paper's counterpart has."""
    config = fast(PROBLEMS[task], "3x3", encoding=encoding, width=width, examples=_EXAMPLES)
    labels: dict[str, Label] = {
        "noise": level,
        "task": task,
        "encoding": encoding,
        "layers": "2/1",
        "dim": width,
    }
    return Experiment(
        name=slug(*labels.values()),
        config=noisy(with_tests(config, evaluations=2), level),
        cells=at_tolerances(labels, paper, tolerances=TOLERANCES),
    )
