"""All that identifies a run of this room: task, model, optimiser, batches, seed."""

import dataclasses
from dataclasses import dataclass, field
from typing import Literal

from ...core import InputError, content_hash, to_json
from ...training import ScheduleConfig
from ..models import Architecture, LinearAttention
from ..tasks import Regression, Task


def _positive(where: object, *names: str) -> None:
    for name in names:
        value = getattr(where, name)
        if not 0 < value < float("inf"):
            raise InputError(f"{name} is {value}; give a positive number")


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """Adam, AdamW, or SGD with momentum, its learning rate over time, and clipping."""

    kind: Literal["adam", "adamw", "sgd"] = "adam"
    rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    """Of Adam and AdamW."""
    momentum: float = 0.9
    """Of SGD."""
    weight_decay: float = 0.0
    clip: float | None = None
    """Largest norm of a gradient; larger ones are scaled down."""
    clip_each: bool = False
    """Clip the gradient of each parameter by itself (Ahn et al. 2023), not all as one vector."""
    schedule: ScheduleConfig = field(
        default_factory=lambda: ScheduleConfig(warmup_steps=0, shape="constant")
    )
    halve_every: int | None = None
    """The rate is halved each time so many steps are done, beside what `schedule` does."""

    def __post_init__(self) -> None:
        _positive(self, "rate")
        if not (0 <= self.betas[0] < 1 and 0 <= self.betas[1] < 1):
            raise InputError(f"betas is {self.betas}; give two numbers in [0, 1)")
        if not 0 <= self.momentum < 1:
            raise InputError(f"momentum is {self.momentum}; give a number in [0, 1)")
        if self.weight_decay < 0:
            raise InputError(f"weight_decay is {self.weight_decay}; give 0 or more")
        if self.clip is not None:
            _positive(self, "clip")
        if self.halve_every is not None:
            _positive(self, "halve_every")


@dataclass(frozen=True, kw_only=True)
class Curriculum:
    """Regression that starts with fewer coordinates and pairs, and grows (Garg et al. 2022)."""

    dims: int = 5
    """Active coordinates in the beginning; the others are 0."""
    points: int = 11
    """Pairs of the context in the beginning."""
    every: int = 2000
    """Steps between two growths."""
    more_dims: int = 1
    more_points: int = 2

    def __post_init__(self) -> None:
        _positive(self, "dims", "points", "every")
        if self.more_dims < 0 or self.more_points < 0:
            raise InputError("more_dims and more_points count what is added; give 0 or more")

    def at(self, task: Task, step: int) -> Task:
        """The task of a step; from some step on it is `task` itself."""
        if not isinstance(task, Regression):
            raise InputError(
                f"a curriculum is for regression, and this run's task is {type(task).__name__}"
            )
        growths = step // self.every
        dims = min(task.dim, self.dims + growths * self.more_dims)
        points = min(task.points, self.points + growths * self.more_points)
        return dataclasses.replace(
            task, points=points, active=task.active if dims == task.dim else dims
        )


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The test loss along a run, on prompts of the stream "test" of the run's seed."""

    every: int = 1000
    """Steps; the last step is always evaluated."""
    size: int = 2000
    """Prompts, the same each time."""

    def __post_init__(self) -> None:
        _positive(self, "every", "size")


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """A training run. Batch k is a pure function of (seed, k), so the run is one of this object."""

    task: Task
    model: Architecture = field(default_factory=LinearAttention)
    optimizer: Optimizer = field(default_factory=Optimizer)
    steps: int = 5000
    batch: int = 512
    """Prompts a step."""
    reuse: int = 1
    """Steps in a row that use the same batch (Ahn et al. 2023: 100)."""
    seed: int = 0
    curriculum: Curriculum | None = None
    evaluation: Evaluation = field(default_factory=Evaluation)
    snapshots: tuple[int, ...] = ()
    """Steps after which the weights are kept, for a look at the way; 0 is the beginning."""

    def __post_init__(self) -> None:
        _positive(self, "steps", "batch", "reuse")
        for step in self.snapshots:
            if not 0 <= step <= self.steps:
                raise InputError(f"snapshots has {step}; give steps from 0 to {self.steps}")
        if self.curriculum is not None:
            self.curriculum.at(self.task, 0)


def run_id(config: RunConfig) -> str:
    """A readable name with the hash of the configuration: equal configurations, equal names."""
    task, model = config.task, config.model
    name = f"{task.registry.name_of(task)}-{model.registry.name_of(model)}"
    return f"{name}-{content_hash(to_json(config))}"
