"""Eigenvectors and singular vectors that are roughly known, refined: a step squares their errors.

Symmetric A = Q D Q^T, and X = Q (I + error). With R = I - X^T X and S = X^T A X, the first-order
solution of (X (I + E))^T X (I + E) = I and = D in the place of I with A between is

    lambda_i = S_ii (1 + R_ii)
    E = R/2 + F,    F_ij = (S_ij + (lambda_i + lambda_j) R_ij / 2) / (lambda_j - lambda_i)

which is Ogita and Aishima's E_ij = (S_ij + lambda_j R_ij) / (lambda_j - lambda_i) (E + E^T = R),
with the part that makes columns orthonormal apart from the rotation, F, which is antisymmetric.
Pairs with |lambda_i - lambda_j| <= delta are a cluster: E_ij = R_ij / 2 alone there, so that the
cluster's subspace is refined and not the vectors in it. Here

    delta^2 = ||S - diag S||_F^2 + ||R||_F^2 + floor^2        for ||A||_F <= 1
    F = (S - diag S + (Lambda R + R Lambda) / 2) / delta  *  phi((lambda_j - lambda_i) / delta)
    X <- X (I + R/2 + F),    then X <- X (3 I - X^T X) / 2

with phi(z) = 1/z, falling to 0 from |z| = 1 to 1/2, so that ||F||_F is bounded wherever X is. The
last step, of Newton and Schulz, is ours: without it columns are orthonormal to the order F^2 only,
and to that of eps over the least gap, by which rounding keeps F from being antisymmetric.
Derivation: derivations.md, section 12.

The SVD has the same with P = F + G and M = F - G for the rotations F of U and G of V: P has
denominators sigma_j - sigma_i, M sigma_i + sigma_j, so that a cluster of singular values leaves M
well defined. What of a thin U is outside of its columns' span is (A V - U (I + R) T) / sigma.

Sources: Ogita and Aishima 2018 (Japan J. Indust. Appl. Math. 35, 1007-1035); 2020 (J. Comput. Appl.
Math. 369, 112512), whose formulas this rearranges.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Unpack

import numpy as np
import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from ...core import InputError, at_least
from ..catalogue import Construction
from ..compiler import CompiledNetwork, check_symmetric, compiled_program
from ..expression import Expression, I, diagonal, hadamard, ones, stored
from ..network import NetworkOptions
from ..program import Program, Traced, program, trace
from ..scalar import Scalar

FLOOR = 2.0**-30
"""Gaps below this times ||A||_F are clusters: rotations by what rounding leaves stay below 1e-6."""
RELU_FLOOR = 2.0**-12
"""The same for ReLU reciprocals, whose hidden units cancel the more, the steeper they are."""


@lru_cache(maxsize=16)
def reciprocal(floor: float, error: float) -> Scalar:
    """phi(z) = 1/z for |z| >= 1, 0 for |z| <= 1/2, a line between; |z| <= 8 / floor.

    With relative error `error`: knots at +-r^k, as the chord of 1/z from a to ra is too large by at
    most (1 + r)^2 / (4 r) - 1, relative to 1/z, so r = 1 + 2 e + 2 (e + e^2)^(1/2).
    """
    ratio = 1 + 2 * error + 2 * (error + error**2) ** 0.5
    count = int(np.ceil(np.log(8 / floor) / np.log(ratio)))
    positive = np.concatenate([[0.5], ratio ** np.arange(count + 1)])

    def phi(z: Tensor) -> Tensor:
        size = z.abs()
        ramp = (2 * size - 1).clamp(min=0.0)
        return z.sign() * torch.where(size >= 1, 1 / size.clamp(min=1.0), ramp)

    return Scalar("phi", phi, np.concatenate([-positive[::-1], positive]))


@lru_cache(maxsize=16)
def inverse_root(floor: float) -> Scalar:
    """1 / (t + floor^2)^(1/2) for 0 <= t <= 256; as ReLUs at most 6.1% too large, as delta may be.

    The chord between s and 2 s is too large by most where s^(1/2) times it is stationary.
    """
    count = int(np.ceil(np.log2(256 / floor**2)))
    knots = floor**2 * (2.0 ** np.arange(count + 1) - 1)
    return Scalar("rsqrt", lambda t: (t.clamp(min=0.0) + floor**2).rsqrt(), knots)


def eigen_step(floor: float = FLOOR, error: float = 0.05) -> Program:
    """One step for the columns X of a symmetric A of Frobenius norm 1 at most."""
    phi, root = reciprocal(floor, error), inverse_root(floor)

    def step(A: Expression, X: Expression) -> Expression:
        r = stored(I - X.T @ X)
        s = stored(X.T @ A @ X)
        on = diagonal(s)
        values = stored(on + on @ diagonal(r))
        one, off = ones(X), s - on
        scale = diagonal(root(one @ diagonal(off @ off + r @ r) @ one))
        gap = one @ values - values @ one
        left = off + (values @ r + r @ values) / 2
        f = stored(hadamard(scale @ left, phi(scale @ gap)))
        return _orthonormal(X + X @ r / 2 + X @ f)

    return program(step)


def svd_step(rows: int, columns: int, floor: float = FLOOR, error: float = 0.05) -> Program:
    """One step for the columns U and V of A [rows, columns] of Frobenius norm 1 at most."""
    phi, root = reciprocal(floor, error), inverse_root(floor)

    def step(A: Expression, U: Expression, V: Expression) -> dict[str, Expression]:
        r, s = stored(I - U.T @ U), stored(I - V.T @ V)
        t = stored(U.T @ A @ V)
        on = diagonal(t)
        values = stored(on + on @ diagonal(r + s) / 2)
        one, off = ones(t), t - on
        out = _outside(A, U, V, r, t) if rows > columns else None
        out = _outside(A.T, V, U, s, t.T) if columns > rows else out
        left_out = off.T @ off + r @ r + s @ s
        squares = left_out if out is None else left_out + out.T @ out
        scale = diagonal(root(one @ diagonal(squares) @ one))
        gap, total = one @ values - values @ one, one @ values + values @ one
        both, skew = r + s, r - s
        plus = off + off.T + (values @ both + both @ values) / 2
        minus = off - off.T + (skew @ values - values @ skew) / 2
        p = hadamard(scale @ plus, phi(scale @ gap))
        m = hadamard(scale @ minus, phi(scale @ total))
        f, g = stored((p + m) / 2), stored((p - m) / 2)
        u, v = U + U @ r / 2 + U @ f, V + V @ s / 2 + V @ g
        if out is not None:
            more = out @ scale @ diagonal(phi(scale @ values))
            u, v = (u + more, v) if rows > columns else (u, v + more)
        return {"U": _orthonormal(u), "V": _orthonormal(v)}

    return program(step)


def _orthonormal(x: Expression) -> Expression:
    """A step of Newton and Schulz: ||I - X^T X|| <- 3/4 of its square."""
    x = stored(x)
    return x @ (3 * I - x.T @ x) / 2


def _outside(
    a: Expression, u: Expression, v: Expression, r: Expression, t: Expression
) -> Expression:
    """What A V has outside of the span of U's columns, to first order in R."""
    return stored(a @ v - u @ t - u @ r @ t)


def eigen_refinement(
    dim: int,
    steps: int = 1,
    *,
    floor: float | None = None,
    error: float | None = None,
    **options: Unpack[NetworkOptions],
) -> CompiledNetwork:
    """Columns near the eigenvectors of a symmetric A: `net(A, X0)` -> X, all [dim, dim].

    `steps` steps of Ogita and Aishima's refinement, 10 layers each (11 for the SVD's twin), at most
    max(dim + 1, 4) heads, width dim (dim + 10) + 1 at most. Columns keep their order and sign.

    - `error`: reciprocals as ReLUs, too large by at most this part of themselves; then convergence
      is linear by that factor (0.05: to rounding level in 9 to 10 steps). None: exact ones.
    - `floor`: pairs of eigenvalues closer than this times ||A||_F are not told apart: the subspace
      is refined and the vectors in it are only made orthonormal. 2^-30, or 2^-12 with ReLUs.

    The input map divides A by a power of two, so that its Frobenius norm is 1 at most.
    Source: Ogita and Aishima 2018, algorithm 1; derivations.md, section 12.
    """
    at_least(1, dim=dim, steps=steps)
    plan = _Refinement("eigen_refinement", floor, error)
    shapes = {"A": (dim, dim), "X": (dim, dim)}
    traced = trace(plan.step(eigen_step), shapes, steps, {"X": "result"}, ("A",))
    return plan.network(traced, steps, partial(draw_eigenvectors, dim=dim), **options)


def svd_refinement(
    rows: int,
    columns: int,
    steps: int = 1,
    *,
    floor: float | None = None,
    error: float | None = None,
    **options: Unpack[NetworkOptions],
) -> CompiledNetwork:
    """Columns near the singular vectors of A: `net(A, U0, V0)` -> U [rows, k], V in the block V.

    k = min(rows, columns); U_i^T A V_i should be positive. As `eigen_refinement` in all else;
    for rows and columns that differ also what of the longer vectors is outside of their span is
    refined, but for singular values below `floor`, whose vectors stay in it.
    Source: Ogita and Aishima 2020; derivations.md, section 12.
    """
    at_least(1, rows=rows, columns=columns, steps=steps)
    plan, k = _Refinement("svd_refinement", floor, error), min(rows, columns)
    shapes = {"A": (rows, columns), "U": (rows, k), "V": (columns, k)}
    step = plan.step(partial(svd_step, rows, columns))
    traced = trace(step, shapes, steps, {"U": "U", "V": "V"})
    return plan.network(traced, steps, partial(draw_svd, shape=(rows, columns)), **options)


@dataclass(frozen=True, slots=True)
class _Refinement:
    """What both networks share."""

    name: str
    floor: float | None
    error: float | None

    def __post_init__(self) -> None:
        if self.floor is not None and not 0 < self.floor < 1:
            raise InputError(f"floor is {self.floor}; it must be between 0 and 1")
        if self.error is not None and not 0 < self.error < 1:
            raise InputError(f"error is {self.error}; it must be between 0 and 1")

    def step(self, make: Callable[..., Program]) -> Program:
        floor = self.floor or (FLOOR if self.error is None else RELU_FLOOR)
        return make(floor=floor, error=self.error or 0.05)

    def network(
        self,
        traced: Traced,
        steps: int,
        draw: Callable[[np.random.Generator, int], tuple[np.ndarray, ...]],
        **options: Unpack[NetworkOptions],
    ) -> CompiledNetwork:
        compiled = compiled_program(traced)
        spec = replace(
            compiled.spec,
            name=self.name,
            prepare=partial(_scaled, symmetric="A" in traced.symmetric),
            given=compiled.spec.inputs,
            notes=("the input map divides A by a power of two, to ||A||_F <= 1: no layer does",),
            theorem={"products": "4 a step"} if traced.symmetric else {},
            steps=steps,
        )

        def named(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
            return dict(zip(traced.symbols, draw(rng, n), strict=True))

        if self.error is None:
            options.setdefault("exact", True)
        return CompiledNetwork(replace(compiled, spec=spec, draw=named), **options)


def _scaled(a: Tensor, *others: Tensor, symmetric: bool) -> tuple[Tensor, ...]:
    if symmetric:
        check_symmetric("A", a)
    return torch.ldexp(a, -_exponent(a)), *others


def _exponent(a: Float[Tensor, "*B m n"]) -> Int[Tensor, "*B 1 1"]:
    """Of a power of two above the Frobenius norm, by a factor of 2 at most; 0 for zeros."""
    largest = torch.frexp(a.abs().amax(dim=(-2, -1), keepdim=True))[1]
    norm = torch.linalg.matrix_norm(torch.ldexp(a, -largest), keepdim=True)
    return torch.where(norm > 0, largest + torch.frexp(norm)[1], 0)


# In NumPy, formula by formula, as Ogita and Aishima have it but for delta, phi and the last step.


def refine_eigenvectors(
    a: Float64[np.ndarray, "B n n"],
    x: Float64[np.ndarray, "B n n"],
    steps: int = 1,
    floor: float = FLOOR,
) -> Float64[np.ndarray, "B n n"]:
    """The same steps in NumPy, for a Frobenius norm of 1 at most."""
    eye = np.eye(a.shape[1])
    for _ in range(steps):
        r, s = eye - _t(x) @ x, _t(x) @ a @ x
        values = _diagonal(s) * (1 + _diagonal(r))
        first, second = values[:, :, None], values[:, None, :]
        off = s * (1 - eye)
        delta = np.sqrt(_square(off) + _square(r) + floor**2)
        f = divided(off + (first + second) / 2 * r, second - first, delta)
        x = _schulz(x + x @ (r / 2 + f))
    return x


def refine_svd(
    a: Float64[np.ndarray, "B m n"],
    u: Float64[np.ndarray, "B m k"],
    v: Float64[np.ndarray, "B n k"],
    steps: int = 1,
    floor: float = FLOOR,
) -> tuple[Float64[np.ndarray, "B m k"], Float64[np.ndarray, "B n k"]]:
    """The same steps in NumPy, from the 2 x 2 systems for F_ij and G_ij rather than P and M."""
    eye, (m, n) = np.eye(u.shape[2]), a.shape[1:]
    for _ in range(steps):
        r, s, t = eye - _t(u) @ u, eye - _t(v) @ v, _t(u) @ a @ v
        values = _diagonal(t) * (1 + _diagonal(r + s) / 2)
        first, second = values[:, :, None], values[:, None, :]
        apart = 1 - eye
        off = t * apart
        out_u = a @ v - u @ (t + r @ t) if m > n else np.zeros_like(u)
        out_v = _t(a) @ u - v @ _t(t + t @ s) if n > m else np.zeros_like(v)
        parts = (off, r, s, out_u, out_v)
        delta = np.sqrt(sum(_square(part) for part in parts) + floor**2)
        alpha, beta = off + second * r, _t(off) + second * s
        gap, total = second - first, second + first
        plus = divided(apart * (alpha + beta - gap / 2 * (r + s)), gap, delta)
        minus = divided(apart * (alpha - beta - total / 2 * (r - s)), total, delta)
        f, g = (plus + minus) / 2, (plus - minus) / 2
        inverse = divided(np.ones_like(second), second, delta)
        u = _schulz(u + u @ (r / 2 + f) + out_u * inverse)
        v = _schulz(v + v @ (s / 2 + g) + out_v * inverse)
    return u, v


def _schulz(x: np.ndarray) -> np.ndarray:
    return np.asarray(x @ (3 * np.eye(x.shape[2]) - _t(x) @ x) / 2)


def _t(a: np.ndarray) -> np.ndarray:
    return a.swapaxes(1, 2)


def _diagonal(a: Float64[np.ndarray, "B k k"]) -> Float64[np.ndarray, "B k"]:
    return np.asarray(np.einsum("bii->bi", a))


def _square(a: np.ndarray) -> Float64[np.ndarray, "B 1 1"]:
    return np.asarray(np.square(a).sum(axis=(1, 2), keepdims=True))


def divided(above: np.ndarray, below: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """above phi(below / delta) / delta."""
    size = np.abs(below)
    large = size >= delta
    ramp = np.sign(below) * np.maximum(2 * size / delta - 1, 0.0) / delta
    return np.where(large, above / np.where(large, below, 1.0), above * ramp)


DIM, SHAPE = 5, (6, 4)


def draw_eigenvectors(
    rng: np.random.Generator, batch: int, dim: int = DIM, off: float = 0.1
) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric matrices of Frobenius norm below 1, and eigenvectors that are off by `off`."""
    a = rng.standard_normal((batch, dim, dim))
    a = a + _t(a)
    a /= np.linalg.norm(a, axis=(1, 2))[:, None, None] * 1.001
    return a, perturbed(rng, np.linalg.eigh(a)[1], off)


def draw_svd(
    rng: np.random.Generator, batch: int, shape: tuple[int, int] = SHAPE, off: float = 0.1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Matrices of Frobenius norm below 1, and singular vectors that are off by `off`."""
    a = rng.standard_normal((batch, *shape))
    a /= np.linalg.norm(a, axis=(1, 2))[:, None, None] * 1.001
    u, _, v = np.linalg.svd(a, full_matrices=False)
    return a, perturbed(rng, u, off), perturbed(rng, _t(v), off)


def perturbed(
    rng: np.random.Generator, x: Float64[np.ndarray, "B m k"], off: float
) -> Float64[np.ndarray, "B m k"]:
    """Each column plus a random vector of length `off`."""
    noise = rng.standard_normal(x.shape)
    return np.asarray(x + off * noise / np.linalg.norm(noise, axis=1, keepdims=True))


_EIGEN = partial(
    Construction,
    source="Ogita and Aishima 2018, algorithm 1",
    draw=draw_eigenvectors,
    reference=refine_eigenvectors,
    build_for=lambda a, *_: eigen_refinement(a.shape[1], 8),
    layers=10,
    heads=DIM + 1,
    width=DIM * (DIM + 10) + 1,
    theorem={"products": "4"},
    relative=True,
)
_EIGEN(
    summary="a step of refining eigenvectors that are 10% off, symmetric 5x5, exact reciprocals",
    build=lambda: eigen_refinement(DIM),
    error=6.6e-16,
).register("eigen-refinement")
_EIGEN(
    summary="the same, reciprocals as ReLUs, up to 5% too large",
    build=lambda: eigen_refinement(DIM, error=0.05),
    error=9.7e-3,
    kind="approximation",
).register("eigen-refinement-relu")
Construction(
    summary="a step of refining singular vectors that are 10% off, 6x4, exact reciprocals (U)",
    source="Ogita and Aishima 2020",
    build=lambda: svd_refinement(*SHAPE),
    draw=draw_svd,
    reference=lambda a, u, v: refine_svd(a, u, v)[0],
    build_for=lambda a, *_: svd_refinement(a.shape[1], a.shape[2], 8),
    layers=11,
    heads=9,
    width=101,
    error=6.6e-16,
    relative=True,
).register("svd-refinement")
