"""What Charton (2022) reports: 29 tables as data, 1,239 cells.

`data/tables.json` was typed from the paper and checked twice against it; its notes say where the
text is ambiguous.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ...core import unknown
from ...runs import Label


@dataclass(frozen=True, kw_only=True)
class PaperCell:
    """One number of a table of the paper."""

    labels: dict[str, Label]
    value: float | str | None
    """In the table's unit: accuracies in percent."""


@dataclass(frozen=True, kw_only=True)
class PaperTable:
    """One table of the paper."""

    name: str
    """table01 to table29."""
    title: str
    task: str
    common: dict[str, Any]
    """What all its cells share."""
    notes: str
    cells: tuple[PaperCell, ...]

    def find(self, labels: Mapping[str, Label]) -> list[PaperCell]:
        """The cells whose labels agree with `labels` wherever both have the key."""
        return [
            cell
            for cell in self.cells
            if all(cell.labels[key] == labels[key] for key in cell.labels.keys() & labels.keys())
        ]

    def value(self, labels: Mapping[str, Label]) -> float | None:
        """The number of the one cell with these labels; None if there are none or several."""
        found = [cell.value for cell in self.find(labels)]
        if len(found) != 1 or not isinstance(found[0], (int, float)):
            return None
        return float(found[0])


@cache
def paper_tables() -> dict[str, PaperTable]:
    """The tables by name."""
    data = json.loads((files(__package__) / "data" / "tables.json").read_text(encoding="utf-8"))
    return {
        name: PaperTable(
            name=name,
            title=table["title"],
            task=table["task"],
            common=table["common"],
            notes=table["notes"],
            cells=tuple(
                PaperCell(
                    labels={key: value for key, value in cell.items() if key != "value"},
                    value=cell["value"],
                )
                for cell in table["cells"]
            ),
        )
        for name, table in data.items()
    }


def paper_table(name: str) -> PaperTable:
    """The table called `name`, such as table06."""
    tables = paper_tables()
    if name not in tables:
        raise unknown("table of the paper", name, tables)
    return tables[name]
