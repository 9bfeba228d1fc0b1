"""Constructed networks on the bench: they answer, they say what they cannot, they are scored."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from constructed_examples import conditioned, everything, newton

import eigenformer as ef
from eigenformer.construct import Network, theory
from eigenformer.construct.algorithms.least_squares import least_squares, solve_least_squares
from eigenformer.construct.algorithms.logistic import logistic_newton
from eigenformer.construct.algorithms.newton import newton_inverse
from eigenformer.core import InputError, rng
from eigenformer.ensembles import Matrices

INVERSE = ef.problems.get("inverse")


def test_newton_is_evaluated_like_any_solver():
    solver = newton_inverse(dim=5, steps=25).as_solver()
    assert solver.problem == INVERSE
    ensemble = ef.ensembles.get("iid-uniform")
    result = ef.evaluate(solver, INVERSE, ensemble, n=1000)
    lapack = ef.evaluate(ef.numpy_solver("inverse"), INVERSE, ensemble, n=1000)
    assert result.valid.value == 1.0 and result.rejected == 0
    assert 0.98 < result.at(0.005) <= lapack.at(0.005) == 1.0
    assert result.measures["distance"]["median"] < 1e-13


def test_solutions_are_those_of_lapack():
    x = conditioned(100)
    solution = newton_inverse(dim=5, steps=25).as_solver().solve(x)
    assert solution.valid.all()
    np.testing.assert_allclose(solution.value, np.linalg.inv(x), rtol=1e-9, atol=1e-12)
    assert solution.certificate["identity"].max() < 1e-12
    one = newton_inverse(dim=5, steps=25).as_solver().solve(x[0])
    np.testing.assert_array_equal(one.value, solution.value[0])


def test_other_shapes_get_no_answer_and_a_reason():
    solver = newton_inverse(dim=3, steps=20).as_solver()
    mixed = INVERSE.draw(rng(0), 60, ef.ensembles.get("conditioned", dims="2-4"))
    predictions = solver.predict(mixed)
    fits = mixed.rows == 3
    np.testing.assert_array_equal(predictions.valid, fits)
    assert set(predictions.reasons) == {"", "newton_inverse was compiled for 3x3 matrices"}
    np.testing.assert_array_equal(predictions.matrices.rows, np.where(fits, 3, 0))
    none = solver.solve(np.eye(2))
    assert not none.valid and np.isnan(none.value).all()
    assert solver.cautions(np.eye(2)[None]) == [
        "newton_inverse was compiled for 3x3 matrices; compile it for this input of 2x2"
    ]


def test_cautions_about_condition_numbers():
    solver = newton_inverse(dim=5, steps=12).as_solver()
    assert solver.cautions(conditioned(2)) == []
    (short,) = solver.cautions(conditioned(1000))
    assert "12 steps" in short and "1e+03" in short
    steps = int(short.split("steps=")[1])
    long = newton_inverse(dim=5, steps=steps)
    assert long.as_solver().cautions(conditioned(1000)) == []
    assert long.as_solver().solve(conditioned(1000)).certificate["identity"].max() < 1e-11
    short = newton_inverse(dim=5, steps=80, dtype=torch.float32).as_solver()
    (single,) = short.cautions(conditioned(1e6))
    assert "0.06 in float32; use float64" in single


@pytest.mark.parametrize("condition", [1.5, 10.0, 100.0, 1e4])
def test_theory_predicts_the_steps(condition):
    x = conditioned(condition)
    needed = theory.steps_from_transpose(np.full(1, condition), 1e-10)[0]
    for steps, reached in ((needed, True), (needed - 2, False)):
        size = np.linalg.norm(x, 2, axis=(1, 2))[:, None, None]
        y = x.transpose(0, 2, 1) / size**2
        for _ in range(int(steps)):
            y = 2 * y - y @ (x @ y)
        error = np.linalg.norm(np.eye(5) - x @ y, 2, axis=(1, 2)).max()
        assert (error < 2e-10) == reached
    first = theory.start_residual(np.array(condition))
    assert theory.steps_needed(first, 1e-10) == needed
    size = np.linalg.norm(x, 2, axis=(1, 2))[:, None, None]
    found = np.linalg.norm(np.eye(5) - x @ x.transpose(0, 2, 1) / size**2, 2, axis=(1, 2))
    np.testing.assert_allclose(found, first, rtol=1e-6)


def test_steps_from_a_residual():
    found = theory.steps_needed(np.array([0.25, 0.999, 1.0, 7.0, np.inf, 0.0, 1e-20]), 1e-16)
    assert found.tolist()[0] == 5  # 0.25^(2^5) = 5e-20
    assert np.isinf(found[2:5]).all()
    assert found[5:].tolist() == [0, 0]
    assert 0.999 ** (2 ** found[1]) <= 1e-16 < 0.999 ** (2 ** (found[1] - 1))


def test_a_diverging_network_gives_no_answer():
    def start(a):
        a = torch.as_tensor(a)
        return a, 100 * a.mT

    network = Network(replace(newton(d=3, steps=12), prepare=start))
    solution = network.as_solver("inverse").solve(conditioned(2, (3, 3), 4))
    assert not solution.valid.any()
    assert solution.reason == ["newton by hand diverged"] * 4


def test_least_squares():
    problem = ef.problems.get("least_squares")
    inputs = problem.draw(rng(1), 40, ef.ensembles.get("iid-uniform", dims=(20, 4)))
    expected = problem.solve(inputs).values
    for network in (solve_least_squares(4, 20, 20), least_squares(4, 25, 25)):
        solver = network.as_solver(problem)
        solution = solver.solve(inputs.values)
        np.testing.assert_allclose(solution.value, expected, rtol=1e-8, atol=1e-10)
        assert solution.certificate["normal_equations"].max() < 1e-10
        assert solver.cautions(inputs.values) == []
        assert "of 4 features" in solver.cautions(np.ones((1, 20, 7)))[0]
    tokens = solve_least_squares(4, 19, 20).as_solver(problem)
    assert (
        tokens.predict(inputs)
        .reasons[0]
        .endswith("was compiled for at most 19 examples of 4 features (and a column y)")
    )
    ill = np.concatenate([conditioned(1e7, (20, 4), 1), np.ones((1, 20, 1))], axis=2)
    assert "1e+07" in solve_least_squares(4, 20, 20).as_solver(problem).cautions(ill)[0]


def test_logistic_regression():
    problem = ef.problems.get("logistic_regression", mu=0.1)
    inputs = problem.draw(rng(2), 6, ef.ensembles.get("iid-uniform", dims=(12, 3)))
    network = logistic_newton(3, 12, 0.1, steps=12, exact=True)
    solver = network.as_solver(problem)
    solution = solver.solve(inputs.values)
    np.testing.assert_allclose(solution.value, problem.solve(inputs).values, rtol=1e-8)
    assert solver.cautions(inputs.values) == []
    far = inputs.values.copy()
    far[:, :, :-1] *= 3
    assert "length 3" in solver.cautions(far)[0]
    assert not solver.predict(inputs[:2]).reasons[0]
    other = Matrices.of(inputs.values[:, :-1])
    assert "compiled for 12 examples" in solver.predict(other).reasons[0]


@pytest.mark.parametrize(
    ("network", "problem", "message"),
    [
        (lambda: Network(newton()), None, "name one"),
        (lambda: Network(newton()), "eigenvalues", "not an answer to eigenvalues"),
        (lambda: Network(newton()), "least_squares", "not an answer to least_squares"),
        (lambda: Network(everything()), "inverse", "not an answer to inverse"),
        (lambda: Network(newton()), "invers", "inverse"),
    ],
)
def test_problems_that_do_not_fit_are_refused(network, problem, message):
    with pytest.raises(InputError, match=message):
        network().as_solver(problem)
