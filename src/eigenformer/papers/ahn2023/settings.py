"""Prompts and training of the paper's experiments (derivations.md, section 4)."""

from jaxtyping import Float
from torch import Tensor, float64

from ...incontext import Gaussian, Prompts, Regression
from ...incontext.source import Source

SPECTRUM = (1.0, 1.0, 0.25, 0.0625, 1.0)
TASK = Regression(
    dim=5,
    points=20,
    covariates=Gaussian(spectrum=SPECTRUM, basis="run"),
    weights="whitened",
)
"""x ~ N(0, Sigma), w* ~ N(0, Sigma^-1), Sigma in a random basis: one for each seed."""
ISOTROPIC = Regression(dim=TASK.dim, points=TASK.points)
"""The same prompts after x -> Sigma^(-1/2) x, w* -> Sigma^(1/2) w*, which keeps every label."""


def covariance(task: Regression, seed: int) -> Float[Tensor, "d d"]:
    """Sigma of the runs with this seed, in float64."""
    source = Source(seed, "covariance", 0, float64)
    return task.covariates.draw(source, 1, 1, task.dim).covariance


def held_out(task: Regression, seed: int, size: int, *, purpose: str = "measure") -> Prompts:
    """Prompts of a run's own covariance, in float64."""
    return task.draw(seed, 0, size, purpose=purpose, dtype=float64)
