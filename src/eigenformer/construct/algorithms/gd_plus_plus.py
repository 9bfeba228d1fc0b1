"""GD++: every layer also transforms the data (von Oswald et al. 2023; Ahn et al. 2023, form 11).

One head, P = diag(b I, 1), Q = diag(-a I, 0), the query not a key:

    x_j <- x_j - a b S x_j,  y_j <- y_j - a (alpha . x_j),  S = sum x x^T / n, alpha = sum y x / n

With the right (a_l, b_l) this solves least squares in O(log kappa + log log 1/error) layers
(Vladymyrov et al. 2024, Theorem 5.1): layers with P = diag(I, 0) whiten the data,
x <- x - c XX^T x, and one gradient step on white data finishes (derivations.md, section 6; no 1/n
there). An eigenvalue t of XX^T becomes t (1 - c t)^2.

- `newton-schulz`: c = (9/4)^l / (3 smax) in layer l, the Newton-Schulz iteration for the inverse
  square root. Beside the largest, the least eigenvalue grows 9/4-fold a layer, and in the end the
  distance to 1 shrinks quadratically. Needs an upper bound smax on the eigenvalues.
- `minimax`: c = 1 / (l + sqrt(l u) + u) where the eigenvalues lie in [l, u]: l and u get the same
  value, which makes the interval's ratio the least that one layer can reach (the best cubic; cf.
  Chen and Chow 2014). The ratio falls up to 27/4-fold a layer, so about half of the layers do.
  Needs a lower bound too.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Literal, Unpack

import numpy as np
from jaxtyping import Float64
from torch import Tensor

from ...core import InputError, at_least
from ..blocks import Move
from ..catalogue import Construction
from ..network import Network, NetworkOptions
from ..parts import Layer
from ..spec import Stage
from .prompts import MEAN_NOTE, Prompt, draw_regression, finite
from .spectra import gram_eigenvalues, positive, refuse, warn_if_ill_conditioned

Schedule = Literal["newton-schulz", "minimax"]
_LAYERS = "O(log kappa + log log 1/error)"


def gd_plus_plus(
    dim: int,
    tokens: int,
    rates: Sequence[tuple[float, float]],
    **options: Unpack[NetworkOptions],
) -> Network:
    """Prediction after one GD++ layer for each (a_l, b_l) of `rates`.

    Inputs x [n, dim], y [n], query [dim] (or batches), n <= `tokens`; output one number, minus the
    y of the query. b_l = 0 is a gradient step of size a_l. Any rates are accepted.

    1 layer a pair, 1 head, width dim + 1, tokens + 1 columns.
    Source: von Oswald et al. 2023 (GD++); Ahn et al. 2023, Theorem 4; derivations.md, section 3.
    """
    prompt = Prompt(dim=dim, tokens=tokens)
    if not rates:
        raise InputError("rates is empty; give one pair (a, b) a layer")
    finite("rates", np.array(rates, dtype=float))

    def layer(a: float, b: float) -> Layer:
        transform = (Move(prompt.x, prompt.x, b),) if b != 0 else ()
        return prompt.layer(*transform, Move(prompt.y, prompt.y), query=-a, scale=1 / tokens)

    return prompt.network(
        "gd_plus_plus",
        Stage(layers=tuple(layer(a, b) for a, b in rates)),
        prepare=prompt.mean,
        notes=(MEAN_NOTE,),
        **options,
    )


def newton_schulz_descent(
    dim: int,
    tokens: int,
    layers: int | None = None,
    *,
    condition: float = 100.0,
    schedule: Schedule = "newton-schulz",
    largest: float | None = None,
    guard: bool = True,
    **options: Unpack[NetworkOptions],
) -> Network:
    """Least squares by GD++ with quadratic convergence: whitening layers, then one gradient step.

    Inputs x [n, dim], y [n], query [dim] (or batches), n <= `tokens`; output one number.
    Equivalent: `query @ numpy.linalg.lstsq(x, y)[0]`.

    `layers` in total, one of them the gradient step; by default as many as reach rounding level for
    data whose X^T X has the condition number `condition`: ceil(log_{9/4}(condition) + 5) + 1 for
    "newton-schulz", about half of that for "minimax", which is worse off beyond `condition`.
    1 head, width dim + 1, no identity block.

    `largest` is an upper bound on the eigenvalues of X^T X, a weight. Without it the input map
    divides x and the query by ||X||_2 and the bound is 1; the prediction does not change under
    that. An eigenvalue that the first layer would erase or reflect (from 3 `largest` on for
    "newton-schulz", which diverges from 5 on) is refused unless `guard` is False. `largest` may
    so be 4/9 of the true bound, which saves "newton-schulz" a layer where the condition number
    is large: ceil(log_{9/4}(condition) + 5) in total. An
    ill-conditioned X^T X gives a `ConditionWarning`. Unlike Newton's iteration this one
    overwrites its data, and in directions without data rounding grows with each layer.
    Source: Vladymyrov et al. 2024, Theorem 5.1; blocks from derivations.md, section 6.
    """
    prompt = Prompt(dim=dim, tokens=tokens)
    if largest is not None and not 0 < largest < math.inf:
        raise InputError(f"largest is {largest}; it must be positive")
    scale = 1.0 if largest is None else largest
    rates = whitening_rates(condition, schedule, None if layers is None else layers - 1)
    x_rows, y_rows = prompt.x, prompt.y
    built = tuple(
        prompt.layer(Move(x_rows, x_rows, b) if b else Move(y_rows, y_rows), query=-a / scale)
        for a, b in rates
    )

    def prepare(x: Tensor, y: Tensor, query: Tensor) -> tuple[Tensor, ...]:
        values = gram_eigenvalues(x)
        top = positive(values[..., -1])
        if guard:
            warn_if_ill_conditioned(values, "X^T X")
        if largest is None:
            norm = top.sqrt()
            return x / norm[..., None, None], y, query / norm[..., None]
        if guard and len(rates) > 1:
            times = 1 / rates[0][0]
            refuse(
                top >= times * largest,
                top,
                f"X^T X has the eigenvalue {{}}, at or beyond {times:.3g} times largest = "
                f"{largest:g}: whitening would erase it, or diverge; compile with a larger "
                "bound, or without one",
            )
        return x, y, query

    bound = (
        "the input map divides x_i and x_q by ||X||_2, which changes no prediction; weights are "
        "for eigenvalues of X^T X up to 1"
        if largest is None
        else f"weights are for eigenvalues of X^T X up to {largest:g}"
    )
    return prompt.network(
        "newton_schulz_descent",
        Stage(layers=built),
        prepare=prepare,
        notes=(bound, f"schedule {schedule}, for condition numbers up to {condition:g}"),
        layers=_LAYERS,
        solves=True,
        **options,
    )


def whitening_rates(
    condition: float, schedule: Schedule = "newton-schulz", whitening: int | None = None
) -> list[tuple[float, float]]:
    """(a_l, b_l) without 1/n for eigenvalues of X^T X in [1/condition, 1]: b = 1 whitens (y stays),
    the last, b = 0, is the gradient step.

    `whitening` layers, by default as many as leave an error below 1e-15.
    """
    if not 1 <= condition < math.inf:
        raise InputError(f"condition is {condition}; a condition number is at least 1")
    if whitening is not None:
        at_least(1, layers=whitening + 1)
    if schedule == "newton-schulz":
        count = math.ceil(math.log(condition, 9 / 4) + 5) if whitening is None else whitening
        growth = 9 / 4
        return [(growth**i / 3, 1.0) for i in range(count)] + [(growth**count, 0.0)]
    if schedule != "minimax":
        raise InputError(f"schedule is {schedule!r}; it is 'newton-schulz' or 'minimax'")
    rates: list[tuple[float, float]] = []
    # Eigenvalues of X^T X as they are now lie in [low, high]: nothing is rescaled between layers.
    low, high = 1 / condition, 1.0
    while len(rates) < whitening if whitening is not None else high - low > 1e-15 * (high + low):
        step = 1 / (low + math.sqrt(low * high) + high)
        rates.append((step, 1.0))
        low, high = low * (1 - step * low) ** 2, 4 / (27 * step)
        low = min(low, high)
    return [*rates, (2 / (low + high), 0.0)]


def gd_plus_plus_reference(
    x: Float64[np.ndarray, "B n d"],
    y: Float64[np.ndarray, "B n"],
    query: Float64[np.ndarray, "B d"],
    *,
    rates: Sequence[tuple[float, float]],
) -> Float64[np.ndarray, " B"]:
    """The recursion in NumPy: S and alpha of all tokens, then the new x, y and query."""
    answer = np.zeros(len(x))
    for a, b in rates:
        alpha = np.einsum("bn,bnd->bd", y, x) / x.shape[1]
        y, answer = (
            y - a * np.einsum("bnd,bd->bn", x, alpha),
            answer + a * np.einsum("bd,bd->b", query, alpha),
        )
        transform = np.eye(x.shape[2]) - a * b * (x.swapaxes(1, 2) @ x / x.shape[1])
        x, query = x @ transform, np.einsum("bd,bde->be", query, transform)
    return answer


def lstsq_reference(
    x: Float64[np.ndarray, "B n d"],
    y: Float64[np.ndarray, "B n"],
    query: Float64[np.ndarray, "B d"],
) -> Float64[np.ndarray, " B"]:
    """Predictions of the least-squares solution of least norm, by LAPACK's SVD."""
    w = np.linalg.pinv(x) @ y[:, :, None]
    return np.asarray(np.einsum("bd,bd->b", query, w[:, :, 0]))


def draw_conditioned(
    rng: np.random.Generator, batch: int, tokens: int, dim: int, condition: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `draw_regression`, but X^T X / n has eigenvalues 1/condition to 1, in equal ratios."""
    _, noise, query = draw_regression(rng, batch, tokens, dim)
    left = np.linalg.qr(rng.normal(size=(batch, tokens, dim)))[0]
    right = np.linalg.qr(rng.normal(size=(batch, dim, dim)))[0]
    x = left * (tokens * np.geomspace(1, 1 / condition, dim)) ** 0.5 @ right
    w = rng.normal(size=(batch, dim, 1)) / dim**0.5
    return x, (x @ w)[:, :, 0] + 0.1 * noise, query / dim**0.5


_RATES = [(0.2, 0.3), (0.1, -0.2), (0.25, 0.5), (0.3, 0.0), (0.15, 1.0), (0.2, 0.4)]
Construction(
    summary="GD++ with arbitrary rates, 6 layers",
    source="von Oswald et al. 2023; Ahn et al. 2023, form 11",
    build=lambda: gd_plus_plus(5, 20, _RATES),
    draw=draw_regression,
    reference=partial(gd_plus_plus_reference, rates=_RATES),
    layers=6,
    heads=1,
    width=6,
    error=1.4e-15,
    theorem={"layers": "1 a step = 6", "heads": "1", "width": "d + 1 = 6"},
).register("gd++")


def _register_whitening(schedule: Schedule, layers: int, largest: float | None) -> None:
    Construction(
        summary=f"least squares by GD++ with the {schedule} schedule, condition number 100",
        source="Vladymyrov et al. 2024, Theorem 5.1",
        build=lambda: newton_schulz_descent(10, 50, layers, schedule=schedule, largest=largest),
        draw=partial(draw_conditioned, tokens=50, dim=10, condition=100.0),
        reference=lstsq_reference,
        layers=layers,
        heads=1,
        width=11,
        error=1e-15,
        samples=200,
        theorem={"layers": _LAYERS, "heads": "1", "width": "d + 1"},
    ).register(f"gd++-{schedule}")


# The largest eigenvalue drawn is 50, the number of tokens. Newton-Schulz may start from 9/4 times
# its bound (it converges below 3), which gains the small eigenvalues a layer.
_register_whitening("newton-schulz", 11, largest=50 * 4 / 9)
_register_whitening("minimax", 8, largest=None)
