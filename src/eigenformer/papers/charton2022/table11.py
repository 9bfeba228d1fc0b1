"""Table 11: sums and eigenvalues of noisy matrices."""

from ...runs import Experiment, Label, Scale
from ..study import Table
from .noise import LEVELS, printed, small

_PAPER: dict[str, dict[str, Label]] = {
    "addition": {"encoding": "B1999", "layers": "2/2", "dim": 512},
    "eigenvalues": {"encoding": "P1000", "layers": "4/4", "dim": 512},
}


def _experiments(scale: Scale) -> list[Experiment]:
    if scale == "laptop":
        return [small(task, level, paper) for task, paper in _PAPER.items() for level in LEVELS]
    return printed("table11", scale)


TABLE = Table(
    name="table11",
    title="Noisy data, for different levels of noise",
    section="4.8",
    rows=("tolerance", "noise"),
    columns=("task", "encoding", "dim"),
    runs=_experiments,
    note="3x3 stands for the paper's 5x5, 2/1 layers of width 128 for 2/2 and 4/4 of 512; both "
    "tasks in P1000. The recipe is `fast`.",
)
