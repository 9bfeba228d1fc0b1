"""Damped Newton on the regularised logistic loss, every iterate of it."""

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ...construct.algorithms.logistic_reference import damped_newton
from ...core import InputError
from ..batches import Prompts
from .base import RegressionAlgorithm, checked


@final
@dataclass(frozen=True, kw_only=True)
class DampedNewton(RegressionAlgorithm):
    """x <- x - eta Hess^-1 grad, eta = 2 sqrt(mu) / (2 sqrt(mu) + lambda_f), from x = 0.

    The steps are those of `construct.algorithms.logistic_reference.damped_newton`, in float64.
    Needs ||a_i|| <= 1 for its guarantee (Giannou et al. 2024, section 5).
    """

    mu: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.mu < float("inf"):
            raise InputError(f"mu is {self.mu}; give a positive weight of ||w||^2, such as 0.1")

    def weights(self, prompts: Prompts, steps: int) -> Float[Tensor, "S B d"]:
        features = prompts.x.detach().cpu().double().numpy()
        labels = prompts.y.detach().cpu().double().numpy()
        found = [np.zeros((len(features), features.shape[2]))]
        for _ in range(checked(steps)):
            found.append(damped_newton(features, labels, found[-1], self.mu))
        return torch.from_numpy(np.stack(found)).to(prompts.x)
