"""Grids of models of different depth and width (appendix D.2), for tables 15, 16 and 17."""

from ...evaluation import Proportion
from ...runs import Cell, Experiment, Label, Measured, Reading, Record, Scale
from ...training import TestSet, TrainConfig
from .full_size import EPOCH, full_size
from .settings import models_of, paper_tokens, slug, with_tests
from .small_runs import stacks

TARGET = 0.95
TOLERANCE = 0.05
"""Learning speed is the examples until 95% are right at 5% tolerance."""
WIDTHS = {32: 128, 64: 256, 128: 512}
"""At laptop scale, and the paper's that they stand for."""
LAYERS = ("1/1", "2/2", "4/4")
"""At laptop scale."""
_ADDITION_LENGTH = 100 * EPOCH
"""The slowest model of table 16 that gets there takes 96 epochs."""
_SMALL_ADDITION_LENGTH = 40_000


def small_model(
    problem: str,
    dims: str,
    layers: str,
    width: int,
    *,
    examples: int,
    evaluations: int,
    encoding: str = "P1000",
) -> TrainConfig:
    """A model of a grid at laptop scale, followed on 2,000 matrices."""
    config = paper_tokens(
        problem,
        dims,
        encoding=encoding,
        layers=stacks(layers),
        width=width,
        examples=examples,
    )
    return with_tests(config, TestSet(size=2000), evaluations=evaluations)


def additions(scale: Scale, read: Reading) -> list[Experiment]:
    """The runs of tables 15 and 16, of each the number that `read` finds."""
    if scale == "laptop":
        return [
            _small_addition(layers, encoding, width, read)
            for encoding in ("B1999", "P1000")
            for layers in LAYERS
            for width in WIDTHS
        ]
    return [
        Experiment(
            name=slug(*model.labels.values()),
            config=full_size(
                scale,
                "add",
                "10x10",
                encoding=model["encoding"],
                layers=model["layers"],
                dim=int(model["dim"]),
                examples=_ADDITION_LENGTH,
                ours=paper_tokens,
            ),
            cells=[Cell(labels=model.labels, read=read, paper={})],
        )
        for model in models_of("table16")
    ]


def _small_addition(layers: str, encoding: str, width: int, read: Reading) -> Experiment:
    labels: dict[str, Label] = {
        "layers": layers,
        "encoding": encoding,
        "dim": width,
        "dims": "3x3",
    }
    return Experiment(
        name=slug(*labels.values()),
        config=small_model(
            "add",
            "3x3",
            layers,
            width,
            examples=_SMALL_ADDITION_LENGTH,
            evaluations=10,
            encoding=encoding,
        ),
        cells=[Cell(labels=labels, read=read, paper={"dim": WIDTHS[width]})],
    )


def accuracy_after(examples: int, tolerance: float) -> Reading:
    """Accuracy (first test set) at the first evaluation after as many examples; None before."""

    def read(record: Record) -> Measured | None:
        later = [point for point in record.curve if point.examples >= examples]
        if not later:
            return None
        value = later[0].accuracy[record.score][f"{tolerance:g}"]
        n = int(next(iter(record.tests.values()))["n"])
        low, high = Proportion(count=round(value * n), n=n).interval
        return Measured(value=value, low=low, high=high, n=n)

    return read
