"""`eigenformer explain MODEL`: what a size-free network learned."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import tyro
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..core import InputError
from ..core.lazy import lazy
from .parse import JsonFlag, parse

if TYPE_CHECKING:
    from ..explanation import Explanation, Insight


def main(args: list[str]) -> int:
    return parse(explain_model, args, prog="explain")


def explain_model(
    model: tyro.conf.Positional[str],
    only: str | None = None,
    to: Path | None = None,
    as_json: JsonFlag = False,
) -> int:
    """Say what a model of any size learned, beside the classical algorithms.

    Its function of the singular values layer by layer, or the angles by which it turns; its order
    of convergence; which head or feature does what; its weights as a matrix program; other sizes,
    spectra and condition numbers. About a minute.

    Args:
        model: a run (folder, name or hash) or a shipped model of any size.
        only: print only the finding of this name.
        to: draw the figures into this folder, as SVG for light and for dark pages.
        as_json: print JSON instead of text.
    """
    from ..explanation import explain
    from ..reports import write_figure
    from ..zoo import load

    if to is not None and to.exists() and not to.is_dir():
        raise InputError(f"--to {to} is a file; give the name of a folder")
    explanation = explain(load(model))
    shown = tuple(f for f in explanation.findings if only in (None, f.name))
    if not shown:
        names = ", ".join(found.name for found in explanation.findings)
        raise InputError(f"--only {only}: this model has the findings {names}")
    if as_json:
        print(json.dumps(explanation.to_dict(), allow_nan=False, indent=2))
    else:
        show(explanation, shown, Console(highlight=False))
    for found in explanation.findings if to is not None else ():
        if to is not None and found.sketch is not None:
            path = write_figure(found.sketch.draw, to, found.name)
            if not as_json:
                print(f"wrote {path}")
    return 0


def show(explanation: "Explanation", shown: "tuple[Insight, ...]", console: Console) -> None:
    head = f"{explanation.model}: {explanation.family}, {explanation.weights:,} weights"
    console.print(Text(head, style="bold"))
    console.print(f"The network is told {explanation.told}.", style="dim")
    for found in shown:
        console.print(Text(f"\n{found.title}", style="bold"))
        for sentence in found.says:
            console.print(Text(sentence))
        if found.grid is None:
            continue
        table = Table(box=SIMPLE)
        for number, column in enumerate(found.grid.columns):
            table.add_column(column, justify="left" if number == 0 else "right")
        for row in found.grid.rows:
            table.add_row(*map(Text, found.grid.written(row)))
        console.print(table)


lazy(__name__)
