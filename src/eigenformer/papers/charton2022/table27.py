"""Table 27: sums of noisy matrices, for different models."""

from ...runs import Experiment, Scale
from ..study import Table
from .noise import LEVELS, printed, small

_WIDTHS = {64: 256, 128: 512}
"""Ours, and the paper's."""


def _experiments(scale: Scale) -> list[Experiment]:
    if scale == "laptop":
        return [
            small(
                "addition",
                level,
                {"encoding": "P1000", "layers": "2/2", "dim": theirs},
                width=width,
            )
            for width, theirs in _WIDTHS.items()
            for level in LEVELS
        ]
    return printed("table27", scale, "addition")


TABLE = Table(
    name="table27",
    title="Sums of noisy matrices, for different levels of noise and sizes of models",
    section="F.3",
    rows=("tolerance", "noise"),
    columns=("encoding", "layers", "dim"),
    runs=_experiments,
    note="3x3 stands for the paper's 5x5, 2/1 layers of width 64 and 128 for 2/2 of 256 and 512. "
    "The recipe is `fast`.",
)
