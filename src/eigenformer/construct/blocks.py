"""Named blocks of rows, and linear maps between them.

The state of a constructed network is H [w, n]: w rows (the width) and n columns (the tokens). Rows
belong to named blocks. A `RowMap` is a w x w matrix that is zero but for a few blocks; it is kept
as the moves that it makes, so that a network can be run as the products that it means.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor
from torch.nn.functional import pad

from ..core import InputError, unknown


@dataclass(frozen=True, slots=True)
class Rows:
    """`count` rows from `start` on."""

    start: int
    count: int

    @property
    def stop(self) -> int:
        return self.start + self.count

    @property
    def slice(self) -> slice:
        return slice(self.start, self.stop)

    def __getitem__(self, index: int) -> "Rows":
        """One row of the block."""
        if not 0 <= index < self.count:
            raise InputError(f"row {index} is outside a block of {self.count} rows")
        return Rows(self.start + index, 1)

    def first(self, count: int) -> "Rows":
        """The first `count` rows of the block."""
        assert 0 < count <= self.count
        return Rows(self.start, count)


@dataclass(frozen=True, slots=True)
class Layout:
    """Which rows each name stands for, in order and without gaps."""

    names: tuple[str, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, **counts: int) -> "Layout":
        """Blocks one above the other, each with its number of rows."""
        return cls(tuple(counts), tuple(counts.values()))

    @property
    def width(self) -> int:
        return sum(self.counts)

    def __getitem__(self, name: str) -> Rows:
        if name not in self.names:
            raise unknown("block", name, self.names)
        index = self.names.index(name)
        return Rows(sum(self.counts[:index]), self.counts[index])

    def items(self) -> Iterable[tuple[str, Rows]]:
        return ((name, self[name]) for name in self.names)


@dataclass(frozen=True, eq=False, slots=True)
class Move:
    """Rows `source`, times `scale`, added to rows `into`: S(into <- source; scale).

    `scale` is a number (then both blocks have as many rows) or a matrix [into, source].
    """

    into: Rows
    source: Rows
    scale: float | Float64[np.ndarray, "into source"] = 1.0

    def __post_init__(self) -> None:
        if isinstance(self.scale, np.ndarray):
            assert self.scale.shape == (self.into.count, self.source.count)
        else:
            assert self.into.count == self.source.count, (self.into, self.source)

    def matrix(self) -> Float64[np.ndarray, "into source"]:
        if isinstance(self.scale, np.ndarray):
            return self.scale
        return self.scale * np.eye(self.into.count)


RowMap = tuple[Move, ...]


def dense(moves: RowMap, width: int) -> Float64[np.ndarray, "w w"]:
    """The matrix of a row map."""
    out = np.zeros((width, width))
    for move in moves:
        out[move.into.slice, move.source.slice] += move.matrix()
    return out


def span(moves: RowMap) -> Rows:
    """The smallest run of rows that holds everything that the moves write."""
    start = min(move.into.start for move in moves)
    return Rows(start, max(move.into.stop for move in moves) - start)


def unit_length(rows: Float[Tensor, "B r n"], dim: int) -> Float[Tensor, "B r n"]:
    """Vectors along `dim` divided by their length; one of zeros stays as it is."""
    least = torch.finfo(rows.dtype).tiny
    # Divided by its largest entry first, a vector of any size has squares that neither overflow
    # nor vanish.
    rows = rows / rows.abs().amax(dim=dim, keepdim=True).clamp_min(least)
    length: Tensor = rows.norm(dim=dim, keepdim=True).clamp_min(least)
    return rows / length


def apply(moves: RowMap, state: Float[Tensor, "B w n"], rows: Rows) -> Float[Tensor, "B r n"]:
    """Rows `rows` of the moved state: a view where one unscaled move fills them."""
    plain = len(moves) == 1 and moves[0].into == rows and not isinstance(moves[0].scale, np.ndarray)
    if plain and moves[0].scale == 1.0:
        return state[:, moves[0].source.slice]
    out = state.new_zeros(state.shape[0], rows.count, state.shape[2])
    for move in moves:
        part = state[:, move.source.slice]
        first, last = move.into.start - rows.start, move.into.stop - rows.start
        target = out[:, first:last]
        if torch.onnx.is_in_onnx_export():  # graphs have no places to write to
            scale = torch.as_tensor(move.scale, dtype=state.dtype)
            moved = scale @ part if isinstance(move.scale, np.ndarray) else scale * part
            out = out + pad(moved, (0, 0, first, rows.count - last))
        elif isinstance(move.scale, np.ndarray):
            scale = torch.as_tensor(move.scale, dtype=state.dtype, device=state.device)
            target += scale @ part
        else:
            target.add_(part, alpha=move.scale)
    return out
