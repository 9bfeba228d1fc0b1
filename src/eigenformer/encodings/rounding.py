"""Rounding a float64 to p significant digits, whole arrays at a time."""

import numpy as np
from jaxtyping import Float64, Int64

LARGEST_EXPONENT = 100
"""Exponent tokens run from E-100 to E100."""

_POWERS = 10.0 ** np.arange(309)


def scaled(
    values: Float64[np.ndarray, "*K"], exponent: Int64[np.ndarray, "*K"]
) -> Float64[np.ndarray, "*K"]:
    """`values` * 10^exponent, with one rounding where the power is exact (|exponent| <= 22)."""
    power = _POWERS[np.minimum(np.abs(exponent), 308)]
    return np.where(exponent >= 0, values * power, values / power)


def significant_digits(
    magnitudes: Float64[np.ndarray, "*K"], digits: int
) -> tuple[Int64[np.ndarray, "*K"], Int64[np.ndarray, "*K"]]:
    """(m, e) with |x| ~ m 10^e, m of exactly `digits` digits; zero is (0, 0).

    Correctly rounded, ties to even, as `f"{x:.{digits - 1}e}"` (for m 10^e up to 10^22).
    """
    zero = magnitudes == 0
    safe = np.where(zero, 1.0, magnitudes)
    shift = digits - 1 - np.floor(np.log10(safe)).astype(np.int64)
    product = scaled(safe, shift)
    mantissa = np.rint(product)
    # A product that looks halfway may have been rounded onto the tie: the lost part decides. A
    # product that doesn't look halfway is on the right side of it, as rounding keeps the order.
    halfway = np.flatnonzero(product - np.floor(product) == 0.5)
    if len(halfway):
        lost = _lost(safe.flat[halfway], product.flat[halfway], shift.flat[halfway])
        floor = np.floor(product.flat[halfway])
        mantissa.flat[halfway] = np.where(
            lost > 0, floor + 1, np.where(lost < 0, floor, mantissa.flat[halfway])
        )
    return _carried(mantissa, digits, shift, zero)


def half_up_digits(
    magnitudes: Float64[np.ndarray, "*K"], digits: int
) -> tuple[Int64[np.ndarray, "*K"], Int64[np.ndarray, "*K"]]:
    """As `significant_digits`, but what is halfway to within rounding errors goes up (LAWT's FP15)."""
    zero = magnitudes == 0
    safe = np.where(zero, 1.0, magnitudes)
    shift = digits - 1 - np.floor(np.log10(safe)).astype(np.int64)
    return _carried(half_up(scaled(safe, shift)), digits, shift, zero)


def half_up(values: Float64[np.ndarray, "*K"]) -> Float64[np.ndarray, "*K"]:
    """To the nearest integer, halves up; four units in the last place short of a half is a half."""
    return np.floor(values * (1 + 2.0**-50) + 0.5)


def _carried(
    rounded: np.ndarray, digits: int, shift: np.ndarray, zero: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    mantissa = rounded.astype(np.int64)
    # A carry to one digit more, or log10 a hair under the power of ten: both leave exactly 10^digits.
    carry = mantissa >= 10**digits
    mantissa[carry] = 10 ** (digits - 1)
    exponent = carry - shift
    mantissa[zero] = 0
    exponent[zero] = 0
    return mantissa, exponent


def _lost(values: np.ndarray, product: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """The sign of values * 10^shift - product, before the product was rounded (Dekker's product)."""
    power = _POWERS[np.minimum(np.abs(shift), 308)]
    up = shift >= 0
    # Multiplied: values * power - product. Divided: the same sign as values - product * power.
    return np.where(
        up,
        _product_error(values, power, product),
        -_product_error(product, power, values),
    )


def _product_error(x: np.ndarray, y: np.ndarray, product: np.ndarray) -> np.ndarray:
    """x * y - product, exactly where it is representable: the halves' products have no rounding."""
    xh, xl = _halves(x)
    yh, yl = _halves(y)
    return ((xh * yh - product) + xh * yl + xl * yh) + xl * yl


def _halves(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    big = 134217729.0 * x  # 2^27 + 1 (Veltkamp)
    high = big - (big - x)
    return high, x - high
