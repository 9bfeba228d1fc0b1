"""Prompts and training of the paper's experiments (derivations.md, section 4)."""

from dataclasses import replace
from typing import Literal

from jaxtyping import Float
from torch import Tensor, float64

from ...incontext import (
    Evaluation,
    Gaussian,
    LinearAttention,
    Optimizer,
    Prompts,
    Regression,
    RunConfig,
)
from ...incontext.source import Source
from ...runs import Scale
from ...training import ScheduleConfig
from ..seeds import COSINE

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


def seeds(scale: Scale) -> range:
    return range(3 if scale == "laptop" else 5)


def config(
    scale: Scale,
    seed: int,
    model: LinearAttention,
    *,
    steps: int,
    batch: int,
    kind: Literal["adam", "adamw"] = "adam",
    betas: tuple[float, float] = (0.9, 0.99),
    halve_every: int | None = None,
    snapshots: tuple[int, ...] = (),
) -> RunConfig:
    """A run; `batch` is the laptop's, with each batch used once."""
    laptop = scale == "laptop"
    return RunConfig(
        task=TASK,
        model=replace(model, init_std=0.05 if laptop else 1e-4),
        optimizer=Optimizer(
            kind=kind,
            rate=0.1 if laptop else 0.01,
            betas=betas,
            clip=0.01,
            clip_each=True,
            schedule=COSINE if laptop else ScheduleConfig(warmup_steps=0, shape="constant"),
            halve_every=halve_every,
        ),
        steps=steps,
        batch=batch if laptop else 20_000,
        reuse=1 if laptop else 100,
        seed=seed,
        evaluation=Evaluation(every=steps // 10, size=2000),
        snapshots=snapshots,
    )


def covariance(task: Regression, seed: int) -> Float[Tensor, "d d"]:
    """Sigma of the runs with this seed, in float64."""
    source = Source(seed, "covariance", 0, float64)
    return task.covariates.draw(source, 1, 1, task.dim).covariance


def held_out(task: Regression, seed: int, size: int, *, purpose: str = "measure") -> Prompts:
    """Prompts of a run's own covariance, in float64."""
    return task.draw(seed, 0, size, purpose=purpose, dtype=float64)
