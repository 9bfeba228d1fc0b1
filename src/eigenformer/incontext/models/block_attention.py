"""Linear attention between the rows of [A C; B 0], for block completion (Lutz et al. 2025).

    Z <- Z + sum_h (Z W_h Z'^T * M) Z' V_h,    Z' = [A C], the rows that are complete

Only complete rows are keys. The prediction of D is MINUS the last block: then a layer that takes
eta B A^T C from it, and multiplies A and C by I - eta A A^T and B by I - eta A^T A, leaves
B A^+ C - D as it was, which is how such a network computes it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ...core import InputError, at_least
from ...models.hooked import HookedPass
from ..batches import Batch, Completions
from ..tasks import Task
from .base import ARCHITECTURES, Architecture, InContextModel, Step


@final
@dataclass(frozen=True, kw_only=True)
class BlockAttention(Architecture):
    """Layers of linear attention whose weights act on the columns of [A C; B 0]."""

    usual_task: ClassVar[str] = "completion"

    layers: int = 3
    heads: int = 2
    form: Literal["full", "scalar"] = "full"
    """full: any weights. scalar: multiples of the identity on the columns of A and on those of C,
    which don't depend on the size."""
    machines: int = 1
    """Complete rows are shared out among so many; one sees only rows of its own machine."""
    rank: int | None = None
    """Of the scores' weights W_h; None for full rank."""
    init_std: float = 0.05

    def __post_init__(self) -> None:
        at_least(1, layers=self.layers, heads=self.heads, machines=self.machines)
        if self.rank is not None:
            at_least(1, rank=self.rank)
            if self.form == "scalar":
                raise InputError("multiples of the identity have full rank; leave out rank")

    def module(self, task: Task) -> "BlockAttentionModel":
        return BlockAttentionModel(self, task)


class _Layer(nn.Module):
    """W_h and V_h of a layer."""

    def __init__(self, architecture: BlockAttention, first: int, last: int) -> None:
        super().__init__()
        heads, width, rank = architecture.heads, first + last, architecture.rank

        def normal(*shape: int) -> nn.Parameter:
            return nn.Parameter(architecture.init_std * torch.randn(heads, *shape))

        self.scalar = architecture.form == "scalar"
        self.sizes = torch.tensor([first, last])
        self.value = normal(2) if self.scalar else normal(width, width)
        self.score = normal(2) if self.scalar else normal(width, width if rank is None else rank)
        self.key = None if rank is None else normal(width, rank)

    def weights(self) -> tuple[Float[Tensor, "h w w"], Float[Tensor, "h w w"]]:
        """W and V."""
        if self.scalar:
            score, value = (
                torch.diag_embed(part.repeat_interleave(self.sizes.to(part.device), dim=1))
                for part in (self.score, self.value)
            )
            return score, value
        return self.score if self.key is None else self.score @ self.key.mT, self.value

    def forward(
        self,
        mask: Float[Tensor, "tokens m"],
        state: Float[Tensor, "B tokens w"],
        run: HookedPass | None = None,
    ) -> Float[Tensor, "B tokens w"]:
        score, value = self.weights()
        keys = state[:, None, : mask.shape[1]]
        pattern = ((state[:, None] @ score) @ keys.mT) * mask
        if run is not None:
            pattern = run("attn.pattern", pattern)
        added = pattern @ (keys @ value)
        if run is not None:
            added = run("attn.z", added)
        total = added.sum(dim=1)
        return state + (total if run is None else run("attn.out", total))


class BlockAttentionModel(InContextModel):
    """Runs a `BlockAttention` on block completions."""

    def __init__(self, architecture: BlockAttention, task: Task) -> None:
        super().__init__()
        self.architecture, self.depth = architecture, architecture.layers
        self.missing = task.outputs
        known = task.width - task.outputs
        if known % architecture.machines:
            raise InputError(
                f"machines is {architecture.machines}, which must divide the {known} complete rows"
            )
        self.layers = nn.ModuleList(
            _Layer(architecture, known, task.outputs) for _ in range(self.depth)
        )
        machine = torch.arange(known) * architecture.machines // known
        own = (machine[:, None] == machine).float()
        self.register_buffer("mask", torch.cat([own, torch.ones(task.tokens - known, known)]))

    def start(self, batch: Batch) -> Float[Tensor, "B tokens w"]:
        return Completions.of(batch, "block attention").state

    def steps(self, batch: Batch, layers: int) -> Iterator[Step]:
        for layer in self.layers[:layers]:
            yield partial(layer, self.get_buffer("mask"))

    def read(self, state: Float[Tensor, "B tokens w"]) -> Float[Tensor, "B p q"]:
        return -state[:, -self.missing :, -self.missing :]


ARCHITECTURES.register("block-attention", BlockAttention)
