"""What a person sees while a model trains: a live display, or plain lines without a terminal."""

import math
import time

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..evaluation import Result
from .config import TrainConfig

_SHOWN_EVALUATIONS = 12


class Display:
    """What the loop reports to; this one, of the ranks that only compute, says nothing."""

    def start(self, config: TrainConfig, folder: str, examples: int) -> None:
        """Training begins, or goes on after `examples`."""

    def step(self, examples: int, rate: float, loss: float | None) -> None:
        """Now and then; `rate` in examples a second."""

    def evaluated(self, examples: int, results: dict[str, Result]) -> None:
        """The results of an evaluation, by test set."""

    def note(self, text: str) -> None:
        """Something that a person should know."""

    def stop(self) -> None:
        """Training has ended, well or not."""


def make_display(console: Console, quiet: bool = False) -> Display:
    """A live display on a terminal, plain lines elsewhere, nothing but notes if quiet."""
    if quiet:
        return PlainDisplay(console, every=math.inf)
    return LiveDisplay(console) if console.is_terminal else PlainDisplay(console)


def _percent(results: dict[str, Result], tolerance: float) -> str:
    return " / ".join(f"{100 * result.at(tolerance):.1f}" for result in results.values())


class PlainDisplay(Display):
    """A line every few seconds and at each evaluation."""

    def __init__(self, console: Console, every: float = 10.0) -> None:
        self.console = console
        self.every = every
        self._last = 0.0

    def start(self, config: TrainConfig, folder: str, examples: int) -> None:
        self._total = config.examples
        self._last = time.monotonic()
        if self.every < math.inf:
            self.note(f"training in {folder}, {examples:,} of {config.examples:,} examples done")

    def step(self, examples: int, rate: float, loss: float | None) -> None:
        now = time.monotonic()
        if now - self._last < self.every or rate <= 0:
            return
        self._last = now
        left = (self._total - examples) / rate
        self.note(
            f"{examples:,} examples, {rate:,.0f}/s, loss {_loss(loss)}, {_duration(left)} left"
        )

    def evaluated(self, examples: int, results: dict[str, Result]) -> None:
        first = next(iter(results.values()))
        scores = ", ".join(f"{100 * t:g}%: {_percent(results, t)}" for t in first.tolerances)
        if self.every < math.inf:
            self.note(f"{examples:,} examples: percent right at tolerance {scores}")

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
        self._columns: tuple[str, ...] = ()
        self._live: Live | None = None

    def start(self, config: TrainConfig, folder: str, examples: int) -> None:
        self._columns = tuple(f"{100 * t:g}%" for t in config.evaluation.tolerances)
        self._folder = folder
        self._task = self._bar.add_task(
            "train", total=config.examples, completed=examples, rate="", loss="-"
        )
        self._live = Live(self._render(), console=self.console, refresh_per_second=4)
        self._live.start()

    def _render(self) -> Table:
        grid = Table.grid()
        grid.add_row(f"training in [bold]{self._folder}[/bold]")
        if self._rows:
            table = Table(box=None, padding=(0, 2), header_style="dim")
            table.add_column("examples", justify="right")
            table.add_column("% right within", justify="right", style="dim")
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

    def evaluated(self, examples: int, results: dict[str, Result]) -> None:
        first = next(iter(results.values()))
        scores = (_percent(results, t) for t in first.tolerances)
        self._rows.append((f"{examples:,}", *scores))
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


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
