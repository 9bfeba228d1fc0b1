"""Ridge regression with the noise known, constant, estimated or cross-validated; least squares."""

import math
from dataclasses import dataclass
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor

from ...core import InputError
from ..batches import Prompts
from .base import RegressionAlgorithm, checked, moments, times

GRID = tuple(float(v) for v in torch.logspace(-3, 3, 61, dtype=torch.float64))
"""The strengths that "tuned" chooses from."""


@final
@dataclass(frozen=True, kw_only=True)
class LeastSquares(RegressionAlgorithm):
    """The w of least norm that minimises sum (w . x_i - y_i)^2 (`numpy.linalg.lstsq`); no steps."""

    def weights(self, prompts: Prompts, steps: int) -> Float[Tensor, "S B d"]:
        w = times(torch.linalg.pinv(prompts.x), prompts.y)
        return w.expand(checked(steps) + 1, -1, -1)


@final
@dataclass(frozen=True, kw_only=True)
class Ridge(RegressionAlgorithm):
    """w = (X^T X + s I)^-1 X^T y, which is the posterior mean for w* ~ N(0, I) if s = sigma^2.

    The strength s is a number, or of each prompt (Vladymyrov et al. 2024, section 5):

    - oracle: the prompt's own sigma^2 (no algorithm that is not told it does better)
    - adaptive: sigma^2 estimated by ||y - X w_ls||^2 / (n - d); needs n > d
    - tuned: the one of `GRID` with the least leave-one-out error. (The paper's TunedRR is not
      known here in detail; this is ours.)

    The same answer after any number of steps.
    """

    strength: float | Literal["oracle", "adaptive", "tuned"] = "oracle"

    def __post_init__(self) -> None:
        if isinstance(self.strength, str):
            return
        if not 0 <= self.strength < math.inf:
            raise InputError(f"strength is {self.strength}; give 0 or more, or a name")

    def weights(self, prompts: Prompts, steps: int) -> Float[Tensor, "S B d"]:
        gram, moment = moments(prompts)
        w = _solved(gram, moment, self._strengths(prompts))
        return w.expand(checked(steps) + 1, -1, -1)

    def _strengths(self, prompts: Prompts) -> Float[Tensor, " B"]:
        if self.strength == "oracle":
            return prompts.noise.square()
        if self.strength == "adaptive":
            return _estimated_variance(prompts)
        if self.strength == "tuned":
            return _tuned(prompts)
        return torch.full_like(prompts.noise, float(self.strength))


def _solved(
    gram: Float[Tensor, "B d d"], moment: Float[Tensor, "B d"], strength: Float[Tensor, " B"]
) -> Float[Tensor, "B d"]:
    """Through eigenvalues, so that strength 0 gives the w of least norm where X^T X is singular."""
    values, vectors = torch.linalg.eigh(gram)
    least = values[:, -1:] * (values.shape[1] * torch.finfo(values.dtype).eps)
    shifted = values + strength[:, None]
    inverse = torch.where(shifted > least, 1 / shifted, torch.zeros_like(shifted))
    return times(vectors, inverse * times(vectors.mT, moment))


def _estimated_variance(prompts: Prompts) -> Float[Tensor, " B"]:
    n, d = prompts.x.shape[1:]
    if n <= d:
        raise InputError(
            f"the prompts have {n} pairs in {d} dimensions, so nothing is left to estimate the "
            "noise from; give more pairs, or another strength"
        )
    w = times(torch.linalg.pinv(prompts.x), prompts.y)
    return (prompts.y - times(prompts.x, w)).square().sum(dim=1) / (n - d)


def _tuned(prompts: Prompts) -> Float[Tensor, " B"]:
    """Leave-one-out residuals are r_i / (1 - h_i), h the diagonal of X (X^T X + s I)^-1 X^T."""
    left, sizes, _ = torch.linalg.svd(prompts.x, full_matrices=False)
    rotated = times(left.mT, prompts.y)
    errors = []
    for strength in GRID:
        shrink = sizes.square() / (sizes.square() + strength)
        residual = prompts.y - times(left, shrink * rotated)
        leverage = (left.square() * shrink[:, None, :]).sum(dim=2)
        errors.append((residual / (1 - leverage)).square().sum(dim=1))
    best = torch.stack(errors).argmin(dim=0)
    return torch.tensor(GRID, dtype=prompts.x.dtype, device=best.device)[best]


def best_ridge(prompts: Prompts) -> float:
    """The constant strength of `GRID` with the least mean squared error at the queries."""

    def loss(strength: float) -> float:
        error = Ridge(strength=strength).predictions(prompts, 0)[0] - prompts.target
        return float(error.square().mean())

    return min(GRID, key=loss)
