"""What trains the runs of studies: this process, or several side by side."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any, Literal

import torch

from ...core import InputError
from ...models.cpu import one_thread
from ...training import Execution, train
from .study import Run

Told = Callable[[Run, Literal["begun", "finished"]], None]
"""Hears of runs; of those in other processes only that they are finished."""


class Workers:
    """`jobs` runs at a time on `device`, each on one thread. Leave it, and its processes end."""

    def __init__(self, jobs: int = 1, device: str = "cpu") -> None:
        if jobs < 1:
            raise InputError(f"jobs is {jobs}; give 1 or more")
        if device == "cuda" and not torch.cuda.is_available():
            raise InputError("device is cuda, and torch finds no CUDA device here; use cpu")
        self.jobs = jobs
        self.device = device
        self._pool: ProcessPoolExecutor | None = None
        self._before = set(multiprocessing.active_children())

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, kind: object, error: BaseException | None, at: object) -> None:
        if error is not None and not isinstance(error, Exception):
            self.stop()
        self._drop()

    def stop(self) -> None:
        """End the runs under way, as after Ctrl-C. They go on from their last saved states."""
        if self._pool is not None:
            for process in set(multiprocessing.active_children()) - self._before:
                process.terminate()

    def train(self, runs: Sequence[Run], told: Told) -> None:
        """Train runs that are not finished. If one fails, no other begins, and its error is raised.

        A run under two names is trained once.
        """
        once = list({run.path: run for run in runs}.values())
        if self.jobs == 1:
            for run in once:
                told(run, "begun")
                with one_thread():
                    _train(run, self.device)
                told(run, "finished")
        else:
            self._side_by_side(once, told)

    def _side_by_side(self, runs: Sequence[Run], told: Told) -> None:
        if self._pool is None:
            # A fresh process each: torch's threads don't survive a fork.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self.jobs, mp_context=context, initializer=_begin)
        waiting = {self._pool.submit(_train, run, self.device): run for run in runs}
        try:
            for done in as_completed(waiting):
                done.result()
                told(waiting[done], "finished")
        except BrokenProcessPool:
            self._drop()
            raise InputError(
                "the process of a run was killed, for want of memory perhaps; give fewer jobs"
            ) from None
        except Exception:
            self._drop()
            raise

    def _drop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None


def _begin() -> None:
    torch.set_num_threads(1)
    # Ctrl-C reaches all processes of a terminal; the first one decides what becomes of the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent can't end its workers, and hours of training would go on unseen."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _train(run: Run, device: Any) -> None:
    with suppress(InputError):  # of one that diverges its folder says so
        train(run.config, run.path, Execution(device=device, quiet=True))
