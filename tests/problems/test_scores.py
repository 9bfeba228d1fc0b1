"""Scores: the truth is right, and each kind of wrong answer costs what its definition says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigenformer import ensembles, problems
from eigenformer.core import InputError, rng
from eigenformer.ensembles import Matrices

SINGLE = tuple(name for name in problems.names() if name != "joint")
DIRECT = tuple(name for name in SINGLE if not problems.get(name).reconstructs)
DECOMPOSITIONS = ("eigenvectors", "svd")
BASE = {"l1", "l2", "l2_squared", "max"}


def drawn(name, batch=20, dims="5x5", ensemble="conditioned", seed=0):
    """Inputs of moderate condition, so that rounding stays rounding; and their answers."""
    problem = problems.get(name)
    inputs = problem.draw(rng(seed), batch, ensembles.get(ensemble, dims=dims))
    return problem, inputs, problem.solve(inputs)


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("dims", ["5x5", "2-6"])
def test_the_truth_scores_zero(name, dims):
    problem, inputs, true = drawn(name, dims=dims, batch=100)
    errors = problem.errors(inputs, true, true)
    assert set(errors.scores) == BASE | ({"paper"} if name in DECOMPOSITIONS else set())
    assert tuple(errors.scores) == problem.score_names
    for score in errors.scores.values():
        assert score.shape == (100,) and score.max() < 1e-12
    assert np.nanmax(errors.coefficients) == 0
    assert (np.isnan(errors.coefficients).any()) == (dims == "2-6")
    for residual in problem.residuals(inputs, true).values():
        assert residual.shape == (100,) and residual.max() < 1e-12


@pytest.mark.parametrize("name", SINGLE)
def test_mixed_batches_are_scored_like_single_matrices(name):
    problem, inputs, true = drawn(name, dims="2-5", batch=12)
    noisy = ensembles.add_noise(rng(1), true, 0.1)
    errors, residuals = problem.errors(inputs, true, noisy), problem.residuals(inputs, noisy)
    for i in range(12):

        def alone(x, i=i):
            return x.values[i : i + 1, : x.rows[i], : x.columns[i]]

        one = problem.errors(alone(inputs), alone(true), alone(noisy))
        assert one.scores.keys() == errors.scores.keys()
        for key in one.scores:
            assert errors.scores[key][i] == pytest.approx(one.scores[key][0], rel=1e-12)
        for key in one.measures:
            assert errors.measures[key][i] == pytest.approx(one.measures[key][0], rel=1e-9)
        size = one.coefficients.size
        np.testing.assert_array_equal(errors.coefficients[i, :size], one.coefficients[0])
        assert np.isnan(errors.coefficients[i, size:]).all()
        for key, value in problem.residuals(alone(inputs), alone(noisy)).items():
            assert residuals[key][i] == pytest.approx(value[0], rel=1e-9)


@pytest.mark.parametrize("name", DIRECT)
def test_a_uniform_relative_error(name):
    problem, inputs, true = drawn(name)
    signs = rng(1).choice((-1, 1), true.values.shape)
    predicted = Matrices(true.values * (1 + 0.2 * signs), true.rows, true.columns)
    errors = problem.errors(inputs, true, predicted)
    for key, value in (("l1", 0.2), ("l2", 0.2), ("l2_squared", 0.04), ("max", 0.2)):
        np.testing.assert_allclose(errors.scores[key], value, rtol=1e-9)
    np.testing.assert_allclose(errors.coefficients, 0.2, rtol=1e-9)


@given(st.integers(0, 10_000))
def test_norms_are_numpys(seed):
    draw = rng(seed).standard_normal
    true, predicted = draw((3, 4, 5)), draw((3, 4, 5))
    inputs = true.transpose(0, 2, 1)
    scores = problems.get("transpose").errors(inputs, true, predicted).scores
    for i in range(3):
        p, o = predicted[i].ravel(), true[i].ravel()
        for key, order in (("l1", 1), ("l2", 2), ("max", np.inf)):
            expected = np.linalg.norm(p - o, order) / np.linalg.norm(o, order)
            assert scores[key][i] == pytest.approx(expected)
        assert scores["l2_squared"][i] == pytest.approx(scores["l2"][i] ** 2)


@pytest.mark.parametrize("name", SINGLE)
def test_the_wrong_shape_scores_infinity(name):
    problem, inputs, true = drawn(name, batch=6)
    _, m, n = true.values.shape
    larger = np.zeros((6, m + 1, n + 1))
    larger[:, :m, :n] = true.values
    rows, columns = np.full(6, m), np.full(6, n)
    rows[1], columns[2], rows[3], columns[3], rows[4] = m + 1, n + 1, m - 1, n + 1, 0
    errors = problem.errors(inputs, true, Matrices(larger, rows, columns))
    for score in errors.scores.values():
        assert (score[[0, 5]] < 1e-12).all()
        assert (score[1:5] == np.inf).all()
    assert (errors.coefficients[1:5] == np.inf).all()
    for residual in problem.residuals(inputs, Matrices(larger, rows, columns)).values():
        assert (residual[[0, 5]] < 1e-12).all() and (residual[1:5] == np.inf).all()
    for shape in ((6, m, n + 1), (6, m + 1, n), (6, 1, 7), (6, n + 2, m)):
        scores = problem.errors(inputs, true, np.zeros(shape)).scores
        assert all((score == np.inf).all() for score in scores.values())


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e200])
def test_what_is_not_a_number_scores_infinity(name, value):
    problem, inputs, true = drawn(name, batch=4)
    predicted = true.values.copy()
    predicted[1] = value
    predicted[2, -1, -1] = value
    errors = problem.errors(inputs, true, predicted)
    residuals = problem.residuals(inputs, predicted)
    least = 1e100 if value == 1e200 else np.inf
    for score in (*errors.scores.values(), *residuals.values()):
        assert not np.isnan(score).any()
        assert (score[[0, 3]] < 1e-12).all()
    for score in (errors.scores["l1"], errors.scores["max"]):
        assert (score[[1, 2]] >= least).all()
    for measure in errors.measures.values():
        assert not np.isnan(measure).any()


@pytest.mark.parametrize("name", ["transpose", "add", "matvec", "matmul", "eigenvalues"])
def test_over_a_zero_answer_only_zero_is_right(name):
    problem = problems.get(name)
    inputs = np.zeros((3, *problem.input_shape(3, 3)))
    true = problem.solve(inputs)
    predicted = true.copy()
    predicted[1, 0, 0] = 1e-30
    predicted[2] = -0.0
    scores = problem.errors(inputs, true, predicted).scores
    for key in ("l1", "l2", "max"):
        assert scores[key].tolist() == [0, np.inf, 0]
    coefficients = problem.errors(inputs, true, predicted).coefficients
    assert coefficients[:, 0].tolist() == [0, np.inf, 0]
    assert (coefficients[:, 1:] == 0).all()


@pytest.mark.parametrize("name", ["inverse", "symmetric_inverse"])
def test_inverse(name):
    problem, inputs, true = drawn(name)
    m = inputs.values
    predicted = true.values + 0.01 * rng(1).standard_normal(true.values.shape)
    errors = problem.errors(inputs, true, predicted)
    residual = predicted @ m - np.eye(5)
    np.testing.assert_allclose(errors.scores["l1"], np.abs(residual).sum(axis=(1, 2)) / 5)
    frobenius = np.linalg.norm(residual, axis=(1, 2))
    np.testing.assert_allclose(errors.scores["l2"], frobenius / np.sqrt(5))
    np.testing.assert_allclose(errors.scores["l2_squared"], frobenius**2 / 5)
    np.testing.assert_allclose(errors.scores["max"], np.abs(residual).max(axis=(1, 2)))
    distance = np.abs(predicted - true.values).sum(axis=(1, 2)) / np.abs(true.values).sum((1, 2))
    np.testing.assert_allclose(errors.measures["distance"], distance)
    np.testing.assert_allclose(errors.measures["condition"], np.linalg.cond(m))
    certificate = problem.residuals(inputs, predicted)["identity"]
    np.testing.assert_allclose(certificate, errors.scores["l1"])


def test_inverse_is_scored_on_the_input_as_seen_and_from_the_left():
    problem, inputs, true = drawn("inverse")
    seen = np.round(inputs.values, 1)
    scores = problem.errors(seen, true, np.linalg.inv(seen)).scores
    assert scores["l1"].max() < 1e-10
    assert problem.errors(seen, true, true).scores["l1"].min() > 1e-4
    # For a nearly singular M a left inverse may be a poor right one.
    x = ensembles.get("conditioned", condition=1e6).sample(rng(2), 1)
    noise = 1e-3 * rng(3).standard_normal((5, 5))
    left = np.linalg.inv(x) + noise @ np.linalg.inv(x)
    right = np.linalg.inv(x) + np.linalg.inv(x) @ noise
    answer = np.linalg.inv(x)
    assert problem.errors(x, answer, left).scores["l1"] < 0.01
    assert problem.errors(x, answer, right).scores["l1"] > 0.1


def test_prediction_and_input_counts_must_agree():
    problem, inputs, true = drawn("transpose")
    with pytest.raises(InputError, match="20 inputs and 19 predictions"):
        problem.errors(inputs, true, true[:19])
    with pytest.raises(InputError, match="19 true answers"):
        problem.errors(inputs, true[:19], true)
    with pytest.raises(InputError, match="a true answer is 5x5"):
        problem.errors(inputs.values[:, :, :4], true, true)


def test_certificates_see_a_wrong_answer():
    for name in SINGLE:
        problem, inputs, true = drawn(name)
        wrong = Matrices(true.values * 1.1, true.rows, true.columns)
        residuals = problem.residuals(inputs, wrong)
        assert max(value.min() for value in residuals.values()) > 0.02, name


def test_eigenvalue_certificates():
    problem, inputs, true = drawn("eigenvalues", ensemble="spectrum-positive")
    residuals = problem.residuals(inputs, true.values * 1.1)
    np.testing.assert_allclose(residuals["frobenius"], 0.1, rtol=1e-9)
    trace = np.trace(inputs.values, axis1=1, axis2=2)
    size = np.sqrt(5) * np.linalg.norm(inputs.values, axis=(1, 2))
    np.testing.assert_allclose(residuals["trace"], 0.1 * trace / size, rtol=1e-9)
    condition = problem.errors(inputs, true, true).measures["condition"]
    np.testing.assert_allclose(condition, np.linalg.cond(inputs.values), rtol=1e-6)
