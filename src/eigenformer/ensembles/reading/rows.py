"""Rows of numbers on lines: what separates them, and what only names them."""

import re

from ...core import InputError
from .cells import is_decimal_comma, short, stands_for_a_value

_QUOTED = re.compile(r'"[^"\n]*"|(?<![\w.\])])\'[^\'\n]*\'')
# Within quotes nothing separates: these stand for , ; tab | and blank until a line is cut.
_HIDE = str.maketrans(",;\t| ", "\ue000\ue001\ue002\ue003\ue004")
_SHOW = str.maketrans("\ue000\ue001\ue002\ue003\ue004", ",;\t| ")
_RULE = re.compile(r"[\s|:+]*[-=]{2,}[\s|:+=-]*")
_INDEX = ("", "index", "id", "row", "rows", "no", "nr", "#", "unnamed: 0", "rownames")


def hide_quoted(text: str) -> str:
    """The text with separators in quotes made unlike any; `shown` turns a cell back."""
    return _QUOTED.sub(lambda found: found[0].translate(_HIDE), text)


def shown(cell: str) -> str:
    """A cell as it was written, without the quotes around it."""
    cell = cell.strip()
    if len(cell) >= 2 and cell[0] == cell[-1] and cell[0] in "\"'":
        cell = cell[1:-1]
    return cell.translate(_SHOW).strip()


def bracketed_rows(text: str) -> list[list[str]]:
    """The cells of rows within one pair of brackets: rows end with `;` or a line's end."""
    rows = [row for line in text.splitlines() for row in line.split(";")]
    return [bracketed_cells(row, i) for i, row in enumerate(filter(str.strip, rows), start=1)]


def bracketed_cells(row: str, number: int) -> list[str]:
    """The cells of one row in brackets, between commas or between blanks, not both."""
    row = row.strip()
    if "," not in row:
        return [shown(cell) for cell in row.split()]
    row = row.removesuffix(",").rstrip()  # Python's lists may end so
    _refuse_two_kinds_of_commas(row)
    cells = [cell.strip() for cell in row.split(",")]
    if any(re.search(r"[\w.)\]'\"]\s+\S", cell) for cell in cells):
        _refuse_mixed(row, number)
    return [shown(cell) for cell in cells]


def _refuse_two_kinds_of_commas(row: str) -> None:
    """Some commas with a blank, some without: `1,5, 2,5` is two numbers or four."""
    parts = [part.strip() for part in re.split(r",\s+|\s+,\s*", row.rstrip(", "))]
    if len(parts) > 1 and any("," in part for part in parts):
        points, columns = (" ".join(part.replace(",", to) for part in parts) for to in (".", " "))
        raise InputError(
            f"{short(row)} can be read as {points} or as {columns}; separate its numbers by "
            "blanks, and write decimals with a point"
        )


def _refuse_mixed(row: str, number: int) -> None:
    words = row.split()
    if all(map(is_decimal_comma, words)) and any("," in word for word in words):
        points, columns = (" ".join(row.replace(",", to).split()) for to in (".", " "))
        raise InputError(
            f"row {number} can be read as {points} or as {columns}; separate its numbers by "
            "blanks, and write decimals with a point"
        )
    raise InputError(
        f"row {number}, {short(row)}, has commas between some numbers and blanks between others; "
        "separate all alike"
    )


def plain_rows(lines: list[str]) -> list[list[str]]:
    """The cells of each row on lines without brackets; names of rows and columns are left out.

    Tabs, semicolons, commas, | or blanks separate: the first of these that there is, and then no
    other. What can be read in two ways is an `InputError` that gives both.
    """
    lines = [hide_quoted(line).rstrip() for line in lines if not _RULE.fullmatch(line)]
    if all(re.search(r"[,;]\s*\t|\t\s*[,;]", line) for line in lines):
        lines = [line.replace("\t", " ") for line in lines]  # the tabs are but wide blanks
    while len(lines) > 1 and not lines[-1].strip("; "):
        lines = lines[:-1]  # it ends the matrix, and is no row
    numbers = not re.search(r"[^\W\d]", lines[0].translate(_SHOW)) if lines else False
    others = lines[1:]
    if numbers and others and _QUOTED.match(lines[0]) and not any(map(_QUOTED.search, others)):
        raise InputError(
            f"{short(lines[0].translate(_SHOW))}, in quotes above numbers without, can be names or "
            "the first row; take the quotes or the line away"
        )
    if any("|" in line for line in lines):
        rows = _piped(lines)
    elif any("\t" in line.strip() for line in lines):
        rows = _tabbed(lines)
    elif any(";" in line.rstrip("; ") for line in lines):
        return _semicolons(lines)
    else:
        rows = _commas_or_blanks([line.rstrip("; ") for line in lines])
    return without_names(rows)


def _cut(lines: list[str], mark: str) -> list[list[str]]:
    """Lines at each `mark`; one at the end of every line ends the lines, and separates nothing."""
    rows = [[cell.strip() for cell in line.split(mark)] for line in lines]
    if all(len(row) > 1 and row[-1] == "" for row in rows):
        rows = [row[:-1] for row in rows]
    return [[shown(cell) for cell in row] for row in rows]


def _piped(lines: list[str]) -> list[list[str]]:
    lines = [line.strip() for line in lines]
    framed = [line.startswith("|") and line.endswith("|") and len(line) > 1 for line in lines]
    if all(framed):
        lines = [line[1:-1] for line in lines]
    if any("|" in line for line in lines):
        return _cut(lines, "|")
    if all(is_decimal_comma(line.strip()) for line in lines) and any("," in line for line in lines):
        line = next(line.strip() for line in lines if "," in line)
        raise InputError(
            f"{short(line)} can be read as {line.replace(',', '.')} or as two numbers; write it in "
            "one of these ways"
        )
    return _commas_or_blanks(lines)


def _tabbed(lines: list[str]) -> list[list[str]]:
    if all(re.match(r" *\t", line) for line in lines):  # all indented
        lines = [line.strip() for line in lines]
        if not any("\t" in line for line in lines):
            return _commas_or_blanks(lines)
    return _cut(lines, "\t")


def _semicolons(lines: list[str]) -> list[list[str]]:
    if len(lines) > 1:
        rows = _cut(lines, ";")
        several = [cell for row in rows for cell in row if re.search(r"\d[\s,]+[-+.\d]", cell)]
        if any(" " in cell or cell.count(",") > 1 for cell in several):
            raise InputError(
                f"{short(lines[0])}: the semicolons can end rows or separate columns; put brackets "
                "around the matrix, or separate all numbers alike"
            )
        return without_names(rows)
    parts = [part.strip() for part in lines[0].rstrip("; ").split(";")]
    if all(is_decimal_comma(shown(part)) for part in parts) and "," in lines[0]:
        both = (
            "; ".join(part.replace(",", to) for part in parts) if to == " "
            else "  ".join(part.replace(",", to) for part in parts)
            for to in (" ", ".")
        )  # fmt: skip
        raise InputError(
            f"{short(lines[0])} can be read as the rows {next(both)} or as the decimals "
            f"{next(both)}; write it in one of these ways"
        )
    if all(len(part.split()) == 1 and "," not in part for part in parts):
        joined = " ".join(parts)
        raise InputError(
            f"{short(lines[0])} can be read as a column or as a row of {len(parts)} numbers; write "
            f"{short('[' + '; '.join(parts) + ']')} or {short(joined)}"
        )
    return _commas_or_blanks(parts)


def _commas_or_blanks(lines: list[str]) -> list[list[str]]:
    body = lines[1:] if len(lines) > 1 and re.match(r"\s*[^\W\d]", lines[0]) else lines
    if not any("," in line for line in body):
        body = lines
    if not any("," in line for line in body):
        return [[shown(cell) for cell in line.split()] for line in lines]
    for line in body:
        _refuse_two_kinds_of_commas(line)
    gaps = [re.sub(r"\s*,\s*", ",", line.strip()) for line in body]
    if not any(" " in gap for gap in gaps):
        if thousands := re.search(r"\d+,0\d\d(?![\d.])", " ".join(body)):
            raise InputError(
                f"{short(thousands[0])} can be read as {thousands[0].replace(',', '')} or as "
                f"{thousands[0].replace(',', ' ')}; write it without a comma, or separate by blanks"
            )
        return _cut(lines, ",")
    words = [line.split() for line in body]
    if all(is_decimal_comma(shown(word)) for row in words for word in row):
        return [[shown(cell) for cell in line.split()] for line in lines]
    # "- 2" is one number where commas separate.
    gaps = [re.sub(r"(^|,)([+-]) ", r"\1\2", gap) for gap in gaps]
    if not any(" " in gap for gap in gaps):
        return _cut(lines, ",")
    number = next(i for i, gap in enumerate(gaps, start=1) if " " in gap)
    _refuse_mixed(body[number - 1].strip(), number)
    raise AssertionError


def is_name(cell: str) -> bool:
    """Whether a cell can only name a row or a column."""
    return bool(re.fullmatch(r"[^\W\d][^,;|\t]*", cell)) and not stands_for_a_value(cell)


def _counts(cells: list[str]) -> bool:
    """Whether cells are 0, 1, 2, ... or 1, 2, 3, ...."""
    return any(cells == [str(i + begin) for i in range(len(cells))] for begin in (0, 1))


def without_names(rows: list[list[str]]) -> list[list[str]]:
    """Rows without a line of names above them and a column of names before them.

    A column of counting numbers is left out where the line above has no name for it. Where it may
    as well be the matrix's own it is an `InputError`.
    """
    if all(len(row) > 1 and row[0].endswith(":") and is_name(row[0]) for row in rows):
        return [row[1:] for row in rows]
    if len(rows) < 2 or len({len(row) for row in rows[1:]}) != 1:
        return rows
    first, rest = rows[0], rows[1:]
    if len(rest) > 1 and first == [str(len(rest)), "2"] and len(rest[0]) == 2:
        raise InputError(
            f"the line {first[0]} 2 can be the size of the matrix below it or its first row; take "
            "it away, or put brackets around the matrix"
        )
    column = [row[0] for row in rest]
    corner = len(first) == len(rest[0]) and first[0] == ""
    fewer = len(first) == len(rest[0]) - 1
    names = first[1:] if corner else first
    if not names or (len(rest[0]) < 2 and (corner or fewer)):
        return rows
    named = all(map(is_name, names)) or ((corner or fewer) and names == _from_zero(len(names)))
    if corner or fewer:
        index = all(map(is_name, column)) or _counts(column)
        return [row[1:] for row in rest] if named and index else rows
    if len(first) != len(rest[0]) or not named:
        return rows
    if len(first) > 1 and all(map(is_name, column)):
        return [row[1:] for row in rest]
    if first[0].lower() in _INDEX and len(first) > 1 and len(rest) > 1 and _counts(column):
        raise InputError(
            f"the column {short(first[0])}, which counts the rows, can be an index or the matrix's "
            "first column; take it or the line of names away"
        )
    return rest


def _from_zero(count: int) -> list[str]:
    return [str(i) for i in range(count)]
