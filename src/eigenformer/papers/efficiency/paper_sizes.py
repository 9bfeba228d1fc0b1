"""How many examples do our networks need at the paper's sizes, to the paper's own accuracy?

Beside the counts that Charton (2022) gives for its token models. Ours of any size are told what a
matrix is (each model's `told`), and repeat their layers until a residual is small; `grid` is told
that a matrix has rows and columns, and writes tokens. Each run ends when it is there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from ...runs import Cell, Experiment, Measured, Record, Records, Scale, examples_until
from ...runs.recipes import sizefree
from ...training import EvaluationConfig, TestSet, TrainConfig
from ..study import Table
from .cases import PaperCount

SEEDS = (0, 1, 2)
_MATRICES = 2_000


@dataclass(frozen=True, kw_only=True)
class PaperSize:
    """A problem at a size of the paper, and the accuracy that its models reached there."""

    problem: str
    dims: str
    accuracy: float
    """The paper's, as a fraction, to be reached by ours."""
    tolerance: float
    paper: PaperCount
    length: int
    """Length of our runs, examples, if they don't get there before."""
    every: int
    """Examples between evaluations: how finely the count is known."""

    @property
    def name(self) -> str:
        return f"{self.problem.replace('_', '-')}-{self.dims}"


SIZES = (
    PaperSize(
        problem="inverse",
        dims="5x5",
        accuracy=0.804,
        tolerance=0.05,
        paper=PaperCount(
            examples=120_000_000, source="sections 4.6 and D.1: more than 120 million (P1000)"
        ),
        length=1_000_000,
        every=20_480,
    ),
    PaperSize(
        problem="eigenvectors",
        dims="5x5",
        accuracy=0.97,
        tolerance=0.05,
        paper=PaperCount(examples=50_000_000, source="section D.1: the best models"),
        length=64_000,
        every=3_200,
    ),
    PaperSize(
        problem="eigenvalues",
        dims="5x5",
        accuracy=0.999,
        tolerance=0.05,
        paper=PaperCount(examples=20_000_000, source="section 4.4: 20 to 40 million"),
        length=64_000,
        every=3_200,
    ),
    PaperSize(
        problem="eigenvalues",
        dims="8x8",
        accuracy=0.99,
        tolerance=0.05,
        paper=PaperCount(examples=60_000_000, source="section 4.4: 60 million"),
        length=64_000,
        every=3_200,
    ),
    PaperSize(
        problem="eigenvalues",
        dims="10x10",
        accuracy=0.99,
        tolerance=0.05,
        paper=PaperCount(
            examples=360_000_000, source="section 4.4: not reached by 360 million (25% within 5%)"
        ),
        length=64_000,
        every=3_200,
    ),
    PaperSize(
        problem="svd",
        dims="4x4",
        accuracy=0.989,
        tolerance=0.05,
        paper=PaperCount(examples=None, source="no count is given"),
        length=500_000,
        every=20_480,
    ),
    PaperSize(
        problem="add",
        dims="10x10",
        accuracy=0.99,
        tolerance=0.05,
        paper=PaperCount(examples=3_000_000, source="section 4.2 and Table 16"),
        length=40_000,
        every=1_280,
    ),
)


def experiment(size: PaperSize, seed: int) -> Experiment:
    """The run of our recipe of that problem, at that size alone."""
    recipe: Callable[..., TrainConfig] = sizefree
    config = recipe(size.problem, dims=size.dims, examples=size.length, seed=seed)
    evaluation = EvaluationConfig(
        every=size.every,
        tests=(TestSet(size=_MATRICES),),
        target=size.accuracy,
        target_tolerance=size.tolerance,
    )
    reading = examples_until(size.accuracy, size.tolerance)
    return Experiment(
        name=f"{size.name}-{seed}",
        config=replace(config, evaluation=evaluation),
        cells=[Cell(labels={"case": size.name, "seed": seed}, read=reading)],
    )


def _runs(scale: Scale) -> Sequence[Experiment]:
    return [experiment(size, seed) for size in SIZES for seed in SEEDS]


PAPER_SIZES = Table(
    name="efficiency-paper-sizes",
    label="Paper sizes",
    title="Examples until the paper's accuracy at the paper's sizes, networks of any size",
    section="",
    rows=("case",),
    columns=("seed",),
    runs=_runs,
    scales=("laptop",),
)


def print_paper_sizes(records: Records, console: Console) -> None:
    """A line a case: what each seed needed, and how many times fewer than the paper."""
    table = RichTable(box=SIMPLE, collapse_padding=True, pad_edge=False)
    table.add_column("case", no_wrap=True)
    table.add_column("target", no_wrap=True)
    for heading in ("three seeds", "the paper", "times fewer"):
        table.add_column(heading, justify="right", no_wrap=True)
    for size in SIZES:
        found = [_measured(records, size, seed) for seed in SEEDS]
        theirs = size.paper.examples
        target = f"{100 * size.accuracy:g}% in {100 * size.tolerance:g}%"
        paper = "-" if theirs is None else f"{theirs / 1e6:g} M"
        counts = " / ".join(map(_count, found))
        table.add_row(size.name, target, counts, paper, _times(theirs, found))
    console.print(Text("Until the paper's accuracy, at the paper's sizes", style="bold"))
    console.print(table)
    for size in SIZES:
        console.print(Text(f"{size.name}, the paper: {size.paper.source}."))
    console.print(
        Text(
            "Ours are networks of any size, trained on that size alone; they are told what a "
            "matrix is and repeat their layers until a residual is small (see each model's card). "
            "Times fewer: by the seed that needed most."
        )
    )


def _measured(records: Records, size: PaperSize, seed: int) -> Measured | None:
    run = experiment(size, seed)
    record: Record | None = records.get(run)
    return None if record is None else run.cells[0].read(record)


def _count(found: Measured | None) -> str:
    if found is None:
        return "not run"
    return ("> " if found.at_least else "") + f"{found.value / 1e3:,.0f}k"


def _times(paper: int | None, found: Sequence[Measured | None]) -> str:
    known = [one for one in found if one is not None and not one.at_least]
    if paper is None or len(known) < len(found):
        return "-"
    return f"{paper / max(one.value for one in known):,.0f}x"
