"""Sizes: what the text forms mean, and that draws keep to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigenformer.core import InputError, rng
from eigenformer.ensembles import Dims

SIZES = st.integers(1, 12)


@pytest.mark.parametrize(
    ("given_dims", "text", "square", "fixed"),
    [
        ("5x5", "5x5", True, True),
        ((5, 5), "5x5", True, True),
        ([8, 3], "8x3", False, True),
        ("5", "5x5", True, True),
        ("5-5", "5x5", True, True),
        ("5-15", "5-15", True, False),
        ("5-15x2-6", "5-15x2-6", False, False),
        ("5-15x5-15", "5-15x5-15", False, False),
        ("4x2-6", "4x2-6", False, False),
    ],
)
def test_forms(given_dims, text, square, fixed):
    dims = Dims.parse(given_dims)
    assert (str(dims), dims.square, dims.fixed) == (text, square, fixed)
    assert Dims.parse(str(dims)) == dims


@pytest.mark.parametrize(
    "wrong", ["", "5x", "x5", "0x5", "5x0", "15-5", "5*5", "5x5x5", "-3", (5,), (5, 5.0), (5, 0)]
)
def test_what_is_not_a_size_is_refused(wrong):
    with pytest.raises(InputError):
        Dims.parse(wrong)


@given(SIZES, SIZES, SIZES, SIZES, st.booleans(), st.integers(0, 100))
def test_draws_are_contained(low, more, low_n, more_n, square, seed):
    text = f"{low}-{low + more}" + ("" if square else f"x{low_n}-{low_n + more_n}")
    dims = Dims.parse(text)
    rows, columns = dims.draw(rng(seed), 20)
    assert all(dims.contains(m, n) for m, n in zip(rows.tolist(), columns.tolist(), strict=True))
    assert not square or (rows == columns).all()
    assert dims.largest == (low + more, low + more if square else low_n + more_n)
    assert not dims.contains(low + more + 1, int(columns[0]))


def test_every_size_of_a_range_is_drawn():
    rows, columns = Dims.parse("5-7x2-3").draw(rng(0), 500)
    assert {(m, n) for m, n in zip(rows.tolist(), columns.tolist(), strict=True)} == {
        (m, n) for m in (5, 6, 7) for n in (2, 3)
    }


def test_square_range_contains_only_square():
    dims = Dims.parse("5-15")
    assert dims.contains(7, 7)
    assert not dims.contains(7, 8)
    assert Dims.parse("5-15x5-15").contains(7, 8)
