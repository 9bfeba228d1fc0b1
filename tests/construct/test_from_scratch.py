"""Eigenvectors, the SVD and functions of matrices from scratch, against LAPACK and SciPy."""

import numpy as np
import pytest
import scipy.linalg

import eigenformer as ef
from eigenformer.construct import (
    constructed_solver,
    matrix_exponential,
    matrix_logarithm,
    matrix_power,
    matrix_sign,
    matrix_sqrt,
    polar_factor,
)
from eigenformer.construct.algorithms import jacobi
from eigenformer.construct.algorithms.newton_schulz import cubic, step_factors
from eigenformer.construct.gallery import frank, gallery, hilbert, pascal
from eigenformer.core import InputError, rng
from eigenformer.problems.ratios import BAR


def turned(values: np.ndarray, seed: int = 0) -> np.ndarray:
    """Symmetric matrices of given eigenvalues [B, n]."""
    batch, n = values.shape
    q = np.linalg.qr(rng(seed).standard_normal((batch, n, n)))[0]
    a = (q * values[:, None]) @ q.swapaxes(1, 2)
    return (a + a.swapaxes(1, 2)) / 2


def hard_spectra(n: int) -> np.ndarray:
    draw = rng(n)
    sign = draw.choice([-1.0, 1.0], (20, n))
    return np.concatenate([
        np.zeros((1, n)), np.ones((1, n)),
        draw.standard_normal((20, n)),
        sign * (1 + 1e-9 * draw.standard_normal((20, n))),
        sign * 10.0 ** draw.uniform(-12, 0, (20, n)),
    ])  # fmt: skip


@pytest.mark.parametrize("n", [1, 2, 4, 5])
def test_eigenvectors_of_zero_repeated_clustered_and_graded_matrices(n: int) -> None:
    a = turned(hard_spectra(n))
    answer = jacobi.eigenvectors(n)(a).numpy()
    assert ef.problems.get("eigenvectors").ratios(a, answer).max() < BAR
    values = jacobi.eigenvalues(n)(a).numpy()
    np.testing.assert_array_equal(values[:, :, 0], answer[:, 0])
    assert (np.diff(values, axis=1) <= 0).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (4, 3), (3, 4)])
def test_svd_of_any_shape_and_rank(shape: tuple[int, int]) -> None:
    m, n = shape
    a = rng(m + n).standard_normal((30, m, n))
    a[0] = 0
    a[1:5, :, -1] = a[1:5, :, 0]
    a[5:10] *= 1e200
    a[10:15] *= 1e-200
    left, _, right = np.linalg.svd(a[15:20], full_matrices=False)
    a[15:20] = left @ right  # all singular values 1, the norm a power of two
    answer = jacobi.svd(m, n)(a).numpy()
    assert ef.problems.get("svd").ratios(a, answer).max() < BAR
    expected = np.linalg.svd(a, compute_uv=False)
    values = jacobi.singular_values(m, n)(a).numpy()[:, :, 0]
    assert (np.abs(values - expected) <= 1e-14 * expected[:, :1]).all()


def test_clusters_of_singular_values_do_not_turn_about() -> None:
    """Angles that are noise undid what other pairs had done, and errors of 1e-9 were left."""
    draw, n = rng(6), 5
    left, right = (np.linalg.qr(draw.standard_normal((100, n, n)))[0] for _ in range(2))
    for low in (0, 1):
        a = (left * draw.integers(low, low + 2, (100, 1, n))) @ right
        assert ef.problems.get("svd").ratios(a, jacobi.svd(n, n)(a).numpy()).max() < BAR


@pytest.mark.parametrize("n", [2, 5, 8])
def test_rounds_meet_each_pair_once(n: int) -> None:
    found = [pair for pairs in jacobi.rounds(n) for pair in pairs]
    assert sorted(found) == [(p, q) for p in range(n) for q in range(p + 1, n)]
    assert all(len({i for pair in pairs for i in pair}) == 2 * len(pairs)
               for pairs in jacobi.rounds(n))  # fmt: skip


def test_steps_take_the_whole_interval_to_one() -> None:
    for least, most in ((0.5, 6), (1e-4, 16), (1e-10, 31)):
        s = np.geomspace(least, 1, 1000)
        for t in step_factors(least):
            s = cubic(t, s)
        assert np.abs(s - 1).max() < 1e-15
        assert len(step_factors(least)) <= most


GENERAL = {
    "expm": lambda: matrix_exponential(5, 20.0),
    "sinm": lambda: ef.construct.matrix_sine(5, 20.0),
    "cosm": lambda: ef.construct.matrix_cosine(5, 20.0),
    "sqrtm": lambda: matrix_sqrt(5, 1e4, symmetric=False),
    "logm": lambda: matrix_logarithm(5, 1e4, symmetric=False),
    "signm": lambda: matrix_sign(5, 1e4, symmetric=False),
}


@pytest.mark.parametrize("name", GENERAL)
def test_matrices_that_are_not_symmetric(name: str) -> None:
    a = frank(5)
    found, expected = GENERAL[name]()(a).numpy(), getattr(scipy.linalg, name)(a)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10 * np.abs(expected).max())


def test_powers_whole_and_not() -> None:
    a = turned(rng(1).uniform(0.1, 2, (5, 4)))
    np.testing.assert_allclose(matrix_power(4, 7)(a), np.linalg.matrix_power(a, 7), rtol=1e-12)
    for exponent in (0.5, -1.5):
        found = matrix_power(4, exponent, 100.0)(a).numpy()
        values, q = np.linalg.eigh(a)
        expected = (q * values[:, None] ** exponent) @ q.swapaxes(1, 2)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


REFUSED = [
    (lambda: matrix_logarithm(1), [[-1.0]], "negative axis"),
    (lambda: matrix_sqrt(2), [[1.0, 0], [0, -1]], "negative axis"),
    (lambda: matrix_sqrt(2, 10.0), [[1.0, 0], [0, 1e-6]], "condition number of 10.*condition="),
    (lambda: matrix_sign(2), np.zeros((2, 2)), "imaginary axis"),
    (lambda: matrix_sign(2, symmetric=False), [[1, 1], [-1, 1.01]], "off the real axis"),
    (lambda: matrix_exponential(1, 1000.0), [[720.0]], "overflows"),
    (lambda: matrix_exponential(1), [[9.0]], "2-norm of 9.*norm="),
    (lambda: polar_factor(2, 2), np.ones((2, 2)), "full rank"),
    (lambda: matrix_power(2, 0), np.eye(2), "exponent is 0"),
    (lambda: jacobi.eigenvectors(2), [[1.0, 2], [0, 1]], "differs from its transpose"),
    (lambda: jacobi.eigenvectors(2), np.eye(3), "compiled for"),
]


@pytest.mark.parametrize(("make", "matrix", "why"), REFUSED)
def test_what_has_no_answer_is_refused_in_words(make, matrix, why) -> None:
    with pytest.raises(InputError, match=why):
        make()(np.asarray(matrix, dtype=float))


@pytest.mark.parametrize("problem", ["eigenvectors", "svd", "matrix_sqrt", "matmul"])
def test_a_solver_compiles_for_what_it_is_asked(problem: str) -> None:
    solver = constructed_solver(problem)
    result = ef.evaluate(solver, solver.problem, ef.ensembles.get("iid-uniform", dims="1-3"), n=30)
    assert result.at(0.005) == 1.0 and result.valid.value == 1.0
    one = solver.problem.draw(rng(3), 1, ef.ensembles.get("iid-uniform", dims="3x3")).values[0]
    expected = ef.numpy_solver(problem).solve(one).value
    np.testing.assert_allclose(solver.solve(one).value, expected, atol=1e-10)


def test_one_refused_matrix_costs_the_others_nothing() -> None:
    a = np.stack([np.eye(2), hilbert(2), [[1.0, 0], [0, 1e-17]]])
    predictions = constructed_solver("inverse").predict(ef.ensembles.Matrices.of(a))
    assert predictions.valid.tolist() == [True, True, False]
    assert "singular" in predictions.reasons[2]


def test_a_problem_that_no_construction_answers() -> None:
    with pytest.raises(InputError, match="no construction answers joint"):
        constructed_solver("joint")


def test_the_gallery_is_what_it_says() -> None:
    named = gallery()
    values = np.linalg.eigvalsh(named["Rosser"])
    exact = [10 * np.sqrt(10405), 1020, 510 + 100 * np.sqrt(26), 1000, 1000,
             510 - 100 * np.sqrt(26), 0, -10 * np.sqrt(10405)]  # fmt: skip
    np.testing.assert_allclose(values[::-1], exact, atol=1e-11)
    assert round(np.linalg.det(frank(5))) == round(np.linalg.det(pascal(5))) == 1
    np.testing.assert_allclose(named["Hilbert 3"], scipy.linalg.hilbert(3))
