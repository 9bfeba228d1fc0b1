"""Table 15: sums of matrices, by models of different sizes."""

from ...runs import Experiment, Scale, accuracy
from ..study import Table
from .full_size import EPOCH
from .grids import TOLERANCE, accuracy_after, additions

_EPOCHS = 60


def _experiments(scale: Scale) -> list[Experiment]:
    at_the_end = accuracy(TOLERANCE)
    # The same runs as in table 16, which are longer.
    after_60_epochs = accuracy_after(_EPOCHS * EPOCH, TOLERANCE)
    return additions(scale, after_60_epochs if scale == "paper" else at_the_end)


TABLE = Table(
    name="table15",
    title="Sums of two matrices by models of different sizes, 5% tolerance",
    section="D.2",
    rows=("layers",),
    columns=("encoding", "dim"),
    runs=_experiments,
    note="Accuracy after 60 epochs of 300,000 examples at scale paper, at the end of the run at "
    "the others. At laptop scale 3x3 stands for the paper's 10x10, width 32, 64 and 128 for 128, "
    "256 and 512, and 40,000 examples and 2,000 test matrices have to do. The paper's tokens.",
)
