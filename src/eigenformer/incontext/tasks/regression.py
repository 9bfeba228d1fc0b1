"""Linear regression prompts: y_i = w* . x_i + noise, and the query's w* . x_q to predict."""

from dataclasses import dataclass, field
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor

from ...core import InputError, at_least
from ..batches import Batch, Prompts
from ..source import Source
from .base import TASKS, PairsTask
from .covariates import Covariates, Gaussian


@final
@dataclass(frozen=True, kw_only=True)
class Regression(PairsTask):
    """`points` pairs (x_i, y_i) in `dim` dimensions; the target is the query's label without noise.

    The loss is the squared error (not halved), of every label for a model that predicts at every
    position. An oracle's loss is not 0 where labels are noisy.
    """

    covariates: Covariates = field(default_factory=Gaussian)
    weights: Literal["normal", "whitened"] = "normal"
    """w* ~ N(0, I), or N(0, Sigma^-1) for the covariates' Sigma (Ahn et al. 2023, Theorem 3)."""
    noise: tuple[float, ...] = (0.0,)
    """Standard deviations of the labels' noise; each prompt has one."""
    noise_law: Literal["levels", "range"] = "levels"
    """levels: one of `noise`, equally likely. range: uniform between its two (Vladymyrov et al.
    2024)."""
    active: int | None = None
    """Coordinates from this one on are 0 (a curriculum's early stages); None: all are drawn."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.active is not None and not 1 <= self.active <= self.dim:
            raise InputError(f"active is {self.active}; give 1 to {self.dim} coordinates")
        if not self.noise:
            raise InputError("noise is empty; give a standard deviation, such as 0")
        for level in self.noise:
            at_least(0, 1e6, noise=level)
        if self.noise_law == "range" and len(self.noise) != 2:
            raise InputError(f"noise is {self.noise}; the law 'range' needs its two ends")

    @property
    def outputs(self) -> int:
        return 1

    def make(self, source: Source, size: int) -> Prompts:
        z = source.normal(size, self.dim)
        drawn = self.covariates.draw(source, size, self.points + 1, self.dim)
        w = drawn.whitened(z) if self.weights == "whitened" else z
        points = drawn.points
        if self.active is not None:
            points = points.clone()
            points[:, :, self.active :] = 0
        clean = (points @ w[:, :, None])[:, :, 0]
        sigma = self._noise(source, size)
        y = clean[:, :-1]
        if any(self.noise):
            y = y + sigma[:, None] * source.normal(size, self.points)
        return Prompts(
            x=points[:, :-1],
            y=y,
            query=points[:, -1],
            target=clean[:, -1],
            weights=w,
            noise=sigma,
        )

    def _noise(self, source: Source, size: int) -> Float[Tensor, " B"]:
        if self.noise_law == "range":
            return source.uniform(self.noise[0], self.noise[1], size)
        levels = torch.tensor(self.noise, dtype=source.dtype)
        if len(self.noise) == 1:
            return levels.expand(size)
        return levels[source.integers(len(self.noise), size)]

    def errors(self, prediction: Float[Tensor, "B ..."], batch: Batch) -> Float[Tensor, " B"]:
        prompts = Prompts.of(batch, "Regression")
        if prediction.ndim == 2:
            return (prediction - prompts.labels).square().mean(dim=1)
        return (prediction - prompts.target).square()


TASKS.register("regression", Regression)
