"""The three settings of section 3 of the paper, and its runs (derivations.md, section 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ...incontext import Evaluation, HeavyTailed, LinearAttention, Optimizer, Regression, RunConfig
from ...runs import Experiment, Scale

Kind = Literal["sgd", "adam"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SETTINGS = {
    "gaussian-20": Regression(dim=5, points=20),
    "gaussian-5": Regression(dim=5, points=5),
    "heavy-tailed": Regression(dim=5, points=20, covariates=HeavyTailed()),
}
"""Settings 1, 2 and 3."""
NAMES = {
    "gaussian-20": "N(0, I), n = 20",
    "gaussian-5": "N(0, I), n = 5",
    "heavy-tailed": "heavy-tailed, n = 20",
}
_PAPER_RATES: dict[str, dict[Kind, tuple[float, ...]]] = {
    "gaussian-20": {"sgd": (0.02,), "adam": (0.02,)},
    "gaussian-5": {"sgd": (0.01,), "adam": (0.005,)},
    "heavy-tailed": {"sgd": (0.02,), "adam": (0.02,)},
}
"""The best of ten, as the authors' code has them."""


@dataclass(frozen=True, kw_only=True)
class PromptSize:
    """What differs between the scales."""

    steps: int
    batch: int
    seeds: int
    rates: dict[str, dict[Kind, tuple[float, ...]]]
    looks: tuple[int, ...]
    """Steps at which the Hessian is taken."""
    every: int
    """Steps from one evaluation to the next."""


SIZES: dict[Scale, PromptSize] = {
    "laptop": PromptSize(
        steps=750,
        batch=256,
        seeds=3,
        rates={setting: {kind: (0.005, 0.02) for kind in KINDS} for setting in SETTINGS},
        looks=(375, 750),
        every=25,
    ),
    "paper": PromptSize(
        steps=10_000,
        batch=1000,
        seeds=6,
        rates=_PAPER_RATES,
        looks=(750, 1250),
        every=100,
    ),
}


def run_name(setting: str, kind: Kind, rate: float, seed: int) -> str:
    """Such as "heavy-tailed-adam-0p02-seed-1"."""
    return f"{setting}-{kind}-{rate:g}-seed-{seed}".replace(".", "p")


def runs(scale: Scale) -> Sequence[Experiment]:
    size = SIZES[scale]
    return [
        Experiment(
            name=run_name(setting, kind, rate, seed),
            config=_config(size, setting, kind, rate, seed),
        )
        for setting in SETTINGS
        for kind in KINDS
        for rate in size.rates[setting][kind]
        for seed in range(size.seeds)
    ]


def _config(size: PromptSize, setting: str, kind: Kind, rate: float, seed: int) -> RunConfig:
    return RunConfig(
        task=SETTINGS[setting],
        model=LinearAttention(layers=3, form="full", init_std=0.05),
        optimizer=Optimizer(kind=kind, rate=rate, betas=(0.9, 0.9), momentum=0.9, clip=1.0),
        steps=size.steps,
        batch=size.batch,
        seed=seed,
        evaluation=Evaluation(every=size.every, size=1000),
        snapshots=(0, *size.looks),
    )
