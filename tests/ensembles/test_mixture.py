"""Mixtures: how often each component is drawn, and what they take from the mixture."""

import numpy as np
import pytest

from eigenformer import ensembles
from eigenformer.core import InputError, rng


def test_weights_are_frequencies():
    components = tuple(ensembles.get("iid-uniform", scale=s) for s in (1, 10, 100))
    mixture = ensembles.get("mixture", components=components, weights=(1, 2, 5))
    size = np.abs(mixture.sample(rng(0), 8000)).max(axis=(1, 2))
    shares = [((size > low) & (size <= 10 * low)).mean() for low in (0.1, 1, 10)]
    assert shares == pytest.approx([1 / 8, 2 / 8, 5 / 8], abs=0.02)


def test_order_is_mixed():
    components = tuple(ensembles.get("iid-uniform", scale=s) for s in (1, 100))
    size = np.abs(ensembles.get("mixture", components=components).sample(rng(1), 1000))
    large = (size > 1).any(axis=(1, 2))
    assert 400 < (large[1:] != large[:-1]).sum() < 600


def test_names_take_the_mixtures_fields():
    mixture = ensembles.get(
        "mixture", dims="3-4", scale=2, components=("iid-uniform", "spectrum-laplace")
    )
    assert mixture.components == (
        ensembles.get("iid-uniform", dims="3-4", scale=2),
        ensembles.get("spectrum-laplace", dims="3-4", scale=2),
    )
    assert ensembles.get("mixture", components=("iid-uniform",)).dims == "5x5"


def test_dims_come_from_the_components():
    parts = (ensembles.get("iid-uniform", dims="8x8"), "spectrum-laplace")
    mixture = ensembles.get("mixture", components=parts)
    assert mixture.dims == "8x8"
    assert mixture.sample(rng(0), 10).shape == (10, 8, 8)


def test_shapes_are_mixed_within_a_component():
    mixture = ensembles.get("mixture", dims="2-4", components=("iid-uniform", "spectrum-laplace"))
    matrices = mixture.draw(rng(2), 400)
    assert set(matrices.rows) == {2, 3, 4}
    symmetric = (matrices.values == matrices.values.transpose(0, 2, 1)).all(axis=(1, 2))
    assert 100 < symmetric.sum() < 300
    assert (matrices.values[~matrices.mask()] == 0).all()


def test_std_needs_agreement():
    parts = (ensembles.get("iid-uniform"), ensembles.get("spectrum-laplace", sigma_ratio=0.6))
    with pytest.raises(InputError, match="standard deviations"):
        assert ensembles.get("mixture", components=parts).std


@pytest.mark.parametrize(
    "fields",
    [
        {"components": ()},
        {"components": ("iid-unifrom",)},
        {"components": ("iid-uniform",), "weights": (1, 2)},
        {"components": ("iid-uniform", "iid-laplace"), "weights": (1, 0)},
        {"components": ("spectrum-laplace",), "dims": "5x4"},
    ],
)
def test_wrong_fields_are_refused(fields):
    with pytest.raises(InputError):
        ensembles.get("mixture", **fields)


def test_dims_must_agree():
    parts = (ensembles.get("iid-uniform", dims="8x8"), ensembles.get("iid-uniform", dims="5x5"))
    with pytest.raises(InputError, match="5x5"):
        ensembles.get("mixture", components=parts)
