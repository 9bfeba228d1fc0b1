"""A batch of matrices, possibly of several shapes: what flows from room to room."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64


@dataclass(frozen=True, eq=False, slots=True)
class Matrices:
    """B matrices, zero-padded to the largest.

    `values[i, :rows[i], :columns[i]]` is matrix i. `kinds[i]` says of which kind it is, where a
    batch holds several; what a kind is, those know who mixed them.
    """

    values: Float64[np.ndarray, "B M N"]
    rows: Int64[np.ndarray, " B"]
    columns: Int64[np.ndarray, " B"]
    kinds: Int64[np.ndarray, " B"] | None = None

    @classmethod
    def of(cls, values: "Float64[np.ndarray, 'B M N'] | Matrices") -> "Matrices":
        """`values` as a batch: an array holds matrices of one shape."""
        if isinstance(values, Matrices):
            return values
        values = np.ascontiguousarray(values, dtype=np.float64)
        batch, m, n = values.shape
        return cls(values, np.full(batch, m, np.int64), np.full(batch, n, np.int64))

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: np.ndarray | slice) -> "Matrices":
        kinds = None if self.kinds is None else self.kinds[index]
        return Matrices(self.values[index], self.rows[index], self.columns[index], kinds)

    @classmethod
    def concatenate(cls, parts: "list[Matrices]") -> "Matrices":
        """The batches one after the other, padded to the largest matrix of all."""
        m = max(part.values.shape[1] for part in parts)
        n = max(part.values.shape[2] for part in parts)
        values = np.zeros((sum(map(len, parts)), m, n))
        start = 0
        for part in parts:
            _, rows, columns = part.values.shape
            values[start : start + len(part), :rows, :columns] = part.values
            start += len(part)
        kinds = [part.kinds for part in parts if part.kinds is not None]
        return cls(
            values,
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.columns for part in parts]),
            np.concatenate(kinds) if kinds else None,
        )

    @property
    def uniform(self) -> bool:
        """Whether every matrix fills the whole array (so that there is no padding)."""
        _, m, n = self.values.shape
        return bool((self.rows == m).all() and (self.columns == n).all())

    def mask(self) -> np.ndarray:
        """Bool [B, M, N]: true at coefficients, false at padding."""
        _, m, n = self.values.shape
        return (np.arange(m)[:, None] < self.rows[:, None, None]) & (
            np.arange(n) < self.columns[:, None, None]
        )

    def groups(self) -> Iterator[tuple[np.ndarray, Float64[np.ndarray, "b m n"]]]:
        """Each shape once: the indices of its matrices, and those matrices without padding."""
        if self.uniform:
            yield np.arange(len(self)), self.values
            return
        shapes = np.stack([self.rows, self.columns], axis=1)
        for m, n in np.unique(shapes, axis=0):
            index = np.flatnonzero((self.rows == m) & (self.columns == n))
            yield index, self.values[index, :m, :n]

    def map(
        self, function: Callable[[Float64[np.ndarray, "b m n"]], Float64[np.ndarray, "b p q"]]
    ) -> "Matrices":
        """`function` applied to the matrices of each shape at once."""
        results = [(index, function(values)) for index, values in self.groups()]
        if len(results) == 1 and self.uniform:
            value = Matrices.of(results[0][1])
            return Matrices(value.values, value.rows, value.columns, self.kinds)
        return assemble(len(self), results, self.kinds)


def assemble(
    batch: int,
    parts: list[tuple[np.ndarray, Float64[np.ndarray, "_ _ _"]]],
    kinds: Int64[np.ndarray, " B"] | None = None,
) -> Matrices:
    """A batch from (indices, matrices of one shape) parts; the inverse of `Matrices.groups`."""
    m = max(values.shape[1] for _, values in parts)
    n = max(values.shape[2] for _, values in parts)
    out = Matrices(
        np.zeros((batch, m, n)), np.zeros(batch, np.int64), np.zeros(batch, np.int64), kinds
    )
    for index, values in parts:
        out.values[index, : values.shape[1], : values.shape[2]] = values
        out.rows[index] = values.shape[1]
        out.columns[index] = values.shape[2]
    return out
