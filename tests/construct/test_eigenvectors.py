"""Laplacian eigenvectors against LAPACK, up to signs and rotations."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from graph_examples import EDGES, LARGEST, NODES, TWO_RINGS, VALUES, VECTORS, B

from eigenformer.construct import Network, Stage
from eigenformer.construct.algorithms.graphs import incidence_matrix, skip_ring
from eigenformer.construct.algorithms.laplacian_eigenvectors import (
    laplacian_eigenvectors,
    subspace_iteration,
    subspace_rate,
)
from eigenformer.construct.blocks import unit_length

START = np.random.default_rng(3).normal(size=(9, 10))


def up_to_signs(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest error of rows whose signs do not count."""
    signs = np.sign((found * expected).sum(axis=1, keepdims=True))
    return float(np.abs(found - signs * expected).max())


def up_to_rotations(found: np.ndarray, graph: np.ndarray) -> float:
    """The largest error of the projections on the eigenspaces, one an eigenvalue."""
    values, vectors = np.linalg.eigh(graph @ graph.T)
    ends = [0, *(np.flatnonzero(np.diff(values) > 1e-9) + 1), len(values)]
    rows = np.concatenate([np.full((1, len(values)), len(values) ** -0.5), found])
    errors = [0.0]
    for start, stop in pairwise(ends):
        if stop <= len(rows):
            mine, true = rows[start:stop], vectors[:, start:stop]
            errors.append(np.abs(mine.T @ mine - true @ true.T).max())
    return float(max(errors))


def test_counts() -> None:
    network = laplacian_eigenvectors(NODES, EDGES, 3, 5)
    assert network.depth == 5 * (1 + 3)
    assert network.spec.layout.width == EDGES + 4
    assert {len(layer.heads) for layer in network.spec.layers} == {1}
    assert not any(layer.linear or layer.units for layer in network.spec.layers)


@pytest.mark.parametrize("iterations", [1, 10, 100])
def test_every_iteration_is_a_qr_of_the_power(iterations: int) -> None:
    found = laplacian_eigenvectors(NODES, EDGES, 9, iterations)(B, START).numpy()
    assert np.abs(found - subspace_iteration(B, START, iterations)).max() < 1e-12


@pytest.mark.parametrize("iterations", [50, 100, 200, 400, 800])
def test_convergence_at_the_predicted_rate(iterations: int) -> None:
    found = laplacian_eigenvectors(NODES, EDGES, 9, iterations)(B, START).numpy()
    error = up_to_signs(found, VECTORS[:, 1:].T)
    predicted = subspace_rate(B, 9) ** iterations
    assert 0.3 * predicted < error < 3 * predicted + 1e-14
    if iterations == 800:  # section 8: 1.6e-15 on its own graph, whose gaps are wider
        assert error < 1e-11


def test_rounding_level() -> None:
    found = laplacian_eigenvectors(NODES, EDGES, 9, 1100)(B, START).numpy()
    assert up_to_signs(found, VECTORS[:, 1:].T) < 1e-14
    assert np.abs(found @ found.T - np.eye(9)).max() < 1e-14
    assert np.abs(found @ B @ B.T - VALUES[1:, None] * found).max() < 1e-12 * LARGEST


def test_a_repeated_eigenvalue_gives_its_plane() -> None:
    ring = incidence_matrix(NODES, skip_ring(), np.ones(EDGES))
    found = laplacian_eigenvectors(NODES, EDGES, 9, 200)(ring, START).numpy()
    assert up_to_rotations(found, ring) < 1e-12
    assert np.abs(found @ found.T - np.eye(9)).max() < 1e-14


def test_without_the_constant_row_the_null_vector_creeps_in() -> None:
    """Trap of section 8: the same layers with `constant` zeroed end in the null vector."""
    spec = laplacian_eigenvectors(NODES, EDGES, 2, 1).spec
    object.__setattr__(spec, "constants", {"constant": np.zeros((1, NODES))})
    object.__setattr__(spec, "stages", (Stage(layers=spec.stages[0].layers, repeat=800),))
    start = START[:2] - START[:2].mean(axis=1, keepdims=True)
    found = Network(spec)(B, start)[0].numpy()
    assert abs(found.sum()) / NODES**0.5 > 0.99
    kept = laplacian_eigenvectors(NODES, EDGES, 2, 800)(B, start).numpy()
    assert np.abs(kept.sum(axis=1)).max() < 1e-14


@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_mu_as_a_weight(factor: float) -> None:
    mu = factor * LARGEST
    iterations = int(np.log(1e-16) / np.log(subspace_rate(B, 3, mu)))
    found = laplacian_eigenvectors(NODES, EDGES, 3, iterations, mu)(B, START[:3])
    assert up_to_signs(found.numpy(), VECTORS[:, 1:4].T) < 1e-13


def test_disconnected_graphs_are_welcome() -> None:
    found = laplacian_eigenvectors(NODES, 10, 1, 100)(TWO_RINGS, START[:1]).numpy()
    assert np.abs(np.abs(found) - NODES**-0.5).max() < 1e-13
    assert found[0, 0] * found[0, 9] < 0


def test_a_single_edge() -> None:
    found = laplacian_eigenvectors(2, 1, 1, 3)([[1.0], [-1.0]], [[1.0, 0.0]])
    assert (
        found - torch.tensor([[0.5, -0.5]], dtype=torch.float64).mul(2**0.5)
    ).abs().max() < 1e-15


def test_rows_of_any_size_get_length_1_and_zeros_stay() -> None:
    rows = torch.from_numpy(np.array([[3, 4], [0, 0], [3e-200, -4e-200], [3e200, 4e200]]))
    expected = torch.from_numpy(np.array([[0.6, 0.8], [0, 0], [0.6, -0.8], [0.6, 0.8]]))
    assert (unit_length(rows[None], dim=2)[0] - expected).abs().max() < 1e-15
    assert (unit_length(rows.T[None], dim=1)[0] - expected.T).abs().max() < 1e-15
