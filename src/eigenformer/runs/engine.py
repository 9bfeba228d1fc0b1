"""What runs a plan: each run once, in an order in which it comes after the one it starts from."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from ..core import InputError
from ..training import Execution, RunFolder
from .experiment import Experiment, Plan
from .jobs import Job, JobResult, is_locked, make_job
from .records import Records

_LOCK_SECONDS = 2.0
"""Time between looks at a run that another process is training."""


@dataclass(frozen=True, kw_only=True)
class JobOptions:
    """What the runs of a plan share; nothing here changes a result."""

    execution: Execution = field(default_factory=lambda: Execution(quiet=True))
    store: Path | None = None
    """The run store, unless it is the one in use."""
    records: Records | None = None
    """Where to keep a record of each run that has begun."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a run."""

    experiment: Experiment
    state: Literal["finished", "diverged", "failed", "stopped", "skipped"]
    """stopped: by a signal, its state saved, or before it had begun. skipped: not run because the
    run that it starts from has no model."""
    message: str = ""
    """A sentence where there is something to say."""
    signal: int = 0
    """The signal that stopped it."""


@runtime_checkable
class Report(Protocol):
    """Hears what happens."""

    def began(self, experiment: Experiment, folder: RunFolder) -> None:
        """A run begins, or goes on."""

    def ended(self, outcome: Outcome) -> None:
        """A run has ended, or will not begin."""

    def note(self, text: str) -> None:
        """Something that a person should know."""


class Silence:
    """Tells nobody."""

    def began(self, experiment: Experiment, folder: RunFolder) -> None:
        pass

    def ended(self, outcome: Outcome) -> None:
        pass

    def note(self, text: str) -> None:
        pass


@runtime_checkable
class Engine(Protocol):
    """Makes the runs of plans."""

    def run(self, plan: Plan, jobs: JobOptions, report: Report) -> list[Outcome]:
        """Make the runs of `plan` that are not finished, and say what became of each, in its order.

        A finished run is not made again, an interrupted one goes on, and one that fails stops none
        but those that start from it. A run that another process is training is set aside, and
        waited for once nothing else is left: two processes on one plan share it, and both end with
        all of it. SIGINT or SIGTERM stops all of it, with states saved. The record of each run that
        has begun is brought up to date when it ends.
        """


def exit_status(outcomes: Sequence[Outcome]) -> int:
    """A command's: 0 if all finished, 128 + the signal after one, else 1."""
    for outcome in outcomes:
        if outcome.state == "stopped":
            return 128 + outcome.signal
    return 0 if all(outcome.state == "finished" for outcome in outcomes) else 1


class RunQueue:
    """The runs of a plan that are left, and the outcomes of the others; what engines share."""

    def __init__(self, plan: Plan, jobs: JobOptions, report: Report) -> None:
        self.plan = plan
        self.jobs = jobs
        self.report = report
        self.left = {one.identity: one for one in plan.experiments}
        """Runs that have not begun."""
        self._outcomes: dict[str, Outcome] = {}
        self._look: dict[str, float] = {}
        """Of runs that others are training: when to look again."""

    def next(self) -> tuple[Experiment, Job] | None:
        """A run to begin now, no more `left`; None if there is none at the moment."""
        for identity, experiment in list(self.left.items()):
            before = experiment.after
            if before is not None and before.identity not in self._outcomes:
                continue
            if before is not None and self._outcomes[before.identity].state != "finished":
                self._settle(experiment, "skipped", f"not run: it starts from {before.name}")
                continue
            if time.monotonic() < self._look.get(identity, 0.0):
                continue
            try:
                job = make_job(
                    experiment.resolved(self.jobs.store), self.jobs.store, self.jobs.execution
                )
                status = job.run_folder.status()
            except InputError as error:
                self._settle(experiment, "failed", str(error))
                continue
            if status["state"] == "finished":
                self._settle(experiment, "finished", "" if identity in self._look else "already")
            elif is_locked(job.run_folder):
                self._set_aside(experiment)
            elif status["state"] == "diverged":
                folder = job.run_folder.path
                text = f"diverged before; delete {folder} to try again"
                self._settle(experiment, "diverged", text)
            else:
                del self.left[identity]
                self.report.began(experiment, job.run_folder)
                return experiment, job
        return None

    def end(self, experiment: Experiment, job: Job, result: JobResult) -> None:
        """A run that had begun has ended so."""
        if result.state == "locked":
            self._set_aside(experiment)
        elif result.state == "killed":
            self._settle(experiment, "failed", f"its process was killed ({result.message})")
        elif result.state == "failed" and job.run_folder.finished:
            self._settle(experiment, "finished")  # by another process, a moment before
        else:
            self._settle(experiment, result.state, result.message, result.signal)

    def stop(self, number: int) -> None:
        """Runs that have not begun will not."""
        for experiment in list(self.left.values()):
            self._settle(experiment, "stopped", "not begun", number)

    def outcomes(self) -> list[Outcome]:
        """In the order of the plan, once none is left."""
        return [self._outcomes[experiment.identity] for experiment in self.plan.experiments]

    def _set_aside(self, experiment: Experiment) -> None:
        identity = experiment.identity
        if identity not in self._look:
            self.report.note(
                f"{experiment.name} is being trained by another process; its turn comes last"
            )
        self._look[identity] = time.monotonic() + _LOCK_SECONDS
        self.left.pop(identity, None)
        self.left[identity] = experiment

    def _settle(
        self,
        experiment: Experiment,
        state: Literal["finished", "diverged", "failed", "stopped", "skipped"],
        message: str = "",
        number: int = 0,
    ) -> None:
        self.left.pop(experiment.identity, None)
        if self.jobs.records is not None and state != "skipped":
            self.jobs.records.collect(experiment, self.jobs.store)
        outcome = Outcome(experiment=experiment, state=state, message=message, signal=number)
        self._outcomes[experiment.identity] = outcome
        self.report.ended(outcome)


def unfinished(plan: Plan, store: Path | None = None) -> list[Experiment]:
    """The runs of a plan that the run store has not got to the end."""
    found = ((one, one.folder(store)) for one in plan.experiments)
    return [one for one, folder in found if folder is None or not folder.finished]
