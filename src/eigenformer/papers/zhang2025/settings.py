"""What is trained: one layer of linear attention by plain gradient descent, from small weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ...incontext import Evaluation, Gaussian, LinearAttention, Optimizer, Regression, RunConfig
from ...runs import Experiment, Scale
from .theory import Prompted

Setting = Literal["merged-white", "merged", "separate"]
"""Keys and queries merged, with covariance I and with the spectrum; separate ones, rank one."""
SETTINGS: tuple[Setting, ...] = get_args(Setting)


@dataclass(frozen=True, kw_only=True)
class PlainDescent:
    """How one of them is trained."""

    heads: int
    init_std: float
    rate: float
    steps: int
    batch: int
    first: int
    """The first step whose weights are looked at."""

    @property
    def clock(self) -> float:
        """Time of the gradient flow that passes in a step."""
        return 2 * self.rate


@dataclass(frozen=True, kw_only=True)
class DynamicsSize:
    """What differs between the scales."""

    spectrum: tuple[float, ...]
    points: int
    seeds: int
    training: dict[Setting, PlainDescent]
    looks: int = 160
    """Steps after which the weights are kept, evenly spaced in their logarithm."""


SIZES: dict[Scale, DynamicsSize] = {
    "laptop": DynamicsSize(
        spectrum=(2.0, 1.0, 0.5, 0.25),
        points=31,
        seeds=3,
        training={
            "merged-white": PlainDescent(
                heads=8, init_std=0.01, rate=0.003, steps=900, batch=250, first=30
            ),
            "merged": PlainDescent(
                heads=8, init_std=0.01, rate=0.003, steps=1500, batch=250, first=15
            ),
            "separate": PlainDescent(
                heads=5, init_std=0.03, rate=0.05, steps=9000, batch=1000, first=40
            ),
        },
    ),
    "paper": DynamicsSize(
        spectrum=(4.0, 2.0, 1.0, 0.5, 0.25, 0.125),
        points=63,
        seeds=3,
        training={
            "merged-white": PlainDescent(
                heads=8, init_std=1e-4, rate=0.001, steps=10_000, batch=4000, first=50
            ),
            "merged": PlainDescent(
                heads=8, init_std=1e-4, rate=0.0002, steps=50_000, batch=4000, first=20
            ),
            "separate": PlainDescent(
                heads=8, init_std=0.01, rate=0.01, steps=1_000_000, batch=4000, first=40
            ),
        },
    ),
}


def spectrum(size: DynamicsSize, setting: Setting) -> tuple[float, ...]:
    return (1.0,) * len(size.spectrum) if setting == "merged-white" else size.spectrum


def prompted(size: DynamicsSize, setting: Setting) -> Prompted:
    return Prompted(spectrum=spectrum(size, setting), points=size.points)


def looked_at(size: DynamicsSize, descent: PlainDescent) -> tuple[int, ...]:
    """The beginning, and steps from the first to the last."""
    ratio = (descent.steps / descent.first) ** (1 / (size.looks - 1))
    return tuple(sorted({0, *(round(descent.first * ratio**i) for i in range(size.looks))}))


def run_name(setting: Setting, seed: int) -> str:
    return f"{setting}-seed-{seed}"


def config(size: DynamicsSize, setting: Setting, seed: int) -> RunConfig:
    descent = size.training[setting]
    return RunConfig(
        task=Regression(
            dim=len(size.spectrum),
            points=size.points,
            covariates=Gaussian(spectrum=spectrum(size, setting)),
        ),
        model=LinearAttention(
            heads=descent.heads,
            form="rank-one" if setting == "separate" else "merged",
            init_std=descent.init_std,
        ),
        optimizer=Optimizer(kind="sgd", rate=descent.rate, momentum=0.0),
        steps=descent.steps,
        batch=descent.batch,
        seed=seed,
        evaluation=Evaluation(every=descent.steps, size=1000),
        snapshots=looked_at(size, descent),
    )


def runs(scale: Scale) -> Sequence[Experiment]:
    size = SIZES[scale]
    return [
        Experiment(name=run_name(setting, seed), config=config(size, setting, seed))
        for setting in SETTINGS
        for seed in range(size.seeds)
    ]
