"""The numbers that a paper prints, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..runs.experiment import Label


@dataclass(frozen=True, kw_only=True)
class PaperCell:
    """One number of a table of the paper."""

    labels: dict[str, Label]
    value: float | str | None
    """In the table's unit: accuracies in percent."""
    unit: str = ""
    """To be printed after it, such as "epochs"."""
    detail: str = ""
    """To be said of it, such as "22.8 M examples"."""


@dataclass(frozen=True, kw_only=True)
class PaperTable:
    """One table of the paper."""

    name: str
    """As the table of ours that repeats it."""
    title: str
    task: str
    common: dict[str, Any]
    """What all its cells share."""
    notes: str
    """How it was read where its text is ambiguous."""
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
