"""What is trained on block completion."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ...incontext import BlockAttention, Completion, Evaluation, Optimizer, RunConfig
from ...runs import Experiment, Scale
from ..seeds import COSINE

Regime = Literal["scalar", "full", "distributed", "limited"]
"""Weights that are multiples of the identity on each block; any weights; any, where complete rows
see only those of their own machine; scores of low rank."""
REGIMES: tuple[Regime, ...] = get_args(Regime)
MACHINES, RANK = 2, 3


@dataclass(frozen=True, kw_only=True)
class CompletionSize:
    """What differs between the scales."""

    size: int
    missing: int
    conditions: tuple[float, ...]
    depths: dict[Regime, tuple[int, ...]]
    seeds: int
    steps: int
    batch: int
    heads: int = 2


SIZES: dict[Scale, CompletionSize] = {
    "laptop": CompletionSize(
        size=6,
        missing=3,
        conditions=(10.0, 100.0),
        depths={"scalar": (1, 2, 3), "full": (3,), "distributed": (3,), "limited": (3,)},
        seeds=3,
        steps=1500,
        batch=256,
    ),
    "paper": CompletionSize(
        size=18,
        missing=6,
        conditions=(10.0, 100.0, 1000.0, 10_000.0),
        depths={regime: (1, 2, 3, 4, 5, 6) for regime in REGIMES},
        seeds=3,
        steps=100_000,
        batch=1024,
    ),
}


def task(size: CompletionSize, condition: float) -> Completion:
    return Completion(size=size.size, missing=size.missing, condition=condition)


def run_name(regime: Regime, condition: float, depth: int, seed: int) -> str:
    return f"{regime}-condition-{condition:g}-{depth}-layers-seed-{seed}"


def model(size: CompletionSize, regime: Regime, depth: int) -> BlockAttention:
    return BlockAttention(
        layers=depth,
        heads=size.heads,
        form="scalar" if regime == "scalar" else "full",
        machines=MACHINES if regime == "distributed" else 1,
        rank=RANK if regime == "limited" else None,
    )


def conditions(size: CompletionSize, regime: Regime) -> tuple[float, ...]:
    """Weights of any form are slower to train, so they get the first condition number only."""
    return size.conditions if regime == "scalar" else size.conditions[:1]


def runs(scale: Scale) -> Sequence[Experiment]:
    size = SIZES[scale]
    return [
        Experiment(
            name=run_name(regime, condition, depth, seed),
            config=RunConfig(
                task=task(size, condition),
                model=model(size, regime, depth),
                optimizer=Optimizer(
                    rate=0.03 if regime == "scalar" else 0.01, clip=0.1, schedule=COSINE
                ),
                steps=size.steps,
                batch=size.batch,
                seed=seed,
                evaluation=Evaluation(every=size.steps, size=1000),
            ),
        )
        for regime in REGIMES
        for condition in conditions(size, regime)
        for depth in size.depths[regime]
        for seed in range(size.seeds)
    ]
