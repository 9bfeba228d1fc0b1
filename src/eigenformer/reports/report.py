"""Chapters, on the tables of a paper or on studies, put together to a report."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ..papers import State
from . import blocks


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
    states: tuple[State, ...]
    """Of its claims."""
    claims: tuple[blocks.Block, ...]
    claims_first: bool = False
    """Whether they are few words, which may stand before the contents."""
    topics: tuple[Topic, ...]


def report(*chapters: Chapter) -> blocks.Document:
    """One report of all chapters: what was found, the contents, then each table and study."""
    title, topics = chapters[0].title, chapters[0].topics
    if len(chapters) > 1:
        title = "Papers, table by table and study by study"
        topics = tuple(
            replace(topic, paper=topic.paper or chapter.title)
            for chapter in chapters
            for topic in chapter.topics
        )
    states = tuple(state for chapter in chapters for state in chapter.states)
    summary: list[blocks.Block] = [blocks.Counts(states=states)] if states else []
    summary += [blocks.Facts(terms=one.facts, main=True) for one in chapters if one.facts]
    claims: list[blocks.Block] = [block for chapter in chapters for block in chapter.claims]
    if claims:
        claims.insert(0, blocks.Heading(text="Claims", anchor="claims"))
    if all(chapter.claims_first for chapter in chapters):
        summary, claims = [*summary, *claims], []
    return blocks.Document(
        title=title,
        lead=" ".join(chapter.lead for chapter in chapters),
        blocks=(
            blocks.Section(blocks=tuple(summary)),
            blocks.Guide(terms=tuple(term for chapter in chapters for term in chapter.guide)),
            blocks.Contents(lines=tuple(topic.line for topic in topics)),
            *([blocks.Section(blocks=tuple(claims))] if claims else []),
            *_sections(topics),
        ),
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
