"""Sums of operands and of their products, with learned coefficients: one layer, no size.

An input is one matrix, or operands side by side. Terms are the operands, their transposes, and the
products of two of these, wherever the shape is that of the answer: what one head of linear
attention over rows can give. The network is told what may be added and multiplied; it finds which
terms, and how much of each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..core import InputError
from ..encodings import Encoding
from .base import Choices, ModelConfig
from .numeric import NumericConfig, NumericModel, Tap, by_shape, largest, untapped
from .question import Numbers, Question

Side = Literal["m", "n", "1"]
"""Rows or columns of an operand M [m, n]; 1: a vector's."""


@dataclass(frozen=True, kw_only=True)
class BilinearConfig(NumericConfig):
    """Learned sums of operands and products of two."""

    told: ClassVar[str] = (
        "that the answer is a sum of operands, transposes and products of two; not of which"
    )

    operands: Literal["one", "two", "vector"] = "one"
    """The input is M [m, n], or [M | N] of two such, or [M | v] with v [m, 1]."""
    answer: tuple[Side, Side] = ("n", "m")
    """The shape of the answer."""

    def __post_init__(self) -> None:
        if not self.terms:
            raise InputError(
                f"no term has the shape {' x '.join(self.answer)} with operands "
                f"{self.operands!r}; give another answer"
            )

    @property
    def shapes(self) -> list[tuple[str, str]]:
        """Of the factors: the operands, then their transposes."""
        operands = {"one": ["mn"], "two": ["mn", "mn"], "vector": ["mn", "m1"]}[self.operands]
        return [(s[0], s[1]) for s in operands] + [(s[1], s[0]) for s in operands]

    @property
    def terms(self) -> list[tuple[int, ...]]:
        """Those of the answer's shape: one factor, or two, by number."""
        shapes = self.shapes
        single: list[tuple[int, ...]] = [(i,) for i, s in enumerate(shapes) if s == self.answer]
        double = [
            (i, j)
            for i, left in enumerate(shapes)
            for j, right in enumerate(shapes)
            if left[1] == right[0] and (left[0], right[1]) == self.answer
        ]
        return single + double

    def describe(self) -> str:
        return f"{len(self.terms)} terms"

    def build(
        self, input_encoding: Encoding, output_encoding: Encoding, seed: int
    ) -> "BilinearModel":
        return BilinearModel(self, seed)


ModelConfig.registry.register("bilinear", BilinearConfig)


class BilinearModel(NumericModel):
    """Transposes, sums, products; see `BilinearConfig`."""

    config: BilinearConfig

    def __init__(self, config: BilinearConfig, seed: int) -> None:
        super().__init__()
        self.config = config
        generator = torch.Generator().manual_seed(seed)
        self.weights = nn.Parameter(torch.randn(len(config.terms), generator=generator))

    def solve(self, a: Float[Tensor, "B m n"], tap: Tap = untapped) -> Float[Tensor, "B p q"]:
        size = largest(a)
        factors = self._factors(a / size)
        total = None
        for i, (weight, term) in enumerate(zip(self.weights, self.config.terms, strict=True)):
            value = factors[term[0]] * size
            if len(term) == 2:
                value = value @ factors[term[1]] * size
            value = tap(f"term.{i}", weight.to(a.dtype) * value)
            total = value if total is None else total + value
        assert total is not None  # there are terms
        return total

    def _factors(self, a: Float[Tensor, "B m n"]) -> list[Tensor]:
        n = a.shape[2]
        left = {"one": n, "two": n // 2, "vector": n - 1}[self.config.operands]
        operands = [part for part in (a[:, :, :left], a[:, :, left:]) if part.shape[2]]
        return [*operands, *(part.mT for part in operands)]

    def loss(
        self,
        question: Question,
        truth: Tensor | Numbers,
        cross_entropy: Callable[[Choices], Tensor],
    ) -> Float[Tensor, ""]:
        """The mean square of an entry's error, relative to that of the answer's entries."""
        assert isinstance(truth, Numbers)  # it answers in numbers
        losses = []
        for index, matrices in by_shape(question.numbers):
            answers = self.solve(matrices)
            wanted = truth.values[index, : answers.shape[1], : answers.shape[2]]
            error = (answers - wanted).square().mean((1, 2))
            losses.append((error / wanted.square().mean((1, 2)).clamp_min(1e-30)).sum())
        return torch.stack(losses).sum()
