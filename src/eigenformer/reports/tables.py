"""The tables of a paper beside ours, from their records."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..core.display import duration
from ..papers import Excerpt, Table, Verdict
from ..runs import Experiment, Record, Records, Scale
from . import blocks
from .blocks import counted
from .curves import curves
from .layout import OurNumber, layout
from .numbers import RunState, count
from .report import Chapter, Topic, by_state, ending, history_and_runs, short_version
from .sizes import sizes

_SCALES: dict[Scale, str] = {
    "laptop": "Sizes, widths and examples are shrunk until the findings can show on two CPU cores; "
    "numbers are to be compared with each other, in the pattern that the paper's numbers make, "
    "rather than with the paper's own.",
    "gpu": "The paper's sizes with our fast recipe, at most ten minutes of one H200 for a cell.",
    "paper": "The paper's own settings.",
}
_GUIDE = (
    (
        "paper",
        "printed as in the paper; accuracies are percent of right answers; – where it has none",
    ),
    (
        "ours",
        "under the number, its 95% interval, and the rounding ceiling: the same accuracy of the "
        "true answers, written in the model's encoding, which training can hardly exceed",
    ),
    ("several training seeds", "their mean, and the range from the worst to the best"),
    ("> 90,000", "a lower bound: after so many examples it had not happened yet"),
    (
        "paper's metric",
        "the same answers scored against the rounded truth, as the paper's code does, where it "
        "differs from ours, which is the true answer; records from before 2026-11-29 lack it",
    ),
    (
        "still learning",
        "twice the length changes the accuracy, or has not been run; too few seeds: fewer than "
        "three a side; not at this size: what is to fail succeeds too",
    ),
    ("not run", "there is no record of this run; “not finished”: it has not come to its end"),
    ("headings", "our sizes; the paper's beneath them where they are others"),
)
_FEW = 3
_RUN_HEADS = ("run", "recipe", "model", "seed", "state", "examples", "training time", "code")


def tables_chapter(excerpt: Excerpt, scale: Scale) -> Chapter:
    """The paper's numbers beside what records hold for each table at a scale.

    Nothing is trained; what has no record is shown as missing. Verdicts on claims stand at the top
    and with the tables that decide them. Figures are drawn only when the report is written.
    """
    tables, records, paper = excerpt.tables, excerpt.records, excerpt.paper
    # What findings decide stands with the other studies, if there are any.
    verdicts = [
        verdict
        for verdict in excerpt.verdicts(scale)
        if verdict.claim.decide is not None or not excerpt.analyses
    ]
    runs = {table.name: _runs(table, scale, records) for table in tables}
    labels = {table.name: table.label or number_of(table.name) for table in tables}
    once = {run.experiment.identity: run for these in runs.values() for run in these}
    lead = f"Our numbers at scale {scale}"
    if paper.citation:
        lead = (
            f"The numbers of {paper.citation} and ours at scale {scale}, side by side in the "
            "paper's layout"
        )
    return Chapter(
        title=f"{paper.title}, table by table",
        lead=f"{lead}. {_SCALES[scale]}",
        facts=_facts(list(once.values())),
        guide=_GUIDE,
        # Of a few the facts say it, and headings say what the paper has.
        sizes=sizes([excerpt], scale) if len(tables) > _FEW else None,
        states=tuple(verdict.state for verdict in verdicts),
        parts=tuple(part for verdict in verdicts for part in verdict.parts),
        claims=_claims(verdicts, labels, excerpt),
        topics=tuple(
            _topic(
                table,
                labels[table.name],
                scale,
                records,
                runs[table.name],
                [verdict for verdict in verdicts if table.name in verdict.claim.studies],
            )
            for table in tables
        ),
    )


def number_of(name: str) -> str:
    """The paper's name of a table or figure: table06, like mine2025-table6, is Table 6."""
    name = name.rpartition("-")[2]
    kind = name.rstrip("0123456789")
    return f"{kind.capitalize()} {int(name[len(kind) :])}" if len(name) > len(kind) else name


@dataclass(frozen=True, kw_only=True)
class _TableRun:
    """A run of a table, with what it cost and what made it."""

    experiment: Experiment
    record: Record | None

    @property
    def state(self) -> RunState:
        if self.record is None:
            return "not run"
        return "not finished" if self.record.state == "running" else self.record.state

    @property
    def version(self) -> str:
        return "" if self.record is None else short_version(self.record.version)

    @property
    def model(self) -> str:
        return self.experiment.tokens.model.describe()

    @property
    def row(self) -> tuple[str, ...]:
        """Its line in the list of runs, under `_RUN_HEADS`."""
        config, record = self.experiment.tokens, self.record
        return (
            self.experiment.name,
            config.recipe,
            self.model,
            str(config.seed),
            self.state,
            count(record.examples) if record is not None else "",
            duration(record.seconds) if record is not None else "",
            self.version,
        )


def _runs(table: Table, scale: Scale, records: Records) -> list[_TableRun]:
    return [_TableRun(experiment=one, record=records.get(one)) for one in table.distinct(scale)]


def _topic(
    table: Table,
    label: str,
    scale: Scale,
    records: Records,
    runs: Sequence[_TableRun],
    verdicts: Sequence[Verdict],
) -> Topic:
    heading = f"{label}: {table.title}"
    states = {run.experiment.identity: run.state for run in runs}
    numbers = [
        OurNumber(
            value=value,
            state=states[value.experiment.identity] if value.experiment else "finished",
        )
        for value in table.values(scale, records)
    ]
    grid = layout(table.rows, table.columns, numbers, table.printed, heading)
    parts: list[blocks.Block] = []
    if not runs and not (grid is not None and any("ours" in c.sides for c in grid.columns)):
        nothing = f"Nothing of it is part of scale {scale}: these are the paper's numbers."
        parts.append(blocks.Prose(text=nothing))
    # Each in a list of its own, as they are long.
    parts += [blocks.Cards(cards=(_card(verdict),)) for verdict in verdicts]
    figures = [*table.figures(scale), *(curves(table, scale, records) if table.curves else ())]
    parts += [blocks.Picture(figure=figure) for figure in figures]
    if grid is not None:
        parts.append(grid)
    parts += ending(table.note, _facts(runs), _RUN_HEADS, [run.row for run in runs])
    if table.printed is not None and table.printed.notes:
        notes = blocks.Prose(text=table.printed.notes)
        parts.append(blocks.Folded(title="How the paper's table was read", blocks=(notes,)))
    return Topic(
        line=blocks.ContentsLine(
            label=label,
            anchor=table.name,
            title=table.title,
            columns={"runs": _progress(runs), "claims": _summary(verdicts)},
        ),
        heading=heading,
        where=_where(table.section),
        blocks=tuple(parts),
    )


def _where(section: str) -> str:
    """Where the paper speaks of it; "" if that is not known."""
    several = "s" if "," in section or " and " in section else ""
    return f"Section{several} {section} of the paper" if section else ""


def _claims(
    verdicts: Sequence[Verdict], labels: Mapping[str, str], excerpt: Excerpt
) -> tuple[blocks.Block, ...]:
    """All claims by state, with links to the tables among `labels`, their rules and runs."""
    cards = (
        replace(
            _card(verdict, labels),
            paper=excerpt.paper.citation,
            more=history_and_runs(verdict, excerpt),
        )
        for verdict in verdicts
    )
    return by_state(cards)


def _card(verdict: Verdict, labels: Mapping[str, str] | None = None) -> blocks.Card:
    """In the summary with links to tables; a claim on many of them is told in full only there."""
    claim = verdict.claim
    home = labels is not None
    full = home or len(claim.studies) <= _FEW
    known = labels or {}
    return blocks.Card(
        claim=claim.id,
        state=verdict.state,
        text=claim.text,
        where=claim.where,
        summary=verdict.finding.summary,
        parts=verdict.finding.parts if full else (),
        setting=verdict.finding.setting if full else "",
        limits=claim.limits if full else "",
        sentence=verdict.sentence if full and not verdict.finding.parts else "",
        would_decide=verdict.would_decide if full else "",
        figures=claim.figures if full else "",
        links=tuple(
            blocks.Link(text=known[name], anchor=name) for name in claim.studies if name in known
        ),
        home=home,
    )


def _summary(verdicts: Sequence[Verdict]) -> str:
    """How many claims hold, fail and are not decided, such as "2 hold, 1 not decided"."""
    counts = counted(verdict.state for verdict in verdicts)
    return ", ".join(f"{number} {word}" for _, number, word in counts if number != "0")


def _progress(runs: Sequence[_TableRun]) -> str:
    """How many of the runs have been made."""
    if not runs:
        return "nothing to train"
    made = sum(run.state in ("finished", "diverged") for run in runs)
    if made == len(runs):
        return "1 run made" if made == 1 else f"all {made} runs made"
    return f"{made or 'none'} of {len(runs)} runs made"


def _facts(runs: Sequence[_TableRun]) -> blocks.Terms:
    """What runs cost and what made them."""
    if not runs:
        return ()
    made = [run.record for run in runs if run.record is not None]
    others = Counter(run.state for run in runs if run.state in ("not finished", "diverged"))
    more = "".join(f", {number} {state}" for state, number in sorted(others.items()))
    facts = [("Runs", _progress(runs) + more)]
    if made:
        examples = sum(record.examples for record in made)
        seconds = sum(record.seconds for record in made)
        facts.append(("Cost", f"{count(examples)} training examples in {duration(seconds)}"))
        facts.append(("Machine", _several("; ", (record.machine for record in made))))
    models = list(dict.fromkeys(run.model for run in runs if run.model))
    if models:
        few = len(models) <= _FEW
        told = "; ".join(models) if few else f"{len(models)} sizes, in the lists of runs"
        facts.append(("Models", told))
    facts.append(("Recipes", _several(", ", (run.experiment.tokens.recipe for run in runs))))
    if made:
        facts.append(("Code", _several(", ", (short_version(record.version) for record in made))))
    return tuple(facts)


def _several(between: str, texts: Iterable[str]) -> str:
    """Each once, with how often it occurs if there are several."""
    counts = Counter(texts)
    return between.join(f"{t} ({n})" if len(counts) > 1 else t for t, n in sorted(counts.items()))
