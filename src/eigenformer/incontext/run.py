"""Runs that train a model on prompts: all that identifies one."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..core import COUNT, InputError, at_least, fraction, positive
from ..core.checks import check_memory
from ..training import KINDS, RunFolder, ScheduleConfig, Share
from ..training.gradients import clip_gradients
from ..training.run import Run, Score
from ..training.schedule import rate_multiple
from .batches import Batch
from .models import Architecture, InContextModel, LinearAttention
from .tasks import Regression, Task


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
        positive(rate=self.rate, clip=self.clip)
        positive(most=COUNT, halve_every=self.halve_every)
        momenta = {"betas.0": self.betas[0], "betas.1": self.betas[1]}
        fraction(below=True, momentum=self.momentum, **momenta)
        at_least(0, most=1e6, weight_decay=self.weight_decay)

    def of(self, parameters: Sequence[nn.Parameter]) -> torch.optim.Optimizer:
        """It, for `parameters`."""
        if self.kind == "sgd":
            return torch.optim.SGD(
                parameters, lr=self.rate, momentum=self.momentum, weight_decay=self.weight_decay
            )
        make = torch.optim.Adam if self.kind == "adam" else torch.optim.AdamW
        return make(
            parameters,
            lr=self.rate,
            betas=self.betas,
            weight_decay=self.weight_decay,
            fused=True,
        )


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
        positive(most=COUNT, dims=self.dims, points=self.points, every=self.every)
        at_least(0, COUNT, more_dims=self.more_dims, more_points=self.more_points)

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
        positive(most=COUNT, every=self.every)
        positive(most=10**7, size=self.size)


@dataclass(frozen=True, kw_only=True)
class RunConfig(Run):
    """A training run on prompts."""

    threads: ClassVar[int | None] = 1
    group: ClassVar[str] = "incontext"

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
        positive(most=COUNT, steps=self.steps, reuse=self.reuse)
        positive(most=10**7, batch=self.batch)
        at_least(0, 2**63 - 1, seed=self.seed)
        for step in self.snapshots:
            if not 0 <= step <= self.steps:
                raise InputError(f"snapshots has {step}; give steps from 0 to {self.steps}")
        if self.curriculum is not None:
            self.curriculum.at(self.task, 0)

    def check(self) -> None:
        # Numbers of a prompt and of each layer's state; models of prompts are small beside these.
        numbers = self.task.width * (getattr(self.task, "points", 1) + 1.0)
        depth = getattr(self.model, "layers", 1)
        width = getattr(self.model, "embedding", getattr(self.model, "hidden", self.task.width))
        check_memory(4.0 * self.batch * numbers, f"a batch of {self.batch:,} prompts")
        check_memory(4.0 * self.evaluation.size * numbers, f"{self.evaluation.size:,} test prompts")
        check_memory(16.0 * depth * 4 * width**2, f"the weights of {depth:,} layers")

    @property
    def step_examples(self) -> int:
        return self.batch

    @property
    def label(self) -> str:
        task, model = self.task, self.model
        return f"{task.registry.name_of(task)}-{model.registry.name_of(model)}"

    @property
    def snapshot_steps(self) -> Sequence[int]:
        return self.snapshots

    @property
    def repeats(self) -> int:
        return self.reuse

    @property
    def score_examples(self) -> int:
        return self.evaluation.size

    @property
    def alike(self) -> "RunConfig":
        # A curriculum is timed at its end, where its steps are longest.
        return dataclasses.replace(
            self,
            optimizer=Optimizer(kind=self.optimizer.kind),
            steps=1,
            reuse=1,
            seed=0,
            curriculum=None,
            evaluation=Evaluation(),
            snapshots=(),
        )

    def stage(self, step: int) -> Task:
        """The task of a step: the run's own, or the curriculum's way to it."""
        return self.task if self.curriculum is None else self.curriculum.at(self.task, step)

    def build(self) -> InContextModel:
        return self.model.build(self.task, self.seed)

    def optimizers(self, model: nn.Module) -> list[torch.optim.Optimizer]:
        parameters = [p for p in model.parameters() if p.requires_grad]
        return [self.optimizer.of(parameters)]

    def rate_multiple(self, step: int) -> float:
        options = self.optimizer
        multiple = rate_multiple(options.schedule, step, self.steps)
        if options.halve_every is not None:
            multiple *= 0.5 ** (step // options.halve_every)
        return multiple

    def clip(self, parameters: Sequence[nn.Parameter]) -> Tensor:
        return clip_gradients(parameters, self.optimizer.clip, each=self.optimizer.clip_each)

    def objective(self, model: nn.Module) -> nn.Module:
        return _PromptLoss(model)

    def draw(self, index: int, rank: int, ranks: int, dtype: torch.dtype) -> Share:
        task = self.stage(index)
        batch = _drawn(task, self.seed, index // self.reuse, self.batch, dtype)
        rows = slice(rank * self.batch // ranks, (rank + 1) * self.batch // ranks)
        return Share(data=_Staged(task, batch if ranks == 1 else batch[rows], 1 / ranks))

    def evaluates(self, step: int) -> bool:
        return step % self.evaluation.every == 0

    def test_batches(self, dtype: torch.dtype = torch.float32) -> list[Batch]:
        """The run's test prompts, in parts of at most a training batch's size."""
        size = self.evaluation.size
        parts = math.ceil(size / self.batch)
        sizes = [size // parts + (i < size % parts) for i in range(parts)]
        return [
            self.task.draw(self.seed, i, n, purpose="test", dtype=dtype)
            for i, n in enumerate(sizes)
        ]

    def score(self, model: nn.Module) -> Score | None:
        """The mean loss of the whole task (not a curriculum's stage) on the test prompts."""
        like = next(model.parameters())
        model.eval()
        with torch.no_grad():
            errors = [
                self.task.errors(model(batch), batch).double()
                for drawn in self.test_batches(like.dtype)
                for batch in [drawn.to(like.device)]
            ]
        loss = float(torch.cat(errors).mean())
        return Score(line={"loss": loss}) if math.isfinite(loss) else None


KINDS.register("prompts", RunConfig)


@dataclass(frozen=True, eq=False, slots=True)
class _Staged:
    """A share of a batch with the task whose loss it is, and what part of the batch it is."""

    task: Task
    batch: Batch
    share: float

    def to(self, device: torch.device) -> "_Staged":
        return _Staged(self.task, self.batch.to(device), self.share)

    def pin_memory(self) -> "_Staged":
        return _Staged(self.task, self.batch.pin_memory(), self.share)


class _PromptLoss(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, staged: _Staged) -> Float[Tensor, ""]:
        loss = staged.task.loss(self.model(staged.batch), staged.batch)
        return loss if staged.share == 1 else loss * staged.share


@lru_cache(maxsize=1)
def _drawn(task: Task, seed: int, index: int, size: int, dtype: torch.dtype) -> Batch:
    """A batch, kept for steps in a row that use the same."""
    return task.draw(seed, index, size, dtype=dtype)


class InContextFolder(RunFolder[RunConfig]):
    """The folder of a run on prompts. `model.safetensors` holds the last evaluation's weights."""

    kind = RunConfig

    def model(self, step: int | None = None) -> InContextModel:
        """The trained model, or its snapshot after `step` steps, on the CPU."""
        tensors = self.load_model() if step is None else self.load_snapshot(step)
        model = self.config().build()
        model.load_state_dict(tensors)
        return model.to(next(iter(tensors.values())).dtype).eval().requires_grad_(False)

    def test_losses(self) -> dict[int, float]:
        """The test loss by the number of steps done."""
        return {
            line["step"]: line["loss"] for line in self.metrics() if line["kind"] == "evaluation"
        }


def load_run(path: str | Path) -> InContextFolder:
    """The run in a folder, checked to be one: `load_run(path).model()`, `.config()`."""
    folder = InContextFolder(Path(path))
    folder.config()
    return folder
