"""Prompts and training of the paper's experiments (derivations.md, section 3)."""

from dataclasses import replace

from ...incontext import Evaluation, LinearAttention, Optimizer, Regression, RunConfig, Uniform
from ...runs import Scale
from ..seeds import COSINE

TASK = Regression(dim=10, points=10, covariates=Uniform(width=1.0))
"""Entries in [-1/2, 1/2], as in the authors' code (its doc string has twice that)."""
SEEDS: dict[Scale, int] = {"laptop": 3, "paper": 5}
PARAMETERS = (
    "The authors train keys, queries, values and a projection; here their two products, P and Q, "
    "are trained."
)


def optimum() -> tuple[float, float]:
    """The best rate of one step of gradient descent, and half its mean squared error.

    For w* ~ N(0, I) the error is v tr (I - rate S)^2 / 2, S = sum x x^T / n, so the rate is
    E tr S / E tr S^2, where both moments follow from E x^2 = 1/12 and E x^4 = 1/80.
    """
    d, n = TASK.dim, TASK.points
    second, fourth = 1 / 12, 1 / 80
    length = d * fourth + d * (d - 1) * second**2  # E ||x||^4
    trace = d * second
    trace_of_square = (length + (n - 1) * d * second**2) / n
    rate = trace / trace_of_square
    return rate, second / 2 * (d - trace**2 / trace_of_square)


def config(
    scale: Scale, layers: int, seed: int, *, looped: bool, snapshots: tuple[int, ...] = ()
) -> RunConfig:
    """The paper's are those of the authors' code; the laptop's have a tenth of the steps or less,
    and a cosine to 0."""
    model = LinearAttention(layers=layers, looped=looped)
    if scale == "laptop":
        steps = 1000 if layers == 1 else 3000
        return RunConfig(
            task=TASK,
            model=replace(model, init_std=0.05),
            optimizer=Optimizer(rate=5e-3 if layers == 1 else 1e-2, clip=1.0, schedule=COSINE),
            steps=steps,
            batch=1024 if layers == 1 else 512,
            seed=seed,
            evaluation=Evaluation(every=steps // 10, size=2000),
            snapshots=snapshots,
        )
    return RunConfig(
        task=TASK,
        model=replace(model, init_std=0.002 / layers, clip=10.0 if layers > 3 else None),
        optimizer=Optimizer(rate=5e-4 if layers > 3 else 1e-3, clip=1e-3 if layers <= 2 else 10.0),
        steps=5000 if looped or layers == 1 else 50_000,
        batch=2048,
        seed=seed,
        evaluation=Evaluation(every=1000, size=10_000),
        snapshots=snapshots,
    )
