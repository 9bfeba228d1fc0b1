"""Theorem 4.2: T Newton steps and a prediction in T + 3 layers, and what may go wrong with it."""

import numpy as np
import pytest
import torch
from constructed_checks import difference

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


def test_counts_and_a_thousand_problems():
    numbers = rng(0, "least squares")
    worst = 0.0
    for case in range(50):
        n, d, steps = numbers.integers(8, 30), numbers.integers(2, 8), numbers.integers(1, 9)
        n, d, steps = int(n), int(d), int(steps)
        network = least_squares(d, n, steps)
        assert network.depth == steps + 3
        assert network.spec.layout.width == 4 * d + 3
        assert network.spec.tokens == n + 1
        assert max(len(layer.heads) for layer in network.spec.layers) == 2
        inputs = draw_regression(rng(0, "problems", case), 20, n, d)
        expected = least_squares_reference(*inputs, steps=steps)
        worst = max(worst, difference(network(*inputs), expected))
    assert worst < 1e-12


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


def test_the_test_token_changes_no_step():
    A, y, a_test = draw_regression(rng(2), 5, 9, 3)
    network = least_squares(3, 9, 4)
    one, other = network.trace(A, y, a_test), network.trace(A, y, 100 * a_test)
    for before, after in zip(one, other, strict=True):
        assert torch.equal(before["inverse"], after["inverse"])
        assert torch.equal(before["inverse"][:, :, -1], torch.zeros(5, 3, dtype=torch.float64))
        assert torch.equal(before["data"], one[0]["data"])
        assert torch.equal(before["identity"], one[0]["identity"])


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
    assert network.depth == 6
    assert network.spec.layout.width == 19
    assert max(len(layer.heads) for layer in network.spec.layers) == 2


@pytest.mark.parametrize("start", ["gram", "identity"])
def test_the_solution_itself(start):
    A, y, _ = draw_conditioned(rng(7), 50, 20, 5, 50.0)
    network = solve_least_squares(5, 20, start=start, condition=50.0)
    expected = np.stack([np.linalg.lstsq(a, b, rcond=None)[0] for a, b in zip(A, y, strict=True)])
    assert difference(network(A, y), expected) < 1e-12
    assert network.depth == newton_steps(50.0, start) + 2
    assert network.spec.layout.width == 22
    assert network(A[0], y[0]).shape == (5,)


def test_fewer_rows_than_compiled_for():
    A, y, a_test = draw_regression(rng(8), 20, 9, 4)
    long, exact = least_squares(4, 16, 5), least_squares(4, 9, 5)
    assert difference(long(A, y, a_test), exact(A, y, a_test).numpy()) < 1e-14


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


def test_ill_conditioned_data_say_what_is_possible():
    A, y, a_test = draw_conditioned(rng(12), 3, 20, 4, 1e10)
    with pytest.warns(ConditionWarning, match=r"A\^T A is 1\.0e\+10.*relative 2e-06 at best"):
        least_squares(4, 20, 5)(A, y, a_test)
    least_squares(4, 20, 5, guard=False)(A, y, a_test)
    with pytest.warns(ConditionWarning, match="relative 1e-03 at best; use float64"):
        least_squares(4, 20, 5, dtype=torch.float32)(*draw_conditioned(rng(13), 2, 20, 4, 1e4))


def test_zero_data_predict_zero():
    with pytest.warns(ConditionWarning, match="singular"):
        assert least_squares(2, 4, 3)(np.zeros((4, 2)), np.ones(4), np.ones(2)) == 0
