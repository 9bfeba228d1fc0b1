"""A report as plain data: blocks, of which `page` makes HTML and `markdown` Markdown.

In all texts what stands between backticks is code.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias, Union, get_args

from ..papers import Figure, PartFinding, State
from .drawing import svg

STATES: dict[State, str] = {
    "holds": "holds",
    "fails": "fails",
    "undecided": "not decided",
    "size": "not at this size",
}
"""Verdicts in words, in the order in which they are shown."""
Side = Literal["paper", "ours"]
SIDES: tuple[Side, ...] = get_args(Side)
"""Whose numbers a table has, as they stand side by side."""
Terms: TypeAlias = tuple[tuple[str, str], ...]
"""Terms with what is said of them."""


def counted(states: Iterable[State]) -> list[tuple[State, str, str]]:
    """Each state, how many there are, and the word after the number: "1 holds", "2 hold"."""
    known = list(states)
    return [
        _number(state, known.count(state)) for state in STATES if state in known or state != "size"
    ]


def _number(state: State, number: int) -> tuple[State, str, str]:
    return state, str(number), STATES[state] if number == 1 else STATES[state].removesuffix("s")


@dataclass(frozen=True, kw_only=True)
class Heading:
    text: str
    anchor: str
    """The name that links lead to."""
    level: int = 2
    where: str | None = None
    """A line beneath it, which leads back to the contents too where links are cheap."""


@dataclass(frozen=True, kw_only=True)
class Prose:
    """A paragraph."""

    text: str
    kind: Literal["", "note", "missing"] = ""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many claims, and parts of them, hold, fail, are not decided, or not at this size."""

    states: tuple[State, ...]
    """Of each claim."""
    parts: tuple[PartFinding, ...] = ()

    @property
    def reasons(self) -> list[tuple[State, str, str]]:
        """Of the parts: state, how many, and the words after that, undecided ones by reason."""
        found: list[tuple[State, str, str]] = []
        for state in STATES:
            mine = Counter(part.verdict for part in self.parts if part.state == state)
            if state in ("holds", "fails"):
                found.append(_number(state, mine[state]))
            else:
                found += [(state, str(n), words) for words, n in mine.most_common()]
        return found


@dataclass(frozen=True, kw_only=True)
class Link:
    text: str
    anchor: str | None
    """None: what it names is not part of this report."""
    said: str = ""
    """What stands after it, such as "holds"."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """A claim with what was found about it."""

    claim: str
    """Its name, such as C07."""
    state: State
    text: str
    paper: str = ""
    """Who claims it, where a report is on one paper only."""
    where: str = ""
    """Who claims it, or where."""
    summary: str = ""
    """How many of its parts hold, and what the others do."""
    parts: tuple[PartFinding, ...] = ()
    setting: str = ""
    """What its parts' models have in common."""
    limits: str = ""
    sentence: str = ""
    """In place of the parts, where there are none."""
    would_decide: str = ""
    figures: str = ""
    """The paper's own."""
    links: tuple[Link, ...] = ()
    """To what bears on it."""
    home: bool = False
    """Whether links to the claim lead here; other cards of it have such a link."""
    more: tuple["Folded", ...] = ()
    """Its rule, what was changed in it, and the runs that it judges: where links are cheap they
    are folded up, elsewhere they stand on a page of its own."""

    @property
    def anchor(self) -> str:
        return f"claim-{self.claim}"


@dataclass(frozen=True, kw_only=True)
class Cards:
    """One beneath the other."""

    cards: tuple[Card, ...]


@dataclass(frozen=True, kw_only=True)
class Links:
    """To parts of this report, in a line."""

    links: tuple[Link, ...]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What something cost and what made it, in a row."""

    terms: Terms
    main: bool = False
    """Whether they are those of the whole report."""


@dataclass(frozen=True, kw_only=True)
class Guide:
    """How to read the numbers."""

    terms: Terms


@dataclass(frozen=True, kw_only=True)
class ContentsLine:
    label: str
    anchor: str
    title: str
    columns: dict[str, str]
    """More of it in a few words, by what they are about; lines may have other ones."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    lines: tuple[ContentsLine, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Of all lines."""
        return tuple(dict.fromkeys(key for line in self.lines for key in line.columns))


@dataclass(frozen=True, kw_only=True)
class DataTable:
    """Texts in rows and columns."""

    kind: Literal["numbers", "runs", "sizes", "changes"]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class GridEntry:
    """A number as it is shown, with the small lines under it."""

    text: str
    details: tuple[str, ...] = ()
    missing: bool = False
    """Nothing was measured (ours), or nothing is printed (the paper's)."""
    share: float | None = None
    """The accuracy as a fraction, to be drawn as a bar; None for other numbers."""
    ceiling: float | None = None
    """The rounding ceiling as a fraction."""


@dataclass(frozen=True, kw_only=True)
class GridSlot:
    """Where a row meets a column: several entries where the labels leave more than one."""

    paper: tuple[GridEntry, ...] = ()
    ours: tuple[GridEntry, ...] = ()

    def of(self, side: Side) -> tuple[GridEntry, ...]:
        return self.paper if side == "paper" else self.ours


@dataclass(frozen=True, kw_only=True)
class GridLabel:
    """One label of a row or column."""

    text: str
    paper: str | None = None
    """The paper's label, where it is another one."""


@dataclass(frozen=True, kw_only=True)
class GridHead:
    """The head of a row or column."""

    labels: tuple[GridLabel, ...]
    """One for each key."""
    paper_only: bool = False
    """Nothing of ours stands here."""
    sides: tuple[Side, ...] = ()
    """Of a column: whose numbers stand there."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The paper's numbers beside ours: heads of rows and columns, and what stands between."""

    name: str
    row_keys: tuple[str, ...]
    column_keys: tuple[str, ...]
    rows: tuple[GridHead, ...]
    columns: tuple[GridHead, ...]
    slots: tuple[tuple[GridSlot, ...], ...]
    """By row and column."""
    common: tuple[str, ...] = ()
    """Sentences on what all the paper's numbers share, and all of ours."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A drawing with its caption."""

    figure: Figure
    title: str = ""
    """Drawn in it too; captions that stand apart have it before them."""

    @cached_property
    def svg(self) -> str:
        """The drawing for a light page, drawn once. Needs matplotlib."""
        return svg(self.figure.draw)


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Small ones side by side."""

    pictures: tuple[Picture, ...]


@dataclass(frozen=True, kw_only=True)
class Folded:
    """What need not be seen at first."""

    title: str
    blocks: tuple["Block", ...]
    open: bool = False
    """Unfolded at first; where nothing can be folded the title is a heading."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """Blocks that belong together."""

    blocks: tuple["Block", ...]
    inner: bool = False
    """Whether it lies in another one."""


Block: TypeAlias = Union[  # noqa: UP007  (names that come later)
    Heading, Prose, Counts, Cards, Links, Facts, Guide, Contents, DataTable, Grid,
    Picture, Pictures, Folded, Section,
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Document:
    """A report."""

    title: str
    lead: str
    """What it is, in a paragraph."""
    blocks: tuple[Block, ...]

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Those of all blocks."""
        return tuple(_pictures(self.blocks))

    @property
    def claims(self) -> tuple[Card, ...]:
        """A card for each claim, with all that is said of it."""
        return tuple(card for card in _cards(self.blocks) if card.home)


def _pictures(blocks: tuple[Block, ...]) -> Iterator[Picture]:
    for block in blocks:
        match block:
            case Picture():
                yield block
            case Pictures():
                yield from block.pictures
            case Section() | Folded():
                yield from _pictures(block.blocks)


def _cards(blocks: tuple[Block, ...]) -> Iterator[Card]:
    for block in blocks:
        match block:
            case Cards():
                yield from block.cards
            case Section() | Folded():
                yield from _cards(block.blocks)
