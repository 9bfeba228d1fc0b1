"""How far a step of the logistic network may be from the exact damped Newton step: a bound.

Everything is exact algebra but the four scalar functions and the k Newton-Schulz steps. Write ^ for
what the network computes, s = H^-1 g for the direction, and use operator norms.

1. sigma is wrong by at most e_i at x^T a_i, so ||g^ - g|| <= dg = || (1/n) sum_i e_i |a_i| ||.
2. sigma' is wrong by at most e'_i, a product by p. The network's matrix B (its transpose inverts H)
   has ||B - H|| <= E = ||A^T diag(e') A|| / n + p sqrt(d / n) ||A||. Needs E < m = lambda_min(H).
3. ||I - c B|| <= max_j |1 - c lambda_j(H)| + c E, to the power 2^k: q. Then X = B^-1 (I - R),
   ||R|| <= q.
4. s^ - s = X g^ - s = B^-1 ((g^ - g) - (B - H) s - R g^), to all orders, so
   ||s^ - s|| <= ds = (dg + E ||s|| + q (||g|| + dg)) / (m - E).
5. lambda^2 is wrong by at most dl = dg ||s|| + dg ds + |g^T (s^ - s)|, where
   |g^T B^-1 v| <= ||s|| m / (m - E) ||v|| for the v of line 4.
6. eta is decreasing and convex, so it is wrong by at most de = eta(l - dl) - eta(l) + its own error
   on [l - dl, l + dl], l = lambda^2.
7. ||x^ - x+|| <= de ||s|| + (eta + de) ds.

Lines 1 to 4 and 7 are derivations.md, section 1d (v). A first-order budget (||g|| E / mu^2 ...)
would have mu for m, and leave out what E does to line 5.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ..relu import Spacing
from .logistic import inverse_steps_for, logistic_scalars
from .logistic_reference import logistic_derivatives

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class StepError:
    """Bounds for one step on each problem, as Euclidean or operator norms."""

    step: Float64[np.ndarray, " B"]
    """||x_network - x_exact|| after the step; inf where the Hessian's error allows no bound."""
    gradient: Float64[np.ndarray, " B"]
    hessian: Float64[np.ndarray, " B"]
    inverse: Float64[np.ndarray, " B"]
    """What Newton-Schulz leaves: ||I - H X||, relative."""
    direction: Float64[np.ndarray, " B"]
    decrement: Float64[np.ndarray, " B"]
    """Of lambda_f^2."""
    damping: Float64[np.ndarray, " B"]


def step_error(
    features: Float64[np.ndarray, "B n d"],
    labels: Float64[np.ndarray, "B n"],
    x: Float64[np.ndarray, "B d"],
    mu: float,
    *,
    knots: int = 512,
    limit: float = 12.0,
    inverse_steps: int | None = None,
    spacing: Spacing = "curvature",
) -> StepError:
    """The module's bound for `logistic_newton` with the same options, on given data.

    Rigorous as far as the scalars' own bounds are, and but for the rounding of the network's other
    arithmetic, for which 100 eps (||x|| + cond(H) ||s||) is allowed.
    """
    scalars = logistic_scalars(float(mu), knots, float(limit), spacing)
    k = inverse_steps_for(mu) if inverse_steps is None else inverse_steps
    n, d = features.shape[-2:]
    gradient, hessian = logistic_derivatives(features, labels, x, mu)
    exact = np.linalg.solve(hessian, gradient[..., None])[..., 0]
    eigenvalues = np.linalg.eigvalsh(hessian)
    g, s = _norm(gradient), _norm(exact)
    m = eigenvalues[:, 0]

    margins = (features @ x[..., None]).ravel()
    errors = scalars.sigmoid.error_between(margins, margins).reshape(-1, n)
    dg = _norm((errors[..., None] * np.abs(features)).mean(axis=1))

    errors = scalars.slope.error_between(margins, margins).reshape(-1, n)
    weighted = features.swapaxes(1, 2) @ (errors[..., None] * features) / n
    spectral = np.linalg.norm(features, ord=2, axis=(1, 2))
    dh = np.linalg.norm(weighted, ord=2, axis=(1, 2))
    dh += scalars.squares.error_bound / 4 * np.sqrt(d / n) * spectral

    c = 2 / (2 * mu + 0.25)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        left = (np.abs(1 - c * eigenvalues).max(axis=1) + c * dh) ** (2.0**k)
        off = dg + dh * s + left * (g + dg)
        ds = off / (m - dh)
        dl = dg * s + dg * ds + s * m / (m - dh) * off
        decrement = (gradient * exact).sum(axis=1)
        lower = np.maximum(decrement - dl, 0.0)
        own = scalars.damping.error_between(lower, decrement + dl)
        eta = _damping(decrement, mu)
        de = np.minimum(_damping(lower, mu) - eta + own, 1.0)
        rounding = 100 * EPSILON * (_norm(x) + eigenvalues[:, -1] / m * s)
        step = de * s + (eta + de) * ds + rounding
    usable = dh < m
    return StepError(
        step=np.where(usable, step, np.inf),
        gradient=dg,
        hessian=dh,
        inverse=left,
        direction=np.where(usable, ds, np.inf),
        decrement=np.where(usable, dl, np.inf),
        damping=np.where(usable, de, 1.0),
    )


def error_floor(
    features: Float64[np.ndarray, "B n d"],
    mu: float,
    *,
    knots: int = 512,
    limit: float = 12.0,
    spacing: Spacing = "curvature",
) -> Float64[np.ndarray, " B"]:
    """How far from the minimiser the looped network may settle: ||x - x*|| <= dg / mu.

    Where it no longer moves, its gradient g^ is 0, hence ||g|| <= dg; and f is mu-strongly convex.
    Errors of the Hessian and of eta only slow it down. Valid while |x^T a_i| <= limit.
    """
    e = logistic_scalars(float(mu), knots, float(limit), spacing).sigmoid.error_bound
    n = features.shape[1]
    summed = np.abs(features).mean(axis=1)
    spectral = np.linalg.norm(features, ord=2, axis=(1, 2)) / np.sqrt(n)
    return np.asarray(e * np.minimum(_norm(summed), spectral) / mu)


def _norm(vectors: Float64[np.ndarray, "B d"]) -> Float64[np.ndarray, " B"]:
    return np.asarray(np.linalg.norm(vectors, axis=1))


def _damping(decrement: Float64[np.ndarray, " B"], mu: float) -> Float64[np.ndarray, " B"]:
    return np.asarray(2 * np.sqrt(mu) / (2 * np.sqrt(mu) + np.sqrt(decrement)))
