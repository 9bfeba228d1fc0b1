"""Table 28: eigenvalues of noisy matrices, for different models."""

from ...runs import Experiment, Scale
from ..study import Table
from .noise import LEVELS, printed, small

_WIDTHS = {64: 512, 128: 1024}
"""Ours, and the paper's."""


def _experiments(scale: Scale) -> list[Experiment]:
    if scale == "laptop":
        return [
            small(
                "eigenvalues",
                level,
                {"encoding": "P1000", "layers": "4/4", "dim": theirs},
                width=width,
            )
            for width, theirs in _WIDTHS.items()
            for level in LEVELS
        ]
    return printed("table28", scale, "eigenvalues")


TABLE = Table(
    name="table28",
    title="Eigenvalues of noisy matrices, for different levels of noise and sizes of models",
    section="F.3",
    rows=("tolerance", "noise"),
    columns=("encoding", "layers", "dim"),
    runs=_experiments,
    note="3x3 stands for the paper's 5x5, 2/1 layers of width 64 and 128 for 4/4 of 512 and 1024. "
    "The recipe is `fast`.",
)
