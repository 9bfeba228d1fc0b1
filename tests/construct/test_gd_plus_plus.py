"""GD++ with any rates, and the schedules that make it solve least squares quadratically fast."""

import math

import numpy as np
import pytest
import torch
from constructed_checks import difference

from eigenformer.construct.algorithms.gd_plus_plus import (
    draw_conditioned,
    gd_plus_plus,
    gd_plus_plus_reference,
    lstsq_reference,
    newton_schulz_descent,
    whitening_rates,
)
from eigenformer.construct.algorithms.preconditioned import preconditioned_gradient_descent
from eigenformer.construct.algorithms.prompts import draw_regression
from eigenformer.construct.algorithms.spectra import ConditionWarning
from eigenformer.core import InputError, rng


def test_the_recursion_for_any_rates():
    numbers = rng(0, "gd++")
    worst = 0.0
    for case in range(30):
        dim, tokens = int(numbers.integers(1, 7)), int(numbers.integers(5, 25))
        rates = [(a, b) for a, b in numbers.uniform(-0.3, 0.6, size=(5, 2)).tolist()]
        network = gd_plus_plus(dim, tokens, rates)
        assert network.depth == 5
        assert network.spec.layout.width == dim + 1
        assert all(len(layer.heads) == 1 for layer in network.spec.layers)
        inputs = draw_regression(rng(0, "recursion", case), 20, tokens, dim)
        expected = gd_plus_plus_reference(*inputs, rates=rates)
        scale = 1 + np.abs(expected)
        worst = max(worst, (np.abs(network(*inputs).numpy() - expected) / scale).max())
    assert worst < 1e-12


def test_the_data_are_transformed():
    x, y, query = draw_regression(rng(1), 10, 8, 3)
    trace = gd_plus_plus(3, 8, [(0.4, 0.5)]).trace(x, y, query)
    sigma = x.swapaxes(1, 2) @ x / 8
    for column, before in ((slice(0, 8), x.swapaxes(1, 2)), (slice(8, 9), query[:, :, None])):
        after = before - 0.4 * 0.5 * sigma @ before
        assert difference(trace[1]["x"][:, :, column], after) < 1e-14


def test_without_b_it_is_gradient_descent():
    inputs = draw_regression(rng(2), 10, 8, 3)
    found = gd_plus_plus(3, 8, [(0.2, 0.0), (0.5, 0.0)])(*inputs)
    other = preconditioned_gradient_descent(3, 8, [0.2 * np.eye(3), 0.5 * np.eye(3)])(*inputs)
    assert difference(found, other.numpy()) < 1e-14


def predicted_error(rates, condition):
    """1 - t for the eigenvalues at the end, worst over a fine grid of them: what theory says."""
    t = np.geomspace(1 / condition, 1, 20001)
    for a, b in rates[:-1]:
        assert b == 1
        t = t * (1 - a * t) ** 2
    return np.abs(1 - rates[-1][0] * t).max()


# Theory's, as printed in derivations.md, section 6.
@pytest.mark.parametrize(
    ("condition", "whitening", "bound"),
    [
        (10, 6, 2.1e-5),
        (10, 8, 2e-15),
        (100, 8, 3.5e-3),
        (100, 10, 6.1e-11),
        (100, 12, 2e-15),
        (1e4, 14, 8.2e-4),
        (1e4, 16, 1.9e-13),
        (1e4, 17, 2e-15),
    ],
)
def test_quadratic_convergence(condition, whitening, bound):
    rates = whitening_rates(condition, whitening=whitening)
    theory = predicted_error(rates, condition)
    assert theory < bound
    x, y, query = draw_conditioned(rng(3), 50, 50, 10, condition)
    network = newton_schulz_descent(10, 50, whitening + 1, condition=condition)
    assert network.depth == whitening + 1
    assert network.spec.layout.width == 11
    error = np.abs(network(x, y, query).numpy() - lstsq_reference(x, y, query))
    # |y - <w, x_q>| <= max |1 - t| |x_q| |w|, Theorem 5.1's form, and rounding.
    w = (np.linalg.pinv(x) @ y[:, :, None])[:, :, 0]
    scale = np.linalg.norm(query, axis=1) * np.linalg.norm(w, axis=1)
    assert (error <= theory * scale + 2e-15 * condition**0.5 * (1 + scale)).all()
    if theory > 1e-10:
        assert error.max() > 0.02 * theory * scale.mean()


@pytest.mark.parametrize("schedule", ["newton-schulz", "minimax"])
@pytest.mark.parametrize("condition", [1.0, 10.0, 100.0, 1e4])
def test_default_layers_reach_rounding_level(schedule, condition):
    inputs = draw_conditioned(rng(4), 50, 30, 6, condition)
    network = newton_schulz_descent(6, 30, condition=condition, schedule=schedule)
    rates = whitening_rates(condition, schedule)
    assert predicted_error(rates, condition) < 5e-15
    assert difference(network(*inputs), lstsq_reference(*inputs)) < 2e-14 * condition**0.5
    growth = math.log(condition, 9 / 4)
    assert network.depth == len(rates)
    if schedule == "newton-schulz":
        assert network.depth == math.ceil(growth + 5) + 1
    else:
        assert network.depth <= math.ceil(0.6 * growth + 5)


def test_minimax_is_the_best_step():
    # Any other c in the first layer leaves the eigenvalues a wider interval.
    t = np.geomspace(0.01, 1, 5001)

    def ratio(c):
        after = t * (1 - c * t) ** 2
        return after.max() / after.min()

    best = whitening_rates(100.0, "minimax")[0][0]
    others = [ratio(c) for c in np.linspace(0.5, 0.99, 491)]
    assert ratio(best) <= min(others) * (1 + 1e-6)


def test_any_upper_bound_will_do():
    x, y, query = draw_conditioned(rng(5), 20, 20, 4, 10.0)
    expected = lstsq_reference(x, y, query)
    for largest in (20.0, 50.0):  # the eigenvalues of X^T X go up to n = 20
        network = newton_schulz_descent(4, 20, condition=50.0, largest=largest)
        assert difference(network(x, y, query), expected) < 1e-13
    assert difference(newton_schulz_descent(4, 20, condition=50.0)(x, y, query), expected) < 1e-13
    with pytest.raises(InputError, match=r"at or beyond 3 times largest = 6\.6"):
        newton_schulz_descent(4, 20, condition=50.0, largest=6.6)(x, y, query)
    with pytest.raises(InputError, match=r"at or beyond 1\.11 times largest = 17"):
        newton_schulz_descent(4, 20, condition=100.0, schedule="minimax", largest=17)(x, y, query)
    # Between 3 and 5 times the bound eigenvalues are reflected, beyond 5 they diverge.
    reflected = newton_schulz_descent(4, 20, 30, largest=5.5, guard=False)(x, y, query)
    assert difference(reflected, expected) < 1e-12
    grown = newton_schulz_descent(4, 20, 13, largest=3.5, guard=False)(x, y, query)
    assert not torch.isfinite(grown).all() or grown.abs().max() > 1e6


def test_fewer_tokens():
    inputs = draw_regression(rng(6), 20, 9, 3)
    rates = [(0.2, 0.3), (0.1, 0.2)]
    found = gd_plus_plus(3, 17, rates)(*inputs)
    assert difference(found, gd_plus_plus_reference(*inputs, rates=rates)) < 1e-14
    # The schedule has no 1/n: zeros are harmless as they are.
    found = newton_schulz_descent(3, 17, condition=1e3)(*inputs)
    assert difference(found, lstsq_reference(*inputs)) < 1e-12


def test_ill_conditioned_data_say_what_is_possible():
    x, y, query = draw_conditioned(rng(8), 2, 20, 4, 1e9)
    with pytest.warns(ConditionWarning, match=r"X\^T X is 1\.0e\+09"):
        newton_schulz_descent(4, 20, condition=1e9)(x, y, query)
    with pytest.warns(ConditionWarning, match="singular to working precision"):
        newton_schulz_descent(4, 20)(x[:, :3], y[:, :3], query)
