"""`eigenformer incontext list|run|claims|report`: studies of papers on in-context learning."""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import tyro
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..core import InputError, unknown
from ..papers import State
from ..papers.incontext_study import (
    RECORDS,
    Outcome,
    Record,
    Records,
    Scale,
    Study,
    Verdict,
    Workers,
    make_all,
    studies,
    verdicts,
)
from ..papers.incontext_study.cost import cost
from ..papers.incontext_study.progress import progress
from ..runs.cost import confirm, duration
from .answers import json_lines
from .parse import JsonFlag, run_one_of

USAGE = """\
usage: eigenformer incontext list [--scale SCALE] [--json]
       eigenformer incontext run STUDY... [--scale SCALE] [--jobs N] [--dry-run]
       eigenformer incontext claims [CLAIM...] [--scale SCALE] [--json]
       eigenformer incontext report [STUDY...] [--scale SCALE] [--to FOLDER]

The main figures of papers on what transformers learn to compute in context: small transformers are
trained on prompts, and compared with algorithms on the same prompts. Scales: laptop (each study in
minutes on a core), paper (the paper's own settings).
More: eigenformer incontext run --help, for each of them
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
    return run_one_of(commands, args, prog="incontext", usage=USAGE)


def list_all(scale: Scale = "laptop", records: Path = RECORDS, as_json: JsonFlag = False) -> int:
    """List the studies: their runs, whether they have been made, what they take.

    Times of studies that have been made are those of the machine that made them. Others, at scale
    laptop, are estimates for this machine, one run after the other.

    Args:
        scale: laptop or paper.
        records: folder of the records of studies, in place of those that come with the package.
        as_json: print JSON instead of a table.
    """
    kept = Records(records)
    facts = [_listed(study, scale, kept.get(study, scale)) for study in studies().values()]
    if as_json:
        print(json_lines(facts))
        return 0
    shown = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    shown.add_column("", no_wrap=True)
    for heading in ("runs", "prompts", "time", "made"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("claims")
    for fact in facts:
        shown.add_row(
            Text(fact["name"], style="bold"),
            str(fact["runs"] or "-"),
            _short(fact["prompts"]) if fact["runs"] else "-",
            _about(fact),
            "yes" if fact["made"] else "no",
            " ".join(fact["claims"]),
        )
    console = Console(highlight=False)
    console.print(shown)
    for fact in facts:
        line = f"{fact['title']} · {fact['paper']}, {fact['section']}"
        console.print(Text.assemble((f"{fact['name']}  ", "bold"), line))
    console.print(f"{len(facts)} studies at scale {scale}", style="dim")
    return 0


def _listed(study: Study, scale: Scale, record: Record | None) -> dict[str, Any]:
    runs = {run.path: run for run in study.planned(scale)}.values()
    seconds = None
    if record is not None:
        seconds = record.seconds
    elif scale == "laptop":
        seconds = cost(runs).seconds
    return {
        "name": study.name,
        "title": study.title,
        "paper": study.paper,
        "section": study.section,
        "claims": list(study.claims),
        "runs": len(runs),
        "prompts": sum(run.examples for run in runs),
        "made": record is not None,
        "seconds": seconds,
    }


def _about(fact: dict[str, Any]) -> str:
    if fact["seconds"] is None:
        return "-"
    return f"{'' if fact['made'] else 'about '}{duration(fact['seconds'])}"


def run(
    names: _Names,
    scale: Scale = "laptop",
    jobs: int = 1,
    device: Literal["cpu", "cuda"] = "cpu",
    dry_run: bool = False,
    records: Path = RECORDS,
    yes: bool = False,
    quiet: bool = False,
) -> int:
    """Make the studies that have not been made: train their runs, analyse, keep their records.

    Runs lie in the run store: a finished one is not made again, an interrupted one goes on where
    its last saved state stands. A study that fails does not stop the others.

    Args:
        names: studies such as giannou2024-regression, or all.
        scale: laptop or paper.
        jobs: runs side by side, each on one thread; the findings don't depend on it.
        device: cpu, or cuda for the models.
        dry_run: show the runs that are left and what they would cost, and stop.
        records: folder of the records, in place of those that come with the package.
        yes: begin even what is expected to take more than an hour.
        quiet: report nothing but what failed.
    """
    if not names:
        raise InputError("no study is named; give some, such as giannou2024-regression, or all")
    kept = Records(records)
    left = [study for study in _chosen(names) if kept.get(study, scale) is None]
    console = Console(highlight=False)
    planned = [one for study in left for one in study.planned(scale)]
    with Workers(jobs, device) as workers:
        expected = cost(planned, device)
        if dry_run:
            for study in left:
                each = cost(study.planned(scale), device)
                console.print(f"{study.name}: {each}", soft_wrap=True)
            console.print(f"{_count(left)} to make: {expected}", soft_wrap=True)
            return 0
        confirm(expected, yes)
        if not quiet:
            told = f"{_count(left)} to make: {expected}" if left else "all of these have been made"
            console.print(told, soft_wrap=True)
        made = 0
        try:
            with progress(planned, console, quiet) as heard:
                for outcome in make_all(left, scale, kept, workers, heard):
                    made += outcome.record is not None
                    _tell(outcome, console, quiet)
        except KeyboardInterrupt:
            workers.stop()
            told = f"interrupted: {made} of {_count(left)} made; the same command goes on from here"
            console.print(told, soft_wrap=True)
            return 130
    return 0 if made == len(left) else 1


def _tell(outcome: Outcome, console: Console, quiet: bool) -> None:
    if outcome.record is None:
        print(outcome.trace, end="", file=sys.stderr)
        console.print(Text(outcome.message, style="red"), soft_wrap=True)
    elif not quiet:
        text = Text.assemble((outcome.study.name, "bold"), f" {duration(outcome.record.seconds)}")
        for claim, finding in outcome.record.findings.verdicts.items():
            text.append(f", {claim} ")
            text.append(finding.state, _STYLES[finding.state])
        console.print(text, soft_wrap=True)


def claims(
    names: _Names = (),
    scale: Scale = "laptop",
    records: Path = RECORDS,
    as_json: JsonFlag = False,
) -> int:
    """Say which claims of the papers hold, by the studies that have been made.

    Args:
        names: claims such as N04; all of them if none is named.
        scale: laptop or paper.
        records: folder of the records, in place of those that come with the package.
        as_json: print JSON instead of text.
    """
    known = studies()
    made = _made(known.values(), scale, Records(records))
    found = verdicts(known.values(), {name: one.findings for name, one in made.items()}, names)
    if as_json:
        print(json_lines([_facts(verdict, made, scale) for verdict in found]))
        return 0
    console = Console(highlight=False)
    for verdict in found:
        _say(verdict, made, scale, console)
    states = [verdict.state for verdict in found]
    counts = ", ".join(f"{states.count(state)} {state}" for state in _STYLES)
    console.print(f"{len(states)} claims at scale {scale}: {counts}")
    return 0


def _say(verdict: Verdict, made: dict[str, Record], scale: Scale, console: Console) -> None:
    claim = verdict.claim
    head = Text.assemble((claim.id, "bold"), " ", (verdict.state, _STYLES[verdict.state]))
    console.print(head, Text(f"{claim.text} ({claim.paper})"))
    for name, finding in verdict.found.items():
        state = Text.assemble("    ", (name, "bold"), " ", (finding.state, _STYLES[finding.state]))
        console.print(state, Text(finding.sentence))
        if finding.would_decide:
            console.print(Text(f"    would decide: {finding.would_decide}", style="dim"))
        record = made[name]
        spent = f"{record.examples:,} prompts, {duration(record.seconds)}"
        console.print(Text(f"    from {spent}", style="dim"))
    for name in verdict.missing:
        line = f"    {name} has not been made: `eigenformer incontext run {name} --scale {scale}`"
        console.print(Text(line, style="dim"), soft_wrap=True)
    if not verdict.found and not verdict.missing:
        console.print(Text("    no study bears on it", style="dim"))


def _facts(verdict: Verdict, made: dict[str, Record], scale: Scale) -> dict[str, Any]:
    return {
        "id": verdict.claim.id,
        "state": verdict.state,
        "claim": verdict.claim.text,
        "paper": verdict.claim.paper,
        "found": [
            {
                "study": name,
                "state": finding.state,
                "sentence": finding.sentence,
                "would_decide": finding.would_decide,
                "prompts": made[name].examples,
                "seconds": made[name].seconds,
            }
            for name, finding in verdict.found.items()
        ],
        "missing": list(verdict.missing),
        "scale": scale,
    }


def report(
    names: _Names = (),
    scale: Scale = "laptop",
    to: Path = Path("incontext-report"),
    records: Path = RECORDS,
) -> int:
    """Write the studies' figures, numbers and verdicts down: HTML and Markdown.

    Args:
        names: studies such as giannou2024-regression; all of them if none is named.
        scale: laptop or paper.
        to: folder for index.html (one page that needs nothing else), README.md and its figures.
        records: folder of the records, in place of those that come with the package.
    """
    from .. import reports

    kept = Records(records)
    chosen = _chosen(names or ("all",))
    made = _made(studies().values(), scale, kept)
    said = verdicts(studies().values(), {name: one.findings for name, one in made.items()})
    asked = {claim for study in chosen for claim in study.claims}
    shown = [verdict for verdict in said if not names or verdict.claim.id in asked]
    document = reports.report(reports.studies_chapter(chosen, scale, kept, shown))
    reports.write_markdown(document, to)
    reports.write_page(document, to / "index.html")
    print(f"{to / 'index.html'} and {to / 'README.md'}: {_count(chosen)}")
    return 0


def _made(chosen: Iterable[Study], scale: Scale, records: Records) -> dict[str, Record]:
    found = {study.name: records.get(study, scale) for study in chosen}
    return {name: record for name, record in found.items() if record is not None}


def _chosen(names: Sequence[str]) -> list[Study]:
    """The studies called so, in the order of the catalogue."""
    known = studies()
    for name in names:
        if name not in (*known, "all"):
            raise unknown("study", name, (*known, "all"))
    return [study for name, study in known.items() if name in names or "all" in names]


def _count(chosen: Sequence[Study]) -> str:
    return "1 study" if len(chosen) == 1 else f"{len(chosen)} studies"


def _short(count: int) -> str:
    """12,300,000 as 12.3M."""
    for length, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if count >= length:
            return f"{count / length:.3g}{letter}"
    return str(count)
