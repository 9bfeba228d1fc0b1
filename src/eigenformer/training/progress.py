"""What a person sees while a model trains: a live display, or plain lines without a terminal."""

import math
import time
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from .run import Run

_SHOWN_EVALUATIONS = 12


class Display:
    """What the loop reports to; this one, of the ranks that only compute, says nothing."""

    def start(self, run: Run, folder: str, examples: int) -> None:
        """Training begins, or goes on after `examples`."""

    def step(self, examples: int, rate: float, loss: float | None) -> None:
        """Now and then; `rate` in examples a second."""

    def evaluated(self, line: dict[str, Any]) -> None:
        """An evaluation, as its line of metrics.jsonl says it."""

    def note(self, text: str) -> None:
        """Something that a person should know."""

    def stop(self) -> None:
        """Training has ended, well or not."""


def make_display(console: Console, quiet: bool = False) -> Display:
    """A live display on a terminal, plain lines elsewhere, nothing but notes if quiet."""
    if quiet:
        return PlainDisplay(console, every=math.inf)
    return LiveDisplay(console) if console.is_terminal else PlainDisplay(console)


def scores(line: dict[str, Any]) -> dict[str, str]:
    """What an evaluation found, in short: by tolerance, test sets between slashes; or a loss."""
    if "accuracy" not in line:
        return {"test loss": f"{line['loss']:.4g}"}
    tests = list(line["accuracy"].values())
    return {
        f"{100 * float(key):g}%": " / ".join(f"{100 * t[key]:.1f}%" for t in tests if key in t)
        for key in tests[0]
    }


def scores_sentence(line: dict[str, Any] | None) -> str:
    """The same on one line, of the first test set; "" without an evaluation."""
    if line is None:
        return ""
    text = ", ".join(f"{name}: {value.split(' / ')[0]}" for name, value in scores(line).items())
    return f"right within {text}" if "accuracy" in line else text


class PlainDisplay(Display):
    """A line every few seconds and at each evaluation."""

    def __init__(self, console: Console, every: float = 10.0) -> None:
        self.console = console
        self.every = every
        self._last = 0.0

    def start(self, run: Run, folder: str, examples: int) -> None:
        self._total = run.length
        self._last = self._begun = time.monotonic()
        self._before = examples
        if self.every < math.inf:
            self.note(f"training in {folder}, {examples:,} of {run.length:,} examples done")

    def step(self, examples: int, rate: float, loss: float | None) -> None:
        now = time.monotonic()
        if now - self._last < self.every or rate <= 0:
            return
        self._last = now
        # At the pace since the start, evaluations included: that of the last steps alone jumps.
        pace = (now - self._begun) / max(1, examples - self._before)
        left = (self._total - examples) * pace
        self.note(f"{examples:,} examples, {rate:,.0f}/s, loss {_loss(loss)}, {elapsed(left)} left")

    def evaluated(self, line: dict[str, Any]) -> None:
        if self.every < math.inf:
            self.note(f"{line['examples']:,} examples: {scores_sentence(line)}")

    def note(self, text: str) -> None:
        self.console.print(text, soft_wrap=True, highlight=False, markup=False)


class LiveDisplay(Display):
    """A progress bar under the table of the last evaluations."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._bar = Progress(
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[rate]}"),
            TextColumn("loss {task.fields[loss]}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
        )
        self._rows: list[tuple[str, ...]] = []
        self._heading = ""
        self._columns: tuple[str, ...] = ()
        self._live: Live | None = None

    def start(self, run: Run, folder: str, examples: int) -> None:
        self._folder = folder
        self._task = self._bar.add_task(
            "train", total=run.length, completed=examples, rate="", loss="-"
        )
        self._live = Live(self._render(), console=self.console, refresh_per_second=4)
        self._live.start()

    def _render(self) -> Table:
        grid = Table.grid()
        grid.add_row(f"training in [bold]{self._folder}[/bold]")
        if self._rows:
            table = Table(box=None, padding=(0, 2), header_style="dim")
            table.add_column("examples", justify="right")
            table.add_column(self._heading, justify="right", style="dim")
            for name in self._columns:
                table.add_column(name, justify="right", style="bold green")
            for row in self._rows[-_SHOWN_EVALUATIONS:]:
                table.add_row(row[0], "", *row[1:])
            grid.add_row(table)
        grid.add_row(self._bar)
        return grid

    def step(self, examples: int, rate: float, loss: float | None) -> None:
        self._bar.update(
            self._task, completed=examples, rate=f"{rate:,.0f} examples/s", loss=_loss(loss)
        )

    def evaluated(self, line: dict[str, Any]) -> None:
        shown = scores(line)
        self._heading = "% right within" if "accuracy" in line else ""
        self._columns = tuple(shown)
        self._rows.append((f"{line['examples']:,}", *shown.values()))
        if self._live is not None:
            self._live.update(self._render())

    def note(self, text: str) -> None:
        self.console.print(text, soft_wrap=True, highlight=False, markup=False)

    def stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def _loss(loss: float | None) -> str:
    return "-" if loss is None else f"{loss:.3f}"


def elapsed(seconds: float) -> str:
    """Such as 40 s, 3 min 20 s, 2 h 5 min."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
