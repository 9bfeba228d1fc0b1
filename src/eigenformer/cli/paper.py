"""`eigenformer paper list|run|claims|report`: Charton (2022), table by table."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console
from rich.table import Table as Shown
from rich.text import Text

from ..core import InputError, to_json, unknown
from ..papers import State, Table, Verdict, decide_all
from ..papers.charton2022 import CITATION, RECORDS, TABLES, TITLE
from ..papers.charton2022.claims import CLAIMS
from ..runs import SCALES, Experiment, Plan, Records, Scale
from ..runs.cost import confirm, duration, plan_cost
from ..runs.engine import exit_status, unfinished
from ..runs.options import EngineOptions, job_options, make_engine
from ..runs.progress import progress
from .answers import json_lines
from .parse import JsonFlag, run_one_of

USAGE = """\
usage: eigenformer paper list [--scale SCALE] [--json]
       eigenformer paper run TABLE... [--scale SCALE] [--only RUN] [--dry-run] [--engine local|ray]
       eigenformer paper claims [CLAIM...] [--scale SCALE] [--json]
       eigenformer paper report [TABLE...] [--scale SCALE] [--to FOLDER]

The 29 tables and 3 figures of Charton (2022): what the paper found, what we find, and whether it
holds. Scales: laptop (small sizes, two CPU cores), gpu (the paper's sizes with our recipe, ten
minutes of an H200 a run), paper (the paper's own settings).
More: eigenformer paper run --help, for each of them
"""
_Names = tyro.conf.Positional[tuple[str, ...]]
_STYLES: dict[State, str] = {"holds": "bold green", "fails": "bold red", "undecided": "dim"}


def main(args: list[str]) -> int:
    commands: dict[str, Callable[..., int]] = {
        "list": list_all,
        "run": run,
        "claims": claims,
        "report": report,
    }
    return run_one_of(commands, args, prog="paper", usage=USAGE)


def list_all(scale: Scale | None = None, records: Path = RECORDS, as_json: JsonFlag = False) -> int:
    """List the tables and figures: their runs, how many have been made, and what they cost.

    Times are estimates for this machine, one run after the other; runs that tables share are
    counted with each.

    Args:
        scale: only this one.
        records: folder of the records of runs, in place of those that come with the package.
        as_json: print JSON instead of a table.
    """
    scales = SCALES if scale is None else (scale,)
    kept = Records(records)
    facts = []
    for name, table in TABLES.items():
        at: dict[str, object] = {}
        for one in scales:
            plan = Plan.of(table.experiments(one)).experiments
            done = sum(_finished(kept, experiment) for experiment in plan)
            at[one] = {"runs": len(plan), "made": done, **to_json(plan_cost(plan))}
        facts.append({"name": name, "title": table.title, "section": table.section, **at})
    if as_json:
        print(json_lines(facts))
        return 0
    shown = Shown(box=None, padding=(0, 1, 0, 0), header_style="dim")
    shown.add_column("", no_wrap=True)
    for one in scales:
        for heading in (one, "examples", "time" if one == "laptop" else "FLOPs"):
            shown.add_column(heading, justify="right", no_wrap=True)
    for fact in facts:
        cells: list[str] = []
        for one in scales:
            found = fact[one]
            assert isinstance(found, dict)
            cells += _costs(found, one)
        shown.add_row(Text(str(fact["name"]), style="bold"), *cells)
    console = Console(highlight=False)
    console.print(shown)
    for fact in facts:
        console.print(Text.assemble((f"{fact['name']}  ", "bold"), str(fact["title"])))
    console.print(
        "\nUnder each scale the runs (made/all), their examples, and their time on this machine or "
        "FLOPs. What has no runs is computed.",
        style="dim",
    )
    return 0


def _costs(found: dict[str, Any], scale: Scale) -> tuple[str, str, str]:
    if not found["runs"]:
        return "-", "", ""
    made = f"{found['made']}/{found['runs']}" if found["made"] else str(found["runs"])
    spent = duration(found["seconds"]) if scale == "laptop" else f"{found['flops']:.0e}"
    return made, _short(found["examples"]), spent.replace("e+", "e")


def run(
    tables: _Names,
    scale: Scale = "laptop",
    only: str | None = None,
    dry_run: bool = False,
    records: Path = RECORDS,
    engine: tyro.conf.OmitArgPrefixes[EngineOptions] = EngineOptions(),  # noqa: B008  (frozen)
) -> int:
    """Make the runs of tables that have not been made, and keep their records.

    Runs lie in the run store: an interrupted one goes on where it stood when asked for again, one
    that tables share is made once, and one with a finished record is not made again.

    Args:
        tables: names such as table06 or figure2, or all.
        scale: laptop, gpu or paper.
        only: of these tables only the run called so (--dry-run shows the names).
        dry_run: show the runs and what they would cost, and stop.
        records: folder of the records, in place of those that come with the package.
        engine: nothing here changes the result.
    """
    if not tables:
        raise InputError("no table is named; give some, such as table06, or all")
    chosen = _chosen(tables)
    kept = Records(records)
    found = [one for table in chosen for one in table.experiments(scale)]
    if not found:
        shown = f"`eigenformer paper report {' '.join(tables)}`"
        print(f"nothing to train: these numbers are computed; {shown} writes them down")
        return 0
    if only is not None:
        names = [one.name for one in found]
        found = [one for one in found if one.name == only]
        if not found:
            raise unknown("run", only, sorted(set(names)))
    # A run that has a record already is made again only for one that starts from it.
    plan = Plan.of([one for one in found if not _finished(kept, one)])
    console = Console()
    left = unfinished(plan)
    expected = plan_cost(left)
    if dry_run:
        for one in left:
            each = plan_cost([one])
            console.print(f"{one.name}: {each}", highlight=False, soft_wrap=True)
        console.print(f"{len(left)} runs to make: {expected}", highlight=False, soft_wrap=True)
        return 0
    confirm(expected, engine.yes)
    if not engine.quiet:
        told = f"{len(left)} runs: {expected}" if left else "all of these runs have been made"
        console.print(told, highlight=False, soft_wrap=True)
    with progress(plan, console, engine.quiet) as watch:
        outcomes = make_engine(engine).run(plan, job_options(engine, kept), watch)
    for outcome in outcomes:
        if outcome.message and outcome.state in ("failed", "diverged", "skipped"):
            console.print(f"{outcome.experiment.name}: {outcome.message}", markup=False)
    return exit_status(outcomes)


def claims(
    names: _Names = (),
    scale: Scale = "laptop",
    records: Path = RECORDS,
    as_json: JsonFlag = False,
) -> int:
    """Say which claims of the paper hold, by the runs that have been made.

    Args:
        names: claims such as C07; all of them if none is named.
        scale: laptop, gpu or paper.
        records: folder of the records, in place of those that come with the package.
        as_json: print JSON instead of text.
    """
    for name in names:
        if name not in CLAIMS:
            raise unknown("claim", name, CLAIMS)
    chosen = [CLAIMS[name] for name in names] or list(CLAIMS.values())
    verdicts = decide_all(chosen, TABLES, scale, Records(records))
    if as_json:
        print(json_lines([_facts(verdict) for verdict in verdicts]))
        return 0
    console = Console(highlight=False)
    for verdict in verdicts:
        claim = verdict.claim
        head = Text.assemble((claim.id, "bold"), " ", (verdict.state, _STYLES[verdict.state]))
        console.print(head, Text(claim.text))
        console.print(Text(f"    {verdict.sentence}"))
        if verdict.would_decide:
            console.print(Text(f"    {verdict.would_decide}", style="dim"))
    states = [verdict.state for verdict in verdicts]
    counts = ", ".join(f"{states.count(state)} {state}" for state in _STYLES)
    console.print(f"{len(states)} claims at scale {scale}: {counts}")
    return 0


def report(
    names: _Names = (),
    scale: Scale = "laptop",
    to: Path = Path("paper-report"),
    records: Path = RECORDS,
) -> int:
    """Write the paper's numbers and ours side by side, with the verdicts: HTML and Markdown.

    Args:
        names: tables such as table06 or figure2; all of them if none is named.
        scale: laptop, gpu or paper.
        to: folder for index.html (one page that needs nothing else), README.md and its figures.
        records: folder of the records, in place of those that come with the package.
    """
    from .. import reports
    from ..papers.charton2022.analyses import ANALYSES

    kept = Records(records)
    chosen = _chosen(names or ("all",))
    within = {table.name for table in chosen}
    asked = [claim for claim in CLAIMS.values() if not names or within.intersection(claim.tables)]
    verdicts = decide_all(asked, TABLES, scale, kept)
    shown = chosen if names else (*chosen, *ANALYSES)
    document = reports.report(
        reports.tables_chapter(shown, scale, kept, verdicts, title=TITLE, citation=CITATION)
    )
    reports.write_markdown(document, to)
    reports.write_page(document, to / "index.html")
    print(f"{to / 'index.html'} and {to / 'README.md'}: {len(chosen)} tables and figures")
    return 0


def _chosen(names: Sequence[str]) -> list[Table]:
    """The tables called so, in the order of the paper."""
    for name in names:
        if name not in (*TABLES, "all"):
            raise unknown("table", name, (*TABLES, "all"))
    return [table for name, table in TABLES.items() if name in names or "all" in names]


def _finished(records: Records, experiment: Experiment) -> bool:
    record = records.get(experiment)
    return record is not None and record.state == "finished"


def _facts(verdict: Verdict) -> dict[str, object]:
    claim = verdict.claim
    return {
        "id": claim.id,
        "state": verdict.state,
        "claim": claim.text,
        "where": claim.where,
        "paper": claim.figures,
        "found": verdict.sentence,
        "would_decide": verdict.would_decide,
        "scale": verdict.scale,
    }


def _short(count: int) -> str:
    """12,300,000 as 12M."""
    for length, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if count >= length:
            return f"{count / length:.3g}{letter}"
    return str(count)
