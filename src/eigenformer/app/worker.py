"""The process that computes the answers.

It imports torch while the page's own process imports Gradio, on another core, and nothing that it
computes keeps the page waiting. Where it was not started, answers are computed in this process.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

from ..core import InputError
from .startup import no_collection

P = ParamSpec("P")
T = TypeVar("T")

_pool: ProcessPoolExecutor | None = None
_lock = threading.Lock()


def start() -> None:
    """Start the process; it begins with the imports."""
    _replace(None)


def _replace(lost: ProcessPoolExecutor | None) -> None:
    """Start a process in place of one that was lost, unless another thread has done so."""
    global _pool
    with _lock:
        if _pool is lost:
            # One process: it keeps what it has loaded and compiled, and is asked for small pieces.
            _pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
            _pool.submit(_warm)


def stop() -> None:
    """End the process; what was asked of it is dropped."""
    global _pool
    with _lock:
        pool, _pool = _pool, None
    if pool is not None:
        # Without the wait, Python 3.11 at its own end may write to the pool's closed pipe.
        pool.shutdown(wait=True, cancel_futures=True)


def call(function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """What a function of `answers` says, by the process; `InputError` if it was lost meanwhile."""
    pool = _pool
    if pool is None:
        return function(*args, **options)
    try:
        return pool.submit(function, *args, **options).result()
    except BrokenProcessPool:
        _replace(pool)
        raise InputError(
            "the process that computes the answers was ended, perhaps for want of memory; ask again"
        ) from None


def _warm() -> None:
    """Load what the first answer needs; first of all in the process that answers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the page, which ends this process.
    threading.Thread(target=_end_with_the_page, daemon=True).start()
    with no_collection():
        import torch

        from . import answers, build_html, compare_html, state

        assert build_html and compare_html  # what the other tabs need
        # The matrices are small: a second thread would only wait for the first.
        torch.set_num_threads(1)
        answers.ask_model(state.AskState())


def _end_with_the_page() -> None:
    page = multiprocessing.parent_process()
    assert page is not None
    page.join()
    os._exit(0)
