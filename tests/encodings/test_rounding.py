"""Rounding: correct to the last bit for P and B, and no worse than half a unit anywhere."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numbers_to_try import ALL, in_range

from eigenformer.encodings import Floating, Positional


def row(values):
    return np.array(values, np.float64)[None, None, :]


def python_digits(value, digits):
    """Sign, mantissa and exponent by Python's formatting, which is exact."""
    if value == 0:
        return "+", "0" * digits, 0
    mantissa, exponent = f"{abs(value):.{digits - 1}e}".split("e")
    return "-" if value < 0 else "+", mantissa.replace(".", ""), int(exponent) - digits + 1


def python_words(encoding, value):
    sign, mantissa, exponent = python_digits(value, encoding.digits)
    if encoding.label.startswith("B"):
        return [str(int(sign + mantissa)), f"E{exponent}"]
    width = encoding.digits // (encoding.tokens_per_number - 2)
    groups = [str(int(mantissa[i : i + width])) for i in range(0, encoding.digits, width)]
    return [sign, *groups, f"E{exponent}"]


def half_a_unit(encoding, value):
    """Half a unit of the last digit, and what reading m 10^e may cost: an ulp or two.

    FP also takes what is a few ulps short of a half for a half.
    """
    last = Decimal(abs(value)).adjusted() - encoding.digits + 1
    if isinstance(encoding, Floating):
        last = max(last, encoding.lowest)
    return Fraction(10) ** last / 2 + Fraction(abs(value)) * Fraction(2) ** -50


@pytest.mark.parametrize("name", ALL)
@given(st.data())
@settings(max_examples=60)
def test_any_number_in_range(name, data):
    encoding = ALL[name]
    values = data.draw(st.lists(in_range(encoding), min_size=1, max_size=12))
    ids = encoding.encode(row(values))
    if not isinstance(encoding, Floating):
        expected = [word for value in values for word in python_words(encoding, value)]
        assert encoding.words(ids)[0][2:] == expected
    decoded = encoding.decode(ids)
    assert decoded.valid.all()
    for value, read in zip(values, decoded.matrices.values[0, 0].tolist(), strict=True):
        if value == 0:
            assert read == 0
        else:
            assert abs(Fraction(read) - Fraction(value)) <= half_a_unit(encoding, value)
    np.testing.assert_array_equal(encoding.encode(decoded.matrices), ids)


def test_known_numbers():
    # 10.0625 rounds up, 1.005 and 9.995 are below the tie in binary, 1.125 is on it.
    matrix = row([3.14, -6.02e23, 1e3, 1.0, 9.9951, -10.0625, 1.005, 9.995, 1.125, -1.135, -0.0])
    for name, expected in {
        "P10": "+ 3 1 4 E-2 - 6 0 2 E21 + 1 0 0 E1 + 1 0 0 E-2 + 1 0 0 E-1 - 1 0 1 E-1 "
        "+ 1 0 0 E-2 + 9 9 9 E-2 + 1 1 2 E-2 - 1 1 4 E-2 + 0 0 0 E0",
        "P1000": "+ 314 E-2 - 602 E21 + 100 E1 + 100 E-2 + 100 E-1 - 101 E-1 "
        "+ 100 E-2 + 999 E-2 + 112 E-2 - 114 E-2 + 0 E0",
        "B1999": "314 E-2 -602 E21 100 E1 100 E-2 100 E-1 -101 E-1 "
        "100 E-2 999 E-2 112 E-2 -114 E-2 0 E0",
    }.items():
        assert " ".join(ALL[name].words(ALL[name].encode(matrix))[0][2:]) == expected
    words = ALL["FP15"].words(ALL["FP15"].encode(row([3.14, 1.0, 0.0, -9.9951, 1e-7, 99e-9, 1e-9])))
    assert " ".join(words[0][2:]) == "FP314/-2 FP100/-2 FP0/0 FP-100/-1 FP100/-9 FP99/-9 FP1/-9"


@pytest.mark.parametrize("digits", range(1, 16))
def test_every_precision_is_right_next_to_powers_of_ten(digits):
    encoding = Positional(base=10, precision=digits)
    powers = np.array([float(f"1e{e}") for e in range(-80, 80, 2)])
    for step in (-300, -40, -3, -2, -1, 0, 1, 2, 3, 40, 300):
        values = powers * (1 + step * 2.0**-52)
        expected = [word for value in values.tolist() for word in python_words(encoding, value)]
        assert encoding.words(encoding.encode(row(values)))[0][2:] == expected


def test_halves_of_fp_go_up():
    encoding = ALL["FP15"]
    # 1.005 is below the half in binary, and LAWT writes it so.
    words = encoding.words(encoding.encode(row([1.005, -1.005, 2.665, 0.5e-9, 1.5e-9, 0.49e-9])))
    assert words[0][2:] == ["FP100/-2", "FP-100/-2", "FP267/-2", "FP1/-9", "FP2/-9", "FP0/0"]
