"""One cell of a matrix: a number, a fraction, a number with a power of ten."""

import math
import re

import numpy as np
from jaxtyping import Float64

from ...core import InputError

NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:(?:[eEdD]|\*\^)[+-]?\d+)?"
"""Unsigned; 1.0D0 is Fortran's, 1.5*^3 Mathematica's."""
_POWER = r"10\s?(?:\^|\*\*)\s?(?:\(\s?)?([+-]?\s?\d{1,4})(?:\s?\))?"
_SIGNED = re.compile(rf"([+-])?\s*({NUMBER})", re.ASCII)
_SCIENTIFIC = re.compile(rf"([+-])?\s*(?:(\d+\.?\d*|\.\d+)\s?(?:\*|×|·|x)\s?)?{_POWER}", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\s?\d+,\d+(?:[eE][+-]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\s?[1-9]\d{0,2}(?:,\d{3})+", re.ASCII)
_NOT_FINITE = ("nan", "inf", "infinity", "na", "n/a", "null", "none", "nil", "missing")
_DOTS = ("...", "…", "⋯", "⋮", "⋱", "..")


def short(text: str) -> str:
    """A text as a message quotes it."""
    text = " ".join(text.split())
    return repr(text if len(text) <= 24 else f"{text[:21]}...")


def stands_for_a_value(word: str) -> bool:
    """Whether a word is a value that is no number, so that it names no row or column."""
    return word.lower().lstrip("+-") in (*_NOT_FINITE, "true", "false", "pi", "e", "i", "j")


def value(cell: str, where: str) -> float:
    """The number in a cell; `where` says in which row it stands.

    A nan, an infinite number and one that float64 cannot hold (too large, or nearer to 0 than any
    number it has) are `InputError`s.
    """
    top, slash, bottom = cell.partition("//" if "//" in cell else "/")
    if not slash:
        return _number(cell, cell, where, powers=True)
    upper, lower = (_number(part.strip(), cell, where) for part in (top, bottom))
    if lower == 0:
        raise InputError(f"{short(cell)} in {where} divides by zero")
    return _finite(upper / lower, upper != 0, cell, where)


def _number(text: str, cell: str, where: str, powers: bool = False) -> float:
    if found := _SIGNED.fullmatch(text):
        digits = re.sub(r"[dD]|\*\^", "e", found[2])
        exact = float(digits)
        mantissa = digits.lower().partition("e")[0]
        return math.copysign(
            _finite(exact, mantissa.strip("0.") != "", cell, where), -1 if found[1] == "-" else 1
        )
    if powers and (found := _SCIENTIFIC.fullmatch(text)):
        sign, mantissa, exponent = found[1] or "", found[2] or "1", found[3].replace(" ", "")
        return _number(f"{sign}{mantissa}e{exponent}", cell, where)
    raise InputError(_wrong(cell, where))


def _finite(number: float, not_zero: bool, cell: str, where: str) -> float:
    if not math.isfinite(number):
        raise InputError(f"{short(cell)} in {where} is too large for a 64-bit number")
    if number == 0 and not_zero:
        raise InputError(f"{short(cell)} in {where} is too small for a 64-bit number; write 0")
    return number


def _wrong(cell: str, where: str) -> str:
    bare = cell.strip().lower().lstrip("+-")
    if not cell.strip():
        return f"{where} has an empty place; give a number there"
    if bare in _NOT_FINITE:
        return f"{short(cell)} in {where} is not a finite number; give a number there"
    if any(mark in cell for mark in _DOTS):
        return f"{short(cell)} in {where} stands for numbers that were left out; give all of them"
    if re.search(r"\d\s+[+-]?[\d.]", cell):
        return (
            f"{short(cell)} in {where} is two numbers in one place, or one with a blank in it; "
            "separate numbers alike everywhere, and write each without blanks"
        )
    if "," in cell:
        return (
            f"{short(cell)} in {where} has a comma that neither separates nor stands between the "
            "digits of one number; write decimals with a point"
        )
    return f"{short(cell)} in {where} is not a number; give digits such as -1.5 or 2e3"


def with_points(rows: list[list[str]]) -> list[list[str]]:
    """Decimal commas as points, where something else separates the numbers.

    `InputError` where the commas could be those of thousands.
    """
    commas = [cell for row in rows for cell in row if "," in cell]
    if not commas:
        return rows
    if all(_DECIMAL_COMMA.fullmatch(cell) for cell in commas):
        if any("." in cell for row in rows for cell in row):
            pointed = next(cell for row in rows for cell in row if "." in cell)
            raise InputError(
                f"{short(commas[0])} and {short(pointed)}: a comma and a point in numbers of one "
                "matrix can each be decimal or separate thousands; write all decimals with a point"
            )
        if all(_THOUSANDS.fullmatch(cell) for cell in commas):
            plain = commas[0].replace(",", "")
            pointed = commas[0].replace(",", ".")
            raise InputError(
                f"{short(commas[0])} can be read as {plain} or as {pointed}; write it without a "
                "comma"
            )
        return [[cell.replace(",", ".") for cell in row] for row in rows]
    return rows  # what else has a comma is refused as no number


def is_decimal_comma(cell: str) -> bool:
    """Whether a cell may be one number with a decimal comma, or has no comma and is a number."""
    return bool(_DECIMAL_COMMA.fullmatch(cell) or _SIGNED.fullmatch(cell))


def matrix_of(
    rows: list[list[str]], factor: float = 1.0, divisor: float = 1.0
) -> Float64[np.ndarray, "m n"]:
    """Rows of cells as numbers, times a factor; `InputError` for rows of different lengths."""
    if not rows:
        raise InputError("there is no matrix yet; give rows of numbers, such as 1 2; 3 4")
    rows = with_points(rows)
    for number, row in enumerate(rows, start=1):
        if not row:
            raise InputError(f"row {number} has no numbers; give at least one")
        if len(row) != len(rows[0]):
            raise InputError(
                f"row {number} has {len(row)} numbers and row 1 has {len(rows[0])}; give "
                "every row the same number of columns"
            )
    found = np.array([[value(c, f"row {i}") for c in row] for i, row in enumerate(rows, start=1)])
    if factor == divisor == 1:
        return found
    with np.errstate(over="ignore"):
        scaled: np.ndarray = found * factor / divisor
    if not np.isfinite(scaled).all():
        raise InputError(f"the matrix times {factor / divisor:g} is too large for 64-bit numbers")
    return scaled
