"""Laplacians of random connected weighted graphs."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from ..core import InputError
from .base import Drawn, Scales, ShapedEnsemble


@final
@dataclass(frozen=True, kw_only=True)
class GraphLaplacian(ShapedEnsemble):
    """L = D - W of a connected graph with n nodes: symmetric, positive semi-definite, L 1 = 0.

    The graph is a random recursive tree (which makes it connected) plus each other edge with
    probability `density`; weights are uniform in (0, A], so A/sqrt(3) is the root mean square of a
    weight. Equivalent to `scipy.sparse.csgraph.laplacian(W)`.
    """

    symmetric_only: ClassVar[bool] = True

    density: float = 0.5
    """Probability of an edge beside those of the tree."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.density <= 1:
            raise InputError(f"density is {self.density}; give a probability from 0 to 1")
        object.__setattr__(self, "density", float(self.density))
        if self.dimensions.rows[0] < 2:
            raise InputError(f"dims is {self.dims!r}; a graph with an edge has at least 2 nodes")

    def of_shape(
        self, rng: np.random.Generator, scale: Scales, m: int, n: int, symmetric: bool
    ) -> Drawn:
        batch = len(scale)
        edges = rng.random((batch, n, n)) < self.density
        # Node i > 0 hangs from a random earlier one.
        child = np.arange(1, n)
        parent = (rng.random((batch, n - 1)) * child).astype(np.int64)
        edges[np.arange(batch)[:, None], child, parent] = True
        weights = np.where(edges, (1 - rng.random((batch, n, n))) * scale[:, None, None], 0.0)
        weights = np.tril(weights, -1)
        weights += weights.transpose(0, 2, 1)
        # The tree favours early nodes; relabelling makes the nodes exchangeable.
        order = rng.permuted(np.tile(np.arange(n), (batch, 1)), axis=1)
        rows = np.arange(batch)[:, None, None]
        weights = weights[rows, order[:, :, None], order[:, None, :]]
        laplacian: np.ndarray = 0.0 - weights  # -weights would hold negative zeros
        diagonal = np.arange(n)
        laplacian[:, diagonal, diagonal] = weights.sum(axis=2)
        return laplacian
