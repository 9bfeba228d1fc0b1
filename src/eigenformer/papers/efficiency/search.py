"""Which rate, batch and schedule does the paper's transformer want at this size?

The trials behind the recipe `paper-tuned`: short runs of `paper` on cases that `fast` was tuned on,
judged by the training loss over the last tenth, as every example is new. The better ones are then
run longer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

from ...runs import Cell, Experiment, Label, Measured, Record, Scale, accuracy
from ...training import EvaluationConfig, ScheduleConfig, TestSet, TrainConfig
from ..study import Table
from .cases import SETS
from .contestants import paper_config

_MATRICES = 2_000


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The paper's tokens and architecture on a case, with another rate, batch or schedule."""

    case: str
    examples: int
    rate: float
    batch: int
    shape: Literal["cosine", "linear"] = "linear"
    """How the rate falls to zero after the warm-up."""
    warmup: float = 0.1
    """Of all steps, a share."""

    @property
    def config(self) -> TrainConfig:
        case = SETS["laptop"].case(self.case)
        config = paper_config(case, 0)
        steps = self.examples // self.batch
        return replace(
            config,
            optimizer=replace(config.optimizer, rate=self.rate),
            schedule=ScheduleConfig(warmup_steps=round(self.warmup * steps), shape=self.shape),
            evaluation=EvaluationConfig(every=self.examples, tests=(TestSet(size=_MATRICES),)),
            examples=self.examples,
            batch_size=self.batch,
        )

    @property
    def name(self) -> str:
        schedule = f"{self.shape}-{100 * self.warmup:.0f}"
        rate = f"{self.rate:.0e}".replace("-0", "-")
        return f"{self.case}-{self.examples // 1000}k-{rate}-{self.batch}-{schedule}"

    @property
    def experiment(self) -> Experiment:
        labels: dict[str, Label] = {
            "case": self.case,
            "examples": self.examples,
            "rate": self.rate,
            "batch": self.batch,
            "schedule": f"{self.shape} after {100 * self.warmup:.0f}%",
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


_FIRST = tuple(
    Trial(case="eigenvalues-3x3", examples=24_000, rate=rate, batch=batch)
    for rate in (1e-3, 3e-4, 3e-3, 1e-4)
    for batch in (32, 64)
)
TRIALS = _FIRST


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
