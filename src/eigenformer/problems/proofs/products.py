"""Sums, products and mirrored matrices: the true answer is enclosed itself."""

import numpy as np

from .rounding import (
    Bound,
    Stack,
    exponents,
    products,
    shifted,
    shifted_bound,
    up,
)


def product_error(left: Stack, right: Stack, answer: Stack) -> Bound:
    """A bound on |answer - left right| for each entry [B, p, q]."""
    e, f = exponents(left), exponents(right)
    with np.errstate(all="ignore"):
        scaled = shifted(answer, -e - f)[:, :, :, None]
        one = (scaled[..., 0], -np.ones((1, 1, 1)))
        return shifted_bound(products(shifted(left, -e), shifted(right, -f), [one]).size, e + f)


def sum_error(left: Stack, right: Stack, answer: Stack) -> Bound:
    """A bound on |answer - (left + right)| for each entry [B, m, n]."""
    batch, m, n = left.shape
    e = np.maximum(exponents(left), exponents(right))
    nothing = np.zeros((batch, m, 0)), np.zeros((batch, 0, n))
    one = np.ones((1, 1, 1))
    with np.errstate(all="ignore"):
        terms = [(shifted(left, -e), one), (shifted(right, -e), one), (shifted(answer, -e), -one)]
        return shifted_bound(products(*nothing, terms).size, e)


def mirrored(matrices: Stack, answer: Stack) -> Bound:
    """A bound on |answer - M^T| for each entry; exactly 0 where they are equal."""
    off = np.abs(answer - matrices.transpose(0, 2, 1))
    found = np.where(off == 0, 0.0, up(off, 1))
    return np.where(np.isnan(found), np.inf, found)
