"""What Charton (2022) reports for models of one problem and size: tables 2 to 6 and 8 to 10."""

from dataclasses import dataclass
from pathlib import Path

from ..core import from_json, load_json


@dataclass(frozen=True, kw_only=True)
class PaperFigures:
    """One model of the paper."""

    problem: str
    dims: str
    table: int
    row: str
    """What the table says of the model."""
    accuracy: dict[str, float]
    """Percent right, by tolerance as a fraction ("0.05"), or "exact"."""

    @property
    def coefficients(self) -> int:
        """Of the matrix."""
        rows, columns = self.dims.split("x")
        return int(rows) * int(columns)


def paper_figures(problem: str, dims: str) -> PaperFigures | None:
    """The paper's most accurate model for matrices of `dims`, or else of the nearest size it has.

    None if the paper has no such problem or `dims` are a range.
    """
    file = Path(__file__).with_name("paper_figures.json")
    every = [from_json(PaperFigures, row, str(file)) for row in load_json(file)]
    known = [row for row in every if row.problem == problem]
    rows, _, columns = dims.partition("x")
    if not known or not (rows.isdigit() and columns.isdigit()):
        return None
    size = int(rows) * int(columns)
    distance = min(abs(row.coefficients - size) for row in known)
    nearest = [row for row in known if abs(row.coefficients - size) == distance]
    same = [row for row in nearest if row.dims == dims]
    return max(same or nearest, key=lambda row: list(row.accuracy.values()))
