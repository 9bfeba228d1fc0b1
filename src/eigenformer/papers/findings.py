"""What was found: of a claim, and by a study: lines and maps to be drawn, numbers, verdicts."""

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

from ..core import InputError

State = Literal["holds", "fails", "undecided", "size"]
"""size: the effect does not show at this size, where what is to fail succeeds too."""
Why = Literal["decided", "missing", "absent", "learning", "seeds", "close", "edge", "size"]
REASONS: dict[Why, str] = {
    "missing": "not run yet",
    "absent": "this scale has no such run",
    "learning": "still learning",
    "seeds": "too few seeds",
    "close": "too close to call",
    "edge": "between what would hold and what would fail",
    "size": "not at this size",
}
Kind = Literal["model", "algorithm", "theory"]
"""Of a line: something trained, something computed on the same batch, a formula."""


@dataclass(frozen=True, kw_only=True)
class PartFinding:
    """What was found about one of the comparisons, or bounds, that a claim consists of."""

    state: State
    why: Why = "decided"
    """The reason, where nothing is decided."""
    text: str
    """What was compared, with its figures."""

    @property
    def verdict(self) -> str:
        """In words: "holds", "undecided: still learning"."""
        return verdict_words(self.state, self.why)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found about a claim."""

    state: State
    sentence: str
    """What was compared, with its figures and the recipe that it was found with."""
    would_decide: str = ""
    """If undecided: the examples and hours that would decide it."""
    parts: tuple[PartFinding, ...] = ()
    """Of a claim that is judged part by part."""
    setting: str = ""
    """What the parts' models were trained on, by which recipe, how often."""
    gate: str = ""
    """Of a study that says "fails": what shows that longer training would not turn that."""

    @property
    def summary(self) -> str:
        """How many parts hold, and what the others do: "2 of 3 parts hold, 1 fails"; "" if none."""
        if not self.parts:
            return ""
        hold = sum(one.state == "holds" for one in self.parts)
        others = Counter(one.verdict for one in self.parts if one.state != "holds")
        number = f"{hold} of {len(self.parts)} parts {'holds' if hold == 1 else 'hold'}"
        if len(self.parts) == 1:
            return self.parts[0].verdict
        return ", ".join([number, *(f"{count} {words}" for words, count in others.items())])

    @property
    def gated(self) -> "Finding":
        """This, but undecided where it says "fails" without a gate that was passed."""
        if self.state != "fails" or self.gate or self.parts:
            return self
        more = self.would_decide or "the same runs at twice the length, with the same outcome"
        sentence = f"{self.sentence} (It would fail, but nothing shows that training had ended.)"
        return replace(self, state="undecided", sentence=sentence, would_decide=more)


def verdict_words(state: State, why: Why = "decided") -> str:
    """A verdict with its reason: "holds", "not at this size", "undecided: too few seeds"."""
    if state == "size":
        return REASONS["size"]
    return f"{state}: {REASONS[why]}" if state == "undecided" and why in REASONS else state


@dataclass(frozen=True, kw_only=True)
class Line:
    """A series of a panel."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    kind: Kind = "model"
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    """Ends of 95% intervals, or of the range over seeds (the panel's note says which); () for
    none."""

    def __post_init__(self) -> None:
        lengths = {len(part) for part in (self.x, self.y, self.low, self.high) if part}
        if len(lengths) != 1 or bool(self.low) != bool(self.high):
            raise InputError(f"line {self.label!r} has parts of different lengths, or is empty")
        _check_finite(f"line {self.label!r}", *self.x, *self.y, *self.low, *self.high)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Axes with lines."""

    title: str
    x: str
    """What is along the axis, with its unit."""
    y: str
    lines: tuple[Line, ...]
    log_x: bool = False
    log_y: bool = False
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class HeatMap:
    """A matrix in colours: `values[i][j]` belongs to `rows[i]` and `columns[j]`."""

    title: str
    row: str
    """What the rows count."""
    column: str
    rows: tuple[float, ...]
    columns: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]
    value: str
    """What the colours measure."""
    marked: tuple[int, ...] = ()
    """For each row the column to mark, such as its best match; () for none."""
    log_columns: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        if len(self.values) != len(self.rows) or any(
            len(row) != len(self.columns) for row in self.values
        ):
            raise InputError(f"map {self.title!r} has not one value for each row and column")
        if self.marked and len(self.marked) != len(self.rows):
            raise InputError(f"map {self.title!r} does not mark one column of each row")
        if not all(0 <= place < len(self.columns) for place in self.marked):
            raise InputError(f"map {self.title!r} marks a column that it has not got")
        if self.log_columns and min(self.columns) <= 0:
            raise InputError(
                f"map {self.title!r} has the column {min(self.columns):g}, which a log axis cannot "
                "show; leave it out"
            )
        _check_finite(f"map {self.title!r}", *self.rows, *self.columns, *sum(self.values, ()))


@dataclass(frozen=True, kw_only=True)
class Number:
    """A measured number beside what the paper, or theory, says."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    """Ends of the 95% interval, or of the range over seeds."""
    reference: float | None = None
    source: str = ""
    """Where the reference is from: a formula, a table, a simulation."""

    def __post_init__(self) -> None:
        if (self.low is None) != (self.high is None):
            raise InputError(f"number {self.name!r} has one end of an interval; give both or none")
        given = (self.value, self.low, self.high, self.reference)
        _check_finite(f"number {self.name!r}", *(one for one in given if one is not None))


@dataclass(frozen=True, kw_only=True)
class Findings:
    """All that is kept of a study."""

    panels: tuple[Panel, ...] = ()
    maps: tuple[HeatMap, ...] = ()
    numbers: tuple[Number, ...] = ()
    verdicts: dict[str, Finding]
    """By claim, such as N08: what this study says of it."""


def _check_finite(what: str, *values: float) -> None:
    for value in values:
        if not math.isfinite(value):
            raise InputError(f"{what} has the value {value}; findings are finite numbers")
