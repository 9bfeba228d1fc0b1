"""Runs on this machine: one after the other in this process, or side by side in their own."""

import time
from collections import Counter
from dataclasses import dataclass

import torch

from ..core import InputError
from ..training.signals import stop_signals
from .engine import JobOptions, Outcome, Report, RunQueue
from .experiment import Experiment, Plan
from .jobs import Job, JobFolder, JobResult, perform
from .process import JobProcess

_POLL_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True)
class LocalEngine:
    """See `Engine`.

    With one worker (and no `threads` or `processes`) runs are made in this process, which ends with
    them if the system kills it; the runs go on at the next call. With more, each is made in a
    process of its own, which is started again up to `retries` times if it is killed, for want of
    memory say. Then the run has failed, and the others go on.
    """

    workers: int = 1
    """Runs side by side."""
    retries: int = 2
    """Times that a run whose process was killed goes on in a new one."""
    threads: int | None = None
    """Of each run; None: torch's here (usually all cores) over `workers`, at least 1. Small batches
    as in `fast` are trained fastest on one. Results may differ in the last bits between numbers of
    threads."""
    processes: int = 1
    """Of each run: torchrun starts as many, which share each batch."""

    def __post_init__(self) -> None:
        check_counts(self, "workers", "threads", "processes")
        check_counts(self, "retries", least=0)

    def run(self, plan: Plan, jobs: JobOptions, report: Report) -> list[Outcome]:
        schedule = RunQueue(plan, jobs, report)
        with stop_signals() as received:
            if self.workers == self.processes == 1 and self.threads is None:
                _one_by_one(schedule, received)
            else:
                _SideBySide(self, schedule).run(received)
        return schedule.outcomes()


def _one_by_one(schedule: RunQueue, received: list[int]) -> None:
    while schedule.left:
        if received:
            schedule.stop(received[0])
        elif found := schedule.next():
            experiment, job = found
            result = perform(job)
            if result.state == "stopped" and not received:
                received.append(result.signal)
            schedule.end(experiment, job, result)
        else:
            time.sleep(_POLL_SECONDS)  # all that are left are being trained by others


@dataclass(frozen=True)
class _Running:
    experiment: Experiment
    job: Job
    process: JobProcess


class _SideBySide:
    def __init__(self, engine: LocalEngine, schedule: RunQueue) -> None:
        self.engine = engine
        self.schedule = schedule
        self.threads = engine.threads or max(1, torch.get_num_threads() // engine.workers)
        self.running: list[_Running] = []
        self.kills: Counter[str] = Counter()

    def run(self, received: list[int]) -> None:
        try:
            while self.schedule.left or self.running:
                if received:
                    self.schedule.stop(received[0])
                    for one in self.running:
                        one.process.stop()
                while len(self.running) < self.engine.workers and (found := self.schedule.next()):
                    self._start(*found)
                for one in list(self.running):
                    if result := one.process.poll():
                        self.running.remove(one)
                        self._ended(one, result, received)
                time.sleep(_POLL_SECONDS)
        finally:
            # After trouble of our own, on a full disk say: they save what they have, and end.
            for one in self.running:
                one.process.stop()

    def _start(self, experiment: Experiment, job: Job) -> None:
        process = JobProcess(JobFolder.create(job), self.threads, self.engine.processes)
        self.running.append(_Running(experiment, job, process))

    def _ended(self, one: _Running, result: JobResult, received: list[int]) -> None:
        if result.state in ("killed", "stopped") and received:
            text = f"stopped and saved in {one.job.run_folder.path}"
            result = JobResult(state="stopped", message=text, signal=received[0])
        elif result.state in ("killed", "stopped"):
            how = result.message if result.state == "killed" else "stopped from outside"
            kills = self.kills[one.experiment.identity]
            self.kills[one.experiment.identity] += 1
            if kills < self.engine.retries:
                self.schedule.report.note(
                    f"{one.experiment.name} was killed ({how}); it goes on in a new process "
                    f"(retry {kills + 1} of {self.engine.retries})"
                )
                one.process.folder.remove()
                self._start(one.experiment, one.job)
                return
            log = one.process.folder.log_file
            result = JobResult(state="killed", message=f"{how}; {kills} retries; see {log}")
        if result.state not in ("killed", "failed"):
            one.process.folder.remove()
        self.schedule.end(one.experiment, one.job, result)


def check_counts(where: object, *names: str, least: int = 1) -> None:
    """Refuse fields that are less than `least`."""
    for name in names:
        value = getattr(where, name)
        if value is not None and value < least:
            raise InputError(f"{name} is {value}; give {least} or more")
