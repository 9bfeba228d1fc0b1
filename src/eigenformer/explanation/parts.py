"""What an explanation is made of: sentences, a table and a drawing for each thing found out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Cell = str | int | float | None


@dataclass(frozen=True, kw_only=True)
class FactTable:
    """A table: numbers as they are, and how a number of each column is written."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    format: str = ".3g"

    def written(self, row: tuple[Cell, ...]) -> list[str]:
        """The cells of a row as text."""
        return [self._text(cell) for cell in row]

    def _text(self, cell: Cell) -> str:
        if cell is None or (isinstance(cell, float) and np.isnan(cell)):
            return "-"
        return format(cell, self.format) if isinstance(cell, float) else str(cell)


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """A drawing, not drawn yet."""

    alt: str
    """What it shows, for those who can't see it."""
    draw: Callable[[Path], None]
    """Draws it into a file, in the format that the file's ending says. Needs matplotlib."""


@dataclass(frozen=True, kw_only=True)
class Insight:
    """One thing that was found out about a network."""

    name: str
    """Of its files: lower-case letters and hyphens."""
    title: str
    says: tuple[str, ...]
    """Whole sentences, whose numbers were measured."""
    grid: FactTable | None = None
    sketch: Sketch | None = None
    facts: dict[str, Any] | None = None
    """What else was measured, for JSON."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What a network learned."""

    model: str
    family: str
    weights: int
    told: str
    """What it did not have to learn."""
    findings: tuple[Insight, ...]

    def finding(self, name: str) -> Insight:
        return next(finding for finding in self.findings if finding.name == name)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON; what is not finite is null."""
        return {
            "model": self.model,
            "family": self.family,
            "weights": self.weights,
            "told": self.told,
            "findings": [
                {
                    "name": finding.name,
                    "title": finding.title,
                    "says": list(finding.says),
                    "columns": list(finding.grid.columns) if finding.grid else [],
                    "rows": _plain(
                        [list(row) for row in finding.grid.rows] if finding.grid else []
                    ),
                    "facts": _plain(finding.facts or {}),
                }
                for finding in self.findings
            ],
        }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
