"""Gradient descent on least squares: plain, preconditioned, with transformed data, online."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ...core import InputError
from ..batches import Prompts
from .base import RegressionAlgorithm, checked, moments, times

_COARSE, _FINE = 60, 40
_GOLDEN = (math.sqrt(5) - 1) / 2


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class GradientDescent(RegressionAlgorithm):
    """w <- w - rate A^T grad R(w), R(w) = 1/(2n) sum (w . x_i - y_i)^2, from w = 0.

    `rate` is one number or one for each step; A is the identity without a `preconditioner`.
    (Ahn et al. 2023, Lemma 1; `construct`'s preconditioned_gradient_descent with A_l = rate A.)
    """

    rate: float | Sequence[float]
    preconditioner: Float[Tensor, "d d"] | None = None

    def weights(self, prompts: Prompts, steps: int) -> Float[Tensor, "S B d"]:
        rates = self._rates(checked(steps))
        gram, moment = moments(prompts)
        n = prompts.x.shape[1]
        return torch.stack(_iterates(gram / n, moment / n, rates, self.preconditioner))

    def _rates(self, steps: int) -> list[float]:
        if isinstance(self.rate, (int, float)):
            return [float(self.rate)] * steps
        if len(self.rate) < steps:
            raise InputError(
                f"rate has {len(self.rate)} numbers for {steps} steps; give one a step"
            )
        return list(self.rate[:steps])


def _iterates(
    gram: Float[Tensor, "B d d"],
    moment: Float[Tensor, "B d"],
    rates: Sequence[float],
    preconditioner: Float[Tensor, "d d"] | None,
) -> list[Float[Tensor, "B d"]]:
    """w_0 .. w_k for the gradient `gram` w - `moment`."""
    w = torch.zeros_like(moment)
    found = [w]
    for rate in rates:
        gradient = times(gram, w) - moment
        if preconditioner is not None:
            gradient = gradient @ preconditioner.to(gradient)
        w = w - rate * gradient
        found.append(w)
    return found


def best_rate(
    prompts: Prompts, steps: int, preconditioner: Float[Tensor, "d d"] | None = None
) -> float:
    """The constant rate with the least mean squared error at the queries after `steps` steps.

    A search on a grid, evenly spaced in the logarithm, and then by golden section between the
    neighbours of its best point: it needs no more than that the best valley is wider than the grid.
    """
    if steps < 1:
        raise InputError(f"steps is {steps}; a rate matters from 1 step on")

    n = prompts.x.shape[1]
    gram, moment = (each / n for each in moments(prompts))

    def loss(logarithm: float) -> float:
        rates = [math.exp(logarithm)] * steps
        w = _iterates(gram, moment, rates, preconditioner)[-1]
        value = float(((w * prompts.query).sum(dim=1) - prompts.target).square().mean())
        return value if math.isfinite(value) else math.inf

    scale = gram.diagonal(dim1=1, dim2=2).mean()
    if preconditioner is not None:
        scale = scale * preconditioner.diagonal().mean().abs()
    # In units of 1/(mean eigenvalue): the best rate of one step is below 1, of many below 2.
    middle = -math.log(float(scale))
    grid = [middle + x for x in torch.linspace(-8.0, 3.0, _COARSE).tolist()]
    best = min(range(_COARSE), key=lambda i: loss(grid[i]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, _COARSE - 1)]
    for _ in range(_FINE):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return math.exp((low + high) / 2)


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class GDPlusPlus(RegressionAlgorithm):
    """One step for each (a, b) of `rates`: w moves, and so do the data (von Oswald et al. 2023).

    x <- x - a b S x,  y <- y - a (alpha . x),  S = sum x x^T / n,  alpha = sum y x / n
    """

    rates: Sequence[tuple[float, float]]

    def weights(self, prompts: Prompts, steps: int) -> Float[Tensor, "S B d"]:
        if len(self.rates) < checked(steps):
            raise InputError(
                f"rates has {len(self.rates)} pairs for {steps} steps; give one a step"
            )
        x, y, n = prompts.x, prompts.y, prompts.x.shape[1]
        eye = torch.eye(x.shape[2], dtype=x.dtype, device=x.device)
        # The query after k steps is T x_q with a symmetric T, as the factors commute.
        transform = eye.expand(len(x), -1, -1)
        w = torch.zeros_like(prompts.query)
        found = [w]
        for a, b in self.rates[:steps]:
            alpha, sigma = times(x.mT, y) / n, x.mT @ x / n
            w = w + a * times(transform, alpha)
            y = y - a * times(x, alpha)
            shrink = eye - a * b * sigma
            x, transform = x @ shrink, transform @ shrink
            found.append(w)
        return torch.stack(found)


@final
@dataclass(frozen=True, eq=False, kw_only=True)
class OnlineGradientDescent(RegressionAlgorithm):
    """w <- w - (rate / ||x_k||^2) (w . x_k - y_k) x_k, step k with pair k (Fu et al. 2024)."""

    rate: float = 1.0

    def weights(self, prompts: Prompts, steps: int) -> Float[Tensor, "S B d"]:
        if checked(steps) > prompts.x.shape[1]:
            raise InputError(
                f"steps is {steps}, and the prompts have {prompts.x.shape[1]} pairs, one for a step"
            )
        w = torch.zeros_like(prompts.query)
        found = [w]
        tiny = torch.finfo(w.dtype).tiny
        for k in range(steps):
            x, y = prompts.x[:, k], prompts.y[:, k]
            residual = (w * x).sum(dim=1) - y
            length = x.square().sum(dim=1).clamp_min(tiny)
            w = w - (self.rate * residual / length)[:, None] * x
            found.append(w)
        return torch.stack(found)
