"""The graph behind the figures of derivations.md, section 8, or one with the same condition."""

import numpy as np

from eigenformer.construct.algorithms.graphs import draw_skip_rings, extremes

NODES, EDGES = 10, 20
CONDITION = 18.599


def section_8_graph() -> np.ndarray:
    """B [10, 20] of the skip ring whose lambda_max / lambda_2 is nearest to 18.6 among 4000."""
    graphs = draw_skip_rings(np.random.default_rng(1), 4000)
    largest, second = extremes(graphs)
    found: np.ndarray = graphs[np.argmin(np.abs((largest / second)[:, 0, 0] - 18.6))]
    return found


B = section_8_graph()
LAPLACIAN = B @ B.T
VALUES, VECTORS = np.linalg.eigh(LAPLACIAN)
LARGEST, SECOND = float(VALUES[-1]), float(VALUES[1])
DEMANDS = np.random.default_rng(2).normal(size=(10, 10))
TWO_RINGS = np.kron(np.eye(2), np.eye(5) - np.roll(np.eye(5), 1, axis=0))
"""Two rings of five nodes: disconnected, n = 10, m = 10."""


def relative(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))
