"""What a person sees while studies are made: a line for each run that ends, and a bar."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ...incontext import InContextFolder
from ...runs.cost import duration
from ...runs.progress import last_lines
from ..study import Run
from .workers import Told


@contextmanager
def progress(runs: Sequence[Run], console: Console, quiet: bool = False) -> Iterator[Told]:
    """Hears of `runs`, and tells `console`: nothing if quiet, no bar without a terminal."""
    board = _Board(runs, console)
    if quiet or not runs:
        yield lambda run, state: None
    elif not console.is_terminal:
        yield board.hear
    else:
        with Live(
            get_renderable=board.render, console=console, refresh_per_second=1, transient=True
        ):
            yield board.hear


class _Board:
    def __init__(self, runs: Sequence[Run], console: Console) -> None:
        self.runs = list({run.path: run for run in runs}.values())
        self.console = console
        self.over: set[Run] = set()
        self.begun = time.monotonic()

    def hear(self, run: Run, state: str) -> None:
        if state != "finished" or run in self.over:
            return
        self.over.add(run)
        folder = InContextFolder(run.path)
        found = folder.status()["state"]
        text = Text(f"  {len(self.over)}/{len(self.runs)} {run.name} ")
        text.append(found, "green" if found == "finished" else "red")
        losses = list(folder.test_losses().values())
        if losses and losses[-1] is not None:
            text.append(f", test loss {losses[-1]:.4g}")
        self.console.print(text, soft_wrap=True, highlight=False)

    def render(self) -> Table:
        done = sum(self._done(run) for run in self.runs)
        total = sum(run.examples for run in self.runs)
        spent = duration(time.monotonic() - self.begun)
        grid = Table.grid(padding=(0, 2))
        grid.add_row(
            ProgressBar(total=total, completed=done, width=40),
            f"{100 * done / total:.0f}% of the prompts, {len(self.over)} of {len(self.runs)} runs, "
            f"{spent}",
        )
        return grid

    def _done(self, run: Run) -> int:
        if run in self.over:
            return run.examples
        lines = last_lines(InContextFolder(run.path))
        return int(lines.get("train", {}).get("examples", 0))
