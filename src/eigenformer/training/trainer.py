"""A model with its optimizers and counters: one step at a time, saved and restored bit for bit."""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn

from ..core import InputError
from .distributed import Ranks
from .folder import State
from .run import Run, Share
from .stream import batches


@dataclass(slots=True, kw_only=True)
class Progress:
    """Counters of a run. `examples` are examples processed; repeated and skipped ones count."""

    step: int = 0
    examples: int = 0
    rejected: int = 0
    skipped: int = 0
    skipped_in_a_row: int = 0
    loss_tokens: float = 0
    """The weights of the batches behind `Trainer.loss_sum`."""
    metrics_size: int = 0
    best: float = -1.0
    best_at: int = 0
    done: str = ""


def _possible(counters: dict[str, Any], run: Run) -> bool:
    """Whether these can be the counters of `run`."""
    usual = asdict(Progress())
    for name, value in usual.items():
        kinds = (
            (int, float) if isinstance(value, float) or name == "loss_tokens" else (type(value),)
        )
        if type(counters[name]) not in kinds:
            return False
    whole = [counters[name] for name, value in usual.items() if type(value) is int]
    steps, examples = counters["step"], counters["examples"]
    fit = steps <= run.steps and examples == steps * run.step_examples
    return bool(min(whole) >= 0 and fit and counters["best_at"] <= examples)


class Trainer:
    """The state of a training run and its step.

    `model` is trained in place, in its own precision; without it the run's own is built.
    """

    def __init__(
        self,
        run: Run,
        device: torch.device | None = None,
        ranks: Ranks | None = None,
        model: nn.Module | None = None,
    ) -> None:
        self.run = run
        self.device = device or torch.device("cpu")
        self.model = (run.build() if model is None else model).to(self.device).train()
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizers = run.optimizers(self.model)
        self._rates = [group["lr"] for group in self._groups()]
        self.progress = Progress()
        # Device tensors: reading one would make the CPU wait for the GPU at every step.
        self.loss_sum = torch.zeros((), dtype=torch.float64, device=self.device)
        self.gradient_norm = torch.zeros((), device=self.device)
        """Of the last step, before clipping."""
        self.ranks = ranks or Ranks()
        wrapped = self.ranks.wrap(run.objective(self.model).to(self.device), self.device)
        self._objective = torch.compile(wrapped) if run.compile else wrapped

    def batches(self, loaders: int = 0) -> Iterator[Share]:
        """The batches from the next step on."""
        return batches(
            self.run,
            self.progress.step,
            loaders=loaders,
            ranks=self.ranks,
            dtype=self.parameters[0].dtype,
            pin=self.device.type == "cuda",
        )

    def step(self, batch: Share) -> bool:
        """One update; false if it was skipped because the gradient was not finite."""
        run, progress = self.run, self.progress
        multiple = self.rate_multiple()
        for group, rate in zip(self._groups(), self._rates, strict=True):
            group["lr"] = rate * multiple
        with self._autocast():
            loss = self._objective(batch.data.to(self.device))
        # The ranks' gradients are averaged, so each is scaled to be its share of the batch's mean.
        (loss * (self.ranks.size / batch.weight)).backward()
        self.gradient_norm = run.clip(self.parameters)
        finite = bool(torch.isfinite(self.gradient_norm))
        if finite:
            for optimizer in self.optimizers:
                optimizer.step()
            self.loss_sum += loss.detach()
            progress.loss_tokens += batch.weight
        progress.skipped += not finite
        progress.skipped_in_a_row = 0 if finite else progress.skipped_in_a_row + 1
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        progress.step += 1
        progress.examples += run.step_examples
        progress.rejected += batch.rejected
        return finite

    def rate_multiple(self) -> float:
        """The multiple of the full learning rate at the current step."""
        return self.run.rate_multiple(self.progress.step)

    def take_loss(self) -> float | None:
        """Mean loss since the last call, over all ranks; None if every step was skipped."""
        total = self._all_loss()
        weight = self.progress.loss_tokens
        self.loss_sum.zero_()
        self.progress.loss_tokens = 0
        value = float(total) / weight if weight else math.nan
        return value if math.isfinite(value) else None

    # Saving and restoring.

    def weights(self) -> dict[str, Tensor]:
        return dict(self.model.state_dict())

    def state(self) -> State:
        """Everything that the rest of the run depends on. Call on every rank."""
        tensors = {f"model/{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors["loss_sum"] = self._all_loss()
        for i, optimizer in enumerate(self.optimizers):
            for j, values in optimizer.state_dict()["state"].items():
                for name, tensor in values.items():
                    if tensor is not None:
                        tensors[f"optimizer/{i}/{j}/{name}"] = tensor
        return State(tensors, asdict(self.progress))

    def restore(self, state: State) -> None:
        names = [field.name for field in fields(Progress)]
        if not set(names) <= set(state.progress):
            raise InputError(
                "the saved state was written by another version of eigenformer; delete the run's "
                "folder state/ to train from the beginning"
            )
        counters = {name: state.progress[name] for name in names}
        if not _possible(counters, self.run):
            raise InputError(
                f"the saved state's counters are impossible ({counters}); delete the run's "
                "folder state/ to train from the beginning"
            )
        self.progress = Progress(**counters)
        self.model.load_state_dict(
            {
                name.removeprefix("model/"): tensor
                for name, tensor in state.tensors.items()
                if name.startswith("model/")
            }
        )
        if self.ranks.first:
            self.loss_sum.copy_(state.tensors["loss_sum"])
        for i, optimizer in enumerate(self.optimizers):
            saved: dict[int, dict[str, Tensor]] = {}
            for name, tensor in state.tensors.items():
                if name.startswith(f"optimizer/{i}/"):
                    _, _, j, key = name.split("/")
                    saved.setdefault(int(j), {})[key] = tensor
            optimizer.load_state_dict({**optimizer.state_dict(), "state": saved})

    def _all_loss(self) -> Tensor:
        """`loss_sum` of all ranks."""
        total = self.loss_sum.clone()
        if self.ranks.size > 1:
            torch.distributed.all_reduce(total)
        return total

    def _groups(self) -> Iterator[dict[str, Any]]:
        for optimizer in self.optimizers:
            yield from optimizer.param_groups

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.run.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)
