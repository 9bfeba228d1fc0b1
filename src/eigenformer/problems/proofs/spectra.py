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
        values, vectors = _eigen(scaled, shifted(values, -e), basis)
        return shifted_bound(values, e), np.where(np.isnan(vectors), np.inf, vectors)


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
        found = _singular(shifted(matrices, -e), shifted(values, -e), left, right)
        bounds, *vectors = found
        u, v = (np.where(np.isnan(part), np.inf, part) for part in vectors)
        return shifted_bound(bounds, e), u, v


def eigenvalues(matrices: Stack, values: Values) -> Bound:
    """Bounds on |values - true| [B, n]; LAPACK's eigenvectors are the witness."""

    def prove(part: Stack, asked: Values) -> Bound:
        basis = np.linalg.eigh(part)[1][:, :, ::-1]
        return eigen(part, asked, basis)[0]

    return _witnessed(prove, matrices, values)


def singular_values(matrices: Stack, values: Values) -> Bound:
    """Bounds on |values - true| [B, k]; LAPACK's singular vectors are the witness."""

    def prove(part: Stack, asked: Values) -> Bound:
        left, _, right = np.linalg.svd(part, full_matrices=False)
        return singular(part, asked, left, right.transpose(0, 2, 1))[0]

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
class _Pairs:
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
    longest: Values
    shortest: Values
    """Bounds on ||z||."""

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
    least = _least(norm(gram))
    at = _quotient((basis * (scaled @ basis)).sum(axis=1), (basis * basis).sum(axis=1))
    residual = products(scaled, basis, [(-basis, at[:, None, :])])
    squares, (longest, shortest) = length(residual.size, 1), _lengths(basis)
    all_within = up(norm(residual.size) / least, 1)
    pairs = _Pairs(
        at=at,
        all_within=all_within,
        gap=_gap(at, all_within),
        residual=squares,
        shift=_shift([(basis, residual)], shortest),
        longest=longest,
        shortest=shortest,
    )
    sine = pairs.sine()
    # x = beta v + w with ||w|| = ||x|| sine, and |beta| >= ||x|| (1 - sine^2).
    along = up(_off_one(pairs) + longest * sine**2, 3)
    vectors = length(np.stack([along, up(longest * sine, 1)]), 0)
    return _placed(pairs, values, vectors)


def _singular(scaled: Stack, values: Values, left: Stack, right: Stack) -> tuple[Bound, ...]:
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
    lengths = _lengths(left), _lengths(right)
    longest = length(np.stack([side[0] for side in lengths]), 0)
    shortest = np.sqrt(lengths[0][1] ** 2 + lengths[1][1] ** 2) * (1 - 8 * U)
    largest = np.fmax(norm(residuals[0].size), norm(residuals[1].size))
    all_within = up((np.sqrt(2.0) if m > n else 1.0) * largest / least, 3)
    spread = all_within[:, None]
    # The other eigenvalues of [[0, M], [M^T, 0]] are -s_i, +-s_j, and 0 where M is not square.
    gap = np.fmin(_gap(at, all_within), down(2 * at - spread, 2 * at + spread))
    gap = np.fmin(gap, at) if m > n else gap
    pairs = _Pairs(
        at=at,
        all_within=all_within,
        gap=gap,
        residual=length(np.stack([length(part.size, 1) for part in residuals]), 0),
        shift=_shift([(left, residuals[0]), (right, residuals[1])], shortest),
        longest=longest,
        shortest=shortest,
    )
    sine = pairs.sine()
    # (u, v) = beta (u_i, v_i) + w; ||w|| <= ||(u, v)|| sine, and |beta| sqrt(2) = ||(u, v)|| cosine
    half = up(longest / np.sqrt(2.0), 2)
    low = shortest / np.sqrt(2.0) * (1 - 4 * U)
    along = up(np.fmax(half - 1, 1 - low) + half * sine**2 + 4 * U, 4)
    vectors = up(along + longest * sine, 2)
    found = _placed(pairs, values, vectors)
    return found[0], found[1], found[1]


def _placed(pairs: _Pairs, values: Values, vectors: Values) -> tuple[Bound, Bound]:
    """Bounds on values and vectors, each against the true one of its place."""
    order = np.argsort(-pairs.at, axis=1, kind="stable")
    centre, around = (np.take_along_axis(x, order, 1) for x in (pairs.at, pairs.around()))
    off = up(np.abs(values - centre) + around, 2)
    moved = order != np.arange(order.shape[1])
    return off, np.where(moved, np.inf, vectors)


def _least(off: Figures) -> Figures:
    """At most the least singular value of X, from ||X^T X - I|| <= off; nan from 1 on."""
    return np.asarray(np.where(off < 1, np.sqrt(1 - off) * (1 - 4 * U), np.nan))


def _lengths(basis: Stack) -> tuple[Values, Values]:
    """Bounds on the lengths of columns, from above and below."""
    squares = (basis * basis).sum(axis=1)
    slack = 2 * (basis.shape[1] + 4) * U
    return np.sqrt(squares) * (1 + slack) + 2.0**-500, np.sqrt(squares) * (1 - slack) - 2.0**-500


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


def _shift(sides: list[tuple[Stack, Enclosed]], shortest: Values) -> Values:
    """At least |z^T (H z - at z)| / ||z||^2, how far `at` is from the Rayleigh quotient."""
    total = np.zeros_like(shortest)
    for basis, residual in sides:
        total = total + (basis * residual.high).sum(axis=1)
    sizes = sum((np.abs(basis) * residual.size).sum(axis=1) for basis, residual in sides)
    low = sum(
        (np.abs(basis) * (np.abs(residual.low) + residual.radius)).sum(axis=1)
        for basis, residual in sides
    )
    count = sum(basis.shape[1] for basis, _ in sides)
    rounding = 2 * (count + 4) * U * np.asarray(sizes) + 2.0**-1000
    return up((np.abs(total) + np.asarray(low) + rounding) / shortest / shortest, count + 8)


def _off_one(pairs: _Pairs) -> Values:
    """At least | ||z|| - 1 |."""
    return np.asarray(np.fmax(pairs.longest - 1, 1 - pairs.shortest) + 2 * U)
