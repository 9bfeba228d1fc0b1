"""Rounding a float64 to p significant digits, whole arrays at a time."""

import numpy as np
from jaxtyping import Float64, Int64

LARGEST_EXPONENT = 100
"""Exponent tokens run from E-100 to E100."""

# Magnitudes outside of these are outside of every encoding's range; at them they can be computed
# with, and are still outside.
_TINY, _HUGE = 1e-120, 1e120
# 10^e as a factor and a divisor, one of them 1. Parsed: NumPy's power is not rounded correctly.
_SHIFT = 250
_POWERS = np.array([float(f"1e{e}") for e in range(-_SHIFT, _SHIFT + 1)])
_FACTOR = np.array([float(f"1e{max(e, 0)}") for e in range(-_SHIFT, _SHIFT + 1)])
_DIVISOR = _FACTOR[::-1].copy()


def scaled(
    values: Float64[np.ndarray, "*K"], exponent: Int64[np.ndarray, "*K"]
) -> Float64[np.ndarray, "*K"]:
    """`values` * 10^exponent, |exponent| <= 150; rounded once where |exponent| <= 22."""
    index = exponent + _SHIFT
    return np.asarray(values * _FACTOR[index] / _DIVISOR[index])


def significant_digits(
    magnitudes: Float64[np.ndarray, "*K"], digits: int
) -> tuple[Float64[np.ndarray, "*K"], Int64[np.ndarray, "*K"]]:
    """(m, e) with |x| ~ m 10^e, m (a whole number) of exactly `digits` digits; zero is (0, 0).

    Correctly rounded, ties to even, as `f"{x:.{digits - 1}e}"`. Where |x| is infinite, nan, or
    outside of 1e-120..1e120, e is outside of -100..100.
    """
    safe, exponent = _leading(magnitudes, digits)
    product = scaled(safe, -exponent)
    mantissa = np.rint(product)
    # Too close for a product with rounding errors of its own: ties, carries to one digit more, and
    # the neighbourhood of powers of ten, where log10 may be off. One number in thousands.
    slack = 10.0**digits * 2.0**-50
    close = np.abs(product - mantissa) > 0.5 - slack
    close |= (product < 10.0 ** (digits - 1)) | (mantissa >= 10.0**digits)
    for i in np.flatnonzero(close).tolist():
        number, power = f"{safe.flat[i]:.{digits - 1}e}".split("e")
        mantissa.flat[i] = int(number.replace(".", ""))
        exponent.flat[i] = int(power) - (digits - 1)
    zero = magnitudes == 0
    mantissa[zero] = 0
    exponent[zero] = 0
    return mantissa, exponent


def floating_digits(
    magnitudes: Float64[np.ndarray, "*K"], digits: int, lowest: int
) -> tuple[Float64[np.ndarray, "*K"], Int64[np.ndarray, "*K"]]:
    """(m, e) with |x| ~ m 10^e, e >= `lowest`; m has fewer than `digits` digits at `lowest` only.

    LAWT's FP15, product by product, as its halves depend on the last bit: v = |x| 10^-s in units of
    the smallest normal number 10^s, L = floor(log10 v), m = floor(v 10^(digits - 1 - L) + 1/2). A
    carry leaves m = 10^digits.
    """
    safe = np.fmax(np.fmin(magnitudes, _HUGE), _TINY)
    units = safe * _POWERS[_SHIFT - (lowest + digits - 1)]
    place = np.maximum(np.floor(np.log10(units)).astype(np.int64), 0)
    return np.floor(units * _POWERS[_SHIFT + digits - 1 - place] + 0.5), place + lowest


def _leading(magnitudes: np.ndarray, digits: int) -> tuple[np.ndarray, np.ndarray]:
    """|x| within the range of `scaled`, and the power of ten of its last of `digits` digits.

    Next to a power of ten the exponent may be off by one.
    """
    safe = np.fmax(np.fmin(magnitudes, _HUGE), _TINY)  # nan becomes _HUGE
    return safe, np.floor(np.log10(safe)).astype(np.int64) - (digits - 1)
