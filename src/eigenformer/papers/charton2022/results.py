"""What Charton (2022) reports: 29 tables as data, 1,239 cells.

`data/tables.json` was typed from the paper and checked twice against it; its notes say where the
text is ambiguous.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from ...core import unknown
from .. import PaperCell, PaperTable

_EPOCH = 300_000
"""Examples in an epoch (section 3)."""


@cache
def paper_tables() -> dict[str, PaperTable]:
    """The tables by name, table01 to table29."""
    data = json.loads((files(__package__) / "data" / "tables.json").read_text(encoding="utf-8"))
    return {
        name: PaperTable(
            name=name,
            title=table["title"],
            task=table["task"],
            common=table["common"],
            notes=table["notes"],
            cells=tuple(_cell(cell, table["common"]) for cell in table["cells"]),
        )
        for name, table in data.items()
    }


def paper_table(name: str) -> PaperTable:
    """The table called `name`, such as table06."""
    tables = paper_tables()
    if name not in tables:
        raise unknown("table of the paper", name, tables)
    return tables[name]


def _cell(cell: dict[str, Any], common: dict[str, Any]) -> PaperCell:
    labels = {key: value for key, value in cell.items() if key != "value"}
    value = cell["value"]
    metric = str(labels.get("metric", common.get("metric", "")))
    unit = detail = ""
    if isinstance(value, (int, float)) and "epochs" in metric:
        unit, detail = "epochs", f"{value * _EPOCH / 1e6:g} M examples"
    elif isinstance(value, (int, float)) and "millions" in metric:
        unit, detail = "M", "examples"
    return PaperCell(labels=labels, value=value, unit=unit, detail=detail)
