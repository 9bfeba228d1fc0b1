"""Logistic regression: the network is damped Newton, within the bound that is predicted for it."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from eigenformer.construct import CATALOGUE
from eigenformer.construct.algorithms.logistic import (
    damped_newton,
    draw_problems,
    inverse_steps_for,
    logistic_newton,
    logistic_scalars,
    rescale,
)
from eigenformer.construct.algorithms.logistic_error import error_floor, step_error
from eigenformer.construct.algorithms.logistic_reference import (
    logistic_derivatives,
    logistic_loss,
    logistic_optimum,
    newton_decrement,
)

MUS = (1.0, 0.1, 0.01)


def groups(total=300, seed=0):
    """`total` problems with n from 8 to 29 and d from 2 to 6, in groups of ten of one shape."""
    rng = np.random.default_rng(seed)
    for _ in range(total // 10):
        n, d = int(rng.integers(8, 30)), int(rng.integers(2, 7))
        yield n, d, *draw_problems(rng, 10, d, n)


@pytest.fixture
def problems():
    return draw_problems(np.random.default_rng(7), 30)


def distance(found, expected):
    return np.linalg.norm(np.asarray(found) - expected, axis=-1)


# The reference.


def test_derivatives_are_those_of_the_loss(problems):
    features, labels, start = problems
    x = torch.tensor(start, requires_grad=True)
    margin = torch.tensor(labels) * (torch.tensor(features) @ x[..., None])[..., 0]
    loss = torch.nn.functional.softplus(-margin).mean(1) + 0.05 * (x * x).sum(1)
    assert np.abs(logistic_loss(features, labels, start, 0.1) - loss.detach().numpy()).max() < 1e-14
    (slope,) = torch.autograd.grad(loss.sum(), x, create_graph=True)
    rows = [torch.autograd.grad(slope[:, i].sum(), x, retain_graph=True)[0] for i in range(5)]
    gradient, hessian = logistic_derivatives(features, labels, start, 0.1)
    assert np.abs(gradient - slope.detach().numpy()).max() < 1e-15
    assert np.abs(hessian - torch.stack(rows, dim=1).numpy()).max() < 1e-15


def test_the_optimum_is_scipys(problems):
    features, labels, _ = problems
    for mu in MUS:
        found = logistic_optimum(features, labels, mu)
        assert np.abs(logistic_derivatives(features, labels, found, mu)[0]).max() < 1e-15
        for a, y, x in zip(features[:3], labels[:3], found[:3], strict=True):
            other = minimize(
                lambda w, a, y, mu: float(logistic_loss(a, y, w, mu)),
                np.zeros(5),
                (a, y, mu),
                tol=1e-9,
            )
            assert np.abs(other.x - x).max() < 1e-4


def test_damped_steps_lower_the_self_concordant_loss(problems):
    features, labels, _ = problems
    for mu in (0.1, 0.01, 0.003):
        # The classical guarantee, and the source's 0.02 where lambda_g is at least 1/4.
        x = np.full((30, 5), 4.0)
        large = 0
        for _ in range(40):
            decrement = newton_decrement(features, labels, x, mu)
            after = damped_newton(features, labels, x, mu)
            losses = [logistic_loss(features, labels, w, mu) / (4 * mu) for w in (x, after)]
            drop = losses[0] - losses[1]
            assert (drop >= decrement - np.log1p(decrement) - 1e-9).all()
            assert (drop[decrement >= 0.25] >= 0.02).all()
            large += int((decrement >= 0.25).sum())
            x = after
        assert large > 30
        assert (newton_decrement(features, labels, x, mu) < 0.25).all()


def test_no_product_is_needed_for_the_gradient():
    margin = np.linspace(-30, 30, 201)
    sigma = 1 / (1 + np.exp(-margin))
    for y in (-1.0, 1.0):
        p = np.exp(-y * margin) / (1 + np.exp(-y * margin))
        assert np.abs(y * p - ((1 + y) / 2 - sigma)).max() < 1e-15


def test_rescaling(problems):
    features, labels, start = problems
    features = 7.3 * features
    mu = 0.2
    small = rescale(features, mu)
    assert np.linalg.norm(small.features, axis=2).max() <= 1
    assert small.scale == pytest.approx(7.3) and small.mu == pytest.approx(mu / 7.3**2)
    same = logistic_loss(small.features, labels, small.into(start), small.mu)
    assert np.abs(same - logistic_loss(features, labels, start, mu)).max() < 1e-13
    best = small.back(logistic_optimum(small.features, labels, small.mu))
    assert np.abs(logistic_derivatives(features, labels, best, mu)[0]).max() < 1e-13
    step = small.back(damped_newton(small.features, labels, small.into(start), small.mu))
    expected = damped_newton(features, labels, start, mu, radius=small.scale)
    assert distance(step, expected).max() < 1e-12
    network = logistic_newton(5, 26, small.mu, exact=True)
    found = small.back(network(small.features, labels, small.into(start)).numpy())
    assert distance(found, expected).max() < 1e-12
    again = rescale(small.features, small.mu)
    assert again.scale == 1.0 and again.mu == small.mu


# The network.


@pytest.mark.parametrize("mu", MUS)
def test_with_exact_scalars_the_network_is_damped_newton(mu):
    for n, d, *problem in groups():
        network = logistic_newton(d, n, mu, exact=True)
        assert np.abs(network(*problem).numpy() - damped_newton(*problem, mu)).max() < 1e-12 / 100


@pytest.mark.parametrize("mu", MUS)
@pytest.mark.parametrize("spacing", ["curvature", "uniform"])
def test_every_error_is_below_its_prediction(mu, spacing):
    ratios = []
    for n, d, *problem in groups(seed=1):
        for knots in (32, 512):
            options = {"knots": knots, "spacing": spacing}
            found = logistic_newton(d, n, mu, **options)(*problem)
            error = distance(found, damped_newton(*problem, mu))
            ratios.append(error / step_error(*problem, mu, **options).step)
    assert np.size(ratios) == 600
    assert np.max(ratios) < 1
    assert np.median(ratios) > 0.05  # and the prediction is not much too large


def test_parts_of_the_prediction_hold(problems):
    for mu in MUS:
        options = {"knots": 64, "spacing": "uniform"}
        bound = step_error(*problems, mu, **options)
        network = logistic_newton(5, 26, mu, **options)
        trace = network.trace(*problems)
        k = inverse_steps_for(mu)
        gradient, hessian = logistic_derivatives(*problems, mu)
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        decrement = (gradient * step).sum(1)
        damping = 2 * math.sqrt(mu) / (2 * math.sqrt(mu) + np.sqrt(decrement))
        matrix = trace[3]["bB"][:, :, :5].numpy()
        inverse = trace[3 + k]["bX"][:, :, :5].numpy()
        assert (distance(trace[2]["bg"][:, :, 0], gradient) <= bound.gradient).all()
        off = np.linalg.norm(matrix - hessian, ord=2, axis=(1, 2))
        assert (off <= bound.hessian).all() and off.max() > bound.hessian.max() / 20
        left = np.eye(5) - matrix.swapaxes(1, 2) @ inverse
        assert (np.linalg.norm(left, ord=2, axis=(1, 2)) <= bound.inverse + 1e-13).all()
        assert (distance(trace[4 + k]["bB"][:, :, 0], step) <= bound.direction).all()
        eta = trace[5 + k]["r2"][:, 0, 0].numpy()
        assert (np.abs(eta - damping) <= bound.damping).all()


def test_too_few_knots_allow_no_prediction(problems):
    bound = step_error(*problems, 0.001, knots=8, spacing="uniform")
    assert np.isinf(bound.step).all() and (bound.damping == 1).all()


@pytest.mark.parametrize("mu", [0.1, 0.01])
def test_the_error_falls_as_the_square_of_the_number_of_knots(mu):
    problem = draw_problems(np.random.default_rng(3), 100)
    exact = damped_newton(*problem, mu)
    sizes = np.array([32, 64, 128, 256, 512])
    errors = [distance(logistic_newton(5, 26, mu, knots=int(n))(*problem), exact) for n in sizes]
    slope = np.polyfit(np.log(sizes), np.log(np.max(errors, axis=1)), 1)[0]
    assert -2.25 < slope < -1.9


@pytest.mark.parametrize(("mu", "one", "looped"), [(0.1, 2.1e-4, 1.8e-5), (0.01, 5.3e-4, 1.9e-4)])
def test_the_figures_of_the_derivation(mu, one, looped):
    """derivations.md, section 1d (v): 512 knots, evenly spaced and by curvature."""
    problem = draw_problems(np.random.default_rng(4), 30)
    exact = damped_newton(*problem, mu)
    uniform = logistic_newton(5, 26, mu, spacing="uniform")
    assert distance(uniform(*problem), exact).max() < 1.2 * one
    assert distance(logistic_newton(5, 26, mu)(*problem), exact).max() < one / 8
    features, labels, x = problem
    best = logistic_optimum(features, labels, mu)
    found = logistic_newton(5, 26, mu, steps=15)(features, labels, 0 * x)
    assert distance(found, best).max() < looped / 3


@pytest.mark.parametrize("mu", [0.1, 0.01])
def test_looped_steps_from_zero_reach_the_error_floor(mu):
    features, labels, x = draw_problems(np.random.default_rng(5), 100)
    best = logistic_optimum(features, labels, mu)
    for knots in (64, 512):
        ends = [
            logistic_newton(5, 26, mu, knots=knots, steps=steps)(features, labels, 0 * x).numpy()
            for steps in (15, 20)
        ]
        error = distance(ends[0], best)
        assert (error <= error_floor(features, mu, knots=knots)).all()
        # It is the floor: five more steps change the distance by little.
        assert np.abs(distance(ends[1], best) - error).max() < 0.05 * error.max()
    exact = logistic_newton(5, 26, mu, steps=15, exact=True)(features, labels, 0 * x)
    assert distance(exact, best).max() < 1e-12


@pytest.mark.parametrize("options", [{}, {"dense": True}, {"exact": True}], ids=str)
def test_a_step_leaves_a_legal_input(problems, options):
    network = logistic_newton(5, 26, 0.1, steps=3, **options)
    trace = network.trace(*problems)
    per_step = network.depth // 3
    for step in range(4):
        after = trace[step * per_step]
        for name in ("bX", "bB", "bg", "r1", "r2"):
            assert not after[name].any(), name
        # Dense products sum over zeros too, and in an order that may differ between columns.
        uneven = (after["bx"] - after["bx"][:, :, :1]).abs().max()
        assert uneven <= (1e-14 if options.get("dense") else 0)
        for name in ("bA", "bE", "y", "one"):
            assert (after[name] == trace[0][name]).all()
    once = logistic_newton(5, 26, 0.1, **options)
    x = problems[2]
    for _ in range(3):
        x = once(*problems[:2], x).numpy()
    assert (network(*problems).numpy() == x).all()


def test_counts():
    for mu, k in ((1.0, 4), (0.1, 6), (0.01, 9), (0.001, 12)):
        assert inverse_steps_for(mu) == k
        network = logistic_newton(5, 26, mu)
        assert network.depth == k + 6 < 11 + 2 * k
        assert network.spec.layout.width == 6 * 5 + 4
        assert max(len(layer.heads) for layer in network.spec.layers) == 2
        assert max(layer.hidden for layer in network.spec.layers) == 2 * 5 * 513
        assert network.spec.theorem["layers"] == f"11 + 2k = {11 + 2 * k}"
    assert CATALOGUE.get("logistic").theorem == logistic_newton(5, 26, 0.1).spec.theorem
    assert logistic_newton(5, 26, 0.1, inverse_steps=7).depth == 13
    assert logistic_newton(5, 26, 0.01, inverse_steps=10, steps=15).depth == 240


def test_fewer_examples_than_features():
    rng = np.random.default_rng(6)
    for n, d in ((1, 4), (3, 5), (4, 4)):
        problem = draw_problems(rng, 20, d, n)
        found = logistic_newton(d, n, 0.1, exact=True)(*problem)
        assert distance(found, damped_newton(*problem, 0.1)).max() < 1e-14
        error = distance(logistic_newton(d, n, 0.1)(*problem), damped_newton(*problem, 0.1))
        assert (error < step_error(*problem, 0.1).step).all()


def test_one_problem_without_a_batch(problems):
    network = logistic_newton(5, 26, 0.1)
    one = network(*(part[0] for part in problems))
    assert one.shape == (5,)
    assert distance(one, network(*problems)[0].numpy()) < 1e-9


def test_the_scalars_print_their_errors():
    text = str(logistic_scalars(0.1))
    assert text.count("predicted") == text.count("measured") == 4


def test_with_exact_scalars_nothing_is_cut_off(problems):
    features, labels, x = problems
    exact = logistic_newton(5, 26, 0.1, exact=True)
    far = (features, labels, x + 50.0)
    assert distance(exact(*far), damped_newton(*far, 0.1)).max() < 1e-10
