"""Fu et al.'s Newton step on tokens [Mx; x], in both kinds of attention; the source's errata."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from constructed_checks import difference

from eigenformer.construct import Head, Move, Network, Stage
from eigenformer.construct.algorithms.fu_newton import (
    fu_newton,
    fu_newton_reference,
    fu_newton_steps,
    fu_newton_steps_reference,
)
from eigenformer.construct.algorithms.gd_plus_plus import draw_conditioned, lstsq_reference
from eigenformer.construct.algorithms.prompts import draw_regression
from eigenformer.construct.algorithms.spectra import ConditionWarning
from eigenformer.core import InputError, rng

SCORES = ("relu", "linear")


def relative(found, expected):
    size = np.abs(expected).max(axis=(1, 2))
    return (np.abs(np.asarray(found) - expected).max(axis=(1, 2)) / size).max()


def tokens_and_start(case, batch, tokens, dim, power=1):
    x = rng(0, "fu", case).normal(size=(batch, tokens, dim))
    gram = x.swapaxes(1, 2) @ x
    norm = np.linalg.norm(gram, 2, axis=(1, 2))[:, None, None]
    return x, gram / norm**2 if power else np.eye(dim) / norm


@pytest.mark.parametrize("scores", SCORES)
def test_one_layer_is_one_step(scores):
    worst = 0.0
    for case in range(30):
        dim, tokens = 2 + case % 6, 8 + case % 20
        x, start = tokens_and_start(case, 10, tokens, dim)
        network = fu_newton_steps(dim, tokens, 1, scores=scores)
        assert network.depth == 1
        assert network.spec.layout.width == 2 * dim
        assert len(network.spec.layers[0].heads) == (2 if scores == "relu" else 1)
        assert network.spec.layers[0].hidden == 2 * dim
        expected = fu_newton_steps_reference(x, start, steps=1)
        worst = max(worst, relative(network(x, start), expected))
    assert worst < 4e-15


@pytest.mark.parametrize("scores", SCORES)
@pytest.mark.parametrize("steps", [2, 5])
def test_many_steps_share_one_layer(scores, steps):
    x, start = tokens_and_start(1, 50, 20, 5)
    network = fu_newton_steps(5, 20, steps, scores=scores)
    expected = fu_newton_steps_reference(x, start, steps=steps)
    assert relative(network(x, start), expected) < 1e-16 * 2 ** (steps + 5)
    assert network.depth == steps
    assert len({id(layer) for layer in network.spec.layers}) == 1
    trace = network.trace(x, start)
    assert torch.equal(trace[-1]["x"], trace[0]["x"])


def test_erratum_equal_values_give_the_absolute_value():
    x, start = tokens_and_start(2, 50, 20, 5)
    network = fu_newton_steps(5, 20, 1, scores="relu")
    (layer,) = network.spec.layers
    rows = network.spec.layout["Mx"]
    printed = tuple(
        Head(value=(Move(rows, rows, 1.0),), key=head.key, query=head.query) for head in layer.heads
    )
    stage = Stage(layers=(replace(layer, heads=printed),))
    wrong = Network(replace(network.spec, stages=(stage,)))
    expected = fu_newton_steps_reference(x, start, steps=1)
    assert relative(wrong(x, start), expected) > 0.1
    # What the printed form computes: relu(z) + relu(-z) = |z|.
    z = x @ start
    absolute = 2 * z + np.abs(x @ z.swapaxes(1, 2)) @ z
    assert relative(wrong(x, start), absolute) < 1e-14


def test_erratum_expansions_of_the_first_steps():
    x, _ = tokens_and_start(3, 20, 20, 4)
    s = x.swapaxes(1, 2) @ x
    alpha = 1 / np.linalg.norm(s, 2, axis=(1, 2))[:, None, None] ** 2
    power = {k: np.linalg.matrix_power(s, k) for k in (1, 3, 5, 7)}
    one = 2 * alpha * s - alpha**2 * power[3]
    two = 4 * alpha * s - 6 * alpha**2 * power[3] + 4 * alpha**3 * power[5] - alpha**4 * power[7]
    printed_one = 2 * alpha * s - 4 * alpha**2 * power[3]
    printed_two = (
        4 * alpha * s
        - 12 * alpha**2 * power[3]
        + 16 * alpha**3 * power[5]
        - 16 * alpha**4 * power[7]
    )
    for steps, right, printed in ((1, one, printed_one), (2, two, printed_two)):
        found = fu_newton_steps(4, 20, steps, scores="linear")(x, alpha * s).numpy()
        assert relative(found, x @ right) < 1e-14
        assert relative(found, x @ printed) > 0.1


def test_the_text_s_alpha_is_on_the_boundary():
    x, y, query = draw_conditioned(rng(4), 1, 20, 4, 10.0)
    norm = np.linalg.norm(x[0].T @ x[0], 2)
    with pytest.raises(InputError, match=r"at or beyond 2 / \|\|S\|\|_2\^2"):
        fu_newton(4, 20, 10, alpha=2.0000001 / norm**2)(x, y, query)
    # Its residual at the largest eigenvalue is -1, then 1 for ever: M stays 0 there.
    stuck = fu_newton_reference(x, y, query, steps=30, alpha=2 / norm**2)
    assert difference(stuck, lstsq_reference(x, y, query)) > 1e-3
    below = fu_newton(4, 20, 16, alpha=1.9 / norm**2)(x, y, query)
    assert difference(below, lstsq_reference(x, y, query)) < 1e-10


@pytest.mark.parametrize("scores", SCORES)
@pytest.mark.parametrize("start", ["gram", "identity"])
def test_from_tokens_to_a_prediction(scores, start):
    inputs = draw_regression(rng(5), 100, 16, 4)
    for steps in (1, 4, 8):
        network = fu_newton(4, 16, steps, scores=scores, start=start)
        assert network.depth == steps + 2  # the theorem: k + 8
        assert network.spec.layout.width == 9
        expected = fu_newton_reference(*inputs, steps=steps, start=start)
        assert difference(network(*inputs), expected) < 1e-13 * 2**steps / 10
    top = np.linalg.norm(inputs[0], 2, axis=(1, 2)).max() ** 2
    alpha = 1 / top**2 if start == "gram" else 1 / top
    network = fu_newton(4, 16, 5, scores=scores, start=start, alpha=alpha)
    expected = fu_newton_reference(*inputs, steps=5, start=start, alpha=alpha)
    assert difference(network(*inputs), expected) < 1e-13


@pytest.mark.parametrize("condition", [10.0, 100.0])
@pytest.mark.parametrize("start", ["gram", "identity"])
def test_convergence_with_the_default_steps(condition, start):
    inputs = draw_conditioned(rng(6), 50, 30, 5, condition)
    network = fu_newton(5, 30, condition=condition, start=start)
    # Rounding doubles each step: 2^k epsilon is the floor, which a small k keeps low.
    floor = 2.0**network.depth * 2e-16
    assert difference(network(*inputs), lstsq_reference(*inputs)) < floor + 1e-12


def test_the_query_is_no_key():
    x, y, query = draw_regression(rng(7), 10, 12, 3)
    network = fu_newton(3, 12, 4)
    one, other = network.trace(x, y, query), network.trace(x, y, 50 * query)
    for before, after in zip(one, other, strict=True):
        assert torch.equal(before["Mx"][:, :, :12], after["Mx"][:, :, :12])


@pytest.mark.parametrize("scores", SCORES)
def test_fewer_tokens(scores):
    inputs = draw_regression(rng(8), 20, 9, 3)
    found = fu_newton(3, 15, 6, scores=scores)(*inputs)
    assert difference(found, fu_newton(3, 9, 6, scores=scores)(*inputs).numpy()) < 1e-12


@pytest.mark.parametrize("scores", SCORES)
def test_dense_equals_sparse(scores):
    x, start = tokens_and_start(4, 20, 9, 3)
    sparse, full = (fu_newton_steps(3, 9, 3, scores=scores, dense=dense) for dense in (False, True))
    assert relative(full(x, start), sparse(x, start).numpy()) < 1e-14


def test_a_start_beyond_the_limit_can_be_had():
    x, start = tokens_and_start(5, 3, 9, 3)
    fu_newton_steps(3, 9, 2, guard=False)(x, 2.5 * start)


def test_ill_conditioned_tokens_are_warned_of():
    x, y, query = (v[0] for v in draw_regression(rng(10), 1, 6, 3))
    with pytest.warns(ConditionWarning, match="singular"):
        fu_newton(3, 6, 2)(x[:2], y[:2], query)
    with pytest.warns(ConditionWarning, match=r"S = X\^T X is 1\.0e\+09"):
        fu_newton(3, 6, 2)(*draw_conditioned(rng(11), 2, 6, 3, 1e9))
