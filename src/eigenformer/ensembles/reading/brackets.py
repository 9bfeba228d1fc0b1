"""Nested lists and calls: MATLAB, Python, NumPy's and torch's prints, Mathematica, JSON."""

import re
from dataclasses import dataclass, field

from ...core import InputError
from .cells import NUMBER, short
from .rows import bracketed_cells, bracketed_rows, hide_quoted

OPEN, CLOSE = "[{(", "]})"
WRAPS = ("array", "asarray", "matrix", "Matrix", "tensor", "Tensor", "Array")
"""Functions that give what they get; of any other the argument is not the value."""

_LABEL = r"(?:[A-Za-z_][\w.]{0,60}\s*(?::=|=|<-|:)\s*)?"
_FRACTION = rf"{NUMBER}(?:\s*/\s*{NUMBER})?"
_BEFORE = re.compile(
    rf"\s*{_LABEL}(?:(?P<sign>[+-])\s*|(?P<factor>[+-]?\s*{_FRACTION})\s*\.?\*\s*)?"
    r"(?P<call>[A-Za-z_][\w.]{0,60})?\s*",
    re.ASCII,
)
_AFTER = re.compile(rf"\s*(?:\.?(?P<sign>[*/])\s*(?P<number>[+-]?\s*{NUMBER}))?[\s;,.]*", re.ASCII)
_KEYWORDS = re.compile(
    r"(?:\s*,\s*(?:(?:dtype|device|requires_grad|grad_fn|copy|order|names)\s*=\s*)?"
    r"['\"]?[A-Za-z_<][\w.:>]{0,60}['\"]?)*\s*,?\s*"
)


@dataclass(slots=True)
class Brackets:
    """A pair of brackets in a text, from the opening to the closing one."""

    start: int
    end: int = -1
    inner: list["Brackets"] = field(default_factory=list)

    @property
    def depth(self) -> int:
        return 1 + max((group.depth for group in self.inner), default=0)


def scaled(found: re.Match[str] | None) -> tuple[float, float]:
    """Factor and divisor that `_BEFORE` or `_AFTER` found."""
    if found is None or not any(found.groupdict().values()):
        return 1.0, 1.0
    parts = found.groupdict()
    if "number" in parts:
        number = _plain(parts["number"])
        return (number, 1.0) if parts["sign"] == "*" else (1.0, number)
    if parts["factor"]:
        top, _, bottom = parts["factor"].partition("/")
        return _plain(top), _plain(bottom or "1")
    return -1.0 if parts["sign"] == "-" else 1.0, 1.0


def _plain(number: str) -> float:
    return float(re.sub(r"[dD]|\*\^", "e", number.replace(" ", "")))


def bracketed(text: str) -> tuple[list[list[list[str]]], float, float]:
    """The cells of each matrix in a text with brackets, and what all are multiplied and divided by.

    Around the brackets may stand a name and `=`, a number and `*`, one of `WRAPS`; a function,
    an operator or anything else that would change the matrix is an `InputError`.
    """
    text = hide_quoted(text)
    groups = _groups(text)
    if len(groups) > 1:
        between = text[groups[0].end + 1 : groups[1].start]
        if between.strip(" \t\r\n,;"):
            raise InputError(f"{short(between)} stands outside of the brackets; take it away")
        raise InputError(
            f"there are {len(groups)} brackets side by side, which can be rows or matrices; put "
            "brackets around them all: [[1, 2], [3, 4]] is a matrix, [[[1, 2]], [[3, 4]]] are two"
        )
    group = groups[0]
    marks = set(text[group.start + (text[group.start] == "(") : group.end]) & set(OPEN)
    if "{" in marks and len(marks) > 1:
        raise InputError("braces and other brackets are inside one another; take one kind")
    before, after = text[: group.start], text[group.end + 1 :]
    found = _BEFORE.fullmatch(before)
    if found is None:
        raise InputError(f"{short(before.strip())} stands outside of the brackets; take it away")
    if found["call"]:
        group = _argument(text, group, found["call"])
    behind = _AFTER.fullmatch(after)
    if behind is None:
        raise InputError(f"{short(after.strip())} stands outside of the brackets; take it away")
    (times, over), (times2, over2) = scaled(found), scaled(behind)
    if over * over2 == 0:
        raise InputError(f"{short(before + '[...]' + after)} divides by zero")
    return _matrices(text, group), times * times2, over * over2


def _argument(text: str, group: Brackets, name: str) -> Brackets:
    if name.split(".")[-1] not in WRAPS:
        raise InputError(
            f"{name}(...) is a function of the matrix, which is not computed here; give its value"
        )
    inside = text[group.start + 1 : group.end]
    if text[group.start] != "(":
        raise InputError(f"{short(name)} stands outside of the brackets; take it away")
    if not group.inner or text[group.start + 1 : group.inner[0].start].strip():
        raise InputError(f"{name}({short(inside)}) holds no list of rows, such as [[1, 2], [3, 4]]")
    argument = group.inner[0]
    rest = text[argument.end + 1 : group.end]
    if len(group.inner) > 1 or not _KEYWORDS.fullmatch(rest):
        raise InputError(f"{short(rest)} in {name}(...) may change the matrix; leave it away")
    numbers = text[argument.start : argument.end]
    whole = re.search(r"int|long|bool", rest) and re.search(r"[.eEdD/]", numbers)
    if whole or ("uint" in rest and "-" in numbers):
        raise InputError(f"{short(rest)} in {name}(...) changes its numbers; leave it away")
    return argument


def _matrices(text: str, group: Brackets) -> list[list[list[str]]]:
    depth = group.depth
    if depth > 3:
        raise InputError(f"there are {depth} brackets inside one another; a matrix has two")
    if depth == 1:
        return [bracketed_rows(_continued(text[group.start + 1 : group.end]))]
    _only_separators(text, group)
    if depth == 2:
        rows = [text[row.start + 1 : row.end] for row in group.inner]
        return [[_listed(row, i) for i, row in enumerate(rows, start=1)]]
    if any(matrix.depth != 2 for matrix in group.inner):
        raise InputError("brackets are nested to different depths; a matrix is rows of numbers")
    return [matrix for inner in group.inner for matrix in _matrices(text, inner)]


def _listed(row: str, number: int) -> list[str]:
    if not row.strip():
        raise InputError(f"row {number} has no numbers; give at least one")
    if ";" in row:
        raise InputError(f"row {number}, {short(row)}, has a semicolon; a row in brackets has none")
    return bracketed_cells(row, number)


def _continued(text: str) -> str:
    """MATLAB goes on on the next line after `...`; NumPy's print leaves numbers out so."""
    return re.sub(r"([,;][ \t]*)\.\.\.[ \t]*\n", r"\1 ", text)


def _only_separators(text: str, group: Brackets) -> None:
    ends = [group.start, *(inner.end for inner in group.inner)]
    starts = [*(inner.start for inner in group.inner), group.end]
    for end, start in zip(ends, starts, strict=True):
        between = text[end + 1 : start]
        if rest := between.strip(" \t\r\n,;"):
            raise InputError(f"{short(rest)} stands between the rows; put every number in a row")
        if between.count(",") + between.count(";") > 1:
            raise InputError(
                f"there are {short(between)} between two rows; give the one that lacks"
            )


def _groups(text: str) -> list[Brackets]:
    """The outermost pairs of brackets; an `InputError` where they do not match."""
    outermost: list[Brackets] = []
    open_: list[Brackets] = []
    for place, mark in enumerate(text):
        if mark in OPEN:
            group = Brackets(place)
            (open_[-1].inner if open_ else outermost).append(group)
            open_.append(group)
            if len(open_) > 20:
                raise InputError("there are more than 20 brackets inside one another; take two")
        elif mark in CLOSE:
            if not open_ or OPEN[CLOSE.index(mark)] != text[open_[-1].start]:
                raise InputError(f"a {mark!r} has no bracket that it closes; check the brackets")
            open_.pop().end = place
    if open_:
        raise InputError(f"a {text[open_[-1].start]!r} is never closed; check the brackets")
    return outermost
