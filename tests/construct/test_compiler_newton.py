"""Newton's step from its three lines: Lemma 4.1's network, and the forms for many steps."""

import numpy as np
import pytest
import torch

from eigenformer.construct import I, check, compile, interpret, program
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


def transposed_start(a):
    return a.swapaxes(1, 2) / np.linalg.norm(a, 2, axis=(1, 2))[:, None, None] ** 2


def heads(net):
    return max(len(layer.heads) for layer in net.spec.layers)


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


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 12, 30])
def test_t_steps_take_t_plus_1_layers(steps):
    d = 5
    net = network(d, steps)
    assert (net.depth, heads(net), net.spec.layout.width) == (steps + 1, 2, 4 * d)
    a = rng(steps, "kept").standard_normal((200, d, d))
    x = transposed_start(a)
    expected = by_hand(a, x, steps)
    error = np.abs(net(a, x).numpy() - expected).max(axis=(1, 2))
    size = np.abs(expected).max(axis=(1, 2))
    assert (error <= 1e-14 * np.linalg.cond(a) * size).all()


@pytest.mark.parametrize("steps", [1, 2, 9])
def test_symmetric_matrices_take_one_layer_a_step(steps):
    d = 4
    net = network(d, steps, symmetric=("A",))
    assert (net.depth, heads(net), net.spec.layout.width) == (steps, 1, 3 * d)
    a = rng(steps, "symmetric").standard_normal((200, d, d))
    a = a + a.swapaxes(1, 2)
    x = transposed_start(a)
    expected = by_hand(a, x, steps)
    np.testing.assert_allclose(net(a, x).numpy(), expected, atol=1e-11 * np.abs(expected).max())
    with pytest.raises(InputError, match=r"A differs from its transpose by .* without symmetric"):
        net(rng(0).standard_normal((d, d)), np.eye(d))


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


def test_rectangular_matrices_give_the_pseudo_inverse():
    net = compile(newton, {"A": (3, 5), "X": (5, 3)}, repeat=14, feed={"X": "result"})
    assert (net.depth, net.spec.tokens, heads(net)) == (15, 5, 2)
    a = rng(3, "rectangular").standard_normal((100, 3, 5))
    a = a[np.linalg.cond(a) < 10]
    found = net(a, transposed_start(a)).numpy()
    np.testing.assert_allclose(found, np.linalg.pinv(a), atol=1e-12)


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


def test_float32():
    d, steps = 4, 12
    net = network(d, steps, dtype=torch.float32)
    a = np.eye(d) + 0.1 * rng(5, "float32").standard_normal((50, d, d))
    found = net(a, transposed_start(a))
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy() @ a, np.tile(np.eye(d), (50, 1, 1)), atol=2e-5)


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
