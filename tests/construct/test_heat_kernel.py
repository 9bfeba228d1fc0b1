"""The heat kernel against the matrix exponential and against its own error bound."""

import numpy as np
import pytest
from graph_examples import DEMANDS, EDGES, LAPLACIAN, LARGEST, NODES, TWO_RINGS, B, relative
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from eigenformer.construct.algorithms.heat_kernel import (
    exact_heat,
    heat_kernel,
    heat_kernel_error,
)
from eigenformer.core import InputError

IDENTITY = np.eye(NODES)


def test_counts() -> None:
    network = heat_kernel(NODES, EDGES, 10, 0.5, 16)
    assert network.depth == 16
    assert network.spec.layout.width == EDGES + 10
    assert len({id(layer) for layer in network.spec.layers}) == 1


def test_the_product_that_it_is() -> None:
    found = heat_kernel(NODES, EDGES, 10, 0.5, 16)(B, DEMANDS).numpy()
    step = np.eye(NODES) - 0.5 / 16 * LAPLACIAN
    assert np.abs(found - DEMANDS @ np.linalg.matrix_power(step, 16)).max() < 1e-14


def test_the_exact_kernel() -> None:
    assert np.abs(exact_heat(B, DEMANDS, 0.5) - DEMANDS @ expm(-0.5 * LAPLACIAN)).max() < 1e-13


@pytest.mark.parametrize(
    ("layers", "figure"), [(16, 3.2e-2), (32, 1.6e-2), (64, 7.9e-3), (128, 3.9e-3)]
)
def test_first_order_as_in_section_8(layers: int, figure: float) -> None:
    network = heat_kernel(NODES, EDGES, 10, 0.5, layers)
    found, exact = network(B, IDENTITY).numpy(), exact_heat(B, IDENTITY, 0.5)
    assert relative(found, exact) == pytest.approx(figure, rel=0.2)
    error = np.linalg.norm(found - exact, 2)
    assert error <= heat_kernel_error(0.5, layers, LARGEST) < 1.3 * error


@given(st.integers(1, 60), st.floats(0.01, 1.99))
def test_the_error_bound(layers: int, share: float) -> None:
    x = np.linspace(0, share * layers, 2001)
    error = np.abs((1 - x / layers) ** layers - np.exp(-x)).max()
    assert error <= heat_kernel_error(1.0, layers, share * layers) * (1 + 1e-12)


def test_means_are_kept() -> None:
    found = heat_kernel(NODES, EDGES, 10, 0.5, 64)(B, DEMANDS + 1).numpy()
    assert np.abs(found.mean(axis=1) - DEMANDS.mean(axis=1) - 1).max() < 1e-13


def test_disconnected_graphs_are_welcome() -> None:
    found = heat_kernel(NODES, 10, 10, 0.5, 512)(TWO_RINGS, DEMANDS).numpy()
    assert relative(found, exact_heat(TWO_RINGS, DEMANDS, 0.5)) < 1e-3


def test_too_few_layers_are_refused() -> None:
    least = int(0.5 * LARGEST / 2) + 1
    assert heat_kernel(NODES, EDGES, 10, 0.5, least)(B, DEMANDS).isfinite().all()
    with pytest.raises(InputError, match=f"give at least {least} layers"):
        heat_kernel(NODES, EDGES, 10, 0.5, least - 1)(B, DEMANDS)
