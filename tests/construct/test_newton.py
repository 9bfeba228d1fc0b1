"""Newton's step from its three lines, its networks for many steps, higher orders, other shapes."""

import numpy as np
import pytest
import torch
from constructed_examples import heads
from hypothesis import given, settings
from hypothesis import strategies as st

from eigenformer.construct import (
    I,
    check,
    compile,
    interpret,
    newton_inverse,
    newton_order,
    program,
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


@program
def newton(A, X):
    return X @ (2 * I - A @ X)


def network(d, steps=1, **options):
    shapes = {"A": (d, d), "X": (d, d)}
    return compile(newton, shapes, repeat=steps, feed={"X": "result"}, **options)


def by_hand(a, x, steps=1):
    for _ in range(steps):
        x = x @ (2 * np.eye(a.shape[-1]) - a @ x)
    return x


@pytest.mark.parametrize("d", range(2, 9))
def test_lemma_4_1(d):
    net = network(d)
    assert (net.depth, heads(net), net.spec.layout.width) == (2, 2, 4 * d)
    draw = rng(d, "lemma").standard_normal
    a, x = draw((1000, d, d)), draw((1000, d, d))
    np.testing.assert_allclose(net(a, x).numpy(), by_hand(a, x), rtol=0, atol=1e-12)
    before, *_, after = net.trace(a, x)
    for name in net.spec.layout.names:
        if name != "X":  # A, the scratch rows (zero) and the identity are what they were
            assert torch.equal(before[name], after[name]), name


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("steps", [1, 2, 3, 5, 12, 30])
def test_t_steps_take_t_plus_1_layers_or_t_if_symmetric(steps, symmetric):
    d = 5
    net = network(d, steps, symmetric=("A",) * symmetric)
    counts = (steps, 1, 3 * d) if symmetric else (steps + 1, 2, 4 * d)
    assert (net.depth, heads(net), net.spec.layout.width) == counts
    a = rng(steps, "kept").standard_normal((200, d, d))
    a = a + symmetric * a.swapaxes(1, 2)
    x = transposed_start(a)
    expected = by_hand(a, x, steps)
    error = np.abs(net(a, x).numpy() - expected).max(axis=(1, 2))
    size = np.abs(expected).max(axis=(1, 2))
    assert (error <= 1e-14 * np.linalg.cond(a) * size).all()


def test_what_is_not_symmetric_is_refused():
    with pytest.raises(InputError, match=r"A differs from its transpose by .* without symmetric"):
        network(4, symmetric=("A",))(rng(0).standard_normal((4, 4)), np.eye(4))


def test_steps_at_once_equal_steps_one_by_one():
    d, steps = 4, 6
    a = rng(1, "looped").standard_normal((100, d, d))
    x = transposed_start(a)
    expected = network(d, steps)(a, x)
    for _ in range(steps):  # 2 layers each: the state after one is the input of the next
        x = network(d)(a, x)
    torch.testing.assert_close(x, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("options", [{}, {"symmetric": ("A",)}, {"dense": True}])
def test_a_network_can_be_looped_on_its_own_state(options):
    d, net = 3, network(3, 2, **options)
    a = rng(2, "looped").standard_normal((50, d, d))
    a = a + a.swapaxes(1, 2)
    x = transposed_start(a)
    state, _ = net.start(a, x)
    for _ in range(4):
        *_, state = net.states(state)
    expected = by_hand(a, x, 8)
    np.testing.assert_allclose(net.read(state).numpy(), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dense", [False, True])
def test_check_compares_every_layer(dense):
    found = check(network(4, 3, dense=dense), n=200)
    assert found.passed and found.examples == 200
    assert [error.layer for error in found.layers] == [0, 1, 2, 3, 4]
    assert found.residue == 0.0
    assert "newton: equal on 200 examples" in str(found)


def test_check_notices_a_wrong_weight():
    net = network(3, 2)
    identity = net.get_buffer("constant_I")
    identity[0, 1] = 1e-3
    found = check(net, n=10)
    assert not found.passed
    assert "NOT EQUAL" in str(found)


def test_interpreter():
    draw = rng(4, "interpreter").standard_normal
    a, x = draw((4, 4)), draw((4, 4))
    found = interpret(newton, {"A": a, "X": x}, repeat=3, feed={"X": "result"})
    np.testing.assert_allclose(found, by_hand(a, x, 3), rtol=1e-12)
    assert interpret(newton, {"A": a[None], "X": x[None]}).shape == (1, 4, 4)


def test_repetitions_share_their_layers():
    thirty, sixty = network(10, 30), network(10, 60)
    assert thirty.spec.layers[1] is thirty.spec.layers[29]
    assert len(set(map(id, sixty.spec.layers))) == 3
    assert [(len(stage.layers), stage.repeat) for stage in sixty.spec.stages] == [
        (1, 1),
        (1, 59),
        (1, 1),
    ]
    assert network(10, 30, symmetric=("A",)).spec.stages[0].repeat == 30


def test_the_inverse_of_a_symmetric_matrix():
    a = conditioned(rng(1), 200, (5, 5), symmetric=True)
    found = newton_inverse(5, 20, symmetric=True)(a).numpy()
    np.testing.assert_allclose(found, np.linalg.inv(a), atol=1e-13)


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
    assert (net.depth, heads(net), net.spec.tokens) == (21, 2, max(shape))
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
