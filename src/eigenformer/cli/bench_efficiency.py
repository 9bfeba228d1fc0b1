"""`eigenformer bench efficiency`: how many examples each recipe needs to the same accuracy."""

import sys
from pathlib import Path
from typing import Literal

import tyro
from rich.console import Console

from ..core import InputError, to_json
from ..papers.efficiency import (
    RESULTS,
    SETS,
    ablation_of,
    choices,
    compare,
    load_records,
    print_ablation,
    print_comparisons,
    train_choices,
)
from ..papers.efficiency import collect as collect_record
from ..training import Execution, Interrupted
from .answers import json_lines
from .parse import JsonFlag, parse


def main(args: list[str]) -> int:
    return parse(efficiency, args, prog="bench efficiency")


def efficiency(
    set: Literal["laptop", "gpu"] = "laptop",
    ablations: bool = False,
    case: str | None = None,
    contestant: str | None = None,
    seed: int | None = None,
    rerun: bool = False,
    fresh: bool = False,
    collect: bool = False,
    results: Path | None = None,
    as_json: JsonFlag = False,
    execution: tyro.conf.OmitArgPrefixes[Execution] = Execution(),  # noqa: B008  (frozen)
) -> int:
    """How many examples each recipe needs to the same accuracy, from the kept results.

    Nothing is trained unless asked for. Runs lie in the run store: an interrupted one goes on where
    it stood when asked for again.

    Args:
        set: which cases: laptop (minutes to hours each on a CPU), or gpu (the paper's sizes).
        ablations: what each ingredient of `fast` brings, in place of the comparison.
        case: only this case, such as eigenvalues-3x3.
        contestant: train only this contestant, such as fast or paper-constant.
        seed: train only with this seed; without it, with those that the comparison needs.
        rerun: train, and bring the results up to date.
        fresh: with --rerun, begin again what the run store holds already.
        collect: bring the results up to date from the run store, without training.
        results: folder of the results, in place of those that come with the package.
        as_json: print the records as JSON instead of tables.
        execution: nothing here changes the result.
    """
    if fresh and not rerun:
        raise InputError("--fresh is for --rerun; give both")
    results = results or RESULTS
    chosen = choices(SETS[set], case, contestant, seed, ablations)
    if rerun:
        try:
            train_choices(chosen, results, execution, Console(), fresh)
        except Interrupted as stopped:
            print(f"eigenformer: {stopped}", file=sys.stderr)
            return stopped.exit_status
    elif collect:
        for choice in chosen:
            collect_record(choice, results)
    records = load_records(results)
    console = Console()
    if as_json:
        print(json_lines([to_json(record) for record in records.values()]))
    elif ablations:
        print_ablation(ablation_of(records, set, case), console)
    else:
        print_comparisons(compare(records, set, case), SETS[set], console)
    return 0
