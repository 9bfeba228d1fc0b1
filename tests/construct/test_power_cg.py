"""Power iteration and conjugate gradients against their recursions and LAPACK."""

import numpy as np
import pytest
import torch
from graph_examples import B
from hypothesis import given
from hypothesis import strategies as st

from eigenformer.construct.algorithms import conjugate_gradient as cg
from eigenformer.construct.algorithms import power_iteration as power
from eigenformer.construct.algorithms.conjugate_gradient import (
    cg_error,
    conjugate_gradient,
    reciprocal,
    reciprocal_error,
    textbook_cg,
)
from eigenformer.construct.algorithms.power_iteration import (
    dominant_eigenvalue,
    power_error,
    power_iteration,
    power_steps,
)

RNG = np.random.default_rng(0)
SYMMETRIC, START = power.draw(RNG, 50)
POSITIVE, RHS = cg.draw(RNG, 50)


def energy_error(matrix: np.ndarray, x: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    """||x - x*||_A / ||x*||_A of each example."""
    exact = np.linalg.solve(matrix, rhs[..., None])[..., 0]
    norm = [np.einsum("bi,bij,bj->b", v, matrix, v) for v in (x - exact, exact)]
    return np.sqrt(norm[0] / norm[1])


# Power iteration


def test_power_counts() -> None:
    network = power_iteration(6, 7)
    assert network.depth == 7
    assert network.spec.layout.width == 7
    assert dominant_eigenvalue(6, 7).depth == 9
    assert dominant_eigenvalue(6, 7).spec.layout.width == 16


@pytest.mark.parametrize("layers", [1, 5, 60])
def test_a_layer_is_two_steps(layers: int) -> None:
    found = power_iteration(6, layers)(SYMMETRIC, START).numpy()
    assert np.abs(found - power_steps(SYMMETRIC, START, 2 * layers)).max() < 1e-13


def test_the_dominant_eigenvector_and_eigenvalue() -> None:
    values, vectors = np.linalg.eigh(SYMMETRIC)
    rows = np.arange(len(values))
    which = np.abs(values).argmax(axis=1)
    x = power_iteration(6, 150)(SYMMETRIC, START).numpy()
    overlap = np.abs((x * vectors[rows, :, which]).sum(axis=1))
    assert np.abs(overlap - 1).max() < 1e-13
    found = dominant_eigenvalue(6, 150)(SYMMETRIC, START).numpy()
    assert np.abs(found / values[rows, which] - 1).max() < 1e-13
    assert (found < 0).any() and (found > 0).any()


def test_the_error_is_bounded() -> None:
    values, vectors = np.linalg.eigh(SYMMETRIC[0])
    order = np.argsort(np.abs(values))
    true, ratio = vectors[:, order[-1]], abs(values[order[-2]] / values[order[-1]])
    cosine = abs(true @ START[0]) / np.linalg.norm(START[0])
    for layers in (1, 10, 30):
        x = power_iteration(6, layers)(SYMMETRIC[0], START[0]).numpy()
        tangent = np.tan(np.arccos(min(1.0, abs(x @ true))))
        assert tangent <= power_error(ratio, layers, float(np.arccos(cosine))) * 1.01 + 1e-7


@pytest.mark.parametrize("size", [1e-150, 1e-9, 1e9, 1e150])
def test_any_size_of_matrix(size: float) -> None:
    expected = power_iteration(6, 20)(SYMMETRIC, START)
    assert (power_iteration(6, 20)(size * SYMMETRIC, START) - expected).abs().max() < 1e-13
    value = dominant_eigenvalue(6, 200)(size * SYMMETRIC, START)
    assert (value / size - dominant_eigenvalue(6, 200)(SYMMETRIC, START)).abs().max() < 1e-12


def test_power_float32_and_relabelled() -> None:
    network = power_iteration(6, 20)
    single = power_iteration(6, 20, dtype=torch.float32)(SYMMETRIC, START)
    assert (single - network(SYMMETRIC, START)).abs().max() < 1e-4
    order = np.random.default_rng(1).permutation(6)
    moved = network(SYMMETRIC[:, order][:, :, order], START[:, order])
    assert (moved - network(SYMMETRIC, START)[:, order]).abs().max() < 1e-13


def test_one_by_one() -> None:
    assert float(dominant_eigenvalue(1, 1)([[-3.0]], [2.0])) == pytest.approx(-3)
    assert float(power_iteration(1, 1)([[-3.0]], [-2.0])) == -1


# Conjugate gradients


def test_cg_counts() -> None:
    network = conjugate_gradient(5, 3, refinements=2)
    assert network.depth == 3 * 7
    assert network.spec.layout.width == 19
    assert max(len(layer.heads) for layer in network.spec.layers) == 2
    assert conjugate_gradient(5, 3, refinements=0).depth == 3 * 5
    assert len({id(layer) for layer in network.spec.layers}) == 6


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("iterations", [1, 2, 3, 4, 5, 8])
def test_every_iterate_is_the_textbooks(iterations: int, exact: bool) -> None:
    # With 2 refinements the ReLU reciprocal is exact to 1e-15.
    found = conjugate_gradient(5, iterations, condition=101, exact=exact)(POSITIVE, RHS).numpy()
    expected = textbook_cg(POSITIVE, RHS, iterations)
    error = np.abs(found - expected).max(axis=1) / np.abs(expected).max(axis=1)
    assert error.max() < (1e-9 if iterations == 4 else 1e-11)  # 4 of 5: rounding's loss is largest


@pytest.mark.parametrize(("dim", "condition"), [(2, 10.0), (8, 1e3), (8, 1e6)])
def test_it_solves(dim: int, condition: float) -> None:
    matrix, rhs = cg.draw(np.random.default_rng(2), 40, dim, condition)
    network = conjugate_gradient(dim, 4 * dim, condition=1.01 * condition)
    assert energy_error(matrix, network(matrix, rhs).numpy(), rhs).max() < 1e-15 * condition


def test_the_error_is_bounded_in_each_iteration() -> None:
    matrix, rhs = cg.draw(np.random.default_rng(3), 40, 12, 50.0)
    for iterations in (2, 5, 10):
        found = conjugate_gradient(12, iterations, condition=51)(matrix, rhs).numpy()
        assert energy_error(matrix, found, rhs).max() <= cg_error(50.0, iterations) + 1e-13


def test_a_laplacian_system_with_a_grounded_node() -> None:
    grounded = (B @ B.T)[1:, 1:]
    rhs = np.random.default_rng(4).normal(size=9)
    found = conjugate_gradient(9, 12)(grounded, rhs).numpy()
    assert np.abs(found - np.linalg.solve(grounded, rhs)).max() < 1e-12


def test_the_residual_stays_true() -> None:
    """x and r take the same inexact step, so r = b - A x whatever 1/z is worth."""
    network = conjugate_gradient(5, 6, condition=101, knots=24, refinements=0)
    last = network.trace(POSITIVE, RHS)[-1]
    matrix = torch.from_numpy(POSITIVE)
    norm = torch.linalg.matrix_norm(matrix)[:, None, None]
    true = torch.from_numpy(RHS)[:, None] - last["x"] @ matrix
    assert (last["r"] * norm - true).abs().max() < 1e-11


def median_error(**options: int) -> float:
    """Medians: where finite termination hangs on a small eigenvalue, it amplifies any error."""
    network = conjugate_gradient(5, 5, condition=101, **options)
    return float(np.median(energy_error(POSITIVE, network(POSITIVE, RHS).numpy(), RHS)))


def test_refinements_square_the_error() -> None:
    errors = [median_error(knots=24, refinements=refinements) for refinements in range(4)]
    assert errors[0] > 10 * errors[1] > 1e4 * errors[2] > 1e10 * errors[3]
    assert errors[3] < 1e-13


def test_more_knots_do_instead_of_refinements() -> None:
    errors = [median_error(knots=knots, refinements=0) for knots in (64, 256, 1024)]
    # The reciprocal's error falls by 16 each time, and the solution's after d iterations follows.
    assert 4 < errors[0] / errors[1] < 32
    assert 4 < errors[1] / errors[2] < 32


@given(
    st.floats(-5.0, -0.5).map(lambda e: 10**e), st.sampled_from([16, 64, 512]), st.integers(0, 3)
)
def test_the_reciprocals_error(low: float, knots: int, refinements: int) -> None:
    z = torch.from_numpy(np.geomspace(low, 1.0, 5000))
    scale, bias, weight = reciprocal(low, 1.0, knots).relus().T
    y = (z[:, None] * torch.from_numpy(scale) + torch.from_numpy(bias)).relu() @ torch.from_numpy(
        weight
    )
    for _ in range(refinements):
        y = y * (2 - z * y)
    bound = reciprocal_error(low, 1.0, knots, refinements)
    if bound < 0.5:
        assert float((z * y - 1).abs().max()) <= 1.01 * bound


def test_why_not_the_textbooks_divisors() -> None:
    """Over the 24 decades that r . r passes through, a sum of ReLUs has nothing left of 1/z."""
    for decades, worst in ((6, 1e-2), (12, 1e6), (24, 1e26)):
        low = 10.0**-decades
        scale, bias, weight = reciprocal(low, 1.0, 4096).relus().T
        y = np.maximum(np.outer(np.geomspace(low, 1.0, 500), scale) + bias, 0) @ weight
        error = np.abs(y * np.geomspace(low, 1.0, 500) - 1).max()
        assert error < worst if decades == 6 else error > worst


def test_it_stays_where_it_has_converged() -> None:
    found = conjugate_gradient(5, 60, condition=101)(POSITIVE, RHS).numpy()
    assert energy_error(POSITIVE, found, RHS).max() < 1e-13
    # Exact termination: the residual becomes 0 and the direction a row of zeros.
    assert np.array_equal(
        conjugate_gradient(4, 6)(4 * np.eye(4), np.eye(4)[0]), 0.25 * np.eye(4)[0]
    )
    assert (conjugate_gradient(4, 6, exact=True)(np.eye(4), np.ones(4)) - 1).abs().max() < 1e-15
    assert (conjugate_gradient(4, 6)(np.eye(4), np.zeros(4)) == 0).all()


@pytest.mark.parametrize("size", [1e-100, 1e-6, 1e6, 1e100])
def test_any_size_of_right_side_and_matrix(size: float) -> None:
    network = conjugate_gradient(5, 8, condition=101)
    expected = network(POSITIVE, RHS)
    assert ((network(POSITIVE, size * RHS) / size - expected) / expected).abs().max() < 1e-9
    assert ((network(size * POSITIVE, RHS) * size - expected) / expected).abs().max() < 1e-9


def test_cg_float32_dense_and_relabelled() -> None:
    network = conjugate_gradient(5, 6, condition=101)
    full = conjugate_gradient(5, 6, condition=101, dense=True)
    expected = network(POSITIVE, RHS).numpy()
    assert np.abs(full(POSITIVE, RHS).numpy() / expected - 1).max() < 1e-9
    easy, rhs = cg.draw(np.random.default_rng(5), 20, 5, 10.0)
    single = conjugate_gradient(5, 6, condition=11, dtype=torch.float32)
    assert energy_error(easy, single(easy, rhs).double().numpy(), rhs).max() < 1e-5
    order = np.random.default_rng(1).permutation(5)
    moved = network(POSITIVE[:, order][:, :, order], RHS[:, order]).numpy()
    assert np.abs(moved / expected[:, order] - 1).max() < 1e-9
