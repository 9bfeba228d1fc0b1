"""Floating-point arithmetic whose errors are bounded from above.

A float64 operation has a relative error of at most u = 2^-53, and one of at most 2^-1022 where it
underflows (with gradual underflow, or flushed to zero). Sums of products are taken by error-free
transformations (Ogita, Rump and Oishi 2005, algorithm 5.3), so that residuals far below the terms
that cancel are known to some digits. docs/certificates.md has the bounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

Bound = Float64[np.ndarray, "B *items"]
"""Numbers that an error does not exceed, one for each item of an answer."""
Stack = Float64[np.ndarray, "_ _ _"]
Figures = Float64[np.ndarray, " B"]

U = 2.0**-53
_UNDERFLOW = 2.0**-1000
"""More than a product of scaled numbers and its errors lose to underflow."""
_LARGEST = 2.0**400
"""Factors of `products` beyond are not multiplied: nothing is known of the result."""
_SPLITTER = 2.0**27 + 1


@dataclass(frozen=True, eq=False, slots=True)
class Enclosed:
    """Matrices that are not known exactly: each entry is within `radius` of `high` + `low`.

    `low` is at most an ulp of `high`.
    """

    high: Stack
    low: Stack
    radius: Stack

    @property
    def size(self) -> Stack:
        """At least the magnitude of each entry."""
        return up(np.abs(self.high) + np.abs(self.low) + self.radius, 2)


def up(value: np.ndarray, operations: int) -> np.ndarray:
    """At least what `value` >= 0 would be, had `operations` that made it been exact.

    Each is an addition, product, quotient or root of numbers that are not negative.
    """
    found: np.ndarray = np.nextafter(value * (1 + 2 * (operations + 2) * U), np.inf)
    return found


def down(value: np.ndarray, terms: np.ndarray) -> np.ndarray:
    """At most the sum that `value` is of a few terms with magnitudes that add up to `terms`."""
    return np.asarray(value - 8 * U * terms - _UNDERFLOW)


def exponents(matrices: Float64[np.ndarray, "B *shape"]) -> np.ndarray:
    """e [B], so that 2^-e brings the largest entry of each matrix to [0.5, 1); 0 of zeros."""
    largest = np.abs(matrices.reshape(len(matrices), -1)).max(axis=1, initial=0.0)
    return np.asarray(np.frexp(largest)[1])


def shifted(values: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """values[i] 2^exponent[i]: exact, but for underflow."""
    return np.asarray(np.ldexp(values, exponent.reshape(-1, *(1,) * (values.ndim - 1))))


def shifted_bound(bound: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """At least bound[i] 2^exponent[i]; inf where a bound is no number."""
    moved = shifted(bound, exponent)
    exact = shifted(moved, -exponent) == bound
    moved = np.where(exact, moved, np.nextafter(moved, np.inf))
    return np.where(np.isnan(moved), np.inf, moved)


def products(
    left: Float64[np.ndarray, "B p k"],
    right: Float64[np.ndarray, "B k q"],
    more: Sequence[tuple[np.ndarray, np.ndarray]] = (),
) -> Enclosed:
    """left @ right + sum of a * b for each (a, b) of `more` (which broadcast to [B, p, q]).

    Its error is that of a computation in twice the precision: at most a few u^2 times the sum of
    the magnitudes of the terms. Entries may have lost 2^-1022 to underflow before; the radius is
    inf where any is beyond 2^400 or no number.
    """
    batch, p, k = left.shape
    q = right.shape[2]
    full, terms = (batch, p, q), k + len(more)
    pairs = [(left[:, :, j, None], right[:, None, j, :]) for j in range(k)] + list(more)
    high, low, sizes = np.zeros(full), np.zeros(full), np.abs(left) @ np.abs(right)
    for a, b in pairs:
        product, error = _two_product(a, b)
        high, rounding = two_sum(high, product)
        low += error + rounding
    for a, b in more:
        sizes = sizes + np.abs(a) * np.abs(b)
    high, low = two_sum(high, low)
    factors = [(_largest(left, batch), _largest(right, batch))]
    factors += [(_largest(a, batch), _largest(b, batch)) for a, b in more]
    lost = sum((1 + x) * (1 + y) for x, y in factors) * (terms + 2) * _UNDERFLOW
    radius = 5 * ((terms + 2) * U) ** 2 * sizes + np.asarray(lost)[:, None, None]
    known = np.logical_and.reduce([(x <= _LARGEST) & (y <= _LARGEST) for x, y in factors])
    known = known[:, None, None] & np.isfinite(high) & np.isfinite(low)
    return Enclosed(
        np.where(known, high, 0.0), np.where(known, low, 0.0), np.where(known, radius, np.inf)
    )


def minus_identity(k: int) -> tuple[np.ndarray, np.ndarray]:
    """For `products`: what makes of X^T X the distance from the identity."""
    return -np.eye(k)[None], np.ones((1, 1, 1))


def two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rounded sum, and what it lacks, exactly."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def length(sizes: Float64[np.ndarray, "B *shape"], axis: int | tuple[int, ...]) -> np.ndarray:
    """At least the root of the sum of squares of `sizes` >= 0 along axes."""
    largest = np.asarray(sizes.max(axis=axis, keepdims=True, initial=0.0))
    unit = sizes / np.where((largest > 0) & (largest < np.inf), largest, 1.0)
    root = np.sqrt((unit * unit).sum(axis=axis, keepdims=True))
    count = int(np.prod([sizes.shape[i] for i in np.atleast_1d(axis)]))
    found = np.where(largest == 0, 0.0, up(root * largest, 2 * count + 8))
    return np.asarray(np.squeeze(found, axis))


def norm(sizes: Stack) -> Figures:
    """At least the 2-norm of matrices with entries of at most these sizes.

    The smaller of Frobenius' norm and of sqrt(||.||_1 ||.||_inf).
    """
    p, q = sizes.shape[1:]
    rows, columns = sizes.sum(axis=2).max(axis=1), sizes.sum(axis=1).max(axis=1)
    other = up(np.sqrt(rows) * np.sqrt(columns), p + q + 4)
    return np.asarray(np.fmin(length(sizes, (1, 2)), other))


def _largest(matrices: np.ndarray, batch: int) -> Figures:
    """The largest magnitude of each; inf where one holds nan."""
    found = np.abs(matrices.reshape(len(matrices), -1)).max(axis=1, initial=0.0)
    return np.asarray(np.broadcast_to(np.where(np.isnan(found), np.inf, found), batch))


def _two_product(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rounded product, and what it lacks, exactly but for underflow (Dekker, Veltkamp)."""
    product = a * b
    (a1, a2), (b1, b2) = _split(a), _split(b)
    return product, a2 * b2 - (((product - a1 * b1) - a2 * b1) - a1 * b2)


def _split(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two halves of at most 26 bits each."""
    scaled = _SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high
