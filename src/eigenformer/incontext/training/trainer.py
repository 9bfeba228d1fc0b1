"""A model with its optimiser: one step at a time, saved and restored bit for bit."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from ...training.folder import State
from ...training.schedule import rate_multiple
from ..batches import Batch
from ..models import InContextModel
from ..tasks import Task
from .config import Optimizer, RunConfig


class Trainer:
    """The state of a training run and its step.

    `model` is trained in place, in its own precision; without it the run's own is built.
    """

    def __init__(
        self,
        config: RunConfig,
        model: InContextModel | None = None,
        device: torch.device | None = None,
    ) -> None:
        self.config = config
        self.device = device or torch.device("cpu")
        built = config.model.build(config.task, config.seed) if model is None else model
        self.model = built.to(self.device).train()
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.dtype = self.parameters[0].dtype
        self.optimizer = _optimizer(config.optimizer, self.parameters)
        self.steps = 0
        """Steps done."""
        self._batch: tuple[tuple[int, Task], Batch] | None = None

    def batch(self) -> tuple[Task, Batch]:
        """The task and the batch of the current step."""
        config = self.config
        task = (
            config.task
            if config.curriculum is None
            else config.curriculum.at(config.task, self.steps)
        )
        key = (self.steps // config.reuse, task)
        if self._batch is None or self._batch[0] != key:
            drawn = task.draw(config.seed, key[0], config.batch, dtype=self.dtype)
            self._batch = (key, drawn.to(self.device))
        return task, self._batch[1]

    def gradient(self) -> Tensor:
        """The loss of the current step's batch; its gradient is in the parameters."""
        task, batch = self.batch()
        self.optimizer.zero_grad(set_to_none=True)
        loss = task.loss(self.model(batch), batch)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def step(self) -> tuple[Tensor, Tensor]:
        """One update: the loss before it, and the gradient's norm before clipping."""
        options = self.config.optimizer
        loss = self.gradient()
        norm = nn.utils.get_total_norm([p.grad for p in self.parameters if p.grad is not None])
        if options.clip is not None:
            if options.clip_each:
                for parameter in self.parameters:
                    nn.utils.clip_grad_norm_([parameter], options.clip)
            else:
                nn.utils.clip_grads_with_norm_(self.parameters, options.clip, norm)
        for group in self.optimizer.param_groups:
            group["lr"] = options.rate * self.rate_multiple()
        self.optimizer.step()
        self.steps += 1
        return loss, norm

    def rate_multiple(self) -> float:
        """The multiple of the full learning rate at the current step."""
        options = self.config.optimizer
        multiple = rate_multiple(options.schedule, self.steps, self.config.steps)
        if options.halve_every is not None:
            multiple *= 0.5 ** (self.steps // options.halve_every)
        return multiple

    def test_batches(self) -> list[Batch]:
        """The run's test prompts, in parts of at most a training batch's size."""
        config, size = self.config, self.config.evaluation.size
        parts = math.ceil(size / config.batch)
        sizes = [size // parts + (i < size % parts) for i in range(parts)]
        return [
            config.task.draw(config.seed, i, n, purpose="test", dtype=self.dtype).to(self.device)
            for i, n in enumerate(sizes)
        ]

    def test_loss(self, batches: list[Batch]) -> float:
        """The mean loss of the whole task (not a curriculum's stage)."""
        self.model.eval()
        with torch.no_grad():
            errors = [self.config.task.errors(self.model(b), b).double() for b in batches]
        self.model.train()
        return float(torch.cat(errors).mean())

    # Saving and restoring.

    def weights(self) -> dict[str, Tensor]:
        return dict(self.model.state_dict())

    def state(self, **progress: Any) -> State:
        """Everything that the rest of the run depends on, and `progress` of the caller's."""
        tensors = {f"model/{name}": tensor for name, tensor in self.model.state_dict().items()}
        for j, values in self.optimizer.state_dict()["state"].items():
            for name, tensor in values.items():
                if tensor is not None:
                    tensors[f"optimizer/{j}/{name}"] = tensor
        return State(tensors, {"step": self.steps, **progress})

    def restore(self, state: State) -> None:
        self.steps = state.progress["step"]
        model, saved = {}, dict[int, dict[str, Tensor]]()
        for name, tensor in state.tensors.items():
            kind, _, rest = name.partition("/")
            if kind == "model":
                model[rest] = tensor
            elif kind == "optimizer":
                j, key = rest.split("/")
                saved.setdefault(int(j), {})[key] = tensor
        self.model.load_state_dict(model)
        self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": saved})


def _optimizer(options: Optimizer, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    if options.kind == "sgd":
        return torch.optim.SGD(
            parameters,
            lr=options.rate,
            momentum=options.momentum,
            weight_decay=options.weight_decay,
        )
    make = torch.optim.Adam if options.kind == "adam" else torch.optim.AdamW
    return make(
        parameters,
        lr=options.rate,
        betas=options.betas,
        weight_decay=options.weight_decay,
        fused=True,
    )
