"""Least squares and logistic regression: rank-deficient, wide, badly scaled and separable data."""

import numpy as np
import pytest
import scipy.optimize
import scipy.special

from eigenformer import ensembles, problems
from eigenformer.core import InputError, rng

LEAST = problems.get("least_squares")
LOGISTIC = problems.get("logistic_regression")


@pytest.mark.parametrize("shape", [(8, 3), (4, 4), (3, 6)])
def test_least_squares_is_numpys(shape):
    inputs = LEAST.draw(rng(0), 50, ensembles.get("iid-uniform", dims=shape)).values
    for x, answer in zip(inputs, LEAST.solve(inputs), strict=True):
        expected = np.linalg.lstsq(x[:, :-1], x[:, -1], rcond=None)[0]
        np.testing.assert_allclose(answer[:, 0], expected, rtol=1e-9)


def test_the_shortest_answer_where_columns_are_dependent():
    a = rng(1).standard_normal((7, 3))
    x = np.column_stack([a, a[:, 0], a @ [1, 2, 3]])[None]
    expected = np.linalg.lstsq(x[0, :, :-1], x[0, :, -1], rcond=None)[0]
    np.testing.assert_allclose(LEAST.solve(x)[0, :, 0], expected, atol=1e-12)
    np.testing.assert_allclose(expected, [0.5, 2, 3, 0.5], atol=1e-12)
    zero = np.zeros((1, 4, 3))
    assert (LEAST.solve(zero) == 0).all()


def loss(w, x, mu):
    a, y = x[:, :-1], x[:, -1]
    return np.logaddexp(0, -y * (a @ w)).mean() + mu / 2 * w @ w


@pytest.mark.parametrize("mu", [1.0, 0.1, 1e-3, 1e-6])
@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_logistic_answers_are_minima(mu, scale):
    problem = problems.get("logistic_regression", mu=mu)
    inputs = problem.draw(rng(2), 40, ensembles.get("iid-uniform", dims=(12, 4))).values
    inputs[:, :, :-1] *= scale
    inputs[::2, 0, -1] *= -1  # not separable, as a rule
    answers = problem.solve(inputs)
    assert problem.residuals(inputs, answers)["gradient"].max() < 1e-9
    for x, answer in zip(inputs[:6], answers[:6], strict=True):
        found = scipy.optimize.minimize(loss, np.zeros(4), (x, mu), options={"gtol": 1e-9})
        assert loss(answer[:, 0], x, mu) <= found.fun + 1e-12


def test_drawn_rows_have_at_most_length_one_and_true_labels():
    for dims in ("9x4", "3-6x2-5"):
        inputs = LOGISTIC.draw(rng(3), 200, ensembles.get("iid-uniform", dims=dims))
        LOGISTIC.check(inputs)
        for _, x in inputs.groups():
            lengths = np.linalg.norm(x[:, :, :-1], axis=2)
            np.testing.assert_allclose(lengths.max(axis=1), 1.0)
            assert set(np.unique(x[:, :, -1])) <= {-1.0, 1.0}


def test_labels_must_be_signs():
    inputs = LOGISTIC.draw(rng(4), 3, ensembles.get("iid-uniform", dims=(4, 2))).values
    inputs[1, 2, -1] = 0.5
    with pytest.raises(InputError, match=r"input 1 has 0\.5 as the label of row 2"):
        LOGISTIC.check(inputs)


@pytest.mark.parametrize("mu", [0.0, -1.0, np.nan, np.inf])
def test_mu_must_be_positive(mu):
    with pytest.raises(InputError, match="positive"):
        problems.get("logistic_regression", mu=mu)


@pytest.mark.parametrize("problem", [LEAST, LOGISTIC])
def test_a_vector_beside_nothing_is_refused(problem):
    with pytest.raises(InputError, match="at least 2"):
        problem.check(np.ones((2, 5, 1)))
