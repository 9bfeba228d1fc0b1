"""Refinement of eigenvectors and singular vectors: quadratic, bounded, clusters left together."""

import numpy as np
import pytest
import torch

from eigenformer.construct import check, compile, diagonal, hadamard, ones, program
from eigenformer.construct.algorithms.refinement import (
    draw_eigenvectors,
    draw_svd,
    eigen_refinement,
    perturbed,
    reciprocal,
    refine_svd,
    svd_refinement,
)
from eigenformer.core import InputError, rng


@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (5, 2), (4, 4)])
@pytest.mark.parametrize("dense", [False, True])
def test_entrywise_products_diagonals_and_ones(shape, dense):
    @program
    def every(A, B):
        left = hadamard(2 * A + B, B - 3 * A)
        return left - 2 * hadamard(A.T, diagonal(A.T)).T + ones(A) + diagonal(B)

    network = compile(every, {"A": shape, "B": shape}, repeat=2, feed={"A": "result"}, dense=dense)
    assert check(network, 50).passed
    a, b = rng(0).standard_normal((2, *shape))
    for _ in range(2):
        on = np.eye(*shape)
        a = (2 * a + b) * (b - 3 * a) - 2 * a * a * on + 1 + b * on
    found = compile(every, {"A": shape, "B": shape}, repeat=2, feed={"A": "result"})(
        *rng(0).standard_normal((2, *shape))
    )
    np.testing.assert_allclose(found, a, rtol=1e-12, atol=1e-12)


def test_entrywise_products_lose_no_digit():
    # Neither beside huge entries nor beside tiny ones, as squares of sums would.
    a, b = 10.0 ** rng(1).uniform(-15, 15, (2, 300, 3, 4))
    network = compile(lambda A, B: hadamard(A, B), {"A": (3, 4), "B": (3, 4)})
    np.testing.assert_array_equal(network(a, b), a * b)


def residual(a, x):
    """What is left off the diagonal, or of orthonormality, whichever is larger."""
    eye = np.eye(x.shape[2])
    off = np.abs((x.swapaxes(1, 2) @ a @ x) * (1 - eye)).max(axis=(1, 2))
    return np.maximum(off, np.abs(x.swapaxes(1, 2) @ x - eye).max(axis=(1, 2)))


@pytest.mark.parametrize("dim", [1, 2, 5, 10])
def test_seven_steps_from_columns_that_are_ten_percent_off(dim):
    a, x = draw_eigenvectors(rng(2), 200, dim)
    network = eigen_refinement(dim)
    for _ in range(7):
        x = network(a, x).numpy()
    assert (residual(a, x) < 1e-12).mean() >= 0.98


@pytest.mark.parametrize("dim", [2, 5])
def test_reciprocals_that_are_five_percent_off_reach_rounding_level(dim):
    a, x = draw_eigenvectors(rng(3), 100, dim)
    network = eigen_refinement(dim, error=0.05)
    for _ in range(12):
        x = network(a, x).numpy()
    assert residual(a, x).max() < 1e-14


def test_the_stated_bound_of_the_relu_reciprocal():
    phi = reciprocal(2.0**-12, 0.05)
    z = torch.from_numpy(np.concatenate([np.geomspace(1.0, 2.0**14, 100_001), [0.3, 0.0]]))
    exact = torch.where(z >= 1, 1 / z.clamp(min=1), 0.0)
    relative = (phi.evaluate(z) - exact) / exact.clamp(min=1e-9)
    assert float(relative.min()) > -1e-12
    assert 0.049 < float(relative.max()) <= 0.05 + 1e-12


def test_a_cluster_keeps_its_subspace_and_nothing_grows():
    # Three eigenvalues at 0: any basis of their eigenspace is right, and one is found.
    draw = rng(4)
    q = np.linalg.qr(draw.standard_normal((100, 6, 6)))[0]
    values = np.array([0.0, 0.0, 0.0, 0.3, -0.2, 0.6])
    a = (q * values) @ q.swapaxes(1, 2)
    a = (a + a.swapaxes(1, 2)) / 2
    x = perturbed(draw, q, 0.1)
    for _ in range(8):
        x = eigen_refinement(6)(a, x).numpy()
    assert residual(a, x).max() < 1e-14
    # From anywhere a step stays bounded: || F ||_F is at most 2^(1/2).
    far = np.linalg.qr(draw.standard_normal((100, 6, 6)))[0]
    assert np.linalg.norm(eigen_refinement(6)(a, far), 2, axis=(1, 2)).max() < 3.5


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (7, 3), (2, 6), (1, 4)])
def test_singular_vectors(shape):
    a, u, v = draw_svd(rng(5), 100, shape)
    network = svd_refinement(*shape)
    (m, n), k = shape, min(shape)
    for _ in range(7):
        expected = refine_svd(a, u, v)
        state = list(network.states(network.start(a, u, v)[0]))[-1]
        u = state[:, network.spec.layout["U"].slice][:, :m, :k].numpy()
        v = state[:, network.spec.layout["V"].slice][:, :n, :k].numpy()
        np.testing.assert_allclose(u, expected[0], atol=1e-11)
        np.testing.assert_allclose(v, expected[1], atol=1e-11)
    s = np.einsum("bik,bij,bjk->bk", u, a, v)
    np.testing.assert_allclose((u * s[:, None]) @ v.swapaxes(1, 2), a, atol=1e-12)
    np.testing.assert_allclose(u.swapaxes(1, 2) @ u, np.eye(k) + 0 * a[:, :1, :1], atol=1e-12)


@pytest.mark.parametrize("scale", [2.0**-700, 2.0**700])
def test_any_scale(scale):
    a, x = draw_eigenvectors(rng(6), 20, 4)
    network = eigen_refinement(4)
    np.testing.assert_allclose(network(a * scale, x), network(a, x), rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dim": 0}, "dim is 0"),
        ({"dim": 3, "steps": 0}, "steps is 0"),
        ({"dim": 3, "floor": 2.0}, "floor is 2.0; it must be between 0 and 1"),
        ({"dim": 3, "error": -1.0}, "error is -1.0"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        eigen_refinement(**arguments)
    with pytest.raises(InputError, match="compiled for a symmetric A"):
        eigen_refinement(2)([[1.0, 2.0], [3.0, 4.0]], np.eye(2))
