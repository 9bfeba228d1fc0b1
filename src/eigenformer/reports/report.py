"""Chapters, on the tables of a paper or on studies, put together to a report."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby

from ..papers import Analysis, Excerpt, PartFinding, State, Verdict
from ..papers.sides import SEEDS
from ..runs import Experiment, Records
from ..training import TrainConfig
from . import blocks
from .numbers import count

_CHANGES = ("date", "commit", "changed", "why", "rule")
_RUNS = ("run", "seed", "examples", "state", "record")


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A table, or a study."""

    line: blocks.ContentsLine
    heading: str
    where: str
    blocks: tuple[blocks.Block, ...]
    paper: str = ""
    """The heading that it stands under; "" for none."""


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """What a report says of the tables of a paper, or of studies."""

    title: str
    lead: str
    facts: blocks.Terms = ()
    guide: blocks.Terms
    sizes: blocks.DataTable | None = None
    """Of its runs, beside the papers'."""
    states: tuple[State, ...]
    """Of its claims."""
    parts: tuple[PartFinding, ...] = ()
    """Of which the claims consist."""
    claims: tuple[blocks.Block, ...]
    topics: tuple[Topic, ...]


def report(*chapters: Chapter) -> blocks.Document:
    """One report of all chapters: sizes, what was found, the contents, each table and study."""
    title, topics = chapters[0].title, chapters[0].topics
    if len(chapters) > 1:
        title = "Papers, table by table and study by study"
        topics = tuple(
            replace(topic, paper=topic.paper or chapter.title)
            for chapter in chapters
            for topic in chapter.topics
        )
    claims: list[blocks.Block] = [block for chapter in chapters for block in chapter.claims]
    if claims:
        claims.insert(0, blocks.Heading(text="Claims, part by part", anchor="claims"))
    return blocks.Document(
        title=title,
        lead=" ".join(dict.fromkeys(s for one in chapters for s in _SENTENCE.split(one.lead))),
        blocks=(
            blocks.Section(blocks=tuple(_opening(chapters, bool(claims)))),
            *([blocks.Section(blocks=tuple(claims))] if claims else []),
            blocks.Guide(terms=tuple(term for chapter in chapters for term in chapter.guide)),
            blocks.Contents(lines=tuple(topic.line for topic in topics)),
            *_sections(topics),
        ),
    )


_SENTENCE = re.compile(r"(?<=[.]) (?=[A-Z])")


def _opening(chapters: Sequence[Chapter], claims: bool) -> Iterator[blocks.Block]:
    """What size and scale this is, then what was found in numbers, and where to go on."""
    tables = [one.sizes for one in chapters if one.sizes is not None]
    if tables:
        heads = tables[0].heads
        rows = tuple(dict.fromkeys(row for table in tables for row in table.rows))
        if len({row[0] for row in rows}) == 1:  # one paper, as the title says: here beside there
            _, heads, *rest = zip(heads, *rows, strict=True)
            heads, rows = ("", *heads[1:]), tuple(rest)
        yield blocks.DataTable(kind="sizes", heads=heads, rows=rows)
    yield from (blocks.Facts(terms=one.facts, main=True) for one in chapters if one.facts)
    states = tuple(state for chapter in chapters for state in chapter.states)
    parts = tuple(part for chapter in chapters for part in chapter.parts)
    if states:
        yield blocks.Counts(states=states, parts=parts)
        yield blocks.Prose(text=_about(parts))
    ways = [("the claims, part by part", "claims")] if claims else []
    ways += [("each table and study", "contents")]
    yield blocks.Links(links=tuple(blocks.Link(text=text, anchor=to) for text, to in ways))


def _about(parts: Sequence[PartFinding]) -> str:
    """How many parts there are, and how they are decided."""
    decided = sum(part.state in ("holds", "fails") for part in parts)
    return (
        f"{decided} of {len(parts)} parts of these claims are decided, each at its own 95% and "
        "without a correction for their number: of as many that were true to the bound, one in "
        "twenty would be decided wrongly. Nothing counts as failing that still learns: the same "
        "run at twice the length must change the accuracy by less than a point, or less than its "
        "interval, with three training seeds a side, and ten more doublings at that pace must not "
        "reach a bound that was missed; what is reached, one model shows."
    )


def ending(
    note: str, facts: blocks.Terms, heads: tuple[str, ...], runs: Sequence[tuple[str, ...]]
) -> list[blocks.Block]:
    """What a topic ends with: its note, what its runs cost and what made them, and their list."""
    parts: list[blocks.Block] = [blocks.Prose(text=note, kind="note")] if note else []
    parts += [blocks.Facts(terms=facts)] if facts else []
    if runs:
        table = blocks.DataTable(kind="runs", heads=heads, rows=tuple(runs))
        parts.append(blocks.Folded(title="Runs", blocks=(table,)))
    return parts


def history_and_runs(verdict: Verdict, excerpt: Excerpt) -> tuple[blocks.Folded, ...]:
    """The rule of a claim with what was changed in it, and the runs that it judges, as blocks."""
    return tuple(_history(verdict)) + tuple(_judged(verdict, excerpt))


def by_state(cards: Iterable[blocks.Card]) -> tuple[blocks.Block, ...]:
    """Cards of claims, those with the same verdict together."""
    known = list(cards)
    groups = []
    for state, words in blocks.STATES.items():
        # Each in a list of its own, as they are long.
        mine = tuple(blocks.Cards(cards=(card,)) for card in known if card.state == state)
        if mine:
            title = f"{words.capitalize()} ({len(mine)})"
            groups.append(blocks.Folded(title=title, blocks=mine, open=True))
    return tuple(groups)


def _history(verdict: Verdict) -> Iterator[blocks.Folded]:
    changes = verdict.claim.changes
    if changes:
        rule = next((one.rule for one in reversed(changes) if one.rule), "")
        rows = [(one.date, one.commit[:7], one.changed, one.why, one.rule) for one in changes]
        title = f"Rule {rule} and its history" if rule else "What was changed after results"
        yield blocks.Folded(
            title=title,
            blocks=(blocks.DataTable(kind="changes", heads=_CHANGES, rows=tuple(rows)),),
        )


def _judged(verdict: Verdict, excerpt: Excerpt) -> Iterator[blocks.Folded]:
    """The runs of each study that bears on it, those repeated from other seeds or longer too."""
    parts: list[blocks.Block] = []
    number = 0
    for name in verdict.claim.studies:
        study = excerpt.paper.studies.get(name)
        if study is None or verdict.scale not in study.scales:
            continue
        runs = study.distinct(verdict.scale)
        told = f"{study.title}: `eigenformer paper run {name} --scale {verdict.scale}`"
        if not runs:
            parts.append(blocks.Prose(text=f"{told}, computed without training"))
        elif isinstance(study, Analysis):
            made = study.kept(verdict.scale, excerpt.records)
            kept = study.file(verdict.scale, excerpt.records).name if made else "not made"
            parts.append(blocks.Prose(text=f"{told}; record: {kept}"))
            parts.append(blocks.DataTable(kind="runs", heads=_RUNS[:3], rows=_by_seeds(runs)))
            number += len(runs)
        else:
            rows = _by_record(runs, excerpt.records)
            parts += [
                blocks.Prose(text=told),
                blocks.DataTable(kind="runs", heads=_RUNS, rows=rows),
            ]
            number += len(rows)
    if parts:
        title = f"Runs that it judges ({number})" if number else "What it judges"
        yield blocks.Folded(title=title, blocks=tuple(parts))


def _by_seeds(runs: Sequence[Experiment]) -> tuple[tuple[str, ...], ...]:
    """A row for runs that differ in their seed alone."""
    groups: dict[str, list[Experiment]] = {}
    for run in runs:
        groups.setdefault(repr(replace(run.config, seed=0)), []).append(run)  # type: ignore[type-var]
    return tuple(
        (
            re.sub(r"-seed-\d+$", "", these[0].name) if len(these) > 1 else these[0].name,
            ", ".join(str(run.config.seed) for run in these),
            count(these[0].config.length),
        )
        for these in groups.values()
    )


def _by_record(runs: Sequence[Experiment], records: Records) -> tuple[tuple[str, ...], ...]:
    """A row for each run, and for each that repeats one and has a record."""
    planned = {run.identity: run for run in runs}
    again = {more.identity: more for run in runs for more in _made_again(run, records)}
    rows = []
    for key, run in {**planned, **again, **planned}.items():
        record = records.get(run)
        done = (
            (run.config.length, "not run", "")
            if record is None
            else (record.examples, record.state, f"{key}.json")
        )
        rows.append((run.name, str(run.config.seed), count(done[0]), *done[1:]))
    return tuple(rows)


def _made_again(run: Experiment, records: Records) -> Iterator[Experiment]:
    """The same run from further seeds and at twice the length, four times, ..., as far as kept."""
    if not isinstance(run.config, TrainConfig):
        return
    for seed in sorted({run.config.seed, *range(SEEDS)}):
        times = Fraction(1)
        while (again := run.repeated(times=times, seed=seed)) and records.get(again) is not None:
            yield again
            times *= 2


def short_version(version: str) -> str:
    """A commit's hash in ten characters, with "-dirty" if it was; a version number as it is."""
    commit, dash, rest = version.partition("-")
    is_hash = len(commit) == 40 and set(commit) <= set("0123456789abcdef")
    return commit[:10] + dash + rest if is_hash else version


def _sections(topics: Iterable[Topic]) -> Iterator[blocks.Section]:
    for paper, these in groupby(topics, key=lambda topic: topic.paper):
        if paper:
            anchor = re.sub(r"[^a-z0-9]+", "-", paper.lower()).strip("-")
            inner = (_section(topic, inner=True) for topic in these)
            yield blocks.Section(blocks=(blocks.Heading(text=paper, anchor=anchor), *inner))
        else:
            yield from (_section(topic) for topic in these)


def _section(topic: Topic, inner: bool = False) -> blocks.Section:
    heading = blocks.Heading(
        text=topic.heading,
        anchor=topic.line.anchor,
        level=3 if inner else 2,
        where=topic.where,
    )
    return blocks.Section(blocks=(heading, *topic.blocks), inner=inner)
