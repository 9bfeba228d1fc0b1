"""The laws of entries and spectra against their definitions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.sparse import csgraph

from eigenformer import ensembles
from eigenformer.core import InputError, rng
from eigenformer.ensembles.orthogonal import orthonormal_columns

IID = ("iid-uniform", "iid-gaussian", "iid-laplace")
SPECTRA = (
    "spectrum-semicircle",
    "spectrum-positive",
    "spectrum-uniform",
    "spectrum-gaussian",
    "spectrum-laplace",
    "spectrum-positive-laplace",
    "spectrum-marchenko-pastur",
)
SIGMA = 10 / math.sqrt(3)


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("iid-uniform", stats.uniform(-10, 20)),
        ("iid-gaussian", stats.norm(0, SIGMA)),
        ("iid-laplace", stats.laplace(0, SIGMA / math.sqrt(2))),
    ],
)
def test_iid_entries(name, law, symmetric):
    matrices = ensembles.get(name).sample(rng(1), 2000, symmetric)
    entries = matrices[:, *np.tril_indices(5)].ravel()
    assert stats.kstest(entries, law.cdf).pvalue > 1e-3


# Charton 2022, appendix H: 12.91, 18.26, 22.36, 25.81 for the three laws.
@pytest.mark.parametrize("name", IID)
@pytest.mark.parametrize(
    ("n", "std", "batch"),
    [(5, 12.91, 100_000), (10, 18.26, 40_000), (15, 22.36, 15_000), (20, 25.81, 10_000)],
)
def test_eigenvalues_of_wigner_matrices(name, n, std, batch):
    matrices = ensembles.get(name, dims=(n, n)).sample(rng(n), batch, symmetric=True)
    assert np.linalg.eigvalsh(matrices).std() == pytest.approx(std, rel=5e-3)


@pytest.mark.parametrize("ratio", [1.0, 0.6])
@pytest.mark.parametrize("n", [3, 5, 8])
@pytest.mark.parametrize("name", SPECTRA)
def test_spectra_have_the_prescribed_root_mean_square(name, n, ratio):
    ensemble = ensembles.get(name, dims=(n, n), scale=10, sigma_ratio=ratio)
    matrices = ensemble.sample(rng(7), 20_000)
    rms = np.sqrt((np.linalg.eigvalsh(matrices) ** 2).mean())
    assert rms == pytest.approx(ratio * 10 * math.sqrt(n / 3), rel=0.03)
    assert np.sqrt((matrices**2).mean()) == pytest.approx(ensemble.std, rel=0.03)


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("spectrum-uniform", stats.uniform(-math.sqrt(3), 2 * math.sqrt(3))),
        ("spectrum-gaussian", stats.norm),
        ("spectrum-laplace", stats.laplace(0, math.sqrt(0.5))),
        ("spectrum-positive-laplace", stats.expon(0, math.sqrt(0.5))),
    ],
)
def test_laws_of_independent_eigenvalues(name, law):
    matrices = ensembles.get(name, scale=math.sqrt(3 / 5)).sample(rng(2), 4000)
    assert stats.kstest(np.linalg.eigvalsh(matrices).ravel(), law.cdf).pvalue > 1e-3


def test_semicircle_and_positive_have_the_spectrum_of_iid_matrices():
    wigner = np.linalg.eigvalsh(ensembles.get("iid-uniform").sample(rng(3), 5000, symmetric=True))
    for name, expected in (("semicircle", wigner), ("positive", np.abs(wigner))):
        drawn = np.linalg.eigvalsh(ensembles.get(f"spectrum-{name}").sample(rng(4), 5000))
        assert stats.ks_2samp(drawn.ravel(), expected.ravel()).pvalue > 1e-3


@pytest.mark.parametrize("name", ["positive", "positive-laplace", "marchenko-pastur"])
def test_positive_spectra(name):
    assert np.linalg.eigvalsh(ensembles.get(f"spectrum-{name}").sample(rng(5), 2000)).min() > -1e-10


@pytest.mark.parametrize("aspect", [0.25, 0.5, 2.0])
def test_marchenko_pastur_density(aspect):
    n = 60
    ensemble = ensembles.get("spectrum-marchenko-pastur", dims=(n, n), aspect=aspect)
    spectrum = np.linalg.eigvalsh(ensemble.sample(rng(6), 60))
    spectrum /= spectrum.mean()  # the law of X X^T / p has mean 1
    edge = (1 + math.sqrt(aspect)) ** 2
    assert (spectrum < 1.3 * edge).all()
    assert spectrum.max(axis=1).mean() == pytest.approx(edge, rel=0.1)
    assert spectrum.var() == pytest.approx(aspect, rel=0.05)
    assert (np.abs(spectrum) < 1e-9).mean() == pytest.approx(max(0, 1 - 1 / aspect), abs=1e-9)


def test_eigenvectors_are_uniform_on_the_sphere():
    matrices = ensembles.get("spectrum-uniform", dims=(3, 3)).sample(rng(8), 4000)
    vectors = np.linalg.eigh(matrices).eigenvectors
    # A coordinate of a uniform point of the sphere in three dimensions is uniform.
    assert stats.kstest(np.abs(vectors[:, 0, 0]), stats.uniform.cdf).pvalue > 1e-3


@pytest.mark.parametrize(("m", "k"), [(3, 3), (5, 2)])
def test_orthonormal_columns_are_uniform(m, k):
    q = orthonormal_columns(rng(8), 4000, m, k)
    np.testing.assert_allclose(
        q.transpose(0, 2, 1) @ q, np.tile(np.eye(k), (4000, 1, 1)), atol=1e-13
    )
    # Centred, of variance 1/m, whatever the sign convention of LAPACK.
    assert np.abs(q.mean(axis=0)).max() < 5 / np.sqrt(4000 * m)
    np.testing.assert_allclose((q**2).mean(axis=0), 1 / m, rtol=0.1)


@settings(max_examples=40, deadline=None)
@given(st.floats(1, 1e8), st.integers(2, 7), st.integers(2, 7), st.booleans(), st.integers(0, 99))
def test_condition_number(condition, m, n, symmetric, seed):
    n = m if symmetric else n
    ensemble = ensembles.get("conditioned", dims=(m, n), condition=condition)
    matrices = ensemble.sample(rng(seed), 4, symmetric)
    s = np.linalg.svd(matrices, compute_uv=False)
    np.testing.assert_allclose(s[:, 0] / s[:, -1], condition, rtol=1e-13 * condition + 1e-12)
    np.testing.assert_allclose(np.sqrt((matrices**2).mean(axis=(1, 2))), ensemble.std, rtol=1e-12)
    if symmetric:
        assert (matrices == matrices.transpose(0, 2, 1)).all()


@pytest.mark.parametrize("density", [0.0, 0.5, 1.0])
def test_graph_laplacians(density):
    matrices = ensembles.get("graph-laplacian", dims="6x6", density=density).sample(rng(9), 300)
    weights = np.where(np.eye(6, dtype=bool), 0, -matrices)
    assert (weights >= 0).all() and (weights <= 10).all()
    np.testing.assert_allclose(matrices[0], csgraph.laplacian(weights[0]), atol=1e-12)
    spectrum = np.linalg.eigvalsh(matrices)
    np.testing.assert_allclose(spectrum[:, 0], 0, atol=1e-12)
    assert (spectrum[:, 1] > 1e-6).all(), "a second zero eigenvalue: the graph is not connected"
    edges = (weights > 0).sum(axis=(1, 2)).mean() / 2
    assert edges == pytest.approx(5 + density * 10, rel=0.03)
    degrees = (weights > 0).sum(axis=1).mean(axis=0)
    np.testing.assert_allclose(degrees, degrees.mean(), rtol=0.15)


def test_graph_weights_are_uniform():
    matrices = ensembles.get("graph-laplacian", density=1.0).sample(rng(10), 2000)
    weights = -matrices[:, *np.tril_indices(5, -1)].ravel()
    assert stats.kstest(weights, stats.uniform(0, 10).cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("iid-uniform", {"scale": 0}),
        ("iid-uniform", {"scale": -1.0}),
        ("iid-uniform", {"scale": (10, 1)}),
        ("iid-uniform", {"scale": float("nan")}),
        ("spectrum-uniform", {"sigma_ratio": 0.0}),
        ("spectrum-uniform", {"dims": "5x4"}),
        ("spectrum-uniform", {"dims": "3-5x3-5"}),
        ("spectrum-marchenko-pastur", {"aspect": 0.0}),
        ("graph-laplacian", {"dims": "5x4"}),
        ("graph-laplacian", {"dims": "1-4"}),
        ("graph-laplacian", {"density": 1.5}),
        ("conditioned", {"condition": 0.5}),
        ("conditioned", {"condition": float("inf")}),
        ("conditioned", {"dims": "1x4"}),
        ("iid-uniform", {"sigma_ratio": 1.0}),
        ("iid-unifrom", {}),
    ],
)
def test_wrong_fields_are_refused(name, fields):
    with pytest.raises(InputError):
        ensembles.get(name, **fields)
