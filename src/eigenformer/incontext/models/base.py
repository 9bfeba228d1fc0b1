"""What a model of this room is: a configuration that builds it, and states that can be read."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ...core import Registry, rng
from ..batches import Batch
from ..tasks import Task


class InContextModel(nn.Module, ABC):
    """A network over prompts. Its state after any layer can be read as a prediction."""

    @abstractmethod
    def states(self, batch: Batch, layers: int | None = None) -> Iterator[Float[Tensor, "B ..."]]:
        """The state before the first layer, and after each of `layers` (all, if left out).

        Looped models run any number of them; others raise `InputError` beyond their own.
        """

    @abstractmethod
    def read(self, state: Float[Tensor, "B ..."]) -> Float[Tensor, "B ..."]:
        """The prediction in a state."""

    def forward(self, batch: Batch, layers: int | None = None) -> Float[Tensor, "B ..."]:
        """The prediction after the last layer, or after `layers` of them."""
        *_, last = self.states(batch, layers)
        return self.read(last)

    def by_layer(self, batch: Batch, layers: int | None = None) -> list[Float[Tensor, "B ..."]]:
        """The prediction before the first layer and after each."""
        return [self.read(state) for state in self.states(batch, layers)]


@dataclass(frozen=True, kw_only=True)
class Architecture(ABC):
    """The configuration of a model. Subclass it and `ARCHITECTURES.register` the class."""

    registry: ClassVar[Registry["Architecture"]] = Registry("in-context architecture")
    usual_task: ClassVar[str] = "regression"
    """Name of the task that it is trained on unless another is asked for."""

    @abstractmethod
    def module(self, task: Task) -> InContextModel:
        """The model for prompts of `task`, its weights drawn from torch's global generator."""

    def build(self, task: Task, seed: int = 0) -> InContextModel:
        """The model with the initial weights of `seed`, on the CPU in float32."""
        state = int(rng(seed, "in-context weights").integers(2**63))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(state)
            return self.module(task)


ARCHITECTURES = Architecture.registry
