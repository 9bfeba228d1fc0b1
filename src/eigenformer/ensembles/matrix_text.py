"""Matrices as people paste them: plain rows, CSV, brackets, MATLAB, NumPy, Mathematica, LaTeX."""

import math
import re

import numpy as np
from jaxtyping import Float64

from ..core import InputError

MOST_CHARACTERS = 20_000

_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u00a0": " ", "\u2009": " ", "\ufeff": " "})
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
# `A = `, `np.array(`, `torch.tensor(`; and what may follow the rows: `, dtype=float64)`, `;`.
_HEAD = re.compile(r"\s*(?:[A-Za-z_]\w{0,40}\s{0,9}=\s{0,9})?(?:[A-Za-z_][\w.]{0,40}\s{0,9}\()?")
_TAIL = re.compile(r"[\s,]*(?:(?:dtype|device|shape)\s?=[^\[\]]{0,60})?\)[\s;]*$")
_OPEN, _CLOSE = "[{(", "]})"

# LaTeX, command by command; each pattern reads a bounded stretch, so that none backtracks far.
_LATEX: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        (r"\\(?:begin|end)\s?\{array\}(?:\{[^{}]{0,60}\})?", " "),
        (r"\\(?:begin|end)\s?\{[a-zA-Z*]{1,20}\}(?:\[[a-z]{1,3}\])?", " "),
        (r"\\(?:left|right|[bB]igg?[lr]?)\s?(?:\\?[\[\](){}|.])", " "),
        (r"\\[dt]?frac\s?\{([^{}]{1,40})\}\s?\{([^{}]{1,40})\}", r"\1/\2"),
        (r"\s?\\(?:times|cdot)\s?10\s?\^\s?\{?\s?([+-]?\d{1,4})\s?\}?", r"e\1"),
        (r"\\\\(?:\s?\[[^\[\]]{0,20}\])?", ";"),
        (r"\\cr\b", ";"),
        (r"\\(?:displaystyle|hline|quad|qquad|[,;:! \[\]()])", " "),
        (r"\$", " "),
    )
)


def parse_matrix(text: str, largest: int = 32) -> Float64[np.ndarray, "m n"]:
    """The matrix that a text spells, in any of the usual ways of writing one.

    Rows are lines, or end with `;` or LaTeX's `\\\\`, or are brackets of their own; numbers stand
    apart by commas, blanks, tabs, `|` or `&`, and may be fractions such as 1/3. Understood are
    `1 2; 3 4`, `[1, 2; 3, 4];`, `A = [1 2 ...`, `[[1, 2], [3, 4]]`, `np.array([[1., 2.]])`, NumPy's
    print, `{{1, 2}, {3, 4}}`, CSV (also with semicolons) and LaTeX's matrices and arrays. Anything
    else is an `InputError`, as is a matrix of more than `largest` rows or columns.
    """
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            f"the text has {len(text):,} characters; a matrix of at most {largest}x{largest} takes "
            "far fewer"
        )
    plain = text.translate(_MINUS)
    latex = "\\" in plain or "&" in plain
    if latex:
        plain = _without_latex(plain)
    rows = _rows(plain, latex)
    if not rows:
        raise InputError("there is no matrix yet; give rows of numbers, such as 1 2; 3 4")
    widths = sorted({len(row) for row in rows})
    size = f"{len(rows)}x{widths[-1]}"
    if len(widths) > 1:
        first = next(i for i, row in enumerate(rows, start=1) if len(row) != len(rows[0]))
        raise InputError(
            f"row {first} has {len(rows[first - 1])} numbers and row 1 has {len(rows[0])}; give "
            "every row the same number of columns"
        )
    if max(len(rows), widths[-1]) > largest:
        raise InputError(f"the matrix is {size}; at most {largest}x{largest} is taken here")
    return np.array([[_value(cell, i) for cell in row] for i, row in enumerate(rows, start=1)])


def matrix_text(matrix: Float64[np.ndarray, "m n"], digits: int = 6) -> str:
    """A matrix as lines of numbers, which `parse_matrix` reads; 17 digits give it back exactly."""
    cells = [[f"{value:.{digits}g}" for value in row] for row in matrix]
    width = max(len(cell) for row in cells for cell in row)
    return "\n".join("  ".join(cell.rjust(width) for cell in row) for row in cells)


def _without_latex(text: str) -> str:
    text = text.replace("\n", " ").replace("\r", " ")
    for pattern, to in _LATEX:
        text = pattern.sub(to, text)
    if left := re.search(r"\\[a-zA-Z]{0,20}", text):
        raise InputError(
            f"the LaTeX command {left.group()} is not part of a matrix of numbers; give the "
            "numbers between & and \\\\"
        )
    return text


def _rows(text: str, latex: bool) -> list[list[str]]:
    """The cells of each row."""
    text = re.sub(r"\.\.\.[ \t]*\n", " ", text)  # MATLAB goes on on the next line
    text = text.strip()
    head = _HEAD.match(text)
    if head is not None and head.end() and text[head.end() :].lstrip()[:1] in ("[", "(", "{"):
        called = text[: head.end()].rstrip().endswith("(")
        text = text[head.end() :]
        if called:
            tail = _TAIL.search(text[-100:])
            text = (
                text[: len(text) - 100 + tail.start()]
                if tail and len(text) > 100
                else (text[: tail.start()] if tail else text)
            )
    text = text.strip().rstrip(";").rstrip() if text.strip()[:1] in _OPEN else text
    depth = _depth(text)
    if depth > 3:
        raise InputError(f"there are {depth} brackets inside one another; a matrix has two")
    if depth == 3:
        text = _only_matrix(text)
    if depth >= 2:
        return [_cells(row, i, latex) for i, row in enumerate(_innermost(text), start=1)]
    inside = depth == 1
    if inside:
        opening = min(text.find(mark) for mark in _OPEN if mark in text)
        closing = max(text.rfind(mark) for mark in _CLOSE)
        for part in (text[:opening], text[closing + 1 :]):
            if part.strip():
                raise InputError(f"{_short(part)} stands outside of the brackets; take it away")
        text = text[opening + 1 : closing]
    if not text.strip():
        return []
    lines = [line for line in text.splitlines() if line.strip()]
    # Spreadsheets of some countries put semicolons between columns.
    columns = len(lines) > 1 and not inside and any(";" in line.rstrip(" ;") for line in lines)
    if not columns:
        lines = [row for line in lines for row in line.split(";")]
    else:
        lines = [line.rstrip().rstrip(";").replace(";", ",") for line in lines]
    lines = [line for line in lines if line.strip()]
    return [_cells(line, i, latex) for i, line in enumerate(lines, start=1)]


def _depth(text: str) -> int:
    """How deep brackets are nested; an `InputError` where they do not match."""
    open_, deepest = [], 0
    for mark in text:
        if mark in _OPEN:
            open_.append(mark)
            deepest = max(deepest, len(open_))
        elif mark in _CLOSE and (not open_ or _OPEN[_CLOSE.index(mark)] != open_.pop()):
            raise InputError(f"a {mark!r} has no bracket that it closes; check the brackets")
    if open_:
        raise InputError(f"a {open_[-1]!r} is never closed; check the brackets")
    return deepest


def _only_matrix(text: str) -> str:
    """What is inside the outermost of three brackets, if that is one matrix."""
    inner = text[1:-1].strip().rstrip(",").strip()
    count, open_ = 0, 0
    for mark in inner:
        count += mark in _OPEN and open_ == 0
        open_ += (mark in _OPEN) - (mark in _CLOSE)
    if count != 1 or inner[:1] not in _OPEN or inner[-1:] not in _CLOSE:
        raise InputError(f"there are {count} matrices; give one at a time")
    return inner


def _innermost(text: str) -> list[str]:
    """The text of each row in brackets of its own; between them may be commas and blanks."""
    rows: list[str] = []
    between, start, depth = "", 0, 0
    for place, mark in enumerate(text):
        if mark in _OPEN:
            depth += 1
            start = place + 1
        elif mark in _CLOSE:
            if depth == 2:
                rows.append(text[start:place])
            depth -= 1
        elif depth < 2:
            between += mark
    if rest := re.sub(r"[\s,;]", "", between):
        raise InputError(f"{_short(rest)} stands between the rows; put every number in a row")
    return rows


def _cells(row: str, number: int, latex: bool) -> list[str]:
    row = row.strip()
    if latex and "&" in row:
        cells = [
            re.sub(r"\s+", "", cell.replace("{", "").replace("}", "")) for cell in row.split("&")
        ]
    else:
        row = row.rstrip(",").rstrip()
        cells = [cell for cell in re.split(r"\s*,\s*|[\s|]+", row)]
        cells = cells[1:] if cells and cells[0] == "" and not row.startswith(",") else cells
        cells = cells[:-1] if len(cells) > 1 and cells[-1] == "" and row.endswith("|") else cells
    if "" in cells:
        raise InputError(f"row {number} has an empty place; give a number there")
    return cells


def _value(cell: str, row: int) -> float:
    top, slash, bottom = cell.partition("/")
    parts = [_number(part, cell, row) for part in ((top, bottom) if slash else (top,))]
    if slash and parts[1] == 0:
        raise InputError(f"{_short(cell)} in row {row} divides by zero")
    value = parts[0] / parts[1] if slash else parts[0]
    if not math.isfinite(value):
        raise InputError(f"{_short(cell)} in row {row} is too large for a 64-bit number")
    return value


def _number(text: str, cell: str, row: int) -> float:
    if _NUMBER.fullmatch(text):
        return float(text)
    bare = text.lower().lstrip("+-")
    if bare in ("nan", "inf", "infinity", "na", "null", "none"):
        raise InputError(f"{_short(cell)} in row {row} is not a finite number; give a number there")
    raise InputError(
        f"{_short(cell)} in row {row} is not a number; give digits such as -1.5 or 2e3"
    )


def _short(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= 24 else f"{text[:21]}...")
