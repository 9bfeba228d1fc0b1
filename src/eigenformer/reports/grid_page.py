"""A grid as an HTML table: heads that repeat are merged, small lines stand under the numbers."""

from collections.abc import Sequence
from itertools import groupby

from .blocks import Grid, GridEntry, GridHead, GridLabel
from .html import Html, join, tag


def grid_table(grid: Grid) -> Html:
    """The paper's numbers beside ours."""
    return tag("table", tag("thead", *_heads(grid)), tag("tbody", *_rows(grid)), class_="grid")


def _heads(grid: Grid) -> list[Html]:
    stub = max(1, len(grid.row_keys))
    lines = []
    for level, key in enumerate(grid.column_keys):
        cells = [tag("th", key, colspan=stub, class_="key stub")]
        # Neighbours with the same label, and the same ones above, stand under one head.
        for labels, group in groupby(grid.columns, key=lambda column: column.labels[: level + 1]):
            columns = list(group)
            cells.append(
                tag(
                    "th",
                    _label(labels[-1]),
                    scope="colgroup" if len(columns) > 1 else "col",
                    colspan=sum(len(column.sides) for column in columns),
                    class_="muted" if all(column.paper_only for column in columns) else None,
                )
            )
        lines.append(tag("tr", *cells))
    sides = [
        tag("th", side, scope="col", class_=side)
        for column in grid.columns
        for side in column.sides
    ]
    keys = [
        tag("th", key, class_="key" if level else "key stub")
        for level, key in enumerate(grid.row_keys)
    ] or [tag("td")]
    return [*lines, tag("tr", *keys, *sides)]


def _rows(grid: Grid) -> list[Html]:
    lines = []
    for place, (row, slots) in enumerate(zip(grid.rows, grid.slots, strict=True)):
        cells = [
            tag(
                "th",
                _label(label),
                scope="row",
                rowspan=_height(grid.rows, place, level),
                class_=_row_class(row, level),
            )
            for level, label in enumerate(row.labels)
            if not (place and _same(grid.rows[place - 1], row, level))
        ] or ([] if grid.row_keys else [tag("th", scope="row")])
        for column, slot in zip(grid.columns, slots, strict=True):
            cells += [tag("td", *map(_entry, slot.of(side)), class_=side) for side in column.sides]
        lines.append(tag("tr", *cells))
    return lines


def _row_class(row: GridHead, level: int) -> str | None:
    names = [*(["stub"] if level == 0 else []), *(["muted"] if row.paper_only else [])]
    return " ".join(names) or None


def _entry(entry: GridEntry) -> Html:
    number = tag("span", entry.text, class_="missing" if entry.missing else "number")
    bar = None
    if entry.share is not None:
        mark = None if entry.ceiling is None else tag("i", style=f"left:{100 * entry.ceiling:.1f}%")
        bar = tag(
            "span",
            tag("span", style=f"width:{100 * entry.share:.1f}%"),
            mark,
            class_="bar",
            aria_hidden="true",
        )
    return tag("div", number, bar, *(tag("small", text) for text in entry.details), class_="entry")


def _label(label: GridLabel) -> Html:
    paper = None if label.paper is None else tag("small", f"paper: {label.paper}")
    # Names such as Gaussian+Uniform+Laplace may be broken after the sign.
    pieces = label.text.replace("+", "+\0").split("\0")
    return tag("span", join(pieces, tag("wbr")), paper, class_="label")


def _same(a: GridHead, b: GridHead, level: int) -> bool:
    """Whether the labels agree down to a level; the last level is never merged."""
    return a.labels[: level + 1] == b.labels[: level + 1]


def _height(rows: Sequence[GridHead], place: int, level: int) -> int:
    below = rows[place + 1 :]
    return 1 + next(
        (i for i, row in enumerate(below) if not _same(rows[place], row, level)), len(below)
    )
