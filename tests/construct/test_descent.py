"""Networks that descend: gradient descent, its preconditioned and looped forms, GD++.

A layer is a step (von Oswald et al., Proposition 1; Ahn et al., Lemma 1, with A_l^T if A_l is not
symmetric); the schedules of GD++ solve least squares quadratically fast.
"""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from constructed_examples import difference

from eigenformer.construct.algorithms.gd_plus_plus import (
    draw_conditioned,
    gd_plus_plus,
    lstsq_reference,
    newton_schulz_descent,
    whitening_rates,
)
from eigenformer.construct.algorithms.gradient_descent import (
    gradient_descent,
    gradient_descent_reference,
)
from eigenformer.construct.algorithms.preconditioned import (
    looped_gradient_descent,
    preconditioned_gradient_descent,
    preconditioned_reference,
)
from eigenformer.construct.algorithms.prompts import draw_regression
from eigenformer.core import InputError, rng


def draw(numbers, batch, tokens, dim, outputs):
    return (
        numbers.normal(size=(batch, tokens, dim)),
        numbers.normal(size=(batch, tokens, outputs)),
        numbers.normal(size=(batch, dim)),
    )


@pytest.mark.parametrize("from_zero", [True, False])
def test_many_steps(from_zero):
    numbers = rng(1)
    initial = None if from_zero else numbers.normal(size=(2, 4))
    inputs = draw(numbers, 100, 15, 4, 2)
    network = gradient_descent(4, 15, 0.3, 7, outputs=2, initial=initial)
    expected = gradient_descent_reference(*inputs, etas=[0.3] * 7, initial=initial)
    assert difference(network(*inputs), expected) < 1e-13
    etas = [0.1, 1.5, 0.4]
    network = gradient_descent(4, 15, etas, 3, outputs=2, initial=initial)
    expected = gradient_descent_reference(*inputs, etas=etas, initial=initial)
    assert difference(network(*inputs), expected) < 1e-12


def test_targets_become_residuals():
    numbers = rng(2)
    x, y, query = draw(numbers, 10, 8, 3, 1)
    initial = numbers.normal(size=(1, 3))
    trace = gradient_descent(3, 8, 0.2, 2, initial=initial).trace(x, y, query)
    for layer in trace:
        assert torch.equal(layer["x"], trace[0]["x"])
    step = -0.2 / 8 * (x @ initial.T - y).swapaxes(1, 2) @ x
    residual = y - x @ step.swapaxes(1, 2)
    assert difference(trace[1]["y"][:, :, :8], residual.swapaxes(1, 2)) < 1e-14


def test_convergence_to_least_squares():
    x, y, query = draw(rng(3), 20, 40, 3, 2)
    w = np.linalg.pinv(x) @ y
    found = gradient_descent(3, 40, 0.6, 200, outputs=2)(x, y, query)
    assert difference(found, np.einsum("bio,bi->bo", w, query)) < 1e-12


def test_steps_that_diverge_are_refused():
    x, y, query = draw(rng(6), 1, 10, 3, 1)
    limit = 2 / np.linalg.norm(x[0].T @ x[0] / 10, 2)
    with pytest.raises(InputError, match=r"at or beyond 2 / lambda_max.*example 0"):
        gradient_descent(3, 10, 1.01 * limit, 2)(x, y, query)
    # One step, and a schedule, may be as large as they like.
    gradient_descent(3, 10, 1.01 * limit)(x, y, query)
    gradient_descent(3, 10, [1.01 * limit, 0.1], 2)(x, y, query)
    grown = gradient_descent(3, 10, 1.1 * limit, 300, guard=False)(x, y, query)
    assert abs(grown) > 1e6
    assert abs(gradient_descent(3, 10, 0.99 * limit, 300)(x, y, query)) < 100
    # The limit is that of the tokens that are there, not of those compiled for.
    with pytest.raises(InputError, match="repeated steps diverge"):
        gradient_descent(3, 30, 1.01 * limit, 2)(x, y, query)
    gradient_descent(3, 30, 0.99 * limit, 2)(x, y, query)


def test_the_step_is_with_the_transpose():
    x, y, query = draw_regression(rng(1), 20, 12, 4)
    matrix = rng(2).normal(size=(4, 4))
    found = preconditioned_gradient_descent(4, 12, [matrix])(x, y, query)
    gradient = -np.einsum("bn,bnd->bd", y, x) / 12
    transposed = -np.einsum("de,bd,be->b", matrix, gradient, query)
    plain = -np.einsum("ed,bd,be->b", matrix, gradient, query)
    assert difference(found, transposed) < 1e-13
    assert difference(found, plain) > 0.1


def test_the_trace_holds_residuals_and_the_data_stay():
    x, y, query = draw_regression(rng(3), 10, 9, 3)
    matrices = 0.3 * rng(4).normal(size=(3, 3, 3))
    trace = preconditioned_gradient_descent(3, 9, matrices).trace(x, y, query)
    eye = np.eye(3)[None].repeat(10, axis=0)
    for count, layer in enumerate(trace):
        assert torch.equal(layer["x"], trace[0]["x"])
        w = np.stack(
            [
                preconditioned_reference(x, y, eye[:, i], preconditioners=matrices[:count])
                for i in range(3)
            ],
            axis=1,
        )
        residual = y - np.einsum("bnd,bd->bn", x, w)
        assert difference(layer["y"][:, 0, :9], residual) < 1e-13


def test_multiples_of_the_identity_are_gradient_descent():
    x, y, query = draw_regression(rng(5), 10, 12, 4)
    etas = [0.1, 0.5, 0.2]
    found = preconditioned_gradient_descent(4, 12, [eta * np.eye(4) for eta in etas])(x, y, query)
    other = gradient_descent(4, 12, etas, 3)(x, y[:, :, None], query)
    assert difference(found, other.numpy()[:, 0]) < 1e-14


def test_newton_in_one_layer_if_the_covariance_is_known():
    # A = (X^T X / n)^{-1} solves least squares in one step: the idea of Theorem 3.
    x, y, query = draw_regression(rng(6), 1, 12, 4)
    matrix = np.linalg.inv(x[0].T @ x[0] / 12)
    found = preconditioned_gradient_descent(4, 12, [matrix])(x, y, query)
    w = np.linalg.lstsq(x[0], y[0], rcond=None)[0]
    assert abs(found - w @ query[0]) < 1e-13


def test_looped_equals_steps():
    inputs = draw_regression(rng(7), 100, 20, 5)
    matrix = 0.2 * np.eye(5) + 0.02 * rng(8).normal(size=(5, 5))
    network = looped_gradient_descent(5, 20, 9, matrix)
    expected = preconditioned_reference(*inputs, preconditioners=[matrix] * 9)
    assert difference(network(*inputs), expected) < 1e-13
    # More loops keep lowering the distance to least squares.
    w = np.linalg.pinv(inputs[0]) @ inputs[1][:, :, None]
    target = (w[:, :, 0] * inputs[2]).sum(1)
    errors = [
        np.abs(looped_gradient_descent(5, 20, loops, 0.3)(*inputs).numpy() - target).mean()
        for loops in (2, 5, 10, 20, 40)
    ]
    assert all(after < before for before, after in pairwise(errors))


def test_loops_that_diverge_are_refused():
    inputs = draw_regression(rng(12), 2, 10, 3)
    limit = 2 / np.linalg.norm(inputs[0][1].T @ inputs[0][1] / 10, 2)
    good = [x[1] for x in inputs]
    with pytest.raises(InputError, match=r"the loop diverges: an error grows by the factor 1\.0"):
        looped_gradient_descent(3, 10, 2, 1.01 * limit)(*good)
    looped_gradient_descent(3, 10, 2, 0.99 * limit)(*good)
    looped_gradient_descent(3, 10, 2, 1.01 * limit, guard=False)(*good)
    # Fewer tokens than dimensions: a factor of exactly 1 is no divergence.
    few = [inputs[0][1][:2], inputs[1][1][:2], inputs[2][1]]
    looped_gradient_descent(3, 10, 50, 0.1)(*few)


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
