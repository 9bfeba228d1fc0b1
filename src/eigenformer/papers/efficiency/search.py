"""Which rate, batch and schedule does the paper's transformer want at this size?

The trials behind the recipe `paper-tuned`: short runs of `paper` on eigenvalues, judged by the
training loss over the last tenth, as every example is new. 3x3 is what `fast` was tuned on; 2x2 is
where the rates tell apart within a few minutes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from ...runs import Cell, Experiment, Label, Measured, Record, Records, Scale, accuracy
from ...runs.recipes import paper
from ...training import EvaluationConfig, ScheduleConfig, TestSet, TrainConfig
from ..study import Table

_MATRICES = 2_000


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The paper's tokens and architecture on eigenvalues, with other settings."""

    dims: str
    examples: int
    rate: float
    batch: int
    shape: Literal["cosine", "linear"] = "linear"
    """How the rate falls to zero after the warm-up."""
    warmup: float = 0.1
    """Of all steps, a share."""

    @property
    def config(self) -> TrainConfig:
        steps = self.examples // self.batch
        config = paper("eigenvalues", self.dims, layers=(2, 1), width=128, heads=(4, 4))
        return replace(
            config,
            optimizer=replace(config.optimizer, rate=self.rate),
            schedule=ScheduleConfig(warmup_steps=round(self.warmup * steps), shape=self.shape),
            evaluation=EvaluationConfig(every=self.examples, tests=(TestSet(size=_MATRICES),)),
            examples=self.examples,
            batch_size=self.batch,
        )

    @property
    def case(self) -> str:
        return f"eigenvalues-{self.dims}"

    @property
    def name(self) -> str:
        schedule = f"{self.shape}-{100 * self.warmup:.0f}"
        rate = f"{self.rate:.0e}".replace("-0", "-")
        return f"{self.case}-{self.examples // 1000}k-{rate}-{self.batch}-{schedule}"

    @property
    def schedule(self) -> str:
        return f"{self.shape} after {100 * self.warmup:.0f}%"

    @property
    def experiment(self) -> Experiment:
        labels: dict[str, Label] = {
            "case": self.case,
            "examples": self.examples,
            "rate": self.rate,
            "batch": self.batch,
            "schedule": self.schedule,
        }
        return Experiment(name=self.name, config=self.config, cells=tuple(_cells(labels)))


def last_loss(record: Record) -> Measured | None:
    """The mean training loss over the last tenth of a finished run."""
    if record.state == "running":
        return None
    last = [point.loss for point in record.losses if point.examples > 0.9 * record.examples]
    return Measured(value=fmean(last), unit="loss") if last else None


def _cells(labels: dict[str, Label]) -> Iterable[Cell]:
    yield Cell(labels={**labels, "quantity": "loss"}, read=last_loss)
    yield Cell(labels={**labels, "quantity": "within 5%"}, read=accuracy(0.05))


TRIALS = (
    Trial(dims="3x3", examples=24_000, rate=3e-3, batch=32),
    Trial(dims="3x3", examples=24_000, rate=1e-3, batch=32),
    Trial(dims="3x3", examples=24_000, rate=1e-3, batch=64),
    Trial(dims="2x2", examples=32_000, rate=1e-3, batch=32),
    Trial(dims="2x2", examples=32_000, rate=3e-3, batch=32),
    Trial(dims="2x2", examples=32_000, rate=1e-3, batch=64),
    Trial(dims="2x2", examples=32_000, rate=3e-4, batch=32),
    Trial(dims="2x2", examples=32_000, rate=1e-3, batch=32, shape="cosine"),
    Trial(dims="2x2", examples=32_000, rate=3e-3, batch=64),
    Trial(dims="3x3", examples=24_000, rate=3e-4, batch=32),
)


def _runs(scale: Scale) -> Sequence[Experiment]:
    return [trial.experiment for trial in TRIALS]


SEARCH = Table(
    name="efficiency-search",
    label="Search",
    title="Rates, batches and schedules for the paper's transformer at 2/1 layers, width 128",
    section="",
    rows=("case", "examples", "rate", "batch", "schedule"),
    columns=("quantity",),
    runs=_runs,
    scales=("laptop",),
)


def print_search(records: Records, console: Console) -> None:
    """A line a trial, and how many examples all of them took."""
    table = RichTable(box=SIMPLE, collapse_padding=True, pad_edge=False)
    for name in ("case", "examples", "rate", "batch", "schedule", "loss", "within 5%"):
        table.add_column(name, justify="left" if name in ("case", "schedule") else "right")
    made, spent = [records.get(trial.experiment) for trial in TRIALS], 0
    for trial, record in zip(TRIALS, made, strict=True):
        loss = None if record is None else last_loss(record)
        right = None if record is None else accuracy(0.05)(record)
        spent += 0 if record is None else record.examples
        table.add_row(
            trial.case,
            f"{trial.examples:,}",
            f"{trial.rate:g}",
            str(trial.batch),
            trial.schedule,
            "not run" if loss is None else f"{loss.value:.3f}",
            "" if right is None else f"{100 * right.value:.1f}",
        )
    console.print(Text("The paper's transformer with other rates, batches, schedules", "bold"))
    console.print(table)
    left = sum(trial.examples for trial, record in zip(TRIALS, made, strict=True) if record is None)
    console.print(
        Text(
            f"Loss: of training, the mean over the last tenth. {spent:,} examples in all"
            + (f"; {left:,} are left: eigenformer paper run {SEARCH.name}." if left else ".")
        )
    )
