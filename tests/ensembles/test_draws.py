"""What every ensemble promises: shapes, symmetry, scale, repeatability."""

import math

import numpy as np
import pytest

from eigenformer import ensembles
from eigenformer.core import InputError, from_json, rng, to_json
from eigenformer.ensembles import Ensemble, Matrices

NAMES = ensembles.names()


def build(name, **fields):
    if name == "mixture":
        fields["components"] = ("iid-uniform", "spectrum-laplace", "iid-laplace")
    return ensembles.get(name, **fields)


@pytest.mark.parametrize("name", NAMES)
def test_one_shape(name):
    values = build(name).sample(rng(0), 50)
    assert isinstance(values, np.ndarray)
    assert values.shape == (50, 5, 5) and values.dtype == np.float64
    assert np.isfinite(values).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dims", ["5x5", "2-6"])
def test_symmetric_means_exactly(name, dims):
    values = build(name, dims=dims).draw(rng(1), 200, symmetric=True).values
    assert (values == values.transpose(0, 2, 1)).all()


def test_general_means_not_symmetric():
    for name in ("iid-uniform", "conditioned"):
        values = build(name).sample(rng(1), 50)
        assert (values != values.transpose(0, 2, 1)).any(axis=(1, 2)).all()
    for name in NAMES:
        if build(name).symmetric_only:
            values = build(name).sample(rng(1), 50, symmetric=False)
            assert (values == values.transpose(0, 2, 1)).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dims", ["5x5", "2-6"])
def test_same_stream_same_draws(name, dims):
    ensemble = build(name, dims=dims, scale=(1, 100))
    a, b, other = (ensemble.draw(rng(s, "train", k), 64) for s, k in ((3, 5), (3, 5), (3, 6)))
    np.testing.assert_array_equal(a.values, b.values)
    np.testing.assert_array_equal(a.rows, b.rows)
    assert a.values.shape != other.values.shape or (a.values != other.values).any()


@pytest.mark.parametrize("name", NAMES)
def test_mixed_shapes_are_padded_with_zeros(name):
    square = build(name).symmetric_only or name == "mixture"
    matrices = build(name, dims="2-6" if square else "4-7x2-3").draw(rng(2), 300)
    assert not matrices.uniform
    assert (matrices.values[~matrices.mask()] == 0).all()
    assert np.isin(matrices.rows, np.arange(2, 7) if square else np.arange(4, 8)).all()
    seen = np.concatenate([index for index, _ in matrices.groups()])
    assert sorted(seen) == list(range(300))
    for index, values in matrices.groups():
        m, n = values.shape[1:]
        assert (matrices.rows[index] == m).all() and (matrices.columns[index] == n).all()
        assert (values != 0).any(axis=(1, 2)).all()


def test_dims_with_one_shape_sample_arrays_and_others_batches():
    assert isinstance(build("iid-uniform", dims="8x3").sample(rng(0), 4), np.ndarray)
    assert isinstance(build("iid-uniform", dims="5-6").sample(rng(0), 4), Matrices)


@pytest.mark.parametrize("name", NAMES)
def test_std_is_the_root_mean_square_coefficient(name):
    if name == "graph-laplacian":
        pytest.skip("a Laplacian's unit is the edge's weight")
    ensemble = build(name, scale=7)
    assert ensemble.std == pytest.approx(7 / math.sqrt(3))
    values = ensemble.sample(rng(4), 20_000)
    assert np.sqrt((values**2).mean()) == pytest.approx(ensemble.std, rel=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_a_range_of_scales(name):
    ensemble = build(name, scale=(1, 100))
    with pytest.raises(InputError, match="range"):
        assert ensemble.std
    sizes = np.abs(ensemble.sample(rng(5), 5000)).mean(axis=(1, 2))
    assert np.quantile(sizes, 0.9) / np.quantile(sizes, 0.1) > 4
    fixed = np.abs(build(name, scale=50.5).sample(rng(5), 5000)).mean(axis=(1, 2))
    assert sizes.mean() == pytest.approx(fixed.mean(), rel=0.05)


def test_a_scale_belongs_to_a_matrix():
    values = build("iid-uniform", dims="20x20", scale=(1, 100)).sample(rng(6), 2000)
    scale = np.abs(values).max(axis=(1, 2))
    # Of 400 uniform entries the largest is about A; A itself is uniform.
    assert np.quantile(scale, [0.25, 0.5, 0.75]) == pytest.approx([25.75, 50.5, 75.25], rel=0.06)
    halves = np.abs(values[:, :10]).mean(axis=(1, 2)), np.abs(values[:, 10:]).mean(axis=(1, 2))
    assert np.corrcoef(*halves)[0, 1] > 0.97


@pytest.mark.parametrize("name", NAMES)
def test_second_operands(name):
    ensemble = build(name, scale=9)
    like = build(name, dims="2-6", scale=9).draw(rng(7), 8000)
    same, vectors = ensemble.entries(rng(8), like), ensemble.entries(rng(8), like, columns=1)
    assert (same.rows == like.rows).all() and (same.columns == like.columns).all()
    assert (vectors.rows == like.rows).all() and (vectors.columns == 1).all()
    for operand in (same, vectors):
        assert (operand.values[~operand.mask()] == 0).all()
        entries = operand.values[operand.mask()]
        assert np.sqrt((entries**2).mean()) == pytest.approx(9 / math.sqrt(3), rel=0.02)
        if name in ("spectrum-uniform", "conditioned", "iid-uniform"):
            assert np.abs(entries).max() <= 9


def test_second_operands_have_the_ensembles_law():
    like = build("iid-uniform").draw(rng(9), 4000)
    for name, kurtosis in (("iid-uniform", 1.8), ("iid-gaussian", 3.0), ("iid-laplace", 6.0)):
        entries = build(name).entries(rng(10), like).values
        assert (entries**4).mean() / (entries**2).mean() ** 2 == pytest.approx(kurtosis, rel=0.08)
    weak = ensembles.get("spectrum-gaussian", sigma_ratio=0.5).entries(rng(10), like).values
    assert np.abs(weak).max() == pytest.approx(5, rel=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_configs_survive_json(name):
    ensemble = build(name, dims=(4, 4), scale=(1, 10))
    again = from_json(Ensemble, to_json(ensemble))
    assert again == ensemble and hash(again) == hash(ensemble)
    assert to_json(ensemble)["name"] == name
    assert ensemble.dims == "4x4" and ensemble.scale == (1.0, 10.0)


def test_symmetric_needs_square():
    with pytest.raises(InputError, match="8x3"):
        build("iid-uniform", dims="8x3").draw(rng(0), 4, symmetric=True)
    with pytest.raises(InputError, match="batch"):
        build("iid-uniform").draw(rng(0), 0)


def test_noise():
    clean = build("iid-uniform", dims="2-6").draw(rng(11), 5000)
    std = 0.05 * build("iid-uniform").std
    noisy = ensembles.add_noise(rng(12), clean, std)
    assert (noisy.values[~noisy.mask()] == 0).all()
    error = (noisy.values - clean.values)[clean.mask()]
    assert error.std() == pytest.approx(std, rel=0.02) and abs(error.mean()) < 0.01 * std * 5
    with pytest.raises(InputError):
        ensembles.add_noise(rng(12), clean, -1.0)
