"""A looped layer of linear attention from one token to the points of a prompt (Wu et al. 2026).

    z <- norm(z + S W z),    S = sum_i x_i x_i^T / n:    value x_i, score x_i . W z

norm divides by the length, which is layer norm without its centring and its gain; without it z
stays what the sum is. W grows from small entries under a norm: as a multiple c of the identity it
makes a step of the power method for S + I/c, that for S in the limit. Values are not trained: with
V S W in place of S W whatever V does to z the next W can undo, a valley in which training is slow.
The paper's layer is known here from its abstract only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ...core import InputError, at_least
from ...core.checks import MOST_LAYERS
from ...models.hooked import HookedPass
from ..batches import Batch, Components
from ..tasks import Task
from .base import ARCHITECTURES, Architecture, InContextModel, Step


@final
@dataclass(frozen=True, kw_only=True)
class PrincipalAttention(Architecture):
    """One layer, run `layers` times, with or without a norm after each."""

    usual_task: ClassVar[str] = "principal"

    layers: int = 4
    norm: bool = True
    init_std: float = 0.02

    def __post_init__(self) -> None:
        at_least(1, MOST_LAYERS, layers=self.layers)
        at_least(0, init_std=self.init_std)

    def module(self, task: Task) -> "PrincipalAttentionModel":
        return PrincipalAttentionModel(self, task.width)


class PrincipalAttentionModel(InContextModel):
    """Runs a `PrincipalAttention` on points with `dim` features, any number of times."""

    looped = True

    def __init__(self, architecture: PrincipalAttention, dim: int) -> None:
        super().__init__()
        self.architecture, self.depth = architecture, architecture.layers
        self.score = nn.Parameter(architecture.init_std * torch.randn(dim, dim))

    def start(self, batch: Batch) -> Float[Tensor, "B 1 d"]:
        start, dim = Components.of(batch, "principal attention").start, len(self.score)
        if start.shape[1] != dim:
            raise InputError(
                f"the points have {start.shape[1]} features, and the model was built for {dim}; "
                "build it for this task"
            )
        return start[:, None]

    def steps(self, batch: Batch, layers: int) -> Iterator[Step]:
        x = Components.of(batch, "principal attention").x
        for _ in range(layers):
            yield partial(self._step, x)

    def _step(
        self,
        x: Float[Tensor, "B n d"],
        state: Float[Tensor, "B 1 d"],
        run: HookedPass | None = None,
    ) -> Float[Tensor, "B 1 d"]:
        pattern = state @ self.score.T @ x.mT / x.shape[1]
        if run is not None:
            pattern = run("attn.pattern", pattern[:, None])[:, 0]
        out = pattern @ x
        if run is not None:
            out = run("attn.out", run("attn.z", out[:, None])[:, 0])
        total = state + out
        if not self.architecture.norm:
            return total
        tiny = torch.finfo(total.dtype).tiny
        found: Tensor = total / total.norm(dim=2, keepdim=True).clamp_min(tiny)
        return found

    def read(self, state: Float[Tensor, "B 1 d"]) -> Float[Tensor, "B d"]:
        return state[:, 0]


ARCHITECTURES.register("principal-attention", PrincipalAttention)
