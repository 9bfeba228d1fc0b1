"""The processes that compute the answers: one for questions, one for long work.

They import torch while the page's own process imports Gradio, on another core, and nothing that
they compute keeps the page, or one another, waiting. Where they were not started, answers are
computed in this process. What a visitor no longer waits for is ended, with its process if need be.
"""

import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

from ..core import InputError
from .startup import no_collection

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 30.0
"""Seconds of the processor that a question may take."""
MOST_QUESTIONS = 4
"""Questions of one visitor at a time; the page itself asks at most one of each tab."""
_LOOK = 0.05
"""Seconds between looks whether somebody still waits."""


class StoppedWork(InputError):
    """Work that its visitor stopped, or left."""


class Lane:
    """One process, and those who wait for it.

    `patience`: seconds of the processor that one call may take. `niceness` lowers the priority, so
    that long work takes what questions leave. `warm` is called first of all in the process.
    """

    def __init__(self, warm: Callable[[], None], patience: float = 0.0, niceness: int = 0) -> None:
        self.warm = warm
        self.patience = patience
        self.niceness = niceness
        self._turn = threading.Lock()
        self._process: Any = None
        self._pipe: Any = None
        self._ready = False

    def start(self) -> None:
        """Start the process, if there is none; it begins with the imports."""
        with self._turn:
            self._start()

    def _start(self) -> None:
        if self._process is not None and self._process.is_alive():
            return
        self._end()
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(
            target=_serve, args=(theirs, self.warm, self.patience, self.niceness), daemon=True
        )
        self._process.start()
        theirs.close()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
        self._process, self._ready = None, False

    def stop(self) -> None:
        """End the process, and what it computes."""
        if (running := self._process) is not None:
            running.kill()  # so that who waits for it goes on
        with self._turn:
            self._end()

    def call(self, stop: threading.Event, function: Callable[..., Any], *args: Any) -> Any:
        """What `function` says, by the process.

        `StoppedWork` as soon as `stop` is set, whether it was waiting or running; an `InputError`
        if it took too long, or the process was lost. The next call finds a new process then.
        """
        while not self._turn.acquire(timeout=_LOOK):
            _go_on(stop)
        try:
            _go_on(stop)
            self._start()
            if not self._ready:
                self._wait(stop)
                self._ready = self._pipe.recv()
            self._pipe.send((function, args))
            self._wait(stop)
            right, found = self._pipe.recv()
        except StoppedWork:
            self._end()
            raise
        except (EOFError, OSError):
            self._end()
            raise InputError(
                "the process that computes the answers was ended, perhaps for want of memory; ask "
                "again"
            ) from None
        finally:
            self._turn.release()
        if not right:
            raise found
        return found

    def _wait(self, stop: threading.Event) -> None:
        while not self._pipe.poll(_LOOK):
            _go_on(stop)


def _go_on(stop: threading.Event) -> None:
    if stop.is_set():
        raise StoppedWork("stopped")


def _serve(pipe: Connection, warm: Callable[[], None], patience: float, niceness: int) -> None:
    """Answer calls until the page is gone; in the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the page, which ends this process.
    threading.Thread(target=_end_with_the_page, daemon=True).start()
    os.nice(niceness)
    warm()

    def too_long(*_: Any) -> None:
        raise InputError(
            f"the answer took more than {patience:g} seconds, so it was ended; ask for less"
        )

    # Of the processor: another program's load is no reason to give up.
    signal.signal(signal.SIGPROF, too_long)
    pipe.send(True)
    while True:
        try:
            function, args = pipe.recv()
        except EOFError:
            return
        try:
            signal.setitimer(signal.ITIMER_PROF, patience)
            reply = (True, function(*args))
            signal.setitimer(signal.ITIMER_PROF, 0.0)
        except InputError as error:
            signal.setitimer(signal.ITIMER_PROF, 0.0)
            reply = (False, error)
        pipe.send(reply)


def _end_with_the_page() -> None:
    page = multiprocessing.parent_process()
    assert page is not None
    page.join()
    os._exit(0)


def _light() -> None:
    with no_collection():
        import torch

        # The matrices are small: a second thread would only wait for the first.
        torch.set_num_threads(1)


def _warm() -> None:
    """Load what the first answer needs."""
    _light()
    with no_collection():
        from . import answers, build_html, state

        assert build_html  # what the other tab needs
        answers.ask_model(state.AskState())


_questions = Lane(_warm, PATIENCE)
_long = Lane(_light, niceness=10)
_started = False
_lock = threading.Lock()
_waiting: Counter[str] = Counter()
_works: dict[str, threading.Event] = {}


def start() -> None:
    """Start the process for questions; that for long work starts with the first of it."""
    global _started
    _started = True
    _questions.start()


def stop() -> None:
    """End the processes."""
    global _started
    _started = False
    for session in list(_works):
        stop_work(session)
    _questions.stop()
    _long.stop()


def call(function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """What a function of `answers` says, by the process for questions."""
    if not _started:
        return function(*args, **options)
    found: T = _questions.call(threading.Event(), function, *args, *options.values())
    return found


@contextmanager
def a_question(session: str) -> Iterator[None]:
    """While a visitor waits for an answer; an `InputError` where too many are asked at once."""
    with _lock:
        if _waiting[session] >= MOST_QUESTIONS:
            raise InputError(
                f"this page has asked {MOST_QUESTIONS} questions at once; wait for their answers"
            )
        _waiting[session] += 1
    try:
        yield
    finally:
        with _lock:
            _waiting[session] -= 1
            if not _waiting[session]:
                del _waiting[session]


@contextmanager
def some_work(session: str) -> Iterator[threading.Event]:
    """While long work of a visitor runs, which has one at a time: an earlier one is stopped."""
    stopped = threading.Event()
    with _lock:
        before = _works.get(session)
        _works[session] = stopped
    if before is not None:
        before.set()
    try:
        yield stopped
    finally:
        with _lock:
            if _works.get(session) is stopped:
                del _works[session]


def stop_work(session: str) -> None:
    """End a visitor's long work at once."""
    with _lock:
        stopped = _works.get(session)
    if stopped is not None:
        stopped.set()


def work(stop: threading.Event, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """A piece of long work, by its process; `StoppedWork` once `stop` is set."""
    if not _started:
        _go_on(stop)
        return function(*args, **options)
    found: T = _long.call(stop, function, *args, *options.values())
    return found
