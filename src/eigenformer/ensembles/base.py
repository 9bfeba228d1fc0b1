"""What an ensemble is, and how one that draws shape by shape is written."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float64

from ..core import InputError, Registry
from .dims import Dims
from .laws import EntryLaw, unit_entries
from .matrices import Matrices, assemble

Scales = Float64[np.ndarray, " B"]
"""A of each matrix."""
Drawn = Float64[np.ndarray, "B m n"]
"""Matrices of one shape."""


@dataclass(frozen=True, kw_only=True)
class Ensemble(ABC):
    """A law of random matrices. Subclass `ShapedEnsemble` to write one."""

    registry: ClassVar[Registry["Ensemble"]] = Registry("ensemble")
    symmetric_only: ClassVar[bool] = False
    """Whether every matrix is symmetric, asked for or not."""

    dims: str | int | tuple[int, int] = "5x5"
    """Shapes: `5x5`, `8x3`, `5-15` (square of any size), `5-15x2-6`. 5 and (5, 5) become text."""
    scale: float | tuple[float, float] = 10.0
    """A: coefficients have the standard deviation A/sqrt(3), that of U[-A, A]. A pair (low, high):
    A is drawn uniformly between them, anew for each matrix."""

    def __post_init__(self) -> None:
        dims = Dims.parse(self.dims)
        if self.symmetric_only and not dims.square:
            raise InputError(
                f"dims is {str(dims)!r}, but {type(self).__name__} draws symmetric matrices: "
                "give a square size (5x5) or a range of them (5-15)"
            )
        object.__setattr__(self, "dims", str(dims))
        object.__setattr__(self, "scale", _checked_scale(self.scale))

    @property
    def dimensions(self) -> Dims:
        """`dims`, parsed."""
        return Dims.parse(self.dims)

    @property
    @abstractmethod
    def std(self) -> float:
        """Root mean square of a coefficient, the unit of noise levels: A/sqrt(3) with iid entries.

        Raises `InputError` where A is drawn from a range, as there is no one value.
        """

    @abstractmethod
    def draw(self, rng: np.random.Generator, batch: int, symmetric: bool = False) -> Matrices:
        """`batch` matrices; symmetric ones on request.

        Raises `InputError` when `symmetric` is asked of an ensemble whose `dims` are not square.
        """

    @abstractmethod
    def entries(
        self, rng: np.random.Generator, like: Matrices, columns: int | None = None
    ) -> Matrices:
        """A second operand: matrices with the rows of `like`, and its columns or `columns` of them.

        Entries are independent, with the ensemble's own law where it has one, uniform of the same
        standard deviation otherwise. A scale that is a range is drawn anew.
        """

    def sample(
        self, rng: np.random.Generator, batch: int, symmetric: bool = False
    ) -> Float64[np.ndarray, "B M N"] | Matrices:
        """`draw` as a plain array where `dims` are one shape."""
        matrices = self.draw(rng, batch, symmetric)
        return matrices.values if self.dimensions.fixed else matrices


@dataclass(frozen=True, kw_only=True)
class ShapedEnsemble(Ensemble):
    """An ensemble given by its law at each shape: one method, `of_shape`."""

    entry_law: ClassVar[EntryLaw] = "uniform"
    """Law of the entries of a second operand."""

    @abstractmethod
    def of_shape(
        self, rng: np.random.Generator, scale: Scales, m: int, n: int, symmetric: bool
    ) -> Drawn:
        """One m x n matrix for each A in `scale`, symmetric (then m = n) when asked."""

    @property
    def relative_std(self) -> float:
        """Root mean square of a coefficient in units of A/sqrt(3)."""
        return 1.0

    @property
    def std(self) -> float:
        if isinstance(self.scale, tuple):
            raise InputError(
                f"scale is the range {self.scale}, so coefficients have no one standard deviation; "
                "give one number"
            )
        return self.relative_std * self.scale / math.sqrt(3)

    def draw(self, rng: np.random.Generator, batch: int, symmetric: bool = False) -> Matrices:
        dims = self.dimensions
        if batch < 1:
            raise InputError(f"batch is {batch}; give a positive number of matrices")
        if symmetric and not dims.square:
            raise InputError(
                f"symmetric matrices are needed, but dims is {self.dims!r}; "
                "give a square size (5x5) or a range of them (5-15)"
            )
        rows, columns = dims.draw(rng, batch)
        scale = self._draw_scale(rng, batch)
        if dims.fixed:
            values = self.of_shape(rng, scale, *dims.largest, symmetric)
            return Matrices(values, rows, columns)
        parts = []
        for m, n in np.unique(np.stack([rows, columns], axis=1), axis=0).tolist():
            index = np.flatnonzero((rows == m) & (columns == n))
            parts.append((index, self.of_shape(rng, scale[index], m, n, symmetric)))
        return assemble(batch, parts)

    def entries(
        self, rng: np.random.Generator, like: Matrices, columns: int | None = None
    ) -> Matrices:
        widths = like.columns if columns is None else np.full(len(like), columns, np.int64)
        shape = (len(like), int(like.rows.max()), int(widths.max()))
        values = unit_entries(self.entry_law, rng, shape)
        values *= self.relative_std * self._draw_scale(rng, len(like))[:, None, None]
        out = Matrices(values, like.rows, widths)
        if not out.uniform:
            values[~out.mask()] = 0.0
        return out

    def _draw_scale(self, rng: np.random.Generator, batch: int) -> np.ndarray:
        if isinstance(self.scale, tuple):
            return rng.uniform(*self.scale, batch)
        return np.full(batch, self.scale)


def _checked_scale(scale: object) -> float | tuple[float, float]:
    bounds = scale if isinstance(scale, (tuple, list)) else (scale, scale)
    numbers = [x for x in bounds if isinstance(x, (int, float)) and not isinstance(x, bool)]
    if len(bounds) != 2 or len(numbers) != 2 or not 0 < numbers[0] <= numbers[1] < math.inf:
        raise InputError(
            f"scale is {scale!r}; give a positive number, or a pair (low, high) with low <= high"
        )
    low, high = map(float, numbers)
    return (low, high) if isinstance(scale, (tuple, list)) else low
