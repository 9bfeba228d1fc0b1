"""The sizes that an ensemble draws: one shape, or a range of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Int64

from ..core import InputError

_FORM = re.compile(r"(\d+)(?:-(\d+))?(?:x(\d+)(?:-(\d+))?)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Dims:
    """Which shapes an ensemble draws.

    Text forms: `5x5` and `8x3` one shape, `5-15` square of any size in the range, `5-15x2-6` rows
    and columns each in their own range, independent of each other.
    """

    rows: tuple[int, int]
    """Least and greatest number of rows, both included."""
    columns: tuple[int, int]
    """Least and greatest number of columns, both included."""
    square: bool
    """Whether every matrix drawn is square."""

    @staticmethod
    def parse(dims: "str | int | Sequence[int] | Dims") -> "Dims":
        """Read a text form, a pair (rows, columns), a size of squares, or pass on a `Dims`.

        Raises `InputError` for anything else, a size of 0 or a range that is upside down.
        """
        if isinstance(dims, Dims):
            return dims
        if isinstance(dims, str):
            return _parse(dims)
        if isinstance(dims, (int, np.integer)) and not isinstance(dims, bool):
            return _parse(f"{dims}x{dims}")
        if not isinstance(dims, Sequence):
            raise InputError(f"dims is {dims!r}; give 5, (5, 5), or a text such as 5x5 or 5-15")
        if len(dims) != 2 or not all(isinstance(size, (int, np.integer)) for size in dims):
            raise InputError(f"dims is {dims!r}; give two integers (rows, columns) or a text form")
        return _parse(f"{dims[0]}x{dims[1]}")

    @property
    def fixed(self) -> bool:
        """Whether there is only one shape."""
        return self.rows[0] == self.rows[1] and self.columns[0] == self.columns[1]

    @property
    def largest(self) -> tuple[int, int]:
        """The greatest number of rows and of columns."""
        return self.rows[1], self.columns[1]

    def contains(self, m: int, n: int) -> bool:
        """Whether an m x n matrix is among the shapes."""
        inside = self.rows[0] <= m <= self.rows[1] and self.columns[0] <= n <= self.columns[1]
        return inside and (m == n or not self.square)

    def draw(
        self, rng: np.random.Generator, batch: int
    ) -> tuple[Int64[np.ndarray, " B"], Int64[np.ndarray, " B"]]:
        """The rows and columns of `batch` matrices, every size of a range being equally likely."""
        if self.fixed:
            return np.full(batch, self.rows[0], np.int64), np.full(batch, self.columns[0], np.int64)
        rows = rng.integers(self.rows[0], self.rows[1] + 1, batch)
        if self.square:
            return rows, rows.copy()
        return rows, rng.integers(self.columns[0], self.columns[1] + 1, batch)

    def __str__(self) -> str:
        if self.square and not self.fixed:
            return _text(self.rows)
        return f"{_text(self.rows)}x{_text(self.columns)}"


def _text(bounds: tuple[int, int]) -> str:
    return str(bounds[0]) if bounds[0] == bounds[1] else f"{bounds[0]}-{bounds[1]}"


@lru_cache(maxsize=1024)
def _parse(text: str) -> Dims:
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise InputError(
            f"dims is {text!r}; give one shape (5x5), a range of square ones (5-15) "
            "or a range of each (5-15x2-6)"
        )
    low, high, low_n, high_n = match.groups()
    rows = (int(low), int(high or low))
    columns = rows if low_n is None else (int(low_n), int(high_n or low_n))
    for least, greatest in (rows, columns):
        if not 1 <= least <= greatest:
            raise InputError(
                f"dims is {text!r}; sizes start at 1 and the smaller end of a range comes first"
            )
    one_shape = rows[0] == rows[1] and columns[0] == columns[1]
    square = low_n is None or (one_shape and rows == columns)
    return Dims(rows=rows, columns=columns, square=square)
