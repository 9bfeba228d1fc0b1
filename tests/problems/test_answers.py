"""True answers against LAPACK through SciPy, and against the definitions."""

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from eigenformer import ensembles, problems
from eigenformer.core import InputError, from_json, rng, to_json
from eigenformer.ensembles import Matrices
from eigenformer.problems import Problem

SQUARE = ("eigenvalues", "eigenvectors", "inverse", "symmetric_inverse")
SINGLE = tuple(name for name in problems.names() if name != "joint")
OPERANDS = {"add": lambda n: 2 * n, "matmul": lambda n: 2 * n, "matvec": lambda n: n + 1}
OPERANDS |= dict.fromkeys(("least_squares", "logistic_regression"), lambda n: n + 1)


def reference(name, x):
    """The answer to one matrix, from SciPy or the formula."""
    k = x.shape[1] // 2
    if name == "transpose":
        return x.T
    if name == "add":
        return x[:, :k] + x[:, k:]
    if name == "matmul":
        return np.einsum("ij,ik->jk", x[:, :k], x[:, k:])
    if name == "matvec":
        return np.einsum("ij,i->j", x[:, :-1], x[:, -1])[:, None]
    if name == "eigenvalues":
        return scipy.linalg.eigvalsh(x)[::-1, None]
    if name == "singular_values":
        return scipy.linalg.svdvals(x)[:, None]
    if name in ("inverse", "symmetric_inverse"):
        return scipy.linalg.solve(x, np.eye(len(x)))
    if name == "pseudo_inverse":
        return scipy.linalg.pinv(x)
    if name == "least_squares":
        return scipy.linalg.lstsq(x[:, :-1], x[:, -1:])[0]
    if name == "logistic_regression":
        return minimum_of_logistic_loss(x[:, :-1], x[:, -1])
    return of_functions(name, x)


def of_functions(name, x):
    """Functions of matrices by SciPy's algorithms for any matrix, which take no eigenvectors."""
    if name == "matrix_inverse_sqrt":
        return np.linalg.inv(scipy.linalg.sqrtm(x))
    if name == "matrix_power":
        return x @ x @ x
    if name == "polar_factor":
        return scipy.linalg.polar(x)[0]
    short = name.removeprefix("matrix_")
    short = {"exponential": "exp", "logarithm": "log", "sine": "sin", "cosine": "cos"}.get(
        short, short
    )
    return getattr(scipy.linalg, f"{short}m")(x)


def minimum_of_logistic_loss(a, y, mu=0.1):
    def gradient(w):
        return mu * w - a.T @ (y * scipy.special.expit(-y * (a @ w))) / len(y)

    found = scipy.optimize.root(gradient, np.zeros(a.shape[1]), tol=1e-13)
    assert np.abs(gradient(found.x)).max() < 1e-12
    return found.x[:, None]


@pytest.mark.parametrize("name", [n for n in SINGLE if n not in ("eigenvectors", "svd")])
@pytest.mark.parametrize("dims", ["5x5", "2-6", "6x3", "2-4x3-6"])
def test_answers_agree_with_scipy(name, dims):
    problem, ensemble = problems.get(name), ensembles.get("iid-uniform", dims=dims)
    if problem.needs_square and not ensemble.dimensions.square:
        with pytest.raises(InputError, match=dims):
            problem.draw(rng(0), 4, ensemble)
        return
    inputs = problem.draw(rng(0), 40, ensemble)
    answers = problem.solve(inputs)
    for i in range(40):
        m, n = int(inputs.rows[i]), int(inputs.columns[i])
        expected = reference(name, inputs.values[i, :m, :n])
        assert (answers.rows[i], answers.columns[i]) == problem.output_shape(m, n) == expected.shape
        got = answers.values[i, : expected.shape[0], : expected.shape[1]]
        np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-10)
    assert (answers.values[~answers.mask()] == 0).all()


@given(st.integers(1, 8), st.integers(0, 1000))
def test_eigenvectors(n, seed):
    x = ensembles.get("iid-uniform", dims=(n, n)).sample(rng(seed), 6, symmetric=True)
    answer = problems.get("eigenvectors").solve(x)
    assert answer.shape == (6, n + 1, n)
    values, q = answer[:, 0], answer[:, 1:]
    assert (np.diff(values, axis=1) <= 0).all()
    np.testing.assert_allclose(x @ q, q * values[:, None, :], atol=1e-11)
    np.testing.assert_allclose(q.transpose(0, 2, 1) @ q, np.tile(np.eye(n), (6, 1, 1)), atol=1e-12)
    largest = np.take_along_axis(q, np.abs(q).argmax(axis=1)[:, None, :], axis=1)
    assert (largest > 0).all()


@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 1000))
def test_svd(m, n, seed):
    x = ensembles.get("iid-uniform", dims=(m, n)).sample(rng(seed), 6)
    answer = problems.get("svd").solve(x)
    k = min(m, n)
    assert answer.shape == (6, 1 + m + n, k)
    s, u, v = answer[:, 0], answer[:, 1 : m + 1], answer[:, m + 1 :]
    np.testing.assert_allclose(s[0], scipy.linalg.svdvals(x[0]), rtol=1e-10)
    np.testing.assert_allclose((u * s[:, None, :]) @ v.transpose(0, 2, 1), x, atol=1e-11)
    for basis in (u, v):
        gram = basis.transpose(0, 2, 1) @ basis
        np.testing.assert_allclose(gram, np.tile(np.eye(k), (6, 1, 1)), atol=1e-12)
    largest = np.take_along_axis(u, np.abs(u).argmax(axis=1)[:, None, :], axis=1)
    assert (largest > 0).all()


def test_lapack_signs():
    x = ensembles.get("iid-uniform").sample(rng(0), 50, symmetric=True)
    vectors = np.linalg.eigh(x).eigenvectors[:, :, ::-1]
    raw = problems.get("eigenvectors", signs="lapack").solve(x)[:, 1:]
    np.testing.assert_array_equal(raw, vectors)
    canonical = problems.get("eigenvectors").solve(x)[:, 1:]
    np.testing.assert_array_equal(np.abs(canonical), np.abs(vectors))
    assert (canonical != vectors).any()
    left, _, right = np.linalg.svd(x)
    raw = problems.get("svd", signs="lapack").solve(x)
    np.testing.assert_array_equal(raw[:, 1:6], left)
    np.testing.assert_array_equal(raw[:, 6:], right.transpose(0, 2, 1))


@pytest.mark.parametrize("name", SINGLE)
def test_inputs_are_what_the_problem_needs(name):
    problem = problems.get(name)
    square = problem.needs_square
    inputs = problem.draw(rng(1), 30, ensembles.get("iid-uniform", dims="4x4" if square else "4x3"))
    columns = OPERANDS.get(name, lambda n: n)(4 if square else 3)
    assert problem.input_shape(4, 4 if square else 3) == (4, columns)
    assert inputs.values.shape == (30, 4, columns) and inputs.uniform
    symmetric = square and (inputs.values == inputs.values.transpose(0, 2, 1)).all()
    if isinstance(problem, problems.MatrixFunction | problems.PolarFactor):
        assert symmetric == isinstance(problem, problems.MatrixFunction)
        assert np.linalg.cond(problem.solve(inputs.values)).max() < 2e3  # eigenvalues were moved
    else:
        assert symmetric == problem.needs_symmetric
        assert np.abs(inputs.values).max() <= 10
    problem.check(inputs)
    problem.check(inputs.values)


@pytest.mark.parametrize("name", ["svd", "singular_values"])
def test_symmetric_singular_values(name):
    inputs = problems.get(name, symmetric=True).draw(rng(1), 30, ensembles.get("iid-uniform"))
    assert (inputs.values == inputs.values.transpose(0, 2, 1)).all()
    assert np.linalg.eigvalsh(inputs.values).min() < 0


@pytest.mark.parametrize("name", ["add", "matmul", "matvec"])
def test_operands_are_independent(name):
    inputs = problems.get(name).draw(rng(2), 20_000, ensembles.get("iid-uniform")).values
    last = inputs[:, :, -1]
    for j in range(5):
        assert abs(np.corrcoef(inputs[:, 0, j], last[:, 0])[0, 1]) < 0.03


@pytest.mark.parametrize("name", SINGLE)
def test_mixed_batches_are_solved_shape_by_shape(name):
    problem = problems.get(name)
    inputs = problem.draw(rng(3), 60, ensembles.get("iid-uniform", dims="2-5"))
    answers = problem.solve(inputs)
    for index, values in inputs.groups():
        p, q = problem.output_shape(*values.shape[1:])
        np.testing.assert_array_equal(answers.values[index, :p, :q], problem.solve(values))


@pytest.mark.parametrize("name", SINGLE)
def test_arrays_in_arrays_out(name):
    problem = problems.get(name)
    inputs = problem.draw(rng(4), 8, ensembles.get("iid-uniform"))
    assert isinstance(problem.solve(inputs.values), np.ndarray)
    assert isinstance(problem.solve(inputs), Matrices)
    again = problem.draw(rng(4), 8, ensembles.get("iid-uniform"))
    np.testing.assert_array_equal(inputs.values, again.values)


@pytest.mark.parametrize("name", problems.names())
def test_configs_survive_json(name):
    problem = problems.get(name)
    data = to_json(problem)
    assert data["name"] == name
    assert from_json(Problem, data) == problem


def test_wrong_fields_are_refused():
    with pytest.raises(InputError, match="eigenvalues"):
        problems.get("eigenvalue")
    with pytest.raises(InputError, match="sign"):
        problems.get("svd", sign="lapack")


FUNCTIONS = [
    n for n in SINGLE if isinstance(problems.get(n), problems.MatrixFunction)
]  # all but the polar factor


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_matrices_that_are_not_symmetric(name):
    """f(S^-1 M S) = S^-1 f(M) S, with f(M) from the eigenvalues and the other from SciPy."""
    problem = problems.get(name, symmetric=False)
    inputs = problem.draw(rng(5), 10, ensembles.get("iid-uniform")).values
    assert (inputs != inputs.transpose(0, 2, 1)).any()
    problem.check(inputs)
    similar = problems.get(name).draw(rng(5), 10, ensembles.get("iid-uniform")).values
    basis = np.eye(5) + 0.1 * rng(6).standard_normal((5, 5))
    found = problem.solve(np.linalg.solve(basis, similar @ basis))
    expected = np.linalg.solve(basis, problem.solve(similar) @ basis)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8 * np.abs(expected).max())


def test_powers():
    x = problems.get("matrix_sqrt").draw(rng(7), 10, ensembles.get("iid-uniform")).values
    power = {p: problems.get("matrix_power", exponent=p).solve(x) for p in (-2.0, 0.0, 0.5, 1.0)}
    np.testing.assert_allclose(power[0.0], np.tile(np.eye(5), (10, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(power[0.5], problems.get("matrix_sqrt").solve(x), rtol=1e-10)
    np.testing.assert_allclose(power[1.0], x, rtol=1e-10)
    np.testing.assert_allclose(power[-2.0] @ x @ x, power[0.0], atol=1e-9)
