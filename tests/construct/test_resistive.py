"""The resistive embedding against LAPACK and against resistors in series and in parallel."""

import numpy as np
import pytest
from graph_examples import DEMANDS, EDGES, LARGEST, NODES, SECOND, B, relative

from eigenformer.construct.algorithms.graphs import incidence_matrix
from eigenformer.construct.algorithms.resistive import (
    effective_resistances,
    exact_embedding,
    newton_schulz_error,
    resistive_embedding,
)

IDENTITY = np.eye(NODES)


def test_counts() -> None:
    network = resistive_embedding(NODES, EDGES, 10, 9)
    assert network.depth == 9
    assert network.spec.layout.width == EDGES + 10
    assert {len(layer.heads) for layer in network.spec.layers} == {1}
    assert not any(layer.units or layer.linear for layer in network.spec.layers)


@pytest.mark.parametrize(
    ("layers", "figure"),
    [(4, 1.1e-1), (5, 2.2e-2), (6, 9.0e-4), (7, 1.5e-6), (8, 3.9e-12), (9, 8.5e-16)],
)
def test_convergence_as_in_section_8(layers: int, figure: float) -> None:
    found = resistive_embedding(NODES, EDGES, 10, layers)(B, IDENTITY).numpy()
    error = relative(found, exact_embedding(B, IDENTITY))
    assert 0.5 * figure < error < 2 * figure
    if layers < 9:
        predicted = newton_schulz_error(LARGEST / SECOND, layers, power=1)
        spectral = np.linalg.norm(found - exact_embedding(B, IDENTITY), 2) * SECOND**0.5
        assert spectral == pytest.approx(predicted, rel=1e-3)


@pytest.mark.parametrize("bound", [0.5, 1.0, 3.0])
def test_a_bound_on_the_spectrum(bound: float) -> None:
    network = resistive_embedding(NODES, EDGES, 10, 12, lambda_max=bound * LARGEST)
    assert relative(network(B, DEMANDS).numpy(), exact_embedding(B, DEMANDS)) < 1e-13


def test_resistors_in_series_and_in_parallel() -> None:
    # Conductances 4 and 1 in series (resistance 1.25) beside a conductance 0.2 from end to end.
    graph = incidence_matrix(3, [(0, 1), (1, 2), (0, 2)], np.array([2.0, 1.0, 0.2**0.5]))
    embedding = resistive_embedding(3, 3, 3, 12)(graph, np.eye(3)).numpy()
    found = effective_resistances(embedding)
    assert found[0, 2] == pytest.approx(1 / (1 / 1.25 + 0.2))
    inverse = np.linalg.pinv(graph @ graph.T)
    size = np.diag(inverse)
    assert np.abs(found - (size[:, None] + size - 2 * inverse)).max() < 1e-13


def test_the_graph_is_whitened() -> None:
    state = resistive_embedding(NODES, EDGES, 10, 9).trace(B, IDENTITY)[-1]
    white = state["B"][0].numpy() * 1.5**9
    assert np.abs(white.T @ white - (np.eye(10) - 0.1)).max() < 1e-13


def test_null_space() -> None:
    network = resistive_embedding(NODES, EDGES, 10, 9)
    found = network(B, DEMANDS + 5).numpy()
    assert np.abs(found - network(B, DEMANDS).numpy()).max() < 1e-13
    assert np.abs(found.sum(axis=1)).max() < 1e-12
    assert network(B, np.ones((10, 10))).abs().max() < 1e-13
