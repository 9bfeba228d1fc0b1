"""A configuration that trains in seconds."""

from typing import Any

from eigenformer import encodings, ensembles, problems
from eigenformer.encodings import Task
from eigenformer.models import StackConfig, TransformerConfig
from eigenformer.training import (
    EvaluationConfig,
    LossConfig,
    OptimizerConfig,
    ScheduleConfig,
    TestSet,
    TrainConfig,
)


def tiny_task(problem: str = "transpose", dims: str = "2x2", **options: Any) -> Task:
    return Task(
        problem=problems.get(problem, **options),
        ensemble=ensembles.get("iid-uniform", dims=dims),
        encoder=encodings.get("P1000"),
        decoder=encodings.get("P1000"),
    )


def tiny_config(**changes: Any) -> TrainConfig:
    """300 steps of 32 examples, four evaluations."""
    fields: dict[str, Any] = {
        "recipe": "tiny",
        "task": tiny_task(),
        "model": TransformerConfig(
            encoder=StackConfig(layers=1, width=32, heads=2),
            decoder=StackConfig(layers=1, width=32, heads=2),
            norm="pre",
            embedding="number",
            sum_coefficients=True,
            max_positions=64,
        ),
        "optimizer": OptimizerConfig(kind="muon", rate=2e-3),
        "schedule": ScheduleConfig(warmup_steps=10),
        "loss": LossConfig(soft_width=0.01),
        "evaluation": EvaluationConfig(every=2400, tests=(TestSet(size=200),)),
        "examples": 9600,
        "batch_size": 32,
    }
    return TrainConfig(**{**fields, **changes})
