"""Refusals of numbers and names."""

import math

import pytest

from eigenformer.core import InputError, at_least, positive, unknown


def test_numbers_that_fit_and_those_left_out() -> None:
    at_least(2, nodes=2, edges=None)
    positive(rate=1e-300, clip=None)


@pytest.mark.parametrize("number", [1, -1, math.nan])
def test_too_few(number: float) -> None:
    with pytest.raises(InputError, match=f"nodes is {number}; give at least 2"):
        at_least(2, edges=3, nodes=number)


@pytest.mark.parametrize("number", [0, -0.5, math.inf, math.nan])
def test_not_positive(number: float) -> None:
    with pytest.raises(InputError, match=f"rate is {number}; give a positive number"):
        positive(clip=1.0, rate=number)


def test_an_unknown_name_has_the_nearest_and_not_thousands_beside_it() -> None:
    names = [f"layers.{i}.out" for i in range(1000)]
    sentence = str(unknown("activation", "layers.500.ot", names))
    assert "did you mean 'layers.500.out'?" in sentence
    assert sentence.endswith(" and 940 more") and len(sentence) < 1200
    assert str(unknown("thing", "c", ["b", "a"])) == "unknown thing 'c': known are a, b"
