"""What a person sees while a plan runs: a line for each run."""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ..training import RunFolder
from ..training.progress import elapsed, scores_sentence
from .engine import Outcome, Report, Silence
from .experiment import Experiment, Plan

_TAIL = 16_384
_COLOURS = {"finished": "green", "diverged": "red", "failed": "red"}


@contextmanager
def progress(plan: Plan, console: Console, quiet: bool = False) -> Iterator[Report]:
    """A report to `console`: a live line for each run under way, a plain one for each that ended.

    Without a terminal, a line for each beginning and end; nothing if quiet.
    """
    if quiet:
        yield Silence()
        return
    board = Board(len(plan.experiments), console)
    if not console.is_terminal:
        yield board
        return
    with Live(get_renderable=board.render, console=console, refresh_per_second=1, transient=True):
        yield board


@dataclass(frozen=True)
class _Shown:
    folder: RunFolder
    begun: float = field(default_factory=time.monotonic)


class Board:
    """See `progress`. Runs may be anywhere: what they have done is read from their folders."""

    def __init__(self, total: int, console: Console) -> None:
        self.total = total
        self.console = console
        self.over = 0
        self._running: dict[str, tuple[Experiment, _Shown]] = {}
        self._lock = threading.Lock()  # a live display is drawn by a thread of its own

    def began(self, experiment: Experiment, folder: RunFolder) -> None:
        with self._lock:
            self._running[experiment.identity] = (experiment, _Shown(folder))
        if not self.console.is_terminal:
            self.note(f"{experiment.name} begins, in {folder.path}")

    def ended(self, outcome: Outcome) -> None:
        with self._lock:
            found = self._running.pop(outcome.experiment.identity, None)
            self.over += 1
        text = Text(f"{self.over}/{self.total} {outcome.experiment.name} ")
        text.append(outcome.state, _COLOURS.get(outcome.state, "yellow"))
        if found is not None:
            text.append(f" after {elapsed(time.monotonic() - found[1].begun)}")
            if scores := scores_sentence(last_lines(found[1].folder).get("evaluation")):
                text.append(f", {scores}")
        if outcome.message:
            text.append(f": {outcome.message}")
        self.console.print(text, soft_wrap=True, highlight=False)

    def note(self, text: str) -> None:
        self.console.print(text, soft_wrap=True, highlight=False, markup=False)

    def render(self) -> Table:
        """The runs under way."""
        grid = Table.grid(padding=(0, 2))
        with self._lock:
            running = list(self._running.values())
        for experiment, shown in running:
            lines = last_lines(shown.folder)
            train = lines.get("train", {})
            share = train.get("examples", 0) / experiment.config.length
            rate = train.get("examples_per_second")
            grid.add_row(
                Text(experiment.name, style="bold"),
                f"{100 * share:.0f}%",
                "waiting" if rate is None else f"{rate:,.0f} examples/s",
                scores_sentence(lines.get("evaluation")),
            )
        grid.add_row(Text(f"{self.over} of {self.total} done", style="dim"))
        return grid


def last_lines(folder: RunFolder) -> dict[str, dict[str, Any]]:
    """The last of each kind of line among the latest of a run's metrics."""
    found: dict[str, dict[str, Any]] = {}
    try:
        with open(folder.metrics_file, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            lines = file.read().split(b"\n")[1 if file.tell() > _TAIL else 0 : -1]
    except FileNotFoundError:
        return found
    for line in map(json.loads, lines):
        found[line["kind"]] = line
    return found
