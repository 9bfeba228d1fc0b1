"""Tasks and training of the paper's regression experiments (derivations.md, section 1e)."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields

import torch
from jaxtyping import Float
from torch import Tensor

from ...incontext import (
    Architecture,
    Batch,
    Conditioned,
    Curriculum,
    Evaluation,
    InContextModel,
    Optimizer,
    Prompts,
    Regression,
    RunConfig,
    Task,
    Transformer,
)
from ...incontext.algorithms import RegressionAlgorithm
from ...runs import Scale
from ...training import ScheduleConfig
from ..findings import Panel
from ..seeds import INTERVALS, RELATIVE, curve, geometric_mean, line, panel
from ..sides import mean_interval

CITED = "Giannou et al. (2024)"
SEEDS: dict[Scale, tuple[int, ...]] = {"laptop": (0, 1, 2), "paper": (14,)}
UNITS = (
    "Inputs are in units in which the largest eigenvalue of the covariance is uniform in "
    "[0.01, 1] and not in [1, 100]: the same law divided by 100, as neither a relative loss nor "
    "Newton's iteration sees the unit."
)


def task(scale: Scale, condition: float) -> Regression:
    """Prompts whose covariance has this condition number."""
    if scale == "paper":
        return Regression(dim=10, points=50, covariates=Conditioned(condition=condition))
    law = Conditioned(condition=condition, largest=(0.01, 1.0))
    return Regression(dim=5, points=26, covariates=law)


def paper_config(condition: float, layers: int, *, norm: bool) -> RunConfig:
    """A run of the authors' code; its rate falls from 1e-4 to 5e-5 up to the last step, not 90%."""
    model = (
        Transformer(layers=layers, norm=True)
        if norm
        else Transformer(layers=layers, clip=10.0, init_std=2e-4)
    )
    return RunConfig(
        task=task("paper", condition),
        model=model,
        optimizer=Optimizer(
            rate=1e-4,
            clip=None if norm else 10.0,
            schedule=ScheduleConfig(warmup_steps=10_000, shape="cosine", floor=0.5),
        ),
        steps=100_000,
        batch=2000,
        seed=SEEDS["paper"][0],
        curriculum=Curriculum(dims=2, points=10, every=5000, more_dims=1, more_points=5),
    )


def laptop_config(
    prompts: Task,
    model: Architecture,
    *,
    rate: float,
    steps: int,
    batch: int,
    seed: int,
) -> RunConfig:
    """Adam with a cosine to 0: reaches in fewer steps what a constant small rate does in many."""
    return RunConfig(
        task=prompts,
        model=model,
        optimizer=Optimizer(
            rate=rate,
            clip=1.0,
            schedule=ScheduleConfig(warmup_steps=100, shape="cosine", falls="from-start"),
        ),
        steps=steps,
        batch=batch,
        seed=seed,
        evaluation=Evaluation(every=steps, size=2000),
    )


def measured(
    prompts: Regression, *, parts: int = 8, laws: int = 25, size: int = 40
) -> list[Prompts]:
    """Prompts in float64 to measure on: each part has `laws` covariances with `size` prompts.

    A batch of the task has one covariance, so that few large ones would say little.
    """
    numbers = torch.arange(parts * laws).reshape(parts, laws).tolist()
    return [
        _joined([prompts.draw(0, i, size, purpose="measure", dtype=torch.float64) for i in part])
        for part in numbers
    ]


def _joined(batches: Sequence[Batch]) -> Prompts:
    names = [field.name for field in fields(Prompts)]
    return Prompts(**{name: torch.cat([getattr(b, name) for b in batches]) for name in names})


def model_loss(model: InContextModel, batches: Sequence[Prompts]) -> float:
    """The mean squared error over the mean square of the targets."""
    model = model.double()
    with torch.no_grad():
        found = _relative(lambda batch: model(batch)[None], batches)
    return float(found[0])


def step_losses(
    algorithm: RegressionAlgorithm, batches: Sequence[Prompts], steps: int
) -> list[float]:
    """The same of an algorithm's start and after each step."""
    return _relative(lambda batch: algorithm.predictions(batch, steps), batches).tolist()


def _relative(
    predict: Callable[[Prompts], Float[Tensor, "S B"]], batches: Sequence[Prompts]
) -> Float[Tensor, " S"]:
    errors = torch.cat([(predict(b) - b.target).square() for b in batches], dim=1)
    return errors.mean(dim=1) / torch.cat([b.target for b in batches]).square().mean()


def log_interval(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """The 95% interval of log(first / second), paired by seed; everything for one seed."""
    return mean_interval([math.log(a / b) for a, b in zip(first, second, strict=True)])


def by_depth(
    title: str,
    trained: Mapping[str, Mapping[int, Sequence[float]]],
    newton: Mapping[int, Sequence[float]],
) -> Panel:
    """Losses of models by layers, beside those of Newton's iterations by steps, by order."""
    lines = [line(label, row, centre=geometric_mean) for label, row in trained.items()]
    lines += [curve(f"Newton, order {order}", losses) for order, losses in newton.items()]
    return panel(title, "layers, or steps", RELATIVE, lines, log="y", note=INTERVALS)
