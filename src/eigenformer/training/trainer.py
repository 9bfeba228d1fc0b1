"""A model with its optimizers and counters: one step at a time, saved and restored bit for bit."""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ..core import InputError
from ..models import Model
from .config import TrainConfig
from .distributed import Ranks
from .folder import State
from .loss import TokenLoss
from .muon import Muon, fast_precision
from .schedule import rate_multiple
from .start import starting_weights
from .stream import TokenBatch


@dataclass(slots=True, kw_only=True)
class Progress:
    """Counters of a run. `examples` are examples processed; repeated and skipped ones count."""

    step: int = 0
    examples: int = 0
    rejected: int = 0
    skipped: int = 0
    skipped_in_a_row: int = 0
    loss_tokens: int = 0
    metrics_size: int = 0
    evaluated_at: int = 0
    best: float = -1.0
    best_at: int = 0
    done: str = ""


class Trainer:
    """The state of a training run and its step."""

    def __init__(self, config: TrainConfig, device: torch.device, ranks: Ranks) -> None:
        self.config = config
        self.device = device
        self.model = config.model.build(
            config.task.encoder, config.task.decoder, seed=config.seed
        ).to(device)
        if config.start is not None:
            self.model.load_state_dict(starting_weights(config.start, self.model))
        loss = TokenLoss(config.task.decoder, config.loss.soft_width).to(device)
        self.optimizers = _optimizers(config, self.model)
        self._rates = [group["lr"] for opt in self.optimizers for group in opt.param_groups]
        self.progress = Progress()
        # A device tensor: reading it would make the CPU wait for the GPU at every step.
        self.loss_sum = torch.zeros((), dtype=torch.float64, device=device)
        self._ranks = ranks
        wrapped = ranks.wrap(_Objective(self.model, loss), device)
        self._objective = torch.compile(wrapped) if config.compile else wrapped

    def step(self, batch: TokenBatch) -> bool:
        """One update; false if it was skipped because the gradient was not finite."""
        config, progress = self.config, self.progress
        multiple = self.rate_multiple()
        for group, rate in zip(self._groups(), self._rates, strict=True):
            group["lr"] = rate * multiple
        moved = batch.to(self.device)
        with self._autocast():
            loss = self._objective(moved.inputs, moved.outputs, batch.padded)
        # The ranks' gradients are averaged, so each is scaled to be its share of the batch's mean.
        (loss * (self._ranks.size / batch.tokens)).backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), config.optimizer.clip)
        finite = bool(torch.isfinite(norm))
        if finite:
            for optimizer in self.optimizers:
                optimizer.step()
            self.loss_sum += loss.detach()
            progress.loss_tokens += batch.tokens
        progress.skipped += not finite
        progress.skipped_in_a_row = 0 if finite else progress.skipped_in_a_row + 1
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        progress.step += 1
        progress.examples += config.batch_size
        progress.rejected += batch.rejected
        return finite

    def rate_multiple(self) -> float:
        """The multiple of the full learning rate at the current step."""
        return rate_multiple(self.config.schedule, self.progress.step, self.config.steps)

    def take_loss(self) -> float | None:
        """Mean loss a token since the last call, over all ranks; None if every step was skipped."""
        total = self.loss_sum.clone()
        if self._ranks.size > 1:
            torch.distributed.all_reduce(total)
        tokens = self.progress.loss_tokens
        self.loss_sum.zero_()
        self.progress.loss_tokens = 0
        value = float(total) / tokens if tokens else math.nan
        return value if math.isfinite(value) else None

    # Saving and restoring.

    def weights(self) -> dict[str, Tensor]:
        return dict(self.model.state_dict())

    def state(self) -> State:
        """Everything that the rest of the run depends on. Call on every rank."""
        total = self.loss_sum.clone()
        if self._ranks.size > 1:
            torch.distributed.all_reduce(total)
        tensors = {f"model/{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors["loss_sum"] = total
        for i, optimizer in enumerate(self.optimizers):
            for j, values in optimizer.state_dict()["state"].items():
                for name, tensor in values.items():
                    tensors[f"optimizer/{i}/{j}/{name}"] = tensor
        return State(tensors, asdict(self.progress))

    def restore(self, state: State) -> None:
        try:
            self.progress = Progress(**state.progress)
        except TypeError:
            raise InputError(
                "the saved state was written by another version of eigenformer"
            ) from None
        self.model.load_state_dict(
            {
                name.removeprefix("model/"): tensor
                for name, tensor in state.tensors.items()
                if name.startswith("model/")
            }
        )
        if self._ranks.first:
            self.loss_sum.copy_(state.tensors["loss_sum"])
        for i, optimizer in enumerate(self.optimizers):
            saved: dict[int, dict[str, Tensor]] = {}
            for name, tensor in state.tensors.items():
                if name.startswith(f"optimizer/{i}/"):
                    _, _, j, key = name.split("/")
                    saved.setdefault(int(j), {})[key] = tensor
            optimizer.load_state_dict({**optimizer.state_dict(), "state": saved})

    def _groups(self) -> Iterator[dict[str, Any]]:
        for optimizer in self.optimizers:
            yield from optimizer.param_groups

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.config.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)


class _Objective(nn.Module):
    """Model and loss as one module: what is called on every rank, and compiled, is the loss."""

    def __init__(self, model: Model, loss: TokenLoss) -> None:
        super().__init__()
        self.model = model
        self.loss = loss

    def forward(
        self, inputs: Int64[Tensor, "B L"], outputs: Int64[Tensor, "B T"], padded: bool
    ) -> Float[Tensor, ""]:
        found = self.model.choices(inputs, outputs, padded)
        losses = [self.loss(choices) for choices in found]
        losses += [choices.penalty for choices in found if choices.penalty is not None]
        return torch.stack(losses).sum()


def _optimizers(config: TrainConfig, model: Model) -> list[torch.optim.Optimizer]:
    options = config.optimizer
    matrices: list[tuple[nn.Parameter, int]] = []
    if options.kind == "muon":
        matrices = list(model.layer_matrices())
    taken = {id(weight) for weight, _ in matrices}
    rest = [p for p in model.parameters() if id(p) not in taken]
    adam = torch.optim.AdamW(
        rest,
        lr=options.rate,
        betas=options.betas,
        eps=options.epsilon,
        weight_decay=options.weight_decay,
        fused=True,
    )
    if not matrices:
        return [adam]
    device = matrices[0][0].device
    precision = torch.float32 if options.muon_precision == "float32" else fast_precision(device)
    return [Muon(matrices, options.muon_rate, options.muon_momentum, precision), adam]
