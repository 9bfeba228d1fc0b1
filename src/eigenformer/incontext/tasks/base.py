"""What a task is: batches drawn from (seed, index), and the error of a prediction."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from ...core import InputError, Registry, at_least
from ...core.checks import MOST_PLACES
from ..batches import Batch, BatchT
from ..source import Source

MadeT = TypeVar("MadeT", bound=Batch, covariant=True)


@runtime_checkable
class _Makes(Protocol[MadeT]):
    """A task whose batches are of one class, so that `draw` has that type too."""

    def make(self, source: Source, size: int) -> MadeT: ...


@dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """A law of prompts. Subclass it and `TASKS.register` the class to add one."""

    registry: ClassVar[Registry["Task"]] = Registry("in-context task")

    @property
    @abstractmethod
    def width(self) -> int:
        """Features of a token: what a model's first layer has to take."""

    @property
    @abstractmethod
    def outputs(self) -> int:
        """Numbers in a prediction (of each node, for graphs)."""

    @property
    @abstractmethod
    def tokens(self) -> int:
        """Tokens of a prompt, the query included; a model with positions learns one for each."""

    @abstractmethod
    def make(self, source: Source, size: int) -> Batch:
        """`size` prompts out of the numbers of `source`."""

    @abstractmethod
    def errors(self, prediction: Float[Tensor, "B ..."], batch: Batch) -> Float[Tensor, " B"]:
        """The loss of each prediction; training minimises the mean."""

    def draw(
        self: _Makes[BatchT],
        seed: int,
        index: int,
        size: int,
        *,
        purpose: str = "train",
        dtype: torch.dtype = torch.float32,
    ) -> BatchT:
        """Batch `index` of the stream (`seed`, `purpose`), on the CPU.

        Batches of one stream, and of two purposes, are independent. The random numbers do not
        depend on `dtype`; targets are computed in it.
        """
        for name, number in {"seed": seed, "index": index, "size": size}.items():
            if not isinstance(number, int):
                raise InputError(
                    f"{name} is a {type(number).__name__}; give a whole number: a batch is a "
                    "function of (seed, index), as in task.draw(0, 0, 64)"
                )
        at_least(1, size=size)
        return self.make(Source(seed, purpose, index, dtype), size)

    def parts(
        self: _Makes[BatchT],
        seed: int,
        size: int,
        part: int,
        *,
        purpose: str,
        dtype: torch.dtype = torch.float64,
    ) -> Iterator[BatchT]:
        """`size` prompts of a stream, `part` at a time: its batches 0, 1, 2, ..."""
        for index, start in enumerate(range(0, size, part)):
            source = Source(seed, purpose, index, dtype)
            yield self.make(source, min(part, size - start))

    def loss(self, prediction: Float[Tensor, "B ..."], batch: Batch) -> Float[Tensor, ""]:
        """The mean of `errors`."""
        return self.errors(prediction, batch).mean()


@dataclass(frozen=True, kw_only=True)
class PairsTask(Task, ABC):
    """Pairs (x_i, y_i) with `dim` features, and a query."""

    dim: int = 5
    points: int = 20
    """Pairs in the context, n; the query is one more."""

    def __post_init__(self) -> None:
        at_least(1, MOST_PLACES, dim=self.dim, points=self.points)

    @property
    def width(self) -> int:
        return self.dim + 1

    @property
    def tokens(self) -> int:
        return self.points + 1


TASKS = Task.registry
