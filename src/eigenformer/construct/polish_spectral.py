"""Polish for eigenvectors and singular vectors, and for their values alone: `polishers.Polisher`.

The guard follows the errors of a step ahead, entry by entry (derivations.md, section 12). Let N be
what is off the diagonal, with gaps g, and F_ij = N_ij phi(g_ij / delta) / delta the rotation. A
pair keeps N_ij (1 - z phi(z)), z = g / delta, which is nothing where z >= 1, and all pairs get
their share of the second order, [N, F] / 2 and more; R becomes 3 R^2 / 4 + [R, F] / 2 - F^2, which
the step of Newton and Schulz squares:

    |N_ij| <- |N_ij| (1 - z phi(z)) + share (||F|| ||N|| + ||R|| (||N|| + ||R||)) / 2
    ||R||  <- 3/4 (3/4 ||R||^2 + ||F|| ||R|| / 2 + ||F||^2)^2

with 2-norms of F and R in products, whose ratios to Frobenius norms are those at first.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float64

from ..problems import ratios
from ..problems.ratios import BAR, scaled_down
from ..problems.spectral import canonical_signs
from . import from_scratch
from .algorithms.refinement import FLOOR, divided, eigen_refinement, svd_refinement
from .network import Network
from .polishers import Batch, Each, Outlook, Polisher, transposed

LARGEST_SIDE = 40
"""The state has a row for each entry: at 48 a network takes 18 seconds and 1.4 GB to compile."""
MOST_STEPS = 16
"""An answer that needs more, by the guard, starts over."""
_FLOORS = {torch.float64: (FLOOR, 2.0**-52), torch.float32: (2.0**-12, 2.0**-23)}
"""Gaps that are clusters, and the unit of rounding."""
_EXTRA = 2
"""Steps beyond what is foretold, unless nothing is left to gain; and after a start from scratch."""


class EigenvectorsPolisher(Polisher):
    """Ogita and Aishima's refinement; a state is [lambda; X], as an answer is."""

    measure = "the larger of ||off-diagonal of X0^T A X0||_F / ||A||_F and ||I - X0^T X0||_F"
    bad = "from where the refinement is not foretold to converge"
    elsewhere = "Jacobi's rotations"
    diverged = "the refinement diverged"
    largest = LARGEST_SIDE
    extra = 1
    signs: ClassVar[bool] = True

    def outlook(self, matrix: Batch, answers: Batch, dtype: torch.dtype) -> Outlook:
        a, x = unit(matrix), self.columns(matrix, answers)
        r, s = np.eye(x.shape[2]) - transposed(x) @ x, transposed(x) @ a @ x
        values = _diagonal(s) * (1 + _diagonal(r))
        left = _off(s + (values[:, :, None] + values[:, None, :]) / 2 * r)
        gap = values[:, None, :] - values[:, :, None]
        needed = foretold([(left, gap)], r, left, dtype)
        return Outlook(self.state(matrix, x), self.residual(matrix, self.state(matrix, x)), needed)

    def again(self, matrix: Batch, dtype: torch.dtype) -> Outlook:
        start = self.state(matrix, from_scratch.eigenvectors(unit(matrix)))
        needed = np.full(len(matrix), float(_EXTRA))
        return Outlook(start, self.residual(matrix, start), needed)

    def iterates(
        self, matrix: Batch, start: Batch, steps: int, dtype: torch.dtype
    ) -> Iterator[Batch]:
        a, x = unit(matrix), start[:, 1:]
        yield start
        network = _eigen(a.shape[1], dtype)
        for _ in range(steps):
            with torch.no_grad():
                x = network(a, usable(x)).double().numpy()
            state = self.state(matrix, x)
            yield state
            if self._flat(matrix, state, dtype):
                return
        # Clusters have their subspaces now; inside of them what is left is a small problem each.
        blocks = self._clusters(a, x, dtype)
        if blocks is not None:
            with torch.no_grad():
                x = network(a, x @ from_scratch.eigenvectors(blocks)).double().numpy()
            yield self.state(matrix, x)

    def _flat(self, matrix: Batch, state: Batch, dtype: torch.dtype) -> bool:
        residual = self.residual(matrix, state)
        return bool((residual <= 2 * state.shape[2] * _FLOORS[dtype][1]).all())

    def _clusters(self, a: Batch, x: Batch, dtype: torch.dtype) -> Batch | None:
        """X^T A X with zeros between clusters; None where nothing is left in one."""
        s = transposed(x) @ a @ x
        if not np.isfinite(s).all():
            return None
        together = _together(_diagonal(s), _FLOORS[dtype][0])
        blocks = np.where(together, (s + transposed(s)) / 2, 0.0)
        left = np.abs(_off(blocks)).max(initial=0.0)
        return blocks if left > 2.0**-53 else None

    def residual(self, matrix: Batch, iterate: Batch) -> Each:
        x = iterate[:, 1:]
        with np.errstate(all="ignore"):
            a = unit(matrix)
            off = _norm(_off(transposed(x) @ a @ x)) / _positive(_norm(a))
            found = np.maximum(off, _norm(np.eye(x.shape[2]) - transposed(x) @ x))
        return np.where(np.isnan(found), np.inf, found)

    def columns(self, matrix: Batch, answers: Batch) -> Batch:
        """The vectors of answers."""
        return answers[:, 1:]

    def state(self, matrix: Batch, x: Batch) -> Batch:
        """X below its Rayleigh quotients, which are divided by what `unit` divides by."""
        with np.errstate(all="ignore"):
            lengths = np.square(x).sum(axis=1)
            values = (x * (unit(matrix) @ x)).sum(axis=1) / _positive(lengths)
        return np.concatenate([values[:, None], x], axis=1)

    def finished(self, matrix: Batch, iterate: Batch) -> Batch:
        order = np.argsort(-iterate[:, 0], axis=1, kind="stable")[:, None, :]
        found = np.take_along_axis(iterate, order, axis=2)
        found[:, 0] = np.ldexp(found[:, 0], _exponent(matrix)[:, 0])
        if getattr(self.problem, "signs", "canonical") == "canonical":
            found[:, 1:] *= canonical_signs(np.nan_to_num(found[:, 1:]))[:, None, :]
        return found

    def right(self, matrix: Batch, iterate: Batch) -> Bool[np.ndarray, " B"]:
        x = iterate[:, 1:]
        return np.asarray(ratios.eigenvectors(unit(matrix), iterate[:, 0], x) < BAR)


class EigenvaluesPolisher(EigenvectorsPolisher):
    """The same for answers without vectors: x_i = prod_{j != i} (A - lambda_j I) b.

    Lagrange's polynomial in A, which has an eigenvector's direction for the right values, and one
    that is off by errors over gaps for others. Of four vectors b the one that keeps most counts.
    """

    def columns(self, matrix: Batch, answers: Batch) -> Batch:
        values = np.ldexp(answers[:, :, 0], -_exponent(matrix)[:, 0])
        return lagrange(unit(matrix), values)

    def finished(self, matrix: Batch, iterate: Batch) -> Batch:
        return np.ascontiguousarray(super().finished(matrix, iterate)[:, :1].swapaxes(1, 2))


class SvdPolisher(Polisher):
    """The refinement's twin; a state is [sigma; U; V], as an answer is."""

    measure = "the largest of ||A V0 - U0 S0||_F / ||A||_F, ||I - U0^T U0||_F and ||I - V0^T V0||_F"
    bad = EigenvectorsPolisher.bad
    elsewhere = "Hestenes' rotations"
    diverged = EigenvectorsPolisher.diverged
    largest = LARGEST_SIDE
    extra = 1

    def outlook(self, matrix: Batch, answers: Batch, dtype: torch.dtype) -> Outlook:
        a, (u, v) = unit(matrix), self.columns(matrix, answers)
        (m, n), k = a.shape[1:], u.shape[2]
        r, s = np.eye(k) - transposed(u) @ u, np.eye(k) - transposed(v) @ v
        t = transposed(u) @ a @ v
        values = _diagonal(t) * (1 + _diagonal(r + s) / 2)
        first, second = values[:, :, None], values[:, None, :]
        plus = _off(t + transposed(t) + (first + second) / 2 * (r + s)) / 2
        minus = _off(t - transposed(t) + (second - first) / 2 * (r - s)) / 2
        pairs = [(plus, second - first), (minus, second + first)]
        if m != n:
            tall = (a, u, v, r, t) if m > n else (transposed(a), v, u, s, transposed(t))
            b, x, y, gram, core = tall
            out = _norms(b @ y - x @ (core + gram @ core))
            pairs.append((out[:, None, :], values[:, None, :]))
        needed = foretold(pairs, np.concatenate([r, s], axis=2), _off(t), dtype)
        state = self.state(matrix, u, v)
        return Outlook(state, self.residual(matrix, state), needed)

    def again(self, matrix: Batch, dtype: torch.dtype) -> Outlook:
        start = self.state(matrix, *from_scratch.singular_vectors(unit(matrix)))
        needed = np.full(len(matrix), float(_EXTRA))
        return Outlook(start, self.residual(matrix, start), needed)

    def iterates(
        self, matrix: Batch, start: Batch, steps: int, dtype: torch.dtype
    ) -> Iterator[Batch]:
        a, m = unit(matrix), matrix.shape[1]
        u, v = start[:, 1 : m + 1], start[:, m + 1 :]
        yield start
        for _ in range(steps):
            u, v = _svd_step(a, u, v, dtype)
            state = self.state(matrix, u, v)
            yield state
            if (self.residual(matrix, state) <= 2 * max(a.shape[1:]) * _FLOORS[dtype][1]).all():
                return
        t = transposed(u) @ a @ v
        if np.isfinite(t).all():
            blocks = np.where(_together(_diagonal(t), _FLOORS[dtype][0]), t, 0.0)
            if np.abs(_off(blocks)).max(initial=0.0) > 2.0**-53:
                left, right = from_scratch.singular_vectors(blocks)
                u, v = _svd_step(a, u @ left, v @ right, dtype)
                yield self.state(matrix, u, v)

    def residual(self, matrix: Batch, iterate: Batch) -> Each:
        a, (m, n) = unit(matrix), matrix.shape[1:]
        values, u, v = iterate[:, :1], iterate[:, 1 : m + 1], iterate[:, m + 1 :]
        eye = np.eye(u.shape[2])
        with np.errstate(all="ignore"):
            off = a @ v - u * values if m >= n else transposed(a) @ u - v * values
            found = _norm(off) / _positive(_norm(a))
            for basis in (u, v):
                found = np.maximum(found, _norm(eye - transposed(basis) @ basis))
        return np.where(np.isnan(found), np.inf, found)

    def columns(self, matrix: Batch, answers: Batch) -> tuple[Batch, Batch]:
        m = matrix.shape[1]
        u, v = answers[:, 1 : m + 1], answers[:, m + 1 :]
        return u, v * np.copysign(1.0, (u * (unit(matrix) @ v)).sum(axis=1))[:, None]

    def state(self, matrix: Batch, u: Batch, v: Batch) -> Batch:
        with np.errstate(all="ignore"):
            lengths = np.sqrt(np.square(u).sum(axis=1) * np.square(v).sum(axis=1))
            values = (u * (unit(matrix) @ v)).sum(axis=1) / _positive(lengths)
        return np.concatenate([values[:, None], u, v], axis=1)

    def finished(self, matrix: Batch, iterate: Batch) -> Batch:
        m, found = matrix.shape[1], iterate.copy()
        found[:, m + 1 :] *= np.copysign(1.0, found[:, :1])
        found[:, 0] = np.abs(found[:, 0])
        order = np.argsort(-found[:, 0], axis=1, kind="stable")[:, None, :]
        found = np.take_along_axis(found, order, axis=2)
        found[:, 0] = np.ldexp(found[:, 0], _exponent(matrix)[:, 0])
        if getattr(self.problem, "signs", "canonical") == "canonical":
            found[:, 1:] *= canonical_signs(np.nan_to_num(found[:, 1 : m + 1]))[:, None, :]
        return found

    def right(self, matrix: Batch, iterate: Batch) -> Bool[np.ndarray, " B"]:
        m, found = matrix.shape[1], SvdPolisher.finished(self, matrix, iterate)
        parts = found[:, 1 : m + 1], found[:, 0], found[:, m + 1 :]
        return np.asarray(ratios.svd(matrix, *parts) < BAR)


class SingularValuesPolisher(SvdPolisher):
    """The same for answers without vectors: those of A^T A and A A^T by Lagrange's polynomial."""

    def columns(self, matrix: Batch, answers: Batch) -> tuple[Batch, Batch]:
        a = unit(matrix)
        squares = np.square(np.ldexp(answers[:, :, 0], -_exponent(matrix)[:, 0]))
        u = lagrange(a @ transposed(a), squares, within=a.shape[1] > a.shape[2])
        v = lagrange(transposed(a) @ a, squares, within=a.shape[2] > a.shape[1])
        return u, v * np.copysign(1.0, (u * (a @ v)).sum(axis=1))[:, None]

    def finished(self, matrix: Batch, iterate: Batch) -> Batch:
        return np.ascontiguousarray(super().finished(matrix, iterate)[:, :1].swapaxes(1, 2))


SPECTRAL: dict[str, type[Polisher]] = {
    "eigenvectors": EigenvectorsPolisher,
    "eigenvalues": EigenvaluesPolisher,
    "svd": SvdPolisher,
    "singular_values": SingularValuesPolisher,
}


def foretold(pairs: list[tuple[Batch, Batch]], skew: Batch, off: Batch, dtype: torch.dtype) -> Each:
    """Steps until N and R are at rounding level but for clusters; inf beyond `MOST_STEPS`.

    `pairs` are parts N of what is to be rotated away with their gaps (the module says how);
    `skew` is R, and `off` what delta counts.
    """
    floor, rounding = _FLOORS[dtype]
    with np.errstate(all="ignore"):
        size = np.concatenate([np.abs(n).reshape(len(n), -1) for n, _ in pairs], axis=1)
        gap = np.concatenate([np.abs(g).reshape(len(g), -1) for _, g in pairs], axis=1)
        r = np.sqrt(np.square(skew).sum(axis=(1, 2)))
        share_r = _two_over(skew, r)
        share_f, needed = np.ones(len(r)), np.full(len(r), np.inf)
        used = (size > 0).sum(axis=1)
        for step in range(MOST_STEPS + 1):
            n = np.sqrt(np.square(size).sum(axis=1))
            apart = np.sqrt(np.square(np.where(gap > 2 * floor, size, 0.0)).sum(axis=1))
            done = np.maximum(apart, r) <= 64 * rounding
            needed = np.where(np.isinf(needed) & done, step, needed)
            delta = np.sqrt(n**2 + r**2 + floor**2)[:, None]
            z = gap / delta
            phi = np.where(z >= 1, 1 / np.maximum(z, 1.0), np.maximum(2 * z - 1, 0.0))
            turn = size * phi / delta
            f = np.sqrt(np.square(turn).sum(axis=1))
            if step == 0:
                # What leaves the span of a thin basis, the third part, is no rotation.
                turns = [divided(*pair, delta[:, :, None]) for pair in pairs[:2]]
                whole = np.sum(turns, axis=0)
                share_f = _two_over(whole, np.sqrt(np.square(whole).sum(axis=(1, 2))))
            second = (share_f * f * n + share_r * r * (n + r)) / 2
            share = (second / np.sqrt(np.maximum(used, 1)))[:, None]
            size = np.where(size > 0, np.hypot(size * (1 - z * phi), share), 0.0)
            before = 0.75 * share_r * r**2 + share_f * f * r / 2 + share_f * f**2
            r = 0.75 * share_f * before**2
    return np.where(needed <= MOST_STEPS, needed + _EXTRA, np.inf)


def _two_over(matrices: Batch, frobenius: Each) -> Each:
    """The 2-norm over the Frobenius norm; 1 for zeros."""
    usable = np.isfinite(frobenius) & (frobenius > 0)
    safe = np.where(usable[:, None, None], matrices, 0.0)
    two = np.linalg.norm(safe, 2, axis=(1, 2))
    return np.where(usable, two / np.where(usable, frobenius, 1.0), 1.0)


def lagrange(a: Batch, values: Float64[np.ndarray, "B k"], within: bool = False) -> Batch:
    """Columns x_i of length 1 along prod_{j != i} (A - values_j I) b; `within` A's own columns.

    A's eigenvalues other than `values` are 0 then, and A b has no part of theirs.
    """
    batch, n, k = len(a), a.shape[1], values.shape[1]
    b = np.random.default_rng(0).standard_normal((n, 4))
    x = np.broadcast_to(b, (batch, k, n, 4)).copy()
    if within:
        x = a[:, None] @ x
    kept = np.zeros((batch, k, 4))
    for j in range(k):
        factor = a - values[:, j, None, None] * np.eye(n)
        others = np.arange(k) != j
        part = factor[:, None] @ x[:, others]
        length = _positive(np.linalg.norm(part, axis=2))
        kept[:, others] += np.log(length)
        x[:, others] = part / length[:, :, None]
    best = kept.argmax(axis=2)
    found = np.take_along_axis(x, best[:, :, None, None], axis=3)[..., 0]
    found = found / _positive(np.linalg.norm(found, axis=2))[:, :, None]
    return np.asarray(np.nan_to_num(found).swapaxes(1, 2))


def unit(matrix: Batch) -> Batch:
    """Over a power of two, so that the Frobenius norm is at most 1."""
    return np.asarray(np.ldexp(matrix, -_exponent(matrix)))


def _exponent(matrix: Batch) -> np.ndarray:
    small, exponent = scaled_down(matrix)
    norm = np.sqrt(np.square(small).sum(axis=(1, 2), keepdims=True))
    return np.asarray(exponent + np.frexp(norm)[1])


def usable(x: Batch) -> Batch:
    """Zeros in the place of matrices that are not finite, which end as no answer."""
    return np.asarray(np.where(np.isfinite(x).all(axis=(1, 2), keepdims=True), x, 0.0))


def _off(a: Batch) -> Batch:
    return np.asarray(a * (1 - np.eye(a.shape[1])))


def _diagonal(a: Batch) -> Float64[np.ndarray, "B k"]:
    return np.asarray(np.einsum("bii->bi", a))


def _norm(a: Batch) -> Each:
    return np.asarray(np.sqrt(np.square(a).sum(axis=(1, 2))))


def _norms(a: Batch) -> Float64[np.ndarray, "B k"]:
    """Of columns."""
    return np.asarray(np.sqrt(np.square(a).sum(axis=1)))


def _positive(size: np.ndarray) -> np.ndarray:
    return np.where(size > 0, size, 1.0)


def _together(values: Float64[np.ndarray, "B k"], floor: float) -> Bool[np.ndarray, "B k k"]:
    """Which values are in one cluster: linked by neighbours that are closer than the floor."""
    order = np.argsort(values, axis=1)
    gaps = np.diff(np.take_along_axis(values, order, axis=1), axis=1)
    label = np.zeros(values.shape, dtype=np.int64)
    sorted_label = np.concatenate(
        [np.zeros((len(values), 1), np.int64), np.cumsum(gaps > 8 * floor, axis=1)], axis=1
    )
    np.put_along_axis(label, order, sorted_label, axis=1)
    return np.asarray(label[:, :, None] == label[:, None, :])


def _svd_step(a: Batch, u: Batch, v: Batch, dtype: torch.dtype) -> tuple[Batch, Batch]:
    network = _svd(a.shape[1], a.shape[2], dtype)
    with torch.no_grad():
        state = list(network.states(network.start(a, usable(u), usable(v))[0]))[-1]
    rows = network.spec.layout
    k = u.shape[2]
    return tuple(  # type: ignore[return-value]
        state[:, rows[name].slice][:, : part.shape[1], :k].double().numpy()
        for name, part in (("U", u), ("V", v))
    )


@lru_cache(maxsize=32)
def _eigen(dim: int, dtype: torch.dtype) -> Network:
    return eigen_refinement(dim, floor=_FLOORS[dtype][0], dtype=dtype)


@lru_cache(maxsize=32)
def _svd(rows: int, columns: int, dtype: torch.dtype) -> Network:
    return svd_refinement(rows, columns, floor=_FLOORS[dtype][0], dtype=dtype)
