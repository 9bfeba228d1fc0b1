"""Training the contestants in the run store, and keeping their records up to date."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from ...core import unknown
from ...runs.store import run, stored
from ...training import Execution, TokenFolder, TrainConfig
from .cases import Case, CaseSet
from .contestants import CONTESTANTS, Contestant
from .levers import ABLATED, ABLATIONS
from .records import RESULTS, Record, record_of


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One run: a contestant on a case with a seed."""

    case: Case
    contestant: Contestant
    seed: int

    @property
    def config(self) -> TrainConfig:
        return self.contestant.config(self.case, self.seed)

    @property
    def folder(self) -> TokenFolder:
        """Its folder in the run store."""
        return TokenFolder(stored(self.config).path)


def choices(
    cases: CaseSet,
    case: str | None = None,
    contestant: str | None = None,
    seed: int | None = None,
    ablations: bool = False,
) -> list[Choice]:
    """The runs of a set, or with `ablations` those of each lever; the names narrow them down."""
    if ablations:
        known, names = ABLATIONS, tuple(ABLATIONS)
        case = case or ABLATED
    else:
        known = {name: CONTESTANTS[name] for name in cases.contestants}
        names = cases.contestants
    if contestant is not None:
        if contestant not in known:
            raise unknown("contestant", contestant, known)
        names = (contestant,)
    return [
        Choice(case=one, contestant=known[name], seed=number)
        for one in cases.only(case)
        for name in names
        for number in (known[name].seeds if seed is None else (seed,))
    ]


def collect(choice: Choice, results: Path = RESULTS) -> Record | None:
    """Write the record of a run as it stands in the run store; None if it has none yet."""
    if not choice.folder.config_file.exists():
        return None
    record = record_of(choice.folder, choice.case, choice.contestant, choice.seed)
    if record is not None:
        record.save(results)
    return record


def train_choices(
    chosen: list[Choice],
    results: Path = RESULTS,
    execution: Execution | None = None,
    console: Console | None = None,
    fresh: bool = False,
) -> None:
    """Train each run, or go on with it, and write its record, also when it is interrupted.

    `fresh` begins again a run that the run store has. Raises what `runs.run` raises.
    """
    for choice in chosen:
        if fresh and choice.folder.path.exists():
            lock = choice.folder.lock()
            choice.folder.remove()
            lock.release()
        try:
            run(choice.config, execution, console=console)
        finally:
            collect(choice, results)
