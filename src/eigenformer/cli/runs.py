"""`eigenformer runs list|show|curve|rm`: what has been trained here."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..core import InputError
from ..core.lazy import lazy
from .answers import json_lines
from .parse import JsonFlag, check_output, run_one_of

if TYPE_CHECKING:
    from ..training import RunFolder

USAGE = """\
usage: eigenformer runs list [--json]
       eigenformer runs show RUN
       eigenformer runs curve RUN ... [--output FILE.png]
       eigenformer runs rm RUN ...

Runs of the run store: the folder runs here, or the one that EIGENFORMER_RUNS names. RUN is a
folder, or the beginning or the hash of a name.
"""
_RUNS = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN [RUN ...]")]
_SHOWN = 20
"""Evaluations of a curve; of more, as many at equal distances."""


def main(args: list[str]) -> int:
    commands: dict[str, Callable[..., int]] = {
        "list": list_all,
        "show": show,
        "curve": curve,
        "rm": remove,
    }
    return run_one_of(commands, args, prog="runs", usage=USAGE)


def list_all(as_json: JsonFlag = False) -> int:
    """List the runs: their state, how far they got, their last evaluation.

    Args:
        as_json: print JSON instead of a table.
    """
    from ..runs import runs_root, stored_runs

    facts = [_facts(folder) for folder in stored_runs()]
    if as_json:
        print(json_lines(facts))
        return 0
    if not facts:
        print(f"no runs in {runs_root()}; `eigenformer train fast` makes one")
        return 0
    table = Table(box=SIMPLE, padding=(0, 0))
    table.add_column("run", no_wrap=True)
    for heading in ("state", "examples", "last evaluation"):
        table.add_column(heading, justify="right")
    for fact in facts:
        first = fact["evaluation"].split(", ")[0]
        table.add_row(Text(fact["run"]), fact["state"], f"{fact['examples']:,}", first)
    Console(highlight=False).print(table)
    return 0


def show(run: tyro.conf.Positional[str]) -> int:
    """Show a run: state, configuration, last evaluation.

    Args:
        run: run folder, or the beginning or the hash of a name in the store.
    """
    from ..runs import find_run

    folder = find_run(run)
    for name, value in _facts(folder).items():
        print(f"{name:<12}{value}")
    print(f"{'folder':<12}{folder.path}")
    print(folder.config_file.read_text(encoding="utf-8"), end="")
    return 0


def curve(runs: _RUNS, output: Path | None = None) -> int:
    """Show how runs learned: loss and accuracy at evaluations, or a drawing of them.

    Args:
        runs: run folders, or beginnings or hashes of names in the store.
        output: draw them into this .png, .svg or .pdf file instead.
    """
    from ..reports import learning_curve
    from ..runs import find_run

    check_output(output, ".png", ".svg", ".pdf")
    folders = [find_run(name) for name in runs]
    if not folders:
        raise InputError("name a run; `eigenformer runs list` shows them")
    if output is not None:
        learning_curve(folders, output)
        print(f"wrote {output}")
        return 0
    for folder in folders:
        lines = [line for line in folder.metrics() if line["kind"] == "evaluation"]
        table = Table(title=folder.path.name, title_justify="left", box=SIMPLE)
        table.add_column("examples", justify="right")
        for heading in _shares(lines[-1]) if lines else ():
            table.add_column(heading, justify="right")
        for line in lines[:: -(-len(lines) // _SHOWN) or 1]:
            table.add_row(f"{line['examples']:,}", *_shares(line).values())
        Console(highlight=False).print(table)
    return 0


def remove(runs: _RUNS) -> int:
    """Delete runs, with everything that is in their folders.

    Args:
        runs: folders, or whole names or hashes of runs in the store.
    """
    from ..runs import find_run
    from ..runs.jobs import is_locked

    if not runs:
        raise InputError("name a run; `eigenformer runs list` shows them")
    folders = [find_run(name) for name in runs]
    for name, folder in zip(runs, folders, strict=True):
        whole = folder.path.name in (name, Path(name).name) or folder.path.name.endswith(f"-{name}")
        if not whole or not folder.config_file.exists():
            raise InputError(f"{name!r} is not the whole name of a run; give {folder.path.name}")
        if is_locked(folder):
            raise InputError(f"{folder.path} is being trained; stop that first")
    for folder in folders:
        folder.remove()
        print(f"removed {folder.path}")
    return 0


def _facts(folder: "RunFolder") -> dict[str, Any]:
    status = folder.status()
    lines = [line for line in folder.metrics() if line["kind"] == "evaluation"]
    last = _shares(lines[-1]) if lines else {}
    return {
        "run": folder.path.name,
        "state": status["state"],
        "examples": status.get("examples", lines[-1]["examples"] if lines else 0),
        "evaluation": ", ".join(f"{figure} {what}" for what, figure in last.items()),
    }


def _shares(line: dict[str, Any]) -> dict[str, str]:
    """The first test set's accuracies by what is asked, or the loss."""
    for by_tolerance in (line.get("accuracy") or {}).values():
        return {f"within {100 * float(t):g}%": f"{100 * v:.1f}%" for t, v in by_tolerance.items()}
    return {"loss": f"{line['loss']:.4g}"} if "loss" in line else {}


lazy(__name__)
