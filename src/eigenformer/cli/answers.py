"""Answers beside NumPy's, as commands print and write them."""

import io
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.box import SIMPLE
from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..core import save_json
from ..core.lazy import lazy
from ..core.serialize import write_atomically

if TYPE_CHECKING:
    from ..evaluation import Answer
    from ..papers import State

STYLES: "dict[State, str]" = {
    "holds": "bold green",
    "fails": "bold red",
    "undecided": "dim",
    "size": "blue",
}
"""Of verdicts."""
MANY = 3
"""Answers that are shown whole."""
_SHOWN_ROWS = 20
"""Of a batch; what all of it is like stands below."""


def show(answers: "Sequence[Answer]", console: Console) -> None:
    """Print answers to matrices of one shape: a few whole, many as a table and a summary."""
    from ..evaluation import NumpySolver

    counted = Counter(caution for answer in answers for caution in answer.cautions)
    for caution, count in counted.items():
        some = "" if len(answers) == 1 else f" ({count:,} of {len(answers):,} matrices)"
        console.print(Text(f"caution: {caution}{some}", style="yellow"), soft_wrap=True)
    if len(answers) > MANY:
        console.print(_table(answers[:_SHOWN_ROWS], len(answers)))
        console.print(_summary(answers), soft_wrap=True)
        return
    for answer in answers:
        rows = [[_panel("input", answer.matrix, console.width)]]
        if answer.valid and not isinstance(answer.solver, NumpySolver):
            rows.append(_panels(answer.solver.name, answer.parts(answer.value), console.width))
        rows.append(_panels("numpy", answer.parts(answer.truth), console.width))
        for line in rows if len(rows[-1]) > 1 else [[panel for row in rows for panel in row]]:
            console.print(Columns(line))
        console.print(_verdict(answer), soft_wrap=True)
        if (found := answer.polishing) is not None:
            steps = ", ".join(f"{value:.1e}" for value in found.residuals)
            text = f"{found.measure} at each step: {steps}"
            console.print(Text(text + " (started over)" * found.restarted), soft_wrap=True)


def write(output: Path | None, entries: list[dict[str, Any]], values: np.ndarray) -> None:
    """Write answers to a .json file, as `entries`, or to a .npy file, as `values`."""
    if output is not None and output.suffix == ".json":
        save_json(output, entries)
    elif output is not None:
        content = io.BytesIO()
        np.save(content, values)
        write_atomically(output, content.getvalue())


def json_lines(entries: list[dict[str, Any]]) -> str:
    """A JSON list with one entry a line."""
    return "[\n" + ",\n".join(json.dumps(entry, allow_nan=False) for entry in entries) + "\n]"


def _verdict(answer: "Answer") -> Text:
    from ..evaluation import NumpySolver
    from ..evaluation.answers import percent

    if not answer.valid:
        return Text(f"no answer by {answer.solver.name}: {answer.reason}", style="red")
    text, tolerance = Text(f"{answer.solver.name}: "), answer.right_within()
    if not isinstance(answer.solver, NumpySolver):
        if tolerance is not None:
            text.append(f"right within {100 * tolerance:g}%", style="green")
        else:
            text.append("wrong", style="red")
        text.append(f" (error {percent(answer.error)}); ")
    *residuals, condition = (f"{k} {v}" for k, v in _certificate(answer).items())
    follows = f"; proved of the unrounded answer: {answer.follows}" if answer.follows else ""
    text.append(f"residuals: {', '.join(residuals)}; {condition}{follows}")
    if answer.factor != 1:
        text.append(f"; asked about {answer.factor:.3g} times the matrix")
    return text


def _certificate(answer: "Answer") -> dict[str, str]:
    """What can be checked without NumPy's answer; the condition number last."""
    from ..evaluation.answers import percent

    *residuals, (_, condition) = answer.certificate.items()
    return {
        **{name.replace("_", " "): percent(value) for name, value in residuals},
        "condition number": f"{condition:.3g}",
    }


def _summary(answers: "Sequence[Answer]") -> Text:
    """What the answers to many matrices are like, in a line or two."""
    from ..evaluation import TOLERANCES
    from ..evaluation.answers import percent

    valid = [answer for answer in answers if answer.valid]
    text = Text(f"{answers[0].solver.name}: {len(valid):,} of {len(answers):,} answered")
    if valid:
        shares = (
            f"{100 * sum(a.error < t for a in valid) / len(answers):.1f}% within {100 * t:g}%"
            for t in TOLERANCES
        )
        errors = sorted(answer.error for answer in valid)
        middle, worst = (percent(errors[i]) for i in (len(errors) // 2, -1))
        text.append(f"; right: {', '.join(shares)}; median error {middle}, largest {worst}")
    polished = [answer.polishing for answer in answers if answer.polishing is not None]
    if polished:
        steps = sorted(found.steps for found in polished)
        again = sum(found.restarted for found in polished)
        text.append(
            f"\npolished in {steps[len(steps) // 2]} steps (median; {steps[0]} to {steps[-1]}), "
            f"{again:,} of {len(polished):,} started over; last residual at most "
            f"{max(found.residuals[-1] for found in polished):.1e} "
            f"({polished[0].measure}); --json has those of every step"
        )
    return text


def _table(answers: "Sequence[Answer]", of: int) -> Table:
    from ..evaluation.answers import percent
    from ..evaluation.bounds import above, largest

    shown = f", the first {len(answers)}" if of > len(answers) else ""
    title = Text(f"{answers[0].solver.name}: {of:,} matrices{shown}")
    table = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 0))
    within = [f"{name} within" for name in answers[0].bounds]
    for name in ("matrix", "error", *_certificate(answers[0]), *within):
        table.add_column(name, justify="right")
    complete = all(answer.valid for answer in answers)
    if not complete:
        table.add_column("no answer because", style="red")
    for i, answer in enumerate(answers):
        within = [above(bound) for bound in largest(answer.bounds).values()]
        cells = [percent(answer.error), *_certificate(answer).values(), *within]
        if not answer.valid:
            cells = ["-" for _ in cells]
        table.add_row(str(i), *cells, *([] if complete else [Text(answer.reason)]))
    return table


def _panels(who: str, parts: dict[str, np.ndarray], width: int) -> list[Panel]:
    """A panel for each part of an answer, which is named where there are several."""
    names = {name: who if len(parts) == 1 else f"{who}: {name}" for name in parts}
    return [_panel(names[name], np.atleast_2d(part), width) for name, part in parts.items()]


def _panel(title: str, matrix: np.ndarray, width: int) -> Panel:
    """A matrix in a frame; columns in the middle are left out where the line is too short."""
    columns = [[f"{value:.4g}" for value in column] for column in matrix.T]
    shown = len(columns)
    while shown > 2 and _width(columns := _ends(columns, shown)) > width - 4:
        shown -= 1
    grid = Table.grid(padding=(0, 1))
    for _ in columns:
        grid.add_column(justify="right", no_wrap=True)
    for row in zip(*columns, strict=True):
        grid.add_row(*row)
    return Panel(grid, title=Text(title), expand=False)


def _ends(columns: list[list[str]], shown: int) -> list[list[str]]:
    """The first and last of `columns`, `shown` in all, with dots for the others."""
    whole = [column for column in columns if column[0] != "..."]
    if shown >= len(whole):
        return columns
    right = shown // 2
    return [*whole[: shown - right], ["..."] * len(whole[0]), *whole[-right:]]


def _width(columns: list[list[str]]) -> int:
    return sum(max(map(len, column)) + 1 for column in columns) - 1


lazy(__name__)
