"""`eigenformer circuits list|show|score`: networks whose algorithm is known, part by part."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import tyro
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..circuits.members import CIRCUITS, FAMILIES, load, names
from ..core.lazy import lazy
from .answers import json_lines
from .parse import JsonFlag, run_one_of

if TYPE_CHECKING:
    from ..circuits import BlockRows, MethodScore

USAGE = """\
usage: eigenformer circuits list [--family FAMILY]
       eigenformer circuits show NAME [--seed 0] [--json]
       eigenformer circuits score [--circuits NAME ...] [--methods NAME ...] [--seeds 0 1 2]

Networks whose truth is known: which head, linear map and feed-forward network does what, and
which of them the answer depends on. `score` says how well methods find that out from runs.
More: eigenformer circuits score --help, for each of them
"""


def main(args: list[str]) -> int:
    commands: dict[str, Callable[..., int]] = {"list": list_all, "show": show, "score": score}
    return run_one_of(commands, args, prog="circuits", usage=USAGE)


def list_all(family: str | None = None, as_json: JsonFlag = False) -> int:
    """List the circuits.

    Args:
        family: only those of this family.
        as_json: print JSON instead of a table.
    """
    members = {name: CIRCUITS.get(name) for name in names(family)}
    if as_json:
        print(
            json_lines(
                [
                    {"name": name, "family": member.family, "summary": member.summary}
                    for name, member in members.items()
                ]
            )
        )
        return 0
    console = Console(highlight=False)
    for kind in dict.fromkeys(member.family for member in members.values()):
        heading = Text(kind, style="bold").append(f": {FAMILIES.get(kind, '')}", "not bold")
        console.print(heading, soft_wrap=True)
        alike: dict[str, list[str]] = {}
        for name, member in members.items():
            if member.family == kind:
                alike.setdefault(member.summary, []).append(name)
        for summary, called in alike.items():
            which = called[0] if len(called) == 1 else f"{called[0]} to {called[-1]}"
            console.print(Text(f"  {which:<23}{summary}"), soft_wrap=True)
    return 0


def show(name: tyro.conf.Positional[str], seed: int = 0, as_json: JsonFlag = False) -> int:
    """Show the truth of a circuit: what each component does, reads and writes.

    Args:
        name: of the circuit (`eigenformer circuits list` shows them).
        seed: of its distractors, or of the random program.
        as_json: print the whole truth as JSON, with the edges.
    """
    circuit = load(name, seed)
    truth = circuit.truth
    if as_json:
        print(json.dumps(truth.to_dict(), indent=1))
        return 0
    console = Console(highlight=False)
    console.print(
        Text(
            f"{name}, seed {seed}: {circuit.summary}\n{len(truth.inside)} of "
            f"{len(truth.components)} components are inside, with {len(truth.edges)} edges; the "
            f"answer is {_rows(truth.answer)}\n"
        )
    )
    for part in truth.components:
        says = ("inside" if part.inside else "outside") + ", constant" * part.constant
        console.print(Text(f"{part.name:<18}{says:<19}{part.does}"), soft_wrap=True)
        made = f"makes {', '.join(part.makes)}; " if part.makes else ""
        rows = f"reads {_rows(part.reads) or 'nothing'}; writes {_rows(part.writes)}"
        console.print(Text(f"    {made}{rows}", style="dim"), soft_wrap=True)
    return 0


def score(
    circuits: tuple[str, ...] = (),
    methods: tuple[str, ...] = ("patching", "paths"),
    seeds: tuple[int, ...] = (0, 1, 2),
    inputs: int = 8,
    families: bool = False,
    as_json: JsonFlag = False,
) -> int:
    """Score methods that look for circuits against the truth: a table, minutes of a core for all.

    AUROC: of all pairs of a component inside and one outside, how often the inner one has the
    larger effect; the range is that of the seeds. Found: of those inside, how many have an
    effect of 1% or more. Wrong: of those outside, how many have one. Edges: the AUROC of pairs of
    components.

    Args:
        circuits: names (`eigenformer circuits list` shows them); without them all.
        methods: patching, paths, or your own, from a file that --plugin names.
        seeds: each draws inputs, distractors and random programs anew.
        inputs: matrices that a method runs on, and as many others to patch in.
        families: leave out the rows of single circuits.
        as_json: print JSON, with what each method missed, instead of a table.
    """
    from ..circuits import score as scored
    from ..circuits import summarised

    err = Console(stderr=True, highlight=False)
    with err.status("", spinner_style="dim") as status:
        found = scored(circuits, methods, seeds, inputs, lambda name: status.update(name))
    rows = [*(() if families else found), *summarised(found)]
    if as_json:
        print(json_lines([row.to_dict() for row in rows]))
        return 0
    many = f"{len({row.circuit for row in found})} circuits, seeds {' '.join(map(str, seeds))}"
    table = Table(title=f"{many}, {inputs} inputs", title_justify="left", box=SIMPLE)
    table.padding = (0, 0)
    for heading in ("circuit", "inside", "method", "AUROC", "range", "found", "wrong", "edges"):
        table.add_column(heading, justify="left" if heading in ("circuit", "method") else "right")
    before = ""
    for row in rows:
        if row.circuit in FAMILIES and row.circuit != before and before not in FAMILIES:
            table.add_section()
        table.add_row(*_cells(row, row.circuit != before))
        before = row.circuit
    Console(highlight=False).print(table)
    return 0


def _cells(row: "MethodScore", first: bool) -> list[str]:
    inside = f"{row.inside:.3g} of {row.components:.3g}"
    return [
        row.circuit if first else "",
        inside if first else "",
        row.method,
        _number(row.auroc),
        "-" if row.range is None else "-".join(map(_number, row.range)),
        f"{100 * row.found:.0f}%",
        f"{100 * row.wrong:.0f}%",
        _number(row.edges),
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _rows(rows: "tuple[BlockRows, ...]") -> str:
    return ", ".join(f"{part.block}[{part.first}:{part.last + 1}]" for part in rows)


lazy(__name__)
