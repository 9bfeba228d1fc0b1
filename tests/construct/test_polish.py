"""Polishing: quadratic from a near answer, a restart from a far one, never silent divergence."""

import numpy as np
import pytest
import torch
from constructed_examples import conditioned

import eigenformer as ef
from eigenformer.construct.polish import polish
from eigenformer.core import InputError, rng
from eigenformer.evaluation import Predictions, Solver

INVERSE = ef.problems.get("inverse")


class Near(Solver):
    """The truth plus noise, so that ||I - A X0||_2 is `residuals[i]`; no answer where it is nan."""

    name, problem = "near", INVERSE

    def __init__(self, *residuals):
        self.residuals = residuals

    def predict(self, inputs):
        sizes = np.resize(np.array(self.residuals, float), len(inputs))

        def answer(a):
            noise = rng(1).standard_normal(a.shape)
            noise *= (sizes / np.linalg.norm(noise, 2, axis=(1, 2)))[:, None, None]
            return np.linalg.inv(a) @ (np.eye(a.shape[1]) - np.nan_to_num(noise))

        valid = np.isfinite(sizes)
        return Predictions(inputs.map(answer), valid, ["" if ok else "no" for ok in valid])


@pytest.mark.parametrize("condition", [2, 10, 100, 1000])
@pytest.mark.parametrize("n", [2, 5, 10])
def test_six_steps_from_a_quarter_reach_rounding_level(condition, n):
    a = conditioned(condition, (n, n), 200)
    solution = polish(Near(0.25), steps=6).solve(a)
    assert solution.contracting.all() and not solution.restarted.any()
    assert solution.residuals.shape == (200, 7)
    np.testing.assert_allclose(solution.residuals[:, 0], 0.25, rtol=1e-6)
    # Squared by each step, until rounding.
    ideal = solution.residuals[:, :-1] ** 2 * 1.001 + 1e-15 * condition
    assert (solution.residuals[:, 1:] <= ideal).all()
    assert solution.final.max() < 5e-16 * condition
    np.testing.assert_allclose(solution.value, np.linalg.inv(a), rtol=1e-8, atol=1e-13 * condition)
    independent = np.linalg.norm(np.eye(n) - a @ solution.value, 2, axis=(1, 2))
    np.testing.assert_array_equal(solution.final, independent)


@pytest.mark.parametrize("condition", [2, 100])
def test_single_precision_ends_at_its_own_rounding_level(condition):
    a = conditioned(condition, batch=200)
    solution = polish(Near(0.25), 6, dtype=torch.float32).solve(a)
    assert 1e-9 * condition < solution.final.max() < 2e-7 * condition


def test_answers_that_are_too_far_off_restart():
    a = conditioned(50, batch=40)
    solver = polish(Near(0.1, 0.999, 1.001, 30.0, np.nan), steps=6)
    plan = solver.plan(a)
    solution = solver.solve(a)
    kinds = np.resize(np.arange(5), 40)
    np.testing.assert_array_equal(solution.restarted, kinds >= 2)
    np.testing.assert_array_equal(solution.contracting, kinds < 2)
    assert (plan.steps[kinds < 2] == 6).all() and (plan.steps[kinds >= 2] > 10).all()
    assert np.isinf(plan.first[kinds == 4]).all()
    assert solution.valid.all()
    assert solution.final[kinds != 1].max() < 1e-13
    # Six steps from 0.999 may be too few, and it says so.
    assert solution.final[kinds == 1].max() > 1e-12
    assert (plan.needed[kinds == 1] > 10).all()
    unused = np.isnan(solution.residuals).sum(axis=1)
    np.testing.assert_array_equal(unused, plan.steps.max() - plan.steps)
    restart, short = solver.cautions(a)
    assert "answer 3" in restart and "A^T/||A||_2^2" in restart and "23 others" in restart
    assert f"give steps={plan.needed[1]}" in short
    enough = polish(Near(0.1, 0.999), steps=None)
    assert enough.cautions(a) == []
    assert enough.solve(a).final.max() < 1e-13


def test_one_matrix():
    a = conditioned(10, batch=1)[0]
    solution = polish(Near(0.25), steps=6).solve(a)
    assert solution.value.shape == (5, 5) and solution.valid is True and solution.reason == ""
    assert isinstance(solution.certificate["identity"], float)
    assert solution.residuals.shape == (1, 7) and solution.contracting.tolist() == [True]
    (sentence,) = polish(Near(np.nan)).cautions(a[None])
    assert sentence.startswith("the answer is no matrix")
    (sentence,) = polish(Near(3.0)).cautions(a[None])
    assert sentence.startswith("the answer has ||I - A X0||_2 = 3, at or above 1")


def test_the_shipped_model():
    model = ef.load("inverse-2x2")
    a = INVERSE.draw(rng(7), 1000, model.task.ensemble).values
    solution = polish(model, steps=None).solve(a)
    assert solution.contracting.sum() > 950
    assert solution.valid.all()
    assert (solution.final / np.linalg.cond(a)).max() < 1e-15


def test_polished_solvers_are_evaluated_on_mixed_shapes():
    solver = polish(ef.numpy_solver("inverse"), steps=2)
    result = ef.evaluate(solver, INVERSE, ef.ensembles.get("iid-uniform", dims="2-4"), n=200)
    assert result.solver == "numpy, polished" and result.at(0.005) == 1.0
    assert polish(Near(0.5), steps=0).solve(conditioned(3, batch=200)).residuals.shape == (200, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((ef.numpy_solver("matmul"),), "numpy answers matmul; only answers to inverse"),
        ((ef.numpy_solver("inverse"), -1), "steps is -1"),
        ((ef.numpy_solver("inverse"), 6, torch.float16), "float16"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        polish(*arguments)


def test_singular_matrices_are_refused_before_anything_runs():
    with pytest.raises(InputError, match="singular"):
        polish(Near(0.25), steps=6).solve(np.ones((2, 2)))
    with pytest.raises(InputError, match="nan"):
        polish(Near(0.25), steps=6).solve([[np.nan, 1], [0, 1]])
