"""The score of eigenvectors and of the SVD refuses what the paper's accepts."""

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from eigenformer import ensembles, problems
from eigenformer.core import InputError, rng

EIGEN = problems.get("eigenvectors")
SVD = problems.get("svd")


def symmetric(batch=30, ensemble="conditioned", n=5, seed=0):
    return ensembles.get(ensemble, dims=(n, n)).sample(rng(seed), batch, symmetric=True)


def stacked(values, *bases):
    return np.concatenate([values[:, None, :], *bases], axis=1)


def congruence(x):
    """Q, d with Q^T M Q = diag(d) exactly, from M = L D L^T: d are not the eigenvalues."""
    bases, values = [], []
    for one in x:
        lower, d, _ = scipy.linalg.ldl(one)
        assert (d == np.diag(np.diag(d))).all(), "a 2x2 pivot: draw a definite matrix"
        bases.append(np.linalg.inv(lower).T)
        values.append(np.diag(d))
    return stacked(np.array(values), np.array(bases))


def test_a_congruence_is_refused():
    x = symmetric(ensemble="spectrum-positive")
    predicted = congruence(x)
    errors = EIGEN.errors(x, EIGEN.solve(x), predicted)
    assert errors.scores["paper"].max() < 1e-9
    for key in ("l1", "l2", "max"):
        assert errors.scores[key].min() > 0.1


def test_scaled_eigenvectors_are_refused():
    x = symmetric()
    true = EIGEN.solve(x)
    predicted = stacked(49 * true[:, 0], 7 * true[:, 1:])
    scores = EIGEN.errors(x, true, predicted).scores
    assert scores["paper"].max() < 1e-12
    np.testing.assert_allclose(scores["l1"], 48, rtol=1e-9)


def test_the_square_root_trick_is_refused():
    """Q = M^(-1/2) R M^(1/2) V, R any orthogonal matrix and V the eigenvectors: Q^T M Q = D.

    The right eigenvalues and a perfect score for the paper, without one right vector.
    """
    x = symmetric(ensemble="spectrum-positive")
    true = EIGEN.solve(x)
    values, q = true[:, 0], true[:, 1:]
    root = (q * np.sqrt(values)[:, None, :]) @ q.transpose(0, 2, 1)
    rotation = np.linalg.qr(rng(5).standard_normal((30, 5, 5))).Q
    trick = np.linalg.inv(root) @ rotation @ root @ q
    errors = EIGEN.errors(x, true, stacked(values, trick))
    assert errors.scores["paper"].max() < 1e-6
    assert errors.measures["diagonalisation"].max() < 1e-6
    assert errors.measures["eigenvalues"].max() == 0
    assert errors.scores["l1"].min() > 0.05
    np.testing.assert_array_equal(errors.scores["l1"], errors.measures["orthogonality"])


def test_wrong_eigenvalues_beside_right_vectors_are_refused():
    x = symmetric()
    true = EIGEN.solve(x)
    predicted = true.copy()
    predicted[:, 0] *= 1.3
    errors = EIGEN.errors(x, true, predicted)
    np.testing.assert_allclose(errors.scores["l1"], 0.3, rtol=1e-9)
    np.testing.assert_allclose(errors.measures["eigenvalues"], 0.3, rtol=1e-9)
    np.testing.assert_allclose(errors.scores["paper"], 0.3 / 1.3, rtol=1e-9)
    assert errors.measures["diagonalisation"].max() < 1e-12


def test_vectors_in_the_wrong_order_are_refused():
    x = symmetric()
    true = EIGEN.solve(x)
    predicted = true.copy()
    predicted[:, 1:] = predicted[:, 1:][:, :, ::-1]
    errors = EIGEN.errors(x, true, predicted)
    assert errors.scores["l1"].min() > 0.1
    assert errors.measures["orthogonality"].max() < 1e-12


def test_the_sign_of_a_vector_is_free():
    x = symmetric()
    true = EIGEN.solve(x)
    predicted = true.copy()
    predicted[:, 1:, ::2] *= -1
    assert EIGEN.errors(x, true, predicted).scores["l1"].max() < 1e-12


@given(st.integers(1, 6), st.integers(0, 500))
def test_eigenvector_scores_are_their_formulas(n, seed):
    x = symmetric(batch=3, ensemble="iid-uniform", n=n, seed=seed)
    true = EIGEN.solve(x)
    predicted = true + 0.1 * rng(seed, "noise").standard_normal(true.shape)
    errors = EIGEN.errors(x, true, predicted)
    for i in range(3):
        big, d, q = true[i, 0], predicted[i, 0], predicted[i, 1:]
        rotated = q.T @ x[i] @ q
        for key, order in (("l1", 1), ("l2", 2), ("max", np.inf)):

            def norm(a, order=order):
                return np.linalg.norm(np.ravel(a), order)

            terms = (
                norm(rotated - np.diag(big)) / norm(big),
                norm(d - big) / norm(big),
                norm(q.T @ q - np.eye(n)) / norm(np.eye(n)),
            )
            assert errors.scores[key][i] == pytest.approx(max(terms), rel=1e-9)
        assert errors.scores["l2_squared"][i] == pytest.approx(errors.scores["l2"][i] ** 2)
        paper = np.abs(rotated - np.diag(d)).sum() / np.abs(d).sum()
        assert errors.scores["paper"][i] == pytest.approx(paper, rel=1e-9)
        measures = {key: value[i] for key, value in errors.measures.items()}
        rebuilt = np.abs(q @ np.diag(d) @ q.T - x[i]).sum() / np.abs(x[i]).sum()
        assert measures["reconstruction"] == pytest.approx(rebuilt, rel=1e-9)
        assert measures["basis_condition"] == pytest.approx(np.linalg.cond(q), rel=1e-6)
        assert measures["condition"] == pytest.approx(np.linalg.cond(x[i]), rel=1e-6)
        lengths = np.abs(np.linalg.norm(q, axis=0) - 1).max()
        assert measures["column_norms"] == pytest.approx(lengths, rel=1e-6)
        dots = [abs(q[:, j] @ q[:, j + 1]) for j in range(n - 1)]
        assert measures["column_dots"] == pytest.approx(max(dots, default=0.0), rel=1e-6)


@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5)])
def test_svd_scores_are_their_formulas(shape):
    m, n = shape
    k = min(m, n)
    x = ensembles.get("iid-uniform", dims=shape).sample(rng(0), 5)
    true = SVD.solve(x)
    # The largest term is another one each time: values, U, V, nothing.
    noise = 0.1 * rng(1).standard_normal(true.shape)
    noise[1, 1:] = 0
    noise[2, m + 1 :] = 0
    noise[3, : m + 1] = 0
    noise[4] = 0
    predicted = true + noise
    errors = SVD.errors(x, true, predicted)
    for i in range(5):
        big, s = true[i, 0], predicted[i, 0]
        u, v = predicted[i, 1 : m + 1], predicted[i, m + 1 :]
        rotated = u.T @ x[i] @ v
        terms = (
            np.abs(rotated - np.diag(big)).sum() / big.sum(),
            np.abs(s - big).sum() / big.sum(),
            np.abs(u.T @ u - np.eye(k)).sum() / k,
            np.abs(v.T @ v - np.eye(k)).sum() / k,
        )
        assert errors.scores["l1"][i] == pytest.approx(max(terms), rel=1e-9, abs=1e-12)
        paper = np.abs(rotated - np.diag(s)).sum() / np.abs(s).sum()
        assert errors.scores["paper"][i] == pytest.approx(paper, rel=1e-9, abs=1e-12)
        rebuilt = np.abs((u * s) @ v.T - x[i]).sum() / np.abs(x[i]).sum()
        assert errors.measures["reconstruction"][i] == pytest.approx(rebuilt, rel=1e-9, abs=1e-12)
        condition = max(np.linalg.cond(u), np.linalg.cond(v))
        assert errors.measures["basis_condition"][i] == pytest.approx(condition, rel=1e-6)
        orthogonality = max(terms[2:])
        assert errors.measures["orthogonality"][i] == pytest.approx(orthogonality, abs=1e-12)


def test_an_svd_of_wrong_values_is_refused():
    x = ensembles.get("conditioned", dims="4x4").sample(rng(0), 10)
    true = SVD.solve(x)
    predicted = true.copy()
    predicted[:, 1:5] *= 3
    predicted[:, 0] *= 3
    scores = SVD.errors(x, true, predicted).scores
    assert scores["paper"].max() < 1e-12
    # U is three times too long: U^T U - I is 8 I.
    np.testing.assert_allclose(scores["l1"], 8, rtol=1e-9)


@pytest.mark.parametrize("problem", [EIGEN, SVD])
def test_zero_everywhere_is_infinitely_wrong_for_the_paper(problem):
    x = symmetric()
    true = problem.solve(x)
    errors = problem.errors(x, true, np.zeros_like(true))
    assert (errors.scores["paper"] == np.inf).all()
    np.testing.assert_allclose(errors.scores["l1"], 1)
    assert (errors.measures["basis_condition"] == np.inf).all()


def test_of_the_zero_matrix():
    x = np.zeros((2, 3, 3))
    true = EIGEN.solve(x)
    wrong = true.copy()
    wrong[1, 0, 0] = 0.1
    assert EIGEN.errors(x, true, wrong).scores["l1"].tolist() == [0, np.inf]


@pytest.mark.parametrize("problem", [EIGEN, SVD])
def test_certificates_bound_the_diagonalisation(problem):
    x = symmetric()
    true = problem.solve(x)
    predicted = true + 0.05 * rng(3).standard_normal(true.shape)
    residuals = problem.residuals(x, predicted)
    assert set(residuals) == {"diagonalisation", "reconstruction", "orthogonality"}
    measures = problem.errors(x, true, predicted).measures
    np.testing.assert_allclose(residuals["reconstruction"], measures["reconstruction"])
    np.testing.assert_allclose(residuals["orthogonality"], measures["orthogonality"])
    # Divided by the Frobenius norm, which is at most the sum of the magnitudes of the spectrum.
    paper = problem.errors(x, true, predicted).scores["paper"]
    share = np.abs(predicted[:, 0]).sum(axis=1) / np.linalg.norm(x, axis=(1, 2))
    np.testing.assert_allclose(residuals["diagonalisation"], paper * share)


def test_unknown_signs_are_refused():
    # In tests the annotation would refuse it first.
    for problem in (EIGEN, SVD):
        with pytest.raises((InputError, TypeError)):
            problems.get(problem.registry.name_of(problem), signs="lapak")
