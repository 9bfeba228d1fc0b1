"""The one-layer transformer of Li et al. 2024 (derivations.md, section 9), for pattern tasks.

    F(X) = (1/n) sum_l a^T relu(W_O W_V X softmax(X^T W_K^T W_Q x_l)),    a_i = +-1/sqrt(m), fixed

X [d, n] holds a token a column. The form is the summary's, as the paper's text could not be read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ...core import InputError, at_least
from ...core.checks import MOST_WIDTH
from ...models.hooked import HookedPass
from ..batches import Batch, Sequences
from ..tasks import Task
from .base import ARCHITECTURES, Architecture, InContextModel, Step


@final
@dataclass(frozen=True, kw_only=True)
class OneLayer(Architecture):
    """`hidden` ReLU neurons, half of which vote for each label."""

    usual_task: ClassVar[str] = "patterns"

    hidden: int = 100
    init_std: float = 0.1
    """Of every entry of W_Q, W_K, W_V and W_O."""

    def __post_init__(self) -> None:
        at_least(2, 4 * MOST_WIDTH, hidden=self.hidden)
        at_least(0, init_std=self.init_std)
        if self.hidden < 2 or self.hidden % 2:
            raise InputError(f"hidden is {self.hidden}; give an even number of neurons")

    def module(self, task: Task) -> "OneLayerModel":
        return OneLayerModel(self, task.width)


class OneLayerModel(InContextModel):
    """Runs a `OneLayer` on sequences of tokens with `dim` features."""

    depth = 1

    def __init__(self, architecture: OneLayer, dim: int) -> None:
        super().__init__()
        self.architecture = architecture

        def matrix(rows: int) -> nn.Parameter:
            return nn.Parameter(architecture.init_std * torch.randn(rows, dim))

        self.w_q, self.w_k, self.w_v = matrix(dim), matrix(dim), matrix(dim)
        self.w_o = matrix(architecture.hidden)
        """A row for each neuron."""
        half = architecture.hidden // 2
        votes = torch.cat([torch.ones(half), -torch.ones(half)]) / architecture.hidden**0.5
        self.register_buffer("votes", votes)

    def start(self, batch: Batch) -> Float[Tensor, "B n d"]:
        return Sequences.of(batch, "the one-layer transformer").tokens

    def steps(self, batch: Batch, layers: int) -> Iterator[Step]:
        yield self._neurons

    def states(
        self, batch: Batch, layers: int | None = None, run: HookedPass | None = None
    ) -> Iterator[Float[Tensor, "B n m"]]:
        """The neurons' values, once: there is one layer, and nothing to read before it."""
        if layers not in (None, 1):
            raise InputError(f"layers is {layers}, and the model has 1")
        states = super().states(batch, layers, run)
        next(states)
        yield from states

    def _neurons(
        self, x: Float[Tensor, "B n d"], run: HookedPass | None = None
    ) -> Float[Tensor, "B n m"]:
        scores = (x @ self.w_q.T) @ (x @ self.w_k.T).mT
        pattern, value = scores.softmax(dim=2), x @ self.w_v.T
        if run is not None:
            pattern = run("attn.pattern", pattern[:, None])[:, 0]
        mixed = pattern @ value
        if run is not None:
            mixed = run("attn.z", mixed[:, None])[:, 0]
        return (mixed @ self.w_o.T).relu()

    def read(self, state: Float[Tensor, "B n m"]) -> Float[Tensor, " B"]:
        return (state @ self.get_buffer("votes")).mean(dim=1)


ARCHITECTURES.register("one-layer", OneLayer)
