"""`eigenformer bench efficiency`: how many examples each recipe needs to the same accuracy."""

from pathlib import Path
from typing import Literal

from rich.console import Console

from ..core import to_json
from ..papers.efficiency import (
    PAPER,
    SETS,
    Entry,
    ablation_of,
    compare,
    needed,
    print_ablation,
    print_comparisons,
    print_paper_sizes,
    print_search,
)
from ..runs import Records
from .answers import json_lines
from .parse import JsonFlag, parse


def main(args: list[str]) -> int:
    return parse(efficiency, args, prog="bench efficiency")


def efficiency(
    set: Literal["held-out", "tuned", "gpu"] | None = None,
    search: bool = False,
    ablations: bool = False,
    paper_sizes: bool = False,
    case: str | None = None,
    records: Path = PAPER.records,
    as_json: JsonFlag = False,
) -> int:
    """How many examples each recipe needs to the same accuracy, from the records of runs.

    Nothing is trained: `eigenformer paper run efficiency` does that.

    Args:
        set: which cases: held-out (no recipe was tuned on these), tuned (recipes were), or gpu (the
            paper's sizes); held-out if not given, or the one of the case.
        search: the trials behind `paper-tuned`, in place of the comparison.
        ablations: what each ingredient of `fast` brings, in place of the comparison.
        paper_sizes: networks of any size at the paper's sizes, beside the paper's own counts.
        case: only this case, such as eigenvalues-3x3.
        records: folder of the records, in place of those that come with the package.
        as_json: print the records as JSON instead of tables.
    """
    kept, console = Records(records), Console()
    if paper_sizes:
        print_paper_sizes(kept, console)
        return 0
    if search:
        print_search(kept, console)
        return 0
    if ablations:
        found = ablation_of(kept, set or "tuned", case)
        if as_json:
            several = (found.without, found.alone)
            entries = [found.fast, found.nothing, *(e for by in several for e in by.values())]
            print(json_lines(_facts(entries)))
        else:
            print_ablation(found, console)
        return 0
    name: str = set or next((n for n in SETS if case in SETS[n].names), "held-out")
    comparisons = compare(kept, name, case)
    if as_json:
        print(json_lines(_facts([e for one in comparisons for e in one.entries.values()])))
    else:
        print_comparisons(comparisons, SETS[name], console)
    return 0


def _facts(entries: list[Entry]) -> list[dict[str, object]]:
    return [
        {
            "case": entry.case.name,
            "contestant": entry.contestant.name,
            "seed": seed,
            "target": entry.case.target,
            "tolerance": entry.case.tolerance,
            "needed": to_json(needed(entry.case, record)),
            "flops_per_example": entry.flops(seed),
            **to_json(record),
        }
        for entry in entries
        for seed, record in entry.records.items()
    ]
