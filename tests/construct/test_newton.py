"""Newton's iteration, its higher orders and the pseudo-inverse: starts, counts, what is refused."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eigenformer.construct import (
    check,
    newton_inverse,
    newton_order,
    pseudo_inverse,
)
from eigenformer.construct.algorithms.newton import (
    conditioned,
    expected_residual,
    iterate,
    outlook,
    transposed_start,
)
from eigenformer.core import InputError, rng


def heads(net):
    return max(len(layer.heads) for layer in net.spec.layers)


@pytest.mark.parametrize("dim", [2, 5, 8])
def test_the_inverse_of_lapack(dim):
    net = newton_inverse(dim, 25)
    assert (net.depth, heads(net), net.spec.layout.width) == (26, 2, 4 * dim)
    a = rng(dim, "inverse").standard_normal((300, dim, dim))
    a = a[np.linalg.cond(a) < 100]
    residual = np.linalg.norm(np.eye(dim) - a @ net(a).numpy(), 2, axis=(1, 2))
    assert (residual <= 100 * expected_residual(np.linalg.cond(a))).all()
    one = net(a[0]).numpy()
    np.testing.assert_allclose(one, np.linalg.inv(a[0]), rtol=1e-9, atol=1e-9)


def test_symmetric():
    dim, steps = 5, 20
    net = newton_inverse(dim, steps, symmetric=True)
    assert (net.depth, heads(net), net.spec.layout.width) == (steps, 1, 3 * dim)
    a = conditioned(rng(1), 200, (dim, dim), symmetric=True)
    np.testing.assert_allclose(net(a).numpy(), np.linalg.inv(a), atol=1e-13)
    with pytest.raises(InputError, match="A differs from its transpose"):
        net(a + np.arange(dim))


@pytest.mark.parametrize("order", [2, 3, 4, 5])
@pytest.mark.parametrize("steps", [1, 3])
def test_orders(order, steps):
    dim = 4
    net = newton_order(dim, order, steps)
    assert net.depth == (order - 1) * steps + 1
    assert (heads(net), net.spec.layout.width <= 4 * dim) == (2, True)
    a = conditioned(rng(order), 200, (dim, dim))
    x = transposed_start(a)
    found = net(a, x).numpy()
    np.testing.assert_allclose(found, iterate(a, x, steps, order), atol=1e-14)
    np.testing.assert_allclose(net(a).numpy(), found, atol=1e-14)
    # I - A X_t = (I - A X_0)^(n^t)
    residual = np.linalg.matrix_power(np.eye(dim) - a @ x, order**steps)
    np.testing.assert_allclose(np.eye(dim) - a @ found, residual, atol=1e-13)
    assert check(net, n=100).passed


def test_order_4_is_order_2_twice():
    a = conditioned(rng(2), 100, (4, 4))
    twice, four = newton_inverse(4, 6), newton_order(4, 4, 3)
    torch.testing.assert_close(twice(a), four(a), rtol=0, atol=1e-14)


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (1, 4)])
def test_pseudo_inverse(shape):
    net = pseudo_inverse(*shape, steps=20)
    rows, columns = shape
    assert (net.depth, heads(net)) == (21, 2)
    assert net.spec.layout.width == rows + 2 * columns + max(shape)
    a = conditioned(rng(3), 100, shape)
    np.testing.assert_allclose(net(a).numpy(), np.linalg.pinv(a), atol=1e-13)


def test_pseudo_inverse_of_lower_rank():
    a = conditioned(rng(4), 100, (5, 2)) @ conditioned(rng(5), 100, (2, 4))
    found = pseudo_inverse(5, 4, steps=14)(a).numpy()
    np.testing.assert_allclose(found, np.linalg.pinv(a), atol=1e-8)


@settings(max_examples=30)
@given(st.floats(0.05, 1.9), st.integers(0, 10**6))
def test_alpha_below_the_limit_converges(share, seed):
    a = conditioned(rng(seed), 1, (3, 3))[0]
    alpha = share / np.linalg.norm(a, 2) ** 2
    found = newton_inverse(3, 14, alpha=alpha)(a).numpy()
    np.testing.assert_allclose(found, np.linalg.inv(a), atol=1e-10)


@pytest.mark.parametrize("share", [2.0000001, 2.01, 3.0])
def test_alpha_beyond_the_limit_is_refused_and_diverges(share):
    a = conditioned(rng(6), 4, (3, 3))
    alpha = share / (np.linalg.norm(a, 2, axis=(1, 2)) ** 2).max()
    with pytest.raises(InputError, match=r"alpha is .*, at or beyond 2 / lambda_max\(A\^T A\) = "):
        newton_inverse(3, 30, alpha=alpha)(a)
    found = newton_inverse(3, 60, alpha=alpha, guard=False)(a).numpy()
    largest = np.linalg.norm(a, 2, axis=(1, 2)).argmax()
    assert not (np.abs(found[largest]) < 1e6).all()


@pytest.mark.parametrize(
    ("condition", "dtype"),
    [
        (10.0, torch.float64),
        (1e3, torch.float64),
        (1e6, torch.float64),
        (10.0, torch.float32),
        (1e3, torch.float32),
    ],
)
def test_ill_conditioned_input_ends_where_rounding_allows(condition, dtype):
    left, right = (np.linalg.qr(m)[0] for m in rng(8).standard_normal((2, 4, 4)))
    a = left @ np.diag(np.geomspace(1.0, 1 / condition, 4)) @ right
    steps = int(2 * np.log2(condition)) + 10
    found = newton_inverse(4, steps, dtype=dtype)(a).double().numpy()
    residual = np.linalg.norm(np.eye(4) - a @ found, 2)
    # a itself is rounded in float32, which costs eps * condition more.
    slack = 100 if dtype == torch.float64 else 1000
    assert residual <= slack * expected_residual(condition, dtype)
    assert f"the condition number of A is {condition:.3g}: about" in outlook(a)


def test_outlook_of_a_singular_matrix():
    assert "singular to working precision" in outlook(np.ones((3, 3)))


def test_the_summary_says_where_the_start_comes_from():
    text = str(newton_inverse(5, 12).summary())
    assert "A^T / ||A||_2^2: no layer" in text
    assert "theorem" in text


@pytest.mark.parametrize(
    "net",
    [
        newton_inverse(3, 8),
        newton_inverse(3, 8, symmetric=True),
        newton_order(3, 3, 4),
        pseudo_inverse(3, 4, 8),
        newton_inverse(3, 4, dense=True),
    ],
    ids=lambda net: net.spec.name,
)
def test_check_draws_what_converges(net):
    found = check(net, n=50)
    assert found.passed and found.skipped == 0
