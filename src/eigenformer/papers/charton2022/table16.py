"""Table 16: how fast models of different sizes learn to add."""

from ...runs import Experiment, Scale, examples_until
from ..study import Table
from .grids import TARGET, TOLERANCE, additions


def _experiments(scale: Scale) -> list[Experiment]:
    return additions(scale, examples_until(TARGET, TOLERANCE))


TABLE = Table(
    name="table16",
    title="Examples until 95% of sums are right at 5% tolerance, for models of different sizes",
    section="D.2",
    rows=("layers",),
    columns=("encoding", "dim"),
    runs=_experiments,
    note="The paper counts epochs of 300,000 examples, we count examples. The runs are those of "
    "table 15: at laptop scale 40,000 examples, looked at every 4,000. The paper's tokens.",
)
