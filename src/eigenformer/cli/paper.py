"""`eigenformer paper list|run|claims|report`: papers, study by study."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console
from rich.table import Table as Shown
from rich.text import Text

from ..core import InputError, to_json, unknown
from ..papers import Claim, Excerpt, Kept, Paper, Study, Verdict, decide_all, papers
from ..papers.findings import verdict_words
from ..papers.paper import paper_of
from ..runs import SCALES, Records, Scale
from ..runs.cost import duration
from ..runs.options import EngineOptions
from .answers import json_lines
from .paper_run import STYLES, expected, run_studies
from .parse import JsonFlag, run_one_of

USAGE = """\
usage: eigenformer {prog} list [NAME...] [--scale SCALE] [--json]
       eigenformer {prog} run NAME... [--scale SCALE] [--only RUN] [--workers N] [--dry-run]
       eigenformer {prog} claims [CLAIM...] [--scale SCALE] [--json]
       eigenformer {prog} report [NAME...] [--scale SCALE] [--to FOLDER]

{what}
Scales: laptop (small sizes, two CPU cores), gpu (the paper's sizes with our recipe, ten minutes of
an H200 a run), paper (the paper's own settings).
More: eigenformer {prog} run --help, for each of them
"""
WHAT = """\
Charton (2022) in 29 tables and 3 figures, and the main figures of nine papers on what transformers
compute in context: what the papers found, what we find, and whether it holds. NAME is a table or
study (table12, giannou2024-regression), a paper (giannou2024), or all.
"""
_Names = tyro.conf.Positional[tuple[str, ...]]


def main(args: list[str], prog: str = "paper", only: Sequence[str] = (), what: str = WHAT) -> int:
    """`only` these papers, where it is another command."""
    commands = Commands(prog, papers(only))
    each: dict[str, Callable[..., int]] = {
        "list": commands.list_all,
        "run": commands.run,
        "claims": commands.claims,
        "report": commands.report,
    }
    return run_one_of(each, args, prog=prog, usage=USAGE.format(prog=prog, what=what))


class Commands:
    """The commands over some papers."""

    def __init__(self, prog: str, known: Mapping[str, Paper]) -> None:
        self.prog = prog
        self.known = known

    def list_all(
        self,
        names: _Names = (),
        scale: Scale | None = None,
        records: Path | None = None,
        as_json: JsonFlag = False,
    ) -> int:
        """List the studies: their runs, how many have been made, and what they cost.

        Times are estimates for this machine, one run after the other, or those of the machine that
        made the study; runs that studies share are counted with each.

        Args:
            names: studies such as table06 or giannou2024-regression, or papers; all of them if none
                is named.
            scale: only this one.
            records: folder of the records, in place of those that come with the papers.
            as_json: print JSON instead of a table.
        """
        scales = SCALES if scale is None else (scale,)
        facts = [
            _fact(excerpt, study, scales)
            for excerpt in self._chosen(names or ("all",), records)
            for study in excerpt.studies
        ]
        if as_json:
            print(json_lines(facts))
        else:
            _show_list(facts, scales)
        return 0

    def run(
        self,
        names: _Names,
        scale: Scale = "laptop",
        only: str | None = None,
        dry_run: bool = False,
        seeds: int = 0,
        gate: bool = False,
        records: Path | None = None,
        engine: tyro.conf.OmitArgPrefixes[EngineOptions] = EngineOptions(),  # noqa: B008  (frozen)
    ) -> int:
        """Make the runs of studies that have not been made, analyse them, and keep the records.

        Runs lie in the run store: an interrupted one goes on where it stood when asked for again,
        one that studies share is made once, and one with a finished record is not made again. A
        study that fails does not stop the others.

        Args:
            names: studies such as table06 or giannou2024-regression, papers, or all.
            scale: laptop, gpu or paper.
            only: of these studies only the run called so (--dry-run shows the names).
            seeds: repeat the runs of tables that were made from training seeds 0 to this less one;
                verdicts ask for 3.
            gate: repeat the runs of tables that were made at twice the length, which shows whether
                they had ended learning; with --seeds those of all seeds.
            dry_run: show the runs and what they would cost, and stop.
            records: folder of the records, in place of those that come with the papers.
            engine: nothing here changes the result.
        """
        if not names:
            raise InputError("no study is named; give some, such as table06, or all")
        chosen = self._chosen(names, records)
        if not any(one.analyses or one.runs(scale) for one in chosen):
            shown = f"`eigenformer {self.prog} report {' '.join(names)}`"
            print(f"nothing to train: these numbers are computed; {shown} writes them down")
            return 0
        return run_studies(chosen, scale, only, dry_run, engine, seeds=seeds, gate=gate)

    def claims(
        self,
        names: _Names = (),
        scale: Scale = "laptop",
        records: Path | None = None,
        as_json: JsonFlag = False,
    ) -> int:
        """Say which claims of the papers hold, by the runs that have been made.

        Args:
            names: claims such as C07, or papers; all claims if none is named.
            scale: laptop, gpu or paper.
            records: folder of the records, in place of those that come with the papers.
            as_json: print JSON instead of text.
        """
        found: list[tuple[Paper, Verdict, dict[str, Kept]]] = []
        for paper, asked in self._claims(names):
            kept = Records(records or paper.records)
            for verdict in decide_all(asked, paper.studies, scale, kept):
                made = {name: paper.studies[name].kept(scale, kept) for name in verdict.said}
                found.append((paper, verdict, {name: one for name, one in made.items() if one}))
        if as_json:
            print(json_lines([_facts(*one) for one in found]))
            return 0
        console = Console(highlight=False)
        for one in found:
            self._say(*one, console)
        states = [verdict.state for _, verdict, _ in found]
        counts = ", ".join(
            f"{states.count(state)} {verdict_words(state)}"
            for state in STYLES
            if state in states or state != "size"
        )
        console.print(f"{len(states)} claims at scale {scale}: {counts}")
        return 0

    def report(
        self,
        names: _Names = (),
        scale: Scale = "laptop",
        to: Path | None = None,
        records: Path | None = None,
    ) -> int:
        """Write the papers' numbers and ours down, with figures and verdicts: HTML and Markdown.

        Tables have a report for each paper, and the other studies one together; several lie in
        folders of their own.

        Args:
            names: studies such as table06 or giannou2024-regression, papers, or all, which is meant
                if none is named.
            scale: laptop, gpu or paper.
            to: folder for index.html (one page that needs nothing else), README.md and its figures.
            records: folder of the records, in place of those that come with the papers.
        """
        chosen = self._chosen(names or ("all",), records)
        _write(chosen, scale, to or Path(f"{self.prog}-report"))
        return 0

    def _chosen(self, names: Sequence[str], records: Path | None) -> list[Excerpt]:
        """The studies called so, by paper, all in their order."""
        named = [paper_of(name, self.known).name for name in names if name != "all"]
        asked = [name for name in self.known if name in named or "all" in names]
        return [self.known[name].excerpt(names, records) for name in asked]

    def _claims(self, names: Sequence[str]) -> list[tuple[Paper, list[Claim]]]:
        """The claims called so, by paper; all of them if none is named."""
        left = set(names)
        found = []
        for paper in self.known.values():
            if names and not left:
                break
            whole = not names or paper.name in names
            asked = [id for id in paper.claims if whole or id in names]
            left -= {paper.name, *asked}
            if asked:
                found.append((paper, [paper.claims[id] for id in asked]))
        if left:
            every = [id for paper in self.known.values() for id in paper.claims]
            raise unknown("claim", min(left), (*every, *self.known))
        return found

    def _say(
        self, paper: Paper, verdict: Verdict, made: Mapping[str, Kept], console: Console
    ) -> None:
        claim = verdict.claim
        source = f" ({_source(paper, claim)})" if claim.decide is None else ""
        head = Text.assemble(
            (claim.id, "bold"), " ", (verdict_words(verdict.state), STYLES[verdict.state])
        )
        console.print(head, Text(f"{claim.text}{source}"))
        found = verdict.finding
        if found.parts:
            told = f"{found.summary} [{found.setting}]" if found.setting else found.summary
            console.print(Text(f"    {told}", style="bold"))
            for part in found.parts:
                state = Text.assemble("    ", (part.verdict, STYLES[part.state]))
                console.print(state, Text(part.text))
        elif claim.decide is not None:
            console.print(Text(f"    {verdict.sentence}"))
        if claim.limits:
            console.print(Text(f"    not about: {claim.limits}"))
        for change in claim.changes:
            console.print(Text(f"    {change.text}", style="dim"))
        for name, said in verdict.said.items():
            state = Text.assemble("    ", (name, "bold"), " ", (said.state, STYLES[said.state]))
            console.print(state, Text(said.sentence))
            spent = f"{made[name].examples:,} prompts, {duration(made[name].seconds)}"
            console.print(Text(f"    from {spent}", style="dim"))
        if verdict.would_decide:
            console.print(Text(f"    {verdict.would_decide}", style="dim"))
        for name in verdict.missing:
            command = f"`eigenformer {self.prog} run {name} --scale {verdict.scale}`"
            line = f"    {name} has not been made: {command}"
            console.print(Text(line, style="dim"), soft_wrap=True)


def _write(chosen: Sequence[Excerpt], scale: Scale, to: Path) -> None:
    """A chapter for each paper's tables, and one on all other studies."""
    from ..reports import report, studies_chapter, tables_chapter, write_markdown, write_page

    tables = [one for one in chosen if one.tables]
    analyses = [one for one in chosen if one.analyses]
    chapters = [tables_chapter(one, scale) for one in tables]
    if analyses:
        chapters.append(studies_chapter(analyses, scale))
    document = report(*chapters)
    write_markdown(document, to)
    write_page(document, to / "index.html")
    counts = (
        ("table or figure", "tables and figures", sum(len(one.tables) for one in tables)),
        ("study", "studies", sum(len(one.analyses) for one in analyses)),
    )
    told = " and ".join(f"{n} {one if n == 1 else many}" for one, many, n in counts if n)
    print(f"{to / 'index.html'} and {to / 'README.md'}: {told}")


def _source(paper: Paper, claim: Claim) -> str:
    return ", ".join(part for part in (paper.citation, claim.where) if part)


def _fact(excerpt: Excerpt, study: Study, scales: Sequence[Scale]) -> dict[str, Any]:
    return {
        "name": study.name,
        "title": study.title,
        "cited": excerpt.paper.citation or excerpt.paper.title,
        "section": study.section,
        "claims": [claim.id for claim in excerpt.paper.claims_on(study.name)],
        **{
            scale: expected(study, scale, excerpt.records) if scale in study.scales else {"runs": 0}
            for scale in scales
        },
    }


def _show_list(facts: Sequence[dict[str, Any]], scales: Sequence[Scale]) -> None:
    shown = Shown(box=None, padding=(0, 1, 0, 0), header_style="dim")
    shown.add_column("", no_wrap=True)
    for scale in scales:
        for heading in (scale, "examples", "time" if scale == "laptop" else "FLOPs"):
            shown.add_column(heading, justify="right", no_wrap=True)
    for fact in facts:
        cells = [cell for scale in scales for cell in _costs(fact[scale], scale)]
        shown.add_row(Text(fact["name"], style="bold"), *cells)
    console = Console(highlight=False)
    console.print(shown)
    for paper, these in groupby(facts, key=lambda fact: fact["cited"]):
        console.print(Text(f"\n{paper}", style="dim"))
        for fact in these:
            where = " ".join(part for part in (fact["section"], *fact["claims"]) if part)
            line = " · ".join(part for part in (fact["title"], where) if part)
            console.print(Text.assemble((f"{fact['name']}  ", "bold"), line))
    console.print(
        "\nUnder each scale the runs (made/all), their examples, and their time on this machine or "
        "FLOPs. What has no runs is computed.",
        style="dim",
    )


def _costs(found: dict[str, Any], scale: Scale) -> tuple[str, str, str]:
    if not found["runs"]:
        return "-", "", ""
    made = f"{found['made']}/{found['runs']}" if found["made"] else str(found["runs"])
    cost = found["seconds"] if scale == "laptop" else found["flops"]
    if not cost:
        return made, _short(found["examples"]), "-"
    spent = duration(cost) if scale == "laptop" else f"{cost:.0e}".replace("e+", "e")
    return made, _short(found["examples"]), spent


def _facts(paper: Paper, verdict: Verdict, made: Mapping[str, Kept]) -> dict[str, object]:
    claim = verdict.claim
    return {
        "id": claim.id,
        "state": verdict.state,
        "claim": claim.text,
        "where": _source(paper, claim),
        "paper": claim.figures,
        "found": verdict.sentence,
        "parts": [
            {"state": part.state, "verdict": part.verdict, "text": part.text}
            for part in verdict.finding.parts
        ],
        "limits": claim.limits,
        "changes": to_json(claim.changes),
        "would_decide": verdict.would_decide,
        "scale": verdict.scale,
        "studies": [
            {
                "study": name,
                "state": said.state,
                "sentence": said.sentence,
                "would_decide": said.would_decide,
                "prompts": made[name].examples,
                "seconds": made[name].seconds,
            }
            for name, said in verdict.said.items()
        ],
        "missing": list(verdict.missing),
    }


def _short(count: int) -> str:
    """12,300,000 as 12.3M."""
    for length, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if count >= length:
            return f"{count / length:.3g}{letter}"
    return str(count)
