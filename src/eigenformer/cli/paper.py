"""`eigenformer paper list|run|claims|report`: papers, study by study."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro
from rich.console import Console
from rich.table import Table as Shown
from rich.text import Text

from ..core import InputError, unknown
from ..core.display import print_parts
from ..core.lazy import lazy
from ..papers.facts import claim_facts, kept_facts, study_facts
from ..papers.findings import verdict_words
from ..runs.options import EngineOptions
from ..runs.scale import SCALES, Scale
from .answers import STYLES, json_lines
from .parse import JsonFlag, run_one_of

if TYPE_CHECKING:
    from ..papers import Claim, Excerpt, Paper

USAGE = """\
usage: eigenformer {prog} list [NAME...] [--scale SCALE] [--json]
       eigenformer {prog} run NAME... [--scale SCALE] [--only RUN] [--again] [--dry-run]
       eigenformer {prog} claims [CLAIM...] [--scale SCALE] [--json]
       eigenformer {prog} report [NAME...] [--scale SCALE] [--to FOLDER]

{what}
Scales: laptop (small sizes, two CPU cores), gpu (the paper's sizes with our recipe, ten minutes of
an H200 a run), paper (the paper's own settings).
More: eigenformer {prog} run --help, for each of them
"""
WHAT = """\
Charton (2022) in 29 tables and 3 figures, and the main figures of twelve papers on what
transformers compute in context: what the papers found, what we find, and whether it holds. NAME is
a table or study (table12 or just 12, giannou2024-regression), a paper (giannou2024), or all.
"""
_Names = tyro.conf.Positional[tuple[str, ...]]
_SHOWN = 3
"""Studies that are printed too where they are named; more are for the report."""


def main(args: list[str], prog: str = "paper", only: Sequence[str] = (), what: str = WHAT) -> int:
    """`only` these papers, where it is another command."""
    commands = Commands(prog, only)
    each: dict[str, Callable[..., int]] = {
        "list": commands.list_all,
        "run": commands.run,
        "claims": commands.claims,
        "report": commands.report,
    }
    return run_one_of(each, args, prog=prog, usage=USAGE.format(prog=prog, what=what))


class Commands:
    """The commands over some papers."""

    def __init__(self, prog: str, only: Sequence[str] = ()) -> None:
        self.prog = prog
        self.only = only

    @cached_property
    def known(self) -> "Mapping[str, Paper]":
        from ..papers.paper import papers

        return papers(self.only)

    def list_all(
        self,
        names: _Names = (),
        scale: Scale | None = None,
        records: Path | None = None,
        as_json: JsonFlag = False,
    ) -> int:
        """List the studies: their runs, how many have been made, and what they cost.

        Times are estimates, one run after the other, or those of the machine that made the study;
        runs that studies share are counted with each. `run NAME --dry-run` estimates for this
        machine.

        Args:
            names: studies such as table06 or giannou2024-regression, or papers; all of them if none
                is named.
            scale: only this one.
            records: folder of the records, in place of those that come with the papers.
            as_json: print JSON instead of a table.
        """
        scales = SCALES if scale is None else (scale,)
        kept = None if names or records else kept_facts()
        if kept is None:
            facts = [
                study_facts(excerpt, study, scales)
                for excerpt in self._chosen(names or ("all",), records)
                for study in excerpt.studies
            ]
        else:
            facts = [fact for fact in kept["studies"] if fact["from"] in self.only or not self.only]
            for fact in facts:
                for other in set(SCALES).difference(scales):
                    del fact[other]
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
        again: bool = False,
        dry_run: bool = False,
        seeds: int = 0,
        gate: bool = False,
        records: Path | None = None,
        engine: tyro.conf.OmitArgPrefixes[EngineOptions] = EngineOptions(),  # noqa: B008  (frozen)
    ) -> int:
        """Make the runs of studies that have not been made, analyse them, and keep the records.

        Runs lie in the run store: an interrupted one goes on where it stood when asked for again,
        one that studies share is made once, and one with a finished record is not made again: those
        that the authors made come along, and are shown. One that fails does not stop the others.

        Args:
            names: studies such as table06 or giannou2024-regression, papers, or all.
            scale: laptop, gpu or paper.
            only: of these studies only the run called so (--dry-run shows the names).
            again: make them here too, whoever made them before; records go into paper-records.
            seeds: repeat the runs of tables that were made from training seeds 0 to this less one;
                verdicts ask for 3.
            gate: repeat the runs of tables that were made at twice the length, which shows whether
                they had ended learning; with --seeds those of all seeds.
            dry_run: show the runs and what they would cost, and stop.
            records: folder of the records, in place of those that come with the papers.
            engine: nothing here changes the result.
        """
        from .paper_run import run_studies

        if not names:
            raise InputError("no study is named; give some, such as table06, or all")
        if again and records is None:
            records = Path("paper-records")
        chosen = self._chosen(names, records)
        if seeds or gate:
            return run_studies(chosen, scale, only, dry_run, engine, seeds=seeds, gate=gate)
        status = 0
        if any(one.analyses or one.runs(scale) for one in chosen):
            status = run_studies(chosen, scale, only, dry_run, engine)
        else:
            print("nothing to train: these numbers are computed")
        if dry_run or engine.quiet or status > 128:
            return status
        if sum(len(one.studies) for one in chosen) <= _SHOWN:
            _print(chosen, scale)
        kept = f" --records {records}" if records else ""
        print(
            f"`eigenformer {self.prog} report {' '.join(names)}{kept}` writes this with figures; "
            "--again makes the runs here"
        )
        return status

    def claims(
        self,
        names: _Names = (),
        scale: Scale = "laptop",
        history: bool = False,
        records: Path | None = None,
        as_json: JsonFlag = False,
    ) -> int:
        """Say which claims of the papers hold, by the runs that have been made.

        Args:
            names: claims such as C07, or papers; all claims if none is named.
            history: print how each rule changed, and what else was changed after a result.
            scale: laptop, gpu or paper.
            records: folder of the records, in place of those that come with the papers.
            as_json: print JSON instead of text.
        """
        facts = self._verdicts(names, scale, records)
        if as_json:
            print(json_lines(facts))
            return 0
        console = Console(highlight=False)
        for fact in facts:
            self._say(fact, console, history)
        states = [fact["state"] for fact in facts]
        counts = ", ".join(
            f"{count} {verdict_words(state).removesuffix('' if count == 1 else 's')}"
            for state in STYLES
            if (count := states.count(state)) or state != "size"
        )
        many = "claim" if len(states) == 1 else "claims"
        decided = sum(map(_decided, facts))
        console.print(
            f"{len(states)} {many} at scale {scale}: {counts}; {decided} with a decided part"
        )
        return 0

    def _verdicts(
        self, names: Sequence[str], scale: Scale, records: Path | None
    ) -> list[dict[str, Any]]:
        kept = None if records else kept_facts()
        every = kept["claims"][scale] if kept else []
        mine = [fact for fact in every if fact["from"] in self.only or not self.only]
        found = [fact for fact in mine if not names or {fact["id"], fact["from"]} & {*names}]
        if kept and {*names} <= {key for fact in found for key in (fact["id"], fact["from"])}:
            return found
        return [
            fact
            for paper, asked in self._claims(names)
            for fact in claim_facts(paper.excerpt((), records), scale, asked)
        ]

    def report(
        self,
        names: _Names = (),
        scale: Scale = "laptop",
        to: Path | None = None,
        records: Path | None = None,
    ) -> int:
        """Write the papers' numbers and ours down, with figures and verdicts: HTML and Markdown.

        Up to three studies that are named are printed too.

        Args:
            names: studies such as table06 or giannou2024-regression, papers, or all, which is meant
                if none is named.
            scale: laptop, gpu or paper.
            to: folder for index.html (one page that needs nothing else), README.md and its figures;
                without it paper-report, and in that a folder for studies that are named.
            records: folder of the records, in place of those that come with the papers.
        """
        chosen = self._chosen(names or ("all",), records)
        if names and sum(len(one.studies) for one in chosen) <= _SHOWN:
            _print(chosen, scale)
        whole = Path(f"{self.prog}-report")
        _write(chosen, scale, to or (whole / "-".join(names)[:80] if names else whole))
        return 0

    def _chosen(self, names: Sequence[str], records: Path | None) -> "list[Excerpt]":
        """The studies called so, by paper, all in their order."""
        from ..papers.paper import paper_of

        names = [_numbered(name) for name in names]
        named = [paper_of(name, self.known).name for name in names if name != "all"]
        asked = [name for name in self.known if name in named or "all" in names]
        return [self.known[name].excerpt(names, records) for name in asked]

    def _claims(self, names: Sequence[str]) -> "list[tuple[Paper, list[Claim]]]":
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

    def _say(self, fact: Mapping[str, Any], console: Console, history: bool) -> None:
        from ..core.display import duration

        source = f" ({fact['where']})" if not fact["by_table"] else ""
        state = (verdict_words(fact["state"]), STYLES[fact["state"]])
        head = Text.assemble((fact["id"], "bold"), " ", state)
        console.print(head, Text(f"{fact['claim']}{source}"))

        def say(*pieces: Any, style: str = "", indent: int = 4) -> None:
            text = Text.assemble(*pieces, style=style)
            for line in text.wrap(console, console.width - indent):
                line.rstrip()
                console.print(" " * indent, line, sep="")

        def say_parts(parts: "list[dict[str, Any]]", indent: int = 4) -> None:
            for part in parts:
                say((part["verdict"], STYLES[part["state"]]), f": {part['text']}", indent=indent)

        if fact["parts"]:
            told = f"{fact['summary']} [{fact['setting']}]" if fact["setting"] else fact["summary"]
            if fact["setting"] or len(fact["parts"]) > 1:
                say(told, style="bold")
            say_parts(fact["parts"])
        elif fact["by_table"]:
            say(fact["found"])
        if fact["limits"]:
            say(f"not about: {fact['limits']}")
        if history:
            for change in fact["changes"]:
                say(change["text"], style="dim")
        elif fact["changes"]:
            count = len(fact["changes"])
            many = "1 entry" if count == 1 else f"{count} entries"
            say(f"its rule's history has {many}: --history", style="dim")
        for study in fact["studies"]:
            state = (study["state"], STYLES[study["state"]])
            sentence = "" if study["parts"] else f": {study['sentence']}"
            say((study["study"], "bold"), " ", state, sentence)
            say_parts(study["parts"], indent=8)
            say(f"from {study['examples']:,} examples, {duration(study['seconds'])}", style="dim")
        if fact["would_decide"]:
            say(fact["would_decide"], style="dim")
        for name in fact["missing"]:
            command = f"`eigenformer {self.prog} run {name} --scale {fact['scale']}`"
            line = f"    {name} has not been made: {command}"
            console.print(Text(line, style="dim"), soft_wrap=True)


def _decided(fact: Mapping[str, Any]) -> bool:
    """Whether a claim, one of its parts, or what one of its studies says of it, holds or fails."""
    said = [part for study in fact["studies"] for part in (study, *study["parts"])]
    return any(one["state"] in ("holds", "fails") for one in (fact, *fact["parts"], *said))


def _numbered(name: str) -> str:
    """12 and table6 as the studies are called: table12, table06."""
    found = re.fullmatch(r"(?:table[ -]?)?0*(\d{1,2})", name)
    return f"table{int(found[1]):02d}" if found else name


def _print(chosen: "Sequence[Excerpt]", scale: Scale) -> None:
    """The studies as tables in the terminal."""
    from ..reports import show_chapter, studies_chapter, tables_chapter

    console = Console(highlight=False)
    for one in chosen:
        if one.tables:
            show_chapter(tables_chapter(one, scale), console)
        if one.analyses:
            show_chapter(studies_chapter([one], scale), console)


def _write(chosen: "Sequence[Excerpt]", scale: Scale, to: Path) -> None:
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
    print_parts(shown, console, together=3)
    for paper, these in groupby(facts, key=lambda fact: fact["cited"]):
        console.print(Text(f"\n{paper}", style="dim"))
        for fact in these:
            where = " ".join(part for part in (fact["section"], *fact["claims"]) if part)
            line = " · ".join(part for part in (fact["title"], where) if part)
            console.print(Text.assemble((f"{fact['name']}  ", "bold"), line))
    console.print(
        "\nUnder each scale the runs (made/all), their examples, and their time on one CPU core or "
        "FLOPs. What has no runs is computed.",
        style="dim",
    )


def _costs(found: dict[str, Any], scale: Scale) -> tuple[str, str, str]:
    from ..core.display import duration

    if not found["runs"]:
        return "-", "", ""
    made = f"{found['made']}/{found['runs']}" if found["made"] else str(found["runs"])
    cost = found["seconds"] if scale == "laptop" else found["flops"]
    if not cost:
        return made, _short(found["examples"]), "-"
    spent = duration(cost) if scale == "laptop" else f"{cost:.0e}".replace("e+", "e")
    return made, _short(found["examples"]), spent


def _short(count: int) -> str:
    """12,300,000 as 12.3M."""
    for length, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if count >= length:
            return f"{count / length:.3g}{letter}"
    return str(count)


lazy(__name__)
