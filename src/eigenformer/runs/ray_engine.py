"""Runs as trials of Ray Tune, on this machine or on a cluster that shares its run store."""

import logging
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from ..core import InputError
from ..training.signals import stop_signals
from .engine import JobOptions, Outcome, Report, RunQueue
from .experiment import Experiment, Plan
from .jobs import Job, JobFolder, JobResult, is_locked
from .local_engine import check_counts
from .process import JobProcess
from .store import runs_root

_POLL_SECONDS = 0.2
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",  # the new one prints tables however quiet it is asked to be
    "RAY_DEDUP_LOGS": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    # Signals are caught here, so that the runs can save their states.
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    # Otherwise 15: on a busy machine the runs would hardly get on.
    "RAY_worker_niceness": "0",
}


@dataclass(frozen=True, kw_only=True)
class RayEngine:
    """See `Engine`. Each run is a trial, which trains it in a process as `LocalEngine` does.

    Runs go in waves: those that start from others come in the wave after. A trial that is killed,
    or whose training process is, begins again up to `retries` times and goes on where the run
    folder stands. On a cluster every machine must see the run store under the same path, on a file
    system that supports locks, and have the same eigenformer installed.
    """

    workers: int = 1
    """Trials side by side."""
    retries: int = 2
    """Times that a trial that was killed begins again."""
    threads: int | None = None
    """Cores of each run. None: on this machine torch's (usually all) over `workers`, at least 1; on
    a cluster 1."""
    processes: int = 1
    """Of each run: torchrun starts as many, which share each batch."""
    gpus_per_run: float = 0.0
    """GPUs of each run; runs with 0.5 share one in pairs."""
    address: str | None = None
    """Of an existing cluster that this machine is part of: auto, or HOST:6379. None: Ray is started
    here, for this plan."""

    def __post_init__(self) -> None:
        check_counts(self, "workers", "threads", "processes")
        check_counts(self, "retries", least=0)
        if self.gpus_per_run < 0 or (self.gpus_per_run > 1 and self.gpus_per_run % 1):
            raise InputError(
                f"gpus per run is {self.gpus_per_run}; give a fraction below 1 or a whole number"
            )
        if self.address is not None and self.address.startswith("ray://"):
            raise InputError(
                f"address is {self.address}; give the same command on a machine of the cluster, "
                "with address auto"
            )
        if find_spec("ray") is None:
            raise InputError("the ray engine needs Ray: pip install 'eigenformer[sweep]'")

    def run(self, plan: Plan, jobs: JobOptions, report: Report) -> list[Outcome]:
        schedule = RunQueue(plan, jobs, report)
        for name, value in _SETTINGS.items():
            os.environ.setdefault(name, value)
        ray: Any = import_module("ray")
        ours = not ray.is_initialized()
        shared = None  # paths of sockets must be short, as those in the usual place are
        if self.address is not None:
            shared = (jobs.store or runs_root()).resolve() / ".jobs"
            shared.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix="ray-", dir=shared, ignore_cleanup_errors=True
        ) as scratch:
            if ours:
                self._connect(ray, Path(scratch))
            try:
                self._check_resources(ray)
                with stop_signals() as received:
                    while schedule.left:
                        if received:
                            schedule.stop(received[0])
                        elif not self._wave(schedule, received, Path(scratch)):
                            time.sleep(_POLL_SECONDS)
            finally:
                if ours:
                    ray.shutdown()
        return schedule.outcomes()

    @property
    def _cores(self) -> int:
        """Of each run."""
        if self.threads is not None:
            return self.threads
        return 1 if self.address else max(1, torch.get_num_threads() // self.workers)

    def _connect(self, ray: Any, scratch: Path) -> None:
        here: dict[str, Any] = {
            "num_cpus": self.workers * self._cores,
            "include_dashboard": False,
            "_temp_dir": str(scratch),
        }
        try:
            ray.init(
                **({"address": self.address} if self.address else here),
                # Of a trial that is killed this engine's report says enough.
                logging_level=logging.CRITICAL,
                log_to_driver=False,
            )
        except ConnectionError:
            raise InputError(
                f"no Ray cluster answers at {self.address}; start one with `ray start --head`, or "
                "leave the address out to use this machine"
            ) from None

    def _check_resources(self, ray: Any) -> None:
        """Refuse what Ray would wait for forever."""
        there = ray.cluster_resources()
        for kind, asked in (("CPU", self._cores), ("GPU", self.gpus_per_run)):
            has = there.get(kind, 0)
            if asked > has:
                raise InputError(f"a run asks for {asked:g} {kind}, Ray has {has:g}; ask for less")

    def _wave(self, schedule: RunQueue, received: list[int], scratch: Path) -> bool:
        """Make the runs that can begin now; false if there are none."""
        tune: Any = import_module("ray.tune")
        wave: dict[str, tuple[Experiment, Job]] = {}
        while found := schedule.next():
            wave[str(JobFolder.create(found[1]).path)] = found
        if not wave:
            return False

        def settle(path: str, failed: bool) -> None:
            if path not in wave:
                return
            folder = JobFolder(Path(path))
            result = None if failed else folder.result()
            if result is None:
                text = f"its trial was killed; {self.retries} retries; see {folder.log_file}"
                result = JobResult(state="failed", message=text)
            elif received and result.state == "stopped":
                result = replace(result, signal=received[0])
            if result.state != "failed":
                folder.remove()
            schedule.end(*wave.pop(path), result)

        def recovered(path: str) -> None:
            name = wave[path][0].name
            schedule.report.note(f"{name} was killed; it goes on in a new trial")

        def stop() -> None:
            for path in wave if received else ():
                JobFolder(Path(path)).stop_file.touch()

        resources = {"cpu": self._cores, "gpu": self.gpus_per_run}
        tune.Tuner(
            tune.with_resources(_trial, resources),
            param_space={
                "folder": tune.grid_search(list(wave)),
                "threads": self._cores,
                "processes": self.processes,
            },
            tune_config=tune.TuneConfig(max_concurrent_trials=self.workers),
            run_config=tune.RunConfig(
                storage_path=str(scratch / "results"),
                failure_config=tune.FailureConfig(max_failures=self.retries),
                callbacks=[_callback(settle, recovered, stop)],
                verbose=0,
            ),
        ).fit()
        for path in list(wave):
            settle(path, failed=False)
        return True


def _callback(
    settle: Callable[[str, bool], None],
    recovered: Callable[[str], None],
    stop: Callable[[], None],
) -> Any:
    """What Tune calls in this process as trials end, and at each turn of its loop."""

    # In the place of the callback, added otherwise, that prints each trial's end.
    base: Any = import_module("ray.tune.progress_reporter").TrialProgressCallback

    class Callback(base):  # type: ignore[misc]
        def on_trial_result(self, iteration: int, trials: Any, trial: Any, **_: Any) -> None:
            pass

        def on_trial_complete(self, iteration: int, trials: Any, trial: Any, **_: Any) -> None:
            settle(trial.config["folder"], False)

        def on_trial_error(self, iteration: int, trials: Any, trial: Any, **_: Any) -> None:
            settle(trial.config["folder"], True)

        def on_trial_recover(self, iteration: int, trials: Any, trial: Any, **_: Any) -> None:
            recovered(trial.config["folder"])

        def on_step_end(self, iteration: int, trials: Any, **_: Any) -> None:
            stop()

        def __reduce__(self) -> tuple[Any, tuple[()]]:
            # Tune pickles its settings for experiments that it restores itself; ours it does not.
            return (base, ())

    return Callback()


def _trial(parameters: dict[str, Any]) -> None:
    """One trial, on whatever machine: the job in a folder, in a process of its own.

    Raises if that process was killed, so that Tune begins the trial again.
    """
    folder = JobFolder(Path(parameters["folder"]))
    run_folder = folder.job().run_folder
    while not folder.stop_file.exists():
        result = _perform(folder, parameters["threads"], parameters["processes"])
        if result.state in ("killed", "stopped") and not folder.stop_file.exists():
            folder.forget_result()
            raise RuntimeError(f"the process was killed ({result.message})")
        if result.state not in ("killed", "locked"):
            return
        # Locked by what this trial was before it was killed, which is saving its state; or by
        # somebody else, who is waited for.
        while is_locked(run_folder) and not folder.stop_file.exists():
            time.sleep(_POLL_SECONDS)
    folder.save_result(JobResult(state="stopped"))


def _perform(folder: JobFolder, threads: int, processes: int) -> JobResult:
    folder.forget_result()
    process = JobProcess(folder, threads, processes)
    while (result := process.poll()) is None:
        if folder.stop_file.exists():
            process.stop()
        time.sleep(_POLL_SECONDS)
    return result
