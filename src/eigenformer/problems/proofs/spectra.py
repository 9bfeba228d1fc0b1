"""Eigenvalues and singular values, and their vectors, within proved distances of the true ones."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from .rounding import (
    Bound,
    Enclosed,
    Figures,
    Stack,
    U,
    down,
    exponents,
    length,
    minus_identity,
    norm,
    products,
    shifted,
    shifted_bound,
    up,
)

Values = Float64[np.ndarray, "B k"]
_ALONE = 2.0**400
"""The gap of the one value of a 1x1 matrix."""


def eigen(matrices: Stack, values: Values, basis: Stack) -> tuple[Bound, Bound]:
    """Bounds on |values - true| [B, n], and on the distance of each column of `basis` from the true
    unit eigenvector of its place or its negative [B, n].

    `matrices` are symmetric: their lower triangles count. `values` and `basis` are to descend.
    """
    lower = np.tril(matrices)
    e = exponents(lower)
    with np.errstate(all="ignore"):
        scaled = shifted(lower + np.tril(lower, -1).transpose(0, 2, 1), -e)
        asked, better = shifted(values, -e), _nearer(scaled, basis)
        bounds, vectors = _eigen(scaled, asked, basis)
        again, others = _eigen(scaled, asked, better)
        others = up(others + length(up(np.abs(basis - better), 1), 1), 1)
        return shifted_bound(np.fmin(bounds, again), e), _least_known(vectors, others)


def singular(
    matrices: Stack, values: Values, left: Stack, right: Stack
) -> tuple[Bound, Bound, Bound]:
    """The same of singular values, left and right singular vectors, each [B, min(m, n)].

    Left and right vectors of one place may change their sign together.
    """
    if matrices.shape[1] < matrices.shape[2]:
        found = singular(matrices.transpose(0, 2, 1), values, right, left)
        return found[0], found[2], found[1]
    e = exponents(matrices)
    with np.errstate(all="ignore"):
        scaled, asked = shifted(matrices, -e), shifted(values, -e)
        bounds, vectors = _singular(scaled, asked, left, right)
        better = _nearer_pairs(scaled, left, right)
        again, others = _singular(scaled, asked, *better)
        u, v = (
            _least_known(vectors, up(others + length(up(np.abs(old - new), 1), 1), 1))
            for old, new in zip((left, right), better, strict=True)
        )
        return shifted_bound(np.fmin(bounds, again), e), u, v


def eigenvalues(matrices: Stack, values: Values) -> Bound:
    """Bounds on |values - true| [B, n]; LAPACK's eigenvectors are the witness."""

    def prove(part: Stack, asked: Values) -> Bound:
        lower = np.tril(part)
        basis = np.linalg.eigh(part)[1][:, :, ::-1]
        return _eigen(lower + np.tril(lower, -1).transpose(0, 2, 1), asked, basis)[0]

    return _witnessed(prove, matrices, values)


def singular_values(matrices: Stack, values: Values) -> Bound:
    """Bounds on |values - true| [B, k]; LAPACK's singular vectors are the witness."""

    def prove(part: Stack, asked: Values) -> Bound:
        tall = part if part.shape[1] >= part.shape[2] else part.transpose(0, 2, 1)
        left, _, right = np.linalg.svd(tall, full_matrices=False)
        return _singular(tall, asked, left, right.transpose(0, 2, 1))[0]

    return _witnessed(prove, matrices, values)


def _witnessed(prove: Callable[[Stack, Values], Bound], matrices: Stack, values: Values) -> Bound:
    e = exponents(matrices)
    with np.errstate(all="ignore"):
        scaled, asked = shifted(matrices, -e), shifted(values, -e)
        try:
            found = prove(scaled, asked)
        except np.linalg.LinAlgError:  # of one of them: each by itself
            if len(scaled) == 1:
                return np.full(values.shape, np.inf)
            return np.concatenate([_witnessed(prove, m[None], v[None])
                                   for m, v in zip(matrices, values, strict=True)])  # fmt: skip
        # What shifting lost to underflow is far below the bound, which is at least 2^-1000.
        return shifted_bound(found, e)


@dataclass(frozen=True, eq=False, slots=True)
class _Eigenpairs:
    """Approximate eigenpairs of symmetric matrices, in any order."""

    at: Values
    """Numbers near eigenvalues."""
    all_within: Figures
    """The i-th largest eigenvalue of those that count is within that of the i-th largest `at`."""
    gap: Values
    """At most the distance of `at` from every eigenvalue but the one of its place."""
    residual: Values
    """At least ||H z - at z||."""
    shift: Values
    """At least the distance of `at` from the Rayleigh quotient of z."""
    off: Values
    """At least | ||z||^2 / weight - 1 |; from 1 on nothing is known."""
    weight: float

    @property
    def shortest(self) -> Values:
        """At most ||z||."""
        return np.asarray(np.sqrt(self.weight * (1 - self.off)) * (1 - 8 * U))

    def along(self, sine: Values) -> Values:
        """At least | |beta| - 1 | for sqrt(weight) |beta| the part of z along its eigenvector.

        beta^2 = (1 + off) cosine^2, and |beta - 1| = |beta^2 - 1| / (beta + 1).
        """
        square = up(self.off + (1 + self.off) * sine**2, 4)
        return up(square / (1 + np.sqrt(np.fmax(1 - square, 0.0)) * (1 - 8 * U)), 2)

    def across(self, sine: Values) -> Values:
        """At least the part of z across its eigenvector."""
        return up(np.sqrt(self.weight * (1 + self.off)) * sine, 4)

    def around(self) -> Values:
        """How far the eigenvalue of its place is from `at`.

        By Weyl's inequality, or by Kato's and Temple's where the gap shows one eigenvalue there.
        """
        free = down(self.gap - self.shift, self.gap + self.shift)
        alone = free > up(self.all_within[:, None] + self.shift, 1)
        tangent = up(self.residual / self.shortest, 1)
        squared = up(tangent * (tangent / free) + self.shift, 3)
        weyl = np.broadcast_to(self.all_within[:, None], squared.shape)
        return np.asarray(np.where(alone, np.fmin(squared, weyl), weyl))

    def sine(self) -> Values:
        """At least the sine of the angle of z with the eigenvector of its place; inf if unknown."""
        free = down(self.gap - self.shift, self.gap + self.shift)
        sine = up(self.residual / self.shortest / free, 2)
        return np.asarray(np.where((free > 0) & (sine < 1), sine, np.inf))


def _eigen(scaled: Stack, values: Values, basis: Stack) -> tuple[Bound, Bound]:
    transposed = basis.transpose(0, 2, 1)
    gram = products(transposed, basis, [minus_identity(basis.shape[1])]).size
    least, off = _least(norm(gram)), _diagonal(gram)
    at = _quotient((basis * (scaled @ basis)).sum(axis=1), (basis * basis).sum(axis=1))
    residual = products(scaled, basis, [(-basis, at[:, None, :])])
    all_within = up(norm(residual.size) / least, 1)
    pairs = _Eigenpairs(
        at=at,
        all_within=all_within,
        gap=_gap(at, all_within),
        residual=length(residual.size, 1),
        shift=_shift([(basis, residual)], off),
        off=off,
        weight=1.0,
    )
    sine = pairs.sine()
    vectors = length(np.stack([pairs.along(sine), pairs.across(sine)]), 0)
    return _placed(pairs, values, vectors)


def _singular(scaled: Stack, values: Values, left: Stack, right: Stack) -> tuple[Bound, Bound]:
    m, n = scaled.shape[1:]
    transposed, off = scaled.transpose(0, 2, 1), [minus_identity(n)]
    grams = [products(basis.transpose(0, 2, 1), basis, off).size for basis in (left, right)]
    least = _least(np.fmax(norm(grams[0]), norm(grams[1])))
    weight = (left * left).sum(axis=1) + (right * right).sum(axis=1)
    at = _quotient(2 * (left * (scaled @ right)).sum(axis=1), weight)
    at = np.fmax(at, 0.0)
    residuals = [
        products(scaled, right, [(-left, at[:, None, :])]),
        products(transposed, left, [(-right, at[:, None, :])]),
    ]
    off_one = up((_diagonal(grams[0]) + _diagonal(grams[1])) / 2, 2)
    largest = np.fmax(norm(residuals[0].size), norm(residuals[1].size))
    all_within = up((np.sqrt(2.0) if m > n else 1.0) * largest / least, 3)
    spread = all_within[:, None]
    # The other eigenvalues of [[0, M], [M^T, 0]] are -s_i, +-s_j, and 0 where M is not square.
    gap = np.minimum(_gap(at, all_within), down(2 * at - spread, 2 * at + spread))
    gap = np.minimum(gap, at) if m > n else gap
    pairs = _Eigenpairs(
        at=at,
        all_within=all_within,
        gap=gap,
        residual=length(np.stack([length(part.size, 1) for part in residuals]), 0),
        shift=_shift([(left, residuals[0]), (right, residuals[1])], off_one),
        off=off_one,
        weight=2.0,
    )
    sine = pairs.sine()
    # (u, v) = beta (u_i, v_i) + w: what is across may be in one of the two alone.
    return _placed(pairs, values, up(pairs.along(sine) + pairs.across(sine), 1))


def _nearer(scaled: Stack, basis: Stack) -> Stack:
    """`basis` after one step of perturbation theory: what is across each eigenvector, taken off.

    A witness for answers near the truth, whose residual is of second order.
    """
    at = _quotient((basis * (scaled @ basis)).sum(axis=1), (basis * basis).sum(axis=1))
    residual = scaled @ basis - basis * at[:, None, :]
    parts = basis.transpose(0, 2, 1) @ residual
    return np.asarray(basis - basis @ _small(parts, at[:, :, None] - at[:, None, :]))


def _nearer_pairs(scaled: Stack, left: Stack, right: Stack) -> tuple[Stack, Stack]:
    """The same for singular vectors, as eigenvectors (u, v) of [[0, M], [M^T, 0]]."""
    weight = (left * left).sum(axis=1) + (right * right).sum(axis=1)
    at = _quotient(2 * (left * (scaled @ right)).sum(axis=1), weight)
    over = scaled @ right - left * at[:, None, :]
    under = scaled.transpose(0, 2, 1) @ left - right * at[:, None, :]
    one, two = left.transpose(0, 2, 1) @ over, right.transpose(0, 2, 1) @ under
    alike = _small((one + two) / 2, at[:, :, None] - at[:, None, :])
    opposite = _small((one - two) / 2, -at[:, :, None] - at[:, None, :])
    outside = _small(over - left @ one, -np.broadcast_to(at[:, None, :], over.shape))
    outside = outside if scaled.shape[1] > scaled.shape[2] else np.zeros_like(outside)
    return left - left @ (alike + opposite) - outside, right - right @ (alike - opposite)


def _small(above: Stack, below: Stack) -> Stack:
    """above / below where that is less than a half, and 0 elsewhere."""
    found = above / below
    return np.asarray(np.where(np.abs(found) < 0.5, found, 0.0))


def _least_known(one: Values, other: Values) -> Values:
    """The smaller of two bounds, of which either may be nan; inf if both are."""
    found = np.fmin(one, other)
    return np.asarray(np.where(np.isnan(found), np.inf, found))


def _placed(pairs: _Eigenpairs, values: Values, vectors: Values) -> tuple[Bound, Bound]:
    """Bounds on values and vectors, each against the true one of its place."""
    order = np.argsort(-pairs.at, axis=1, kind="stable")
    centre, around = (np.take_along_axis(x, order, 1) for x in (pairs.at, pairs.around()))
    off = up(np.abs(values - centre) + around, 2)
    moved = order != np.arange(order.shape[1])
    return off, np.where(moved, np.inf, vectors)


def _least(off: Figures) -> Figures:
    """At most the least singular value of X, from ||X^T X - I|| <= off; nan from 1 on."""
    return np.asarray(np.where(off < 1, np.sqrt(1 - off) * (1 - 4 * U), np.nan))


def _diagonal(matrices: Stack) -> Values:
    return np.asarray(np.diagonal(matrices, axis1=1, axis2=2))


def _quotient(above: Values, below: Values) -> Values:
    """above / below, 0 where that is no number: any number does where a residual is taken at it."""
    found = above / below
    return np.asarray(np.where(np.isfinite(found), found, 0.0))


def _gap(at: Values, all_within: Figures) -> Values:
    """At most the distance of each from the other eigenvalues, which are near the others."""
    n = at.shape[1]
    apart = np.abs(at[:, :, None] - at[:, None, :])
    apart[:, np.arange(n), np.arange(n)] = np.inf
    nearest = apart.min(axis=2)
    spread = all_within[:, None]
    return np.asarray(np.where(nearest < np.inf, down(nearest - spread, nearest + spread), _ALONE))


def _shift(sides: list[tuple[Stack, Enclosed]], off: Values) -> Values:
    """At least |z^T (H z - at z)| / ||z||^2, how far `at` is from the Rayleigh quotient.

    z, of which `sides` are the parts, has a length of at least sqrt(1 - off) a part.
    """
    count = sum(basis.shape[1] for basis, _ in sides)
    total, rest = np.zeros_like(off), np.full_like(off, 2.0**-1000)
    for basis, residual in sides:
        size = np.abs(basis)
        total = total + (basis * residual.high).sum(axis=1)
        rest = rest + (size * (np.abs(residual.low) + residual.radius)).sum(axis=1)
        rest = rest + 2 * (count + 4) * U * (size * residual.size).sum(axis=1)
    return up((np.abs(total) + rest) / (len(sides) * (1 - off)), count + 8)
