"""A run as a job: what the process that trains it is told, and what it says at the end.

Both are JSON in a folder of the run store, `.jobs/RUN-XXXX/`, never pickles: job.json, result.json,
and log.txt with what the process printed.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from filelock import FileLock, Timeout

from ..core import InputError, from_json, load_json, save_json, system_error, to_json
from ..training import Execution, Interrupted, Run, RunFolder
from ..training.run import run_from_json, run_to_json
from .store import run, runs_root, stored


@dataclass(frozen=True, kw_only=True)
class Job:
    """A run that a process is to train."""

    config: Run
    """Complete: a run that starts from another one names its weights."""
    store: str
    """The run store."""
    execution: Execution

    @property
    def run_folder(self) -> RunFolder:
        return stored(self.config, Path(self.store))


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """How a job ended."""

    state: Literal["finished", "diverged", "failed", "stopped", "locked", "killed"]
    """locked: another process is training the run. killed: the process ended without a word."""
    message: str = ""
    signal: int = 0
    """The signal that stopped it, with state "stopped"."""


_PARTS = ("config", "store", "execution")


class JobFolder:
    """One attempt at a job on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @staticmethod
    def create(job: Job) -> "JobFolder":
        parent = Path(job.store) / ".jobs"
        parent.mkdir(parents=True, exist_ok=True)
        # A name of its own: another engine may be at the same run.
        path = Path(tempfile.mkdtemp(prefix=f"{job.run_folder.path.name}-", dir=parent))
        folder = JobFolder(path)
        parts = (run_to_json(job.config), job.store, to_json(job.execution))
        save_json(path / "job.json", dict(zip(_PARTS, parts, strict=True)))
        return folder

    def job(self) -> Job:
        file = self.path / "job.json"
        config, store, execution = (load_json(file)[part] for part in _PARTS)
        return Job(
            config=run_from_json(config, str(file)),
            store=store,
            execution=from_json(Execution, execution, str(file)),
        )

    @property
    def log_file(self) -> Path:
        return self.path / "log.txt"

    @property
    def stop_file(self) -> Path:
        """Once there, the run is to be stopped: for engines whose processes are elsewhere."""
        return self.path / "stop"

    def save_result(self, result: JobResult) -> None:
        save_json(self.path / "result.json", to_json(result))

    def result(self) -> JobResult | None:
        file = self.path / "result.json"
        return from_json(JobResult, load_json(file), str(file)) if file.exists() else None

    def forget_result(self) -> None:
        """Before another attempt."""
        (self.path / "result.json").unlink(missing_ok=True)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


def make_job(config: Run, store: Path | None, execution: Execution) -> Job:
    """`store` is the run store in use unless given."""
    return Job(config=config, store=str((store or runs_root()).resolve()), execution=execution)


def perform(job: Job) -> JobResult:
    """Train a job's run in this process, or see that it is finished.

    What an engine has to tell its user comes back; other exceptions are mistakes of the code.
    """
    try:
        run(job.config, job.execution, Path(job.store))
    except Interrupted as stopped:
        number = stopped.exit_status - 128
        return JobResult(state="stopped", message=str(stopped), signal=number)
    except InputError as error:
        if is_locked(job.run_folder):
            return JobResult(state="locked", message=str(error))
        diverged = job.run_folder.status()["state"] == "diverged"
        return JobResult(state="diverged" if diverged else "failed", message=str(error))
    except (OSError, MemoryError, torch.OutOfMemoryError) as error:
        told = system_error(error) if isinstance(error, OSError) else None
        return JobResult(state="failed", message=told or f"{type(error).__name__}: {error}")
    return JobResult(state="finished")


def is_locked(folder: RunFolder) -> bool:
    """Whether a process is training in `folder` now."""
    if not folder.path.is_dir():
        return False
    lock = FileLock(folder.path / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False
