"""Inverses, pseudo-inverses and solutions of least squares, entry by entry within proved bounds."""

import numpy as np
from jaxtyping import Float64

from .rounding import (
    Bound,
    Figures,
    Stack,
    U,
    exponents,
    length,
    minus_identity,
    norm,
    products,
    shifted,
    shifted_bound,
    up,
)

_TINY = 2.0**-1000
"""More than is lost where a product of scaled matrices underflows."""


def pseudo_inverse(matrices: Stack, answer: Stack, *, cut_off: float) -> Bound:
    """A bound on |answer - M^+| for each entry [B, n, m]: the inverse of a square M.

    inf where `answer` does not show that M has full rank, or a condition number times `cut_off`
    that is below 1.
    """
    if matrices.shape[1] < matrices.shape[2]:
        found = pseudo_inverse(
            matrices.transpose(0, 2, 1), answer.transpose(0, 2, 1), cut_off=cut_off
        )
        return found.transpose(0, 2, 1)
    e = exponents(matrices)
    with np.errstate(all="ignore"):
        m, p = shifted(matrices, -e), shifted(answer, e)
        off = products(p, m, [minus_identity(m.shape[2])])
        loose = up((np.abs(off.low) + off.radius) @ np.abs(p), m.shape[2] + 3) + _TINY
        first = products(off.high, p).size + loose
        outside = _outside(m, p)
        gain = norm(off.size)
        far = _over_one_less(up(norm(up(first, 2)) + norm(outside), 1), gain)
        spread = length(off.size, 2)[:, :, None] * far[:, None, None]
        bound = up(first + length(outside, 1)[:, :, None] + spread, 6)
        condition = up(norm(np.abs(m)) * up(norm(np.abs(p)) + far, 1), 1)
        sure = (gain < 1) & (condition * cut_off < 1)
        return shifted_bound(np.where(sure[:, None, None], bound, np.inf), -e)


def least_squares(matrices: Stack, right: Stack, answer: Stack, *, cut_off: float) -> Bound:
    """A bound on |answer - M^+ right| for each entry [B, n, 1].

    LAPACK's pseudo-inverse is the witness. inf where that does not show that M has full rank, or a
    condition number times `cut_off` that is below 1.
    """
    e, f = exponents(matrices), exponents(right)
    tall = matrices.shape[1] >= matrices.shape[2]
    with np.errstate(all="ignore"):
        m, y, x = shifted(matrices, -e), shifted(right, -f), shifted(answer, e - f)
        p = _witness(m)
        one = [(y, np.ones((1, 1, 1)))]
        left_over = products(m, -x, one)
        size = length(left_over.size, (1, 2))
        both = np.concatenate([left_over.high, left_over.low], axis=1)
        first = products(np.concatenate([p, p], axis=2), both).size
        first = up(first + np.abs(p) @ left_over.radius + _TINY, p.shape[2] + 4)
        if tall:
            off = products(p, m, [minus_identity(m.shape[2])]).size
            gain, outside = norm(off), _outside(m, p)
            lost = up(length(outside, 1)[:, :, None] * size[:, None, None], 1)
            total = up(length(first, (1, 2)) + norm(outside) * size, 2)
            far = _over_one_less(total, gain)
            bound = up(first + lost + length(off, 2)[:, :, None] * far[:, None, None], 4)
        else:
            off = products(m, p, [minus_identity(m.shape[1])]).size
            gain = norm(off)
            # The part of the answer outside of the rows of M, which the shortest one has none of.
            inner = p.transpose(0, 2, 1) @ x
            outside = products(m.transpose(0, 2, 1), -inner, [(x, np.ones((1, 1, 1)))]).size
            far = up(length(first, (1, 2)) + length(outside, (1, 2)), 1)
            again = _over_one_less(up(norm(np.abs(p)) * gain * size, 2), gain)
            bound = np.broadcast_to(up(far + again, 1)[:, None, None], x.shape)
        condition = up(norm(np.abs(m)) * norm(np.abs(p)) / (1 - gain) * (1 + 4 * U), 3)
        sure = (gain < 1) & (condition * cut_off < 1)
        return shifted_bound(np.where(sure[:, None, None], bound, np.inf), f - e)


def _outside(m: Stack, p: Stack) -> Stack:
    """At least the size of (I - M M^+) (P^T - M C), the part of P^T outside of M's columns.

    Any C does: LAPACK's least squares. 0 of square matrices, whose columns span everything.
    """
    batch, rows, columns = m.shape
    if rows == columns:
        return np.zeros((batch, rows, columns))
    transposed = p.transpose(0, 2, 1)
    witness = _witness(m) @ transposed
    return products(m, -witness, [(transposed, np.ones((1, 1, 1)))]).size


def _witness(m: Stack) -> Stack:
    """LAPACK's pseudo-inverse; zeros where it finds none."""
    try:
        return np.asarray(np.linalg.pinv(m))
    except np.linalg.LinAlgError:
        if len(m) == 1:
            return np.zeros_like(m.transpose(0, 2, 1))
        return np.concatenate([_witness(one[None]) for one in m])


def _over_one_less(value: Figures, gain: Figures) -> Float64[np.ndarray, " B"]:
    """At least value / (1 - gain), inf from gain 1 on."""
    return np.where(gain < 1, up(value / (1 - gain), 2), np.inf)
