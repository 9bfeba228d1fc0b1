"""What is trained on principal components: with and without norm, alone and guided."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ...incontext import Evaluation, Optimizer, Principal, PrincipalAttention, RunConfig
from ...runs import Experiment, Scale
from ..seeds import COSINE

Goal = Literal["component", "iterate"]
"""Trained on the eigenvector with all loops; or guided: one loop on one power iteration."""
GOALS: tuple[Goal, ...] = get_args(Goal)
Kind = Literal["norm", "plain", "plain-twice"]
"""With the norm, without it, and without it trained for twice as long."""
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, kw_only=True)
class PowerSize:
    """What differs between the scales."""

    dim: int
    loops: int
    seeds: int
    steps: int
    batch: int
    ratio: tuple[float, float] = (0.2, 0.8)
    """Ends of lambda_2 / lambda_1 in training."""


SIZES: dict[Scale, PowerSize] = {
    "laptop": PowerSize(dim=6, loops=4, seeds=3, steps=1500, batch=256),
    "paper": PowerSize(dim=20, loops=8, seeds=5, steps=20_000, batch=1024),
}


def task(size: PowerSize, goal: Goal) -> Principal:
    return Principal(dim=size.dim, ratio=size.ratio, iterations=1 if goal == "iterate" else None)


def run_name(goal: Goal, kind: Kind, seed: int) -> str:
    return f"{goal}-{kind}-seed-{seed}"


def config(size: PowerSize, goal: Goal, kind: Kind, seed: int) -> RunConfig:
    steps = size.steps * (2 if kind == "plain-twice" else 1)
    # Under a norm the gradient falls as the square of the weights that grow; without one they
    # have a size to find, and a product of loops has steep places.
    optimizer = (
        Optimizer(kind="sgd", rate=10.0, schedule=COSINE)
        if kind == "norm"
        else Optimizer(kind="sgd", rate=0.03, clip=1.0, schedule=COSINE)
    )
    return RunConfig(
        task=task(size, goal),
        model=PrincipalAttention(
            layers=size.loops if goal == "component" else 1, norm=kind == "norm"
        ),
        optimizer=optimizer,
        steps=steps,
        batch=size.batch,
        seed=seed,
        evaluation=Evaluation(every=steps, size=2000),
    )


def runs(scale: Scale) -> Sequence[Experiment]:
    size = SIZES[scale]
    return [
        Experiment(name=run_name(goal, kind, seed), config=config(size, goal, kind, seed))
        for goal in GOALS
        for kind in KINDS
        for seed in range(size.seeds)
    ]
