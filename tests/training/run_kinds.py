"""A run of each kind, small enough to make in seconds: what every test of the loop is done for."""

from collections.abc import Callable
from typing import Any

from tiny import tiny_config

from eigenformer.incontext import Evaluation, LinearAttention, Optimizer, Regression, RunConfig
from eigenformer.training import EvaluationConfig, Run, TestSet


def tokens(**changes: Any) -> Run:
    """20 steps, two evaluations."""
    evaluation = EvaluationConfig(every=320, tests=(TestSet(size=50),))
    return tiny_config(**{"examples": 640, "evaluation": evaluation, **changes})


def prompts(**changes: Any) -> Run:
    """120 steps, evaluated before the first and every 50; three use a batch in turn."""
    options: dict[str, Any] = {
        "task": Regression(dim=2, points=5),
        "model": LinearAttention(layers=2, init_std=0.1),
        "optimizer": Optimizer(rate=0.01, clip=0.1, halve_every=50),
        "steps": 120,
        "batch": 16,
        "reuse": 3,
        "evaluation": Evaluation(every=50, size=50),
        "snapshots": (0, 60, 120),
    }
    return RunConfig(**{**options, **changes})


SHORT: dict[str, Callable[..., Run]] = {"tokens": tokens, "prompts": prompts}
"""By kind; a new kind has a row here."""


def longer(kind: str) -> Run:
    """Seconds long, so that it can be killed on the way."""
    if kind == "tokens":
        return tiny_config()
    return prompts(steps=4000, evaluation=Evaluation(every=500, size=500))


def endless(kind: str) -> Run:
    return tokens(examples=10**7) if kind == "tokens" else prompts(steps=10**7, snapshots=())


def diverging(kind: str) -> Run:
    """A rate, or a decay, beyond reason."""
    if kind == "tokens":
        from eigenformer.training import OptimizerConfig

        # Weights a million times as large after each step overflow float32 within a few steps.
        return tokens(
            examples=9600, optimizer=OptimizerConfig(kind="adamw", rate=1.0, weight_decay=1e6)
        )
    return prompts(optimizer=Optimizer(kind="sgd", rate=1e6))
