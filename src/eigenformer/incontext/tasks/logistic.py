"""Logistic regression prompts: labels -1 and 1, and the minimiser of the loss to predict."""

from dataclasses import dataclass, field
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ...construct.algorithms.logistic_reference import logistic_optimum, rescale
from ...core import InputError
from ..batches import Batch, Prompts
from ..source import Source
from .base import TASKS, PairsTask
from .covariates import Covariates, Gaussian


@final
@dataclass(frozen=True, kw_only=True)
class Logistic(PairsTask):
    """`points` pairs (a_i, y_i), y_i = sign(w* . a_i); the target is w [d], the minimiser of

        f(w) = (1/n) sum_i log(1 + exp(-y_i w . a_i)) + (mu/2) ||w||^2

    to rounding, by damped Newton in float64 (Giannou et al. 2024, section 5). The loss is
    ||prediction - w||^2. The query token is zero and no data: a model reads its answer there.
    """

    points: int = 26
    mu: float = 0.1
    covariates: Covariates = field(default_factory=Gaussian)
    bounded: bool = True
    """Scale each prompt until its longest a_i has length 1 (Assumption 3.2, which the experiments'
    code leaves out: derivations.md, section 1e)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.mu < float("inf"):
            raise InputError(f"mu is {self.mu}; give a positive weight of ||w||^2, such as 0.1")

    @property
    def outputs(self) -> int:
        return self.dim

    def make(self, source: Source, size: int) -> Prompts:
        w = source.normal(size, self.dim)
        x = self.covariates.draw(source, size, self.points, self.dim).points
        if self.bounded:
            x = x / x.norm(dim=2).amax(dim=1)[:, None, None]
        y = torch.where((x @ w[:, :, None])[:, :, 0] < 0, -1.0, 1.0).to(x.dtype)
        problem = rescale(x.double().numpy(), self.mu)
        optimum = logistic_optimum(problem.features, y.double().numpy(), problem.mu)
        return Prompts(
            x=x,
            y=y,
            query=x.new_zeros(size, self.dim),
            target=torch.from_numpy(problem.back(optimum)).to(x.dtype),
            weights=w,
            noise=x.new_zeros(size),
        )

    def errors(self, prediction: Float[Tensor, "B ..."], batch: Batch) -> Float[Tensor, " B"]:
        return (prediction - Prompts.of(batch, "Logistic").target).square().sum(dim=1)


TASKS.register("logistic", Logistic)
