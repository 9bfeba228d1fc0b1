"""LAPACK's test ratios: small for LAPACK's answers at any scale, large for what is off."""

from dataclasses import dataclass

import numpy as np
import pytest

from eigenformer import ensembles, problems
from eigenformer.core import rng
from eigenformer.problems import EntrywiseProblem, ratios

DIMS = {
    "eigenvectors": "5x5",
    "eigenvalues": "6x6",
    "svd": "6x4",
    "singular_values": "3x7",
    "inverse": "5x5",
    "symmetric_inverse": "4x4",
    "pseudo_inverse": "6x4",
    "least_squares": "9x4",
    "logistic_regression": "20x3",
}


@pytest.mark.parametrize("name", DIMS)
@pytest.mark.parametrize("power", [-600, 0, 600])
def test_lapacks_answers_are_below_the_bar_and_wrong_ones_are_not(name, power):
    problem = problems.get(name)
    inputs = problem.draw(rng(1), 100, ensembles.get("iid-uniform", dims=DIMS[name])).values
    if name != "logistic_regression":  # whose labels have no scale
        inputs = np.ldexp(inputs, power)
    true = problem.solve(inputs)
    assert problem.ratios(inputs, true).max() < ratios.BAR
    assert problem.ratios(inputs, true * (1 + 1e-6)).min() > ratios.BAR
    assert np.isinf(problem.ratios(inputs, np.full_like(true, np.nan))).all()


def test_the_ratios_are_those_that_lapack_defines():
    a = np.array([[[2.0, 1.0], [0.0, 4.0]]])
    x = np.array([[[0.5, -0.125], [0.0, 0.25 + 2.0**-40]]])
    # I - A X has -2^-40 and -2^-38 in its second column; ||A|| = 5, ||X|| = 1/2.
    expected = (2.0**-40 + 2.0**-38) / (2 * 5 * 0.5 * 2.0**-53)
    np.testing.assert_allclose(ratios.inverse(a, x), expected)
    q = np.eye(2)[None] * (1 + 2.0**-40)
    np.testing.assert_allclose(ratios.orthogonality(q), 2.0**-39 / (2 * 2.0**-52), rtol=1e-6)
    found = ratios.svd(np.zeros((1, 2, 2)), np.eye(2)[None], np.zeros((1, 2)), np.eye(2)[None])
    assert found == 0  # of the zero matrix
    backwards = np.array([[1.0, 2.0]])
    assert np.isinf(ratios.svd(np.eye(2)[None], np.eye(2)[None], backwards, np.eye(2)[None]))


def test_a_problem_without_a_test_has_none():
    @dataclass(frozen=True, kw_only=True)
    class Same(EntrywiseProblem):
        def output_shape(self, m, n):
            return m, n

        def answer(self, inputs):
            return inputs

    inputs = np.ones((1, 2, 2))
    assert Same().ratios(inputs, inputs) is None


@pytest.mark.parametrize("name", ["transpose", "add", "matvec", "matmul", "polar_factor"])
def test_products_and_factors_are_judged_by_what_rounding_explains(name):
    problem = problems.get(name)
    inputs = problem.draw(rng(0), 50, ensembles.get("iid-uniform", dims="4x4")).values
    answers = problem.solve(inputs)
    assert problem.ratios(inputs, answers).max() < 5
    assert problem.ratios(inputs, answers * (1 + 1e-12)).min() > 30
