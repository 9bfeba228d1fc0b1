"""What R, Julia and MATLAB display, line by line."""

import re

from ...core import InputError
from .cells import short

_R_COLUMNS = re.compile(r"\s*\[,\d+\](?:\s+\[,\d+\])*\s*")
_R_ROW = re.compile(r"\s*\[(\d+),\]\s+(\S.*)")
_JULIA = re.compile(r"\s*(?:(\d+)\s?[×x]\s?(\d+)|(\d+)-element) [A-Z]\w*\{.{0,80}\}:?\s*")
_LABEL = re.compile(r"\s*[A-Za-z_]\w{0,60}\s*(?::=|=|<-)\s*(?=$|[^=\s])")
_SCALE = re.compile(r"\s*(1(?:\.0*)?e[+-]\d{1,3})\s*\*\s*", re.IGNORECASE)


def r_print(lines: list[str]) -> list[list[str]] | None:
    """The cells that R displays, its blocks of columns side by side; None if it is not R's."""
    lines = [line for line in lines if line.strip()]
    if not lines or not _R_COLUMNS.fullmatch(lines[0]):
        return None
    rows: list[list[str]] = []
    row, begun, width = 0, 0, 0
    for line in lines:
        if _R_COLUMNS.fullmatch(line):
            columns = [int(word) for word in re.findall(r"\d+", line)]
            if columns != list(range(begun + width + 1, begun + width + 1 + len(columns))):
                raise InputError(f"{short(line)}: columns are missing; give all of them")
            begun, width, row = begun + width, len(columns), 0
            continue
        found = _R_ROW.fullmatch(line)
        row += 1
        if found is None or int(found[1]) != row or (begun and row > len(rows)):
            raise InputError(f"{short(line)} is not row {row} as R displays it; give all rows")
        cells = found[2].split()
        if len(cells) != width:
            raise InputError(f"row {row} has {len(cells)} numbers below {width} columns")
        if not begun:
            rows.append([])
        rows[row - 1] += cells
    if any(len(cells) != begun + width for cells in rows):
        raise InputError("R's display ends before its last row; give all rows")
    return rows


def julia_print(lines: list[str]) -> tuple[list[str], tuple[int, int]] | None:
    """Julia's display without the line above it, and the shape that it promises; None if none."""
    found = _JULIA.fullmatch(lines[0]) if lines else None
    if found is None:
        return None
    shape = (int(found[1]), int(found[2])) if found[1] else (int(found[3]), 1)
    return [line for line in lines[1:] if line.strip()], shape


def blocks(lines: list[str]) -> list[tuple[list[str], float, bool]]:
    """The lines of each matrix, its factor, whether it has a name: blocks between empty lines.

    MATLAB's `A =` and `1.0e+03 *` belong to the block after them.
    """
    parts: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            parts[-1].append(line)
        elif parts[-1]:
            parts.append([])
    found: list[tuple[list[str], float, bool]] = []
    factor, label = 1.0, ""
    for part in filter(None, parts):
        while part and (name := _LABEL.match(part[0])):
            if label:
                raise InputError(f"{short(label)} has no matrix; give its numbers or take it away")
            rest = part[0][name.end() :]
            label = name[0]
            part = [rest, *part[1:]] if rest else part[1:]
        while part and (scale := _SCALE.fullmatch(part[0])):
            factor *= float(scale[1])
            part = part[1:]
        if part:
            found.append((part, factor, bool(label)))
            factor, label = 1.0, ""
    if label or factor != 1:
        raise InputError(f"{short(label or 'the factor')} has no matrix; give its numbers")
    return found
