"""Newton's iteration for least squares: on A^T A (Theorem 4.2 of Giannou et al.), and on tokens.

The networks of Fu et al. in both kinds of attention, and what their source's text has wrong.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from constructed_examples import difference, started

from eigenformer.construct import Head, Move, Network, Stage
from eigenformer.construct.algorithms.fu_newton import (
    fu_newton,
    fu_newton_reference,
    fu_newton_steps,
    fu_newton_steps_reference,
)
from eigenformer.construct.algorithms.gd_plus_plus import draw_conditioned, lstsq_reference
from eigenformer.construct.algorithms.least_squares import (
    least_squares,
    least_squares_reference,
    newton_steps,
    ridge,
    solve_least_squares,
)
from eigenformer.construct.algorithms.prompts import draw_regression
from eigenformer.construct.algorithms.spectra import ConditionWarning
from eigenformer.core import InputError, rng


@pytest.mark.parametrize("start", ["gram", "identity"])
def test_a_given_eps_is_a_weight(start):
    inputs = draw_regression(rng(1), 100, 12, 4)
    top = np.linalg.norm(inputs[0], 2, axis=(1, 2)).max() ** 2
    eps = 1 / top**2 if start == "gram" else 1 / top
    network = least_squares(4, 12, 6, start=start, eps=eps)
    expected = least_squares_reference(*inputs, steps=6, start=start, eps=eps)
    assert difference(network(*inputs), expected) < 1e-13
    # A per-example scale lies in the input map, and gives another iteration.
    assert difference(least_squares(4, 12, 6, start=start)(*inputs), expected) > 1e-6


def test_the_trace_holds_the_iterates():
    A, y, a_test = draw_regression(rng(3), 4, 9, 3)
    gram = A.swapaxes(1, 2) @ A
    norm = np.linalg.norm(gram, 2, axis=(1, 2))[:, None, None]
    inverse = gram / norm**2
    trace = least_squares(3, 9, 5).trace(A, y, a_test)
    for layer in trace[1:7]:
        # The input map divided A by ||A||_2, so that the state holds ||A^T A||_2 times X.
        assert difference(layer["inverse"][:, :, :3], norm * inverse) < 1e-13
        inverse = inverse @ (2 * np.eye(3) - gram @ inverse)
    assert difference(trace[6]["gram"][:, :, :3], gram / norm) < 1e-14
    assert difference(trace[6]["gram"][:, :, -1], a_test) == 0


# As in derivations.md, section 1d (iv), for n = 50, d = 10: bounds on the worst of 20.
@pytest.mark.parametrize(
    ("condition", "steps", "bound"),
    [(10, 10, 2e-5), (10, 15, 1e-13), (100, 15, 5e-2), (100, 20, 1e-12), (1e4, 30, 1e-4)],
)
def test_convergence_to_least_squares(condition, steps, bound):
    inputs = draw_conditioned(rng(4), 20, 50, 10, condition)
    found = least_squares(10, 50, steps)(*inputs)
    assert difference(found, lstsq_reference(*inputs)) < bound


@pytest.mark.parametrize("condition", [10.0, 100.0, 1e4])
def test_default_steps_converge_and_the_identity_start_halves_them(condition):
    inputs = draw_conditioned(rng(5), 20, 30, 6, condition)
    expected = lstsq_reference(*inputs)
    gram = least_squares(6, 30, condition=condition)
    identity = least_squares(6, 30, condition=condition, start="identity")
    for network in (gram, identity):
        assert difference(network(*inputs), expected) < 1e-13 * condition
    assert gram.depth == newton_steps(condition) + 3
    assert gram.depth - identity.depth == pytest.approx(np.log2(condition), abs=1)


@pytest.mark.parametrize("mu", [0.1, 3.0])
def test_ridge(mu):
    A, y, a_test = draw_regression(rng(6), 100, 12, 4)
    gram = A.swapaxes(1, 2) @ A
    w = np.linalg.solve(gram + mu * np.eye(4), A.swapaxes(1, 2) @ y[:, :, None])[:, :, 0]
    network = ridge(4, 12, mu, condition=1000.0)
    assert difference(network(A, y, a_test), (w * a_test).sum(1)) < 1e-12
    assert difference(solve_least_squares(4, 12, 15, mu=mu)(A, y), w) < 1e-12
    eps = 1 / (np.linalg.norm(gram, 2, axis=(1, 2)).max() + mu) ** 2
    network = ridge(4, 12, mu, 3, start="gram", eps=eps)
    expected = least_squares_reference(A, y, a_test, steps=3, eps=eps, mu=mu)
    assert difference(network(A, y, a_test), expected) < 1e-13


@pytest.mark.parametrize("start", ["gram", "identity"])
def test_the_solution_itself(start):
    A, y, _ = draw_conditioned(rng(7), 50, 20, 5, 50.0)
    network = solve_least_squares(5, 20, start=start, condition=50.0)
    expected = np.stack([np.linalg.lstsq(a, b, rcond=None)[0] for a, b in zip(A, y, strict=True)])
    assert difference(network(A, y), expected) < 1e-12
    assert network.depth == newton_steps(50.0, start) + 2
    assert network(A[0], y[0]).shape == (5,)


def test_fewer_rows_than_columns_give_the_least_norm():
    A, y, a_test = draw_regression(rng(9), 20, 3, 5)
    with pytest.warns(ConditionWarning, match="singular to working precision in example"):
        found = least_squares(5, 20, 14)(A, y, a_test)
    w = np.linalg.pinv(A) @ y[:, :, None]
    close = np.linalg.cond(A) ** 2 < 30
    assert close.sum() > 5
    assert difference(found, (w[:, :, 0] * a_test).sum(1))[()] >= 0
    assert difference(found[close], (w[:, :, 0] * a_test).sum(1)[close]) < 1e-10


def test_divergence_is_said_before_it_happens():
    A, y, a_test = draw_regression(rng(11), 3, 10, 3)
    top = np.linalg.norm(A, 2, axis=(1, 2)) ** 2
    beyond = 2.01 / top[1] ** 2
    if beyond >= 2 / top[0] ** 2:
        A[0] /= 10
    with pytest.raises(InputError, match=r"at or beyond 2 / lambda_max\(A\^T A\)\^2 = .*example 1"):
        least_squares(3, 10, 60, eps=beyond)(A, y, a_test)
    watched = least_squares(3, 10, 60, eps=beyond, guard=False)(A[1], y[1], a_test[1])
    assert not torch.isfinite(watched) or abs(watched) > 1e6
    below = least_squares(3, 10, 60, eps=1.99 / top[1] ** 2)(A[1], y[1], a_test[1])
    assert abs(below - lstsq_reference(A[1:2], y[1:2], a_test[1:2])[0]) < 1e-12
    with pytest.raises(InputError, match=r"at or beyond 2 / lambda_max\(A\^T A \+ mu I\) = "):
        ridge(3, 10, 1.0, eps=2 / (top[1] + 1))(A[1], y[1], a_test[1])


def test_zero_data_predict_zero():
    with pytest.warns(ConditionWarning, match="singular"):
        assert least_squares(2, 4, 3)(np.zeros((4, 2)), np.ones(4), np.ones(2)) == 0


SCORES = ("relu", "linear")


def relative(found, expected):
    size = np.abs(expected).max(axis=(1, 2))
    return (np.abs(np.asarray(found) - expected).max(axis=(1, 2)) / size).max()


def tokens_and_start(case, batch, tokens, dim):
    return started(rng(0, "fu", case).normal(size=(batch, tokens, dim)))


@pytest.mark.parametrize("scores", SCORES)
@pytest.mark.parametrize("steps", [2, 5])
def test_many_steps(scores, steps):
    x, start = tokens_and_start(1, 50, 20, 5)
    network = fu_newton_steps(5, 20, steps, scores=scores)
    expected = fu_newton_steps_reference(x, start, steps=steps)
    assert relative(network(x, start), expected) < 1e-16 * 2 ** (steps + 5)
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


def test_a_start_beyond_the_limit_can_be_had():
    x, start = tokens_and_start(5, 3, 9, 3)
    fu_newton_steps(3, 9, 2, guard=False)(x, 2.5 * start)
