"""Solutions: values, validity, certificates, for one matrix and for many."""

import numpy as np
import pytest
import torch
from stubs_of_evaluation import Off

from eigenformer import numpy_solver, problems
from eigenformer.core import InputError
from eigenformer.evaluation import Predictions, Solver, as_batch, beside_lapack

MATRIX = [[2.0, 1.0], [1.0, 3.0]]


def test_one_matrix_has_one_answer():
    solution = numpy_solver("eigenvalues").solve(MATRIX)
    np.testing.assert_allclose(solution.value[:, 0], np.linalg.eigvalsh(MATRIX)[::-1])
    assert solution.valid is True
    assert solution.reason == ""
    assert set(solution.certificate) == {"trace", "frobenius", "moments", "condition_number"}
    assert solution.cautions == () and solution.factor == 1.0
    assert all(isinstance(value, float) for value in solution.certificate.values())
    assert solution.certificate["trace"] < 1e-12
    np.testing.assert_allclose(solution.certificate["condition_number"], np.linalg.cond(MATRIX))


def test_many_matrices_have_many():
    solution = numpy_solver("inverse").solve([MATRIX, MATRIX, MATRIX])
    assert solution.value.shape == (3, 2, 2)
    product = solution.value @ np.array(MATRIX)
    np.testing.assert_allclose(product, np.tile(np.eye(2), (3, 1, 1)), atol=1e-15)
    assert solution.valid.tolist() == [True] * 3
    assert solution.reason == [""] * 3
    assert {len(values) for values in solution.certificate.values()} == {3}
    assert solution.cautions == [()] * 3


def test_bounds_say_within_what_an_answer_is():
    solver = numpy_solver("eigenvectors")
    one, many = solver.solve(MATRIX), solver.solve(np.stack([MATRIX, np.eye(len(MATRIX))]))
    assert set(one.bounds) == {"eigenvalues", "eigenvectors"}
    assert all(bound.shape == (len(MATRIX),) for bound in one.bounds.values())
    assert (one.bounds["eigenvalues"] < 1e-13).all()
    assert np.isinf(many.bounds["eigenvectors"]).tolist() == [[False, False], [True, True]]
    (answer,) = beside_lapack(solver, np.eye(2)[None])
    assert answer.to_dict()["bounds"]["eigenvectors"] == [None, None]
    assert answer.follows.endswith("no bound is proved for any eigenvector")


@pytest.mark.parametrize("problem", sorted({*problems.names()} - {"joint"}))
def test_certificates_tell_right_from_wrong(problem):
    chosen = problems.get(problem)
    matrix = np.array([MATRIX, MATRIX])
    if problem in ("add", "matmul", "matvec"):
        matrix = np.concatenate([matrix, matrix[:, :, : 1 if problem == "matvec" else 2]], axis=2)
    if problem == "logistic_regression":
        matrix[:, :, -1] = [1, -1]
    right = numpy_solver(chosen).solve(matrix).certificate
    wrong = Off(chosen, [0.3]).solve(matrix).certificate
    names = set(right) - {"condition_number"}
    assert names
    assert all((right[name] < 1e-9).all() for name in names)
    assert any((wrong[name] > 0.05).all() for name in names)


def test_a_malformed_answer_is_nan_with_a_reason_and_no_certificate():
    solution = Off(problems.get("eigenvalues"), [0.0, np.nan]).solve([MATRIX, MATRIX])
    assert solution.valid.tolist() == [True, False]
    assert solution.reason == ["", "it says so"]
    assert np.isfinite(solution.value[0]).all()
    assert np.isnan(solution.value[1]).all()
    assert np.isnan(solution.certificate["trace"]).tolist() == [False, True]
    assert np.isfinite(solution.certificate["condition_number"]).all()


@pytest.mark.parametrize("matrix", [MATRIX, [MATRIX, MATRIX]])
def test_no_well_formed_answer_at_all(matrix):
    solution = Off(problems.get("eigenvalues"), [np.nan]).solve(matrix)
    assert not np.any(solution.valid)
    assert np.isnan(solution.value).all()


def test_an_answer_of_another_shape_is_refused():
    class Flat(Solver):
        name, problem = "flat", problems.get("eigenvalues")

        def predict(self, inputs):
            answers = self.problem.solve(inputs).map(lambda values: values.transpose(0, 2, 1))
            return Predictions(answers, np.ones(len(inputs), bool), [""] * len(inputs))

    solution = Flat().solve(MATRIX)
    assert solution.valid is False
    assert solution.reason == "the answer is 1x2, not 2x1"
    assert np.isnan(solution.value).all()


def test_a_singular_input_has_an_infinite_condition_number():
    solution = numpy_solver("transpose").solve([[1.0, 1.0], [1.0, 1.0]])
    assert solution.certificate["condition_number"] > 1e15


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1.0, 2.0], [3.0]], "not a matrix of numbers"),
        ([["a", "b"]], "type <U1"),
        ([[None]], "type object"),
        (np.array([[1j]]), "complex"),
        ([1.0, 2.0], "1 dimensions"),
        (np.zeros((1, 1, 1, 1)), "4 dimensions"),
        (np.zeros((0, 2, 2)), r"empty, of shape \(0, 2, 2\)"),
        ([[0.0, 1.0], [2.0, 0.0]], "not symmetric"),
        ([[1.0, 2.0, 3.0]], "square"),
        ([[float("nan")]], "nan"),
    ],
)
def test_what_is_no_question_is_refused(matrix, message):
    with pytest.raises(InputError, match=message):
        numpy_solver("eigenvalues").solve(matrix)


def test_joint_solvers_ask_for_one_problem():
    with pytest.raises(InputError, match="numpy answers transpose, add; name one"):
        numpy_solver(problems.get("joint")).solve(MATRIX)


@pytest.mark.parametrize("matrix", [[[1, 2]], np.ones((1, 2), np.float32), torch.ones(1, 2)])
def test_anything_like_an_array_is_taken(matrix):
    values = as_batch(matrix)
    assert values.shape == (1, 1, 2)
    assert values.dtype == np.float64
