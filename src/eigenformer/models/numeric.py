"""Models that read numbers and answer in numbers, by weights that do not depend on the size.

They run on matrices of one shape at a time; a batch of several is answered shape by shape. What
they compute on the way has names that count passes and layers, `pass.0.layer.3.heads`.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from .base import Model, ModelConfig, recorded
from .hooked import HookedPass, Hooks
from .question import Medium, Numbers, Question

Tap = Callable[[str, Tensor], Tensor]
"""Given an activation and its name, gives what the network goes on with."""

MOST_BLOCKS = 1000
"""Of blocks, heads or hidden units in a layer."""
_WORTH_LEAVING_OUT = 64
"""In a batch of fewer matrices, those that are done go on with the others."""


def untapped(name: str, value: Tensor) -> Tensor:
    return value


@dataclass(frozen=True, kw_only=True)
class NumericConfig(ModelConfig):
    """What models of numbers have in common."""

    reads: ClassVar[Medium] = "values"
    writes: ClassVar[Medium] = "values"
    at_once: ClassVar[bool] = True
    any_size: ClassVar[bool] = True

    precision: Literal["float64", "float32"] = "float64"
    """In which it answers; it is trained in float32."""


class NumericModel(Model):
    """A model of matrices of any size; a subclass writes `solve` and `loss`."""

    config: NumericConfig

    @abstractmethod
    def solve(self, a: Float[Tensor, "B m n"], tap: Tap = untapped) -> Float[Tensor, "B p q"]:
        """The answers, in the precision of `a`."""

    def answer(self, question: Question, max_length: int) -> Numbers:
        return self._answers(question, untapped)

    @torch.no_grad()
    def run_with_cache(
        self, question: Question, max_length: int
    ) -> tuple[Int[Tensor, "B T"] | Numbers, dict[str, Tensor]]:
        run = HookedPass()
        answers = self._answers(question, run)
        return answers, recorded(self, run)

    @torch.no_grad()
    def run_with_hooks(self, question: Question, hooks: Hooks, max_length: int) -> Numbers:
        run = HookedPass(hooks)
        answers = self._answers(question, run)
        run.finish()
        return answers

    @torch.no_grad()
    def _answers(self, question: Question, tap: Tap) -> Numbers:
        numbers = question.numbers
        dtype = torch.float64 if self.config.precision == "float64" else torch.float32
        parts = [
            (index, self.solve(matrices.to(dtype), tap)) for index, matrices in by_shape(numbers)
        ]
        rows = torch.zeros_like(numbers.rows)
        columns = torch.zeros_like(numbers.columns)
        size = [max((part.shape[axis] for _, part in parts), default=0) for axis in (1, 2)]
        values = torch.zeros(len(numbers), *size, dtype=dtype, device=rows.device)
        for index, part in parts:
            _, p, q = part.shape
            values[index, :p, :q] = part
            rows[index], columns[index] = p, q
        return Numbers(values, rows, columns, numbers.kinds)


def unrolled(name: str, value: Tensor) -> Tensor:
    """In place of a tap: loops run to their end, whatever the numbers are, as in a graph."""
    return value


def within(tap: Tap, part: str) -> Tap:
    """The tap of a part of the network, whose names begin with `part` and a dot."""
    bare = tap in (untapped, unrolled)
    return tap if bare else lambda name, value: tap(f"{part}.{name}", value)


def all_done(done: Bool[Tensor, " B"], tap: Tap) -> bool:
    """Whether a loop may end before its time."""
    return tap is not unrolled and bool(done.all())


def by_shape(numbers: Numbers) -> Iterator[tuple[Int[Tensor, " b"], Float[Tensor, "b m n"]]]:
    """The matrices of each shape without their padding, and which ones they are."""
    shapes = torch.stack([numbers.rows, numbers.columns], 1)
    for m, n in sorted(set(map(tuple, shapes.tolist()))):
        index = (shapes == shapes.new_tensor([m, n])).all(1).nonzero()[:, 0]
        yield index, numbers.values[index, :m, :n]


def worth_leaving_out(done: Tensor, tap: Tap) -> bool:
    """Whether to go on without those that are `done`: not where somebody watches."""
    return tap is untapped and len(done) >= _WORTH_LEAVING_OUT and int(done.sum()) > len(done) // 8


def generator_of(values: Tensor) -> torch.Generator:
    """What is random in a loss comes from here: a pure function of the batch, as the batch is of
    the run, so that a resumed run goes on exactly."""
    total = int(values.detach().double().cpu().contiguous().view(torch.int64).sum())
    return torch.Generator().manual_seed(total & (2**63 - 1))


def largest(a: Float[Tensor, "B m n"]) -> Float[Tensor, "B 1 1"]:
    """The largest magnitude of each matrix, to divide by before anything is squared."""
    return a.abs().amax((1, 2), keepdim=True).clamp_min(torch.finfo(a.dtype).tiny)
