"""What people are shown: durations in words, tables in a terminal that may be too narrow."""

from collections.abc import Iterable
from dataclasses import replace

from rich.console import Console
from rich.table import Column, Table


def duration(seconds: float) -> str:
    """Such as 40 s, 12 min, 3.5 h, 2 days, 14 years."""
    for unit, length, most in (
        ("s", 1, 90),
        ("min", 60, 90),
        ("h", 3600, 48),
        ("days", 86400, 700),
    ):
        if seconds < most * length:
            value = seconds / length
            return f"{value:.1f} h" if unit == "h" and value < 10 else f"{value:.0f} {unit}"
    return f"{seconds / (365 * 86400):,.0f} years"


def print_parts(table: Table, console: Console, keys: int = 1, together: int = 1) -> None:
    """Print a table; one wider than the terminal in parts, each with the first `keys` columns.

    The others are parted between groups of `together` columns only.
    """
    before, others = table.columns[:keys], table.columns[keys:]
    unbounded = console.options.update(width=10_000)
    while others:
        for count in range(len(others), 0, -together):
            part = _part(table, [*before, *others[:count]])
            if console.measure(part, options=unbounded).maximum <= console.width:
                break
        console.print(part)
        others = others[count:]


def _part(table: Table, columns: Iterable[Column]) -> Table:
    """A table of some columns of one, with all its rows."""
    part = Table(box=table.box, padding=table.padding, header_style=table.header_style)
    part.columns = [replace(column, _index=number) for number, column in enumerate(columns)]
    part.rows = table.rows
    return part
