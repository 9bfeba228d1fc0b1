"""Grids of states, and the paths along which one is mixed from others.

A grid has a state for each pair of an index of its first axis and one of its second. An axis is a
letter: grids that share the letter share the indices. In a path each factor is a grid, or with '
its transpose: "z: z' z" mixes z_ij with sum_k a_ki b_kj, a and b projections of z, channel by
channel. With z_ij over pairs this is the triangular update of AlphaFold's pair stack and of the
Edge Transformer (Bergen et al. 2021).

Shapes: P, Q, R indices of axes, B batch, C channels. The batch is the last but one axis, so that
mixing indices means adding long rows of numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

Grid = Float[Tensor, "_ _ B C"]
RANK, SINGLE = "k", "1"
"""The axes of the vectors and values of an answer in their order, and of a single index."""
VALUES = "values"
"""A column with a state for each rank, made of the frames after the last layer."""


@dataclass(frozen=True, slots=True)
class GridPath:
    """A product of two or three factors that is added to the grid `target`.

    Of three, the product of the first two is normalised before it meets the third.
    """

    target: str
    factors: tuple[str, ...]

    @staticmethod
    def parse(text: str) -> "GridPath":
        """From "v: v z'"."""
        target, factors = text.split(":")
        return GridPath(target, tuple(factors.split()))


@dataclass(frozen=True)
class GridPlan:
    """Which grids there are, which paths between them, and which are the answer."""

    axes: dict[str, tuple[str, str]]
    """Of each grid its two axes; in each layer the grids are updated in this order."""
    paths: tuple[GridPath, ...]
    answer: tuple[str, ...]
    """What is the answer, one above the other: grids, the column of values, or with ' their
    transposes."""

    @staticmethod
    def of(axes: dict[str, str], paths: Sequence[str], answer: Sequence[str]) -> "GridPlan":
        """With axes written "mn"."""
        pairs = {name: (letters[0], letters[1]) for name, letters in axes.items()}
        return GridPlan(pairs, tuple(map(GridPath.parse, paths)), tuple(answer))

    @property
    def frames(self) -> tuple[str, ...]:
        """The grids whose first axis are the ranks."""
        return tuple(name for name, axes in self.axes.items() if axes[0] == RANK)

    def outline(self) -> tuple[tuple[str, ...], str]:
        """The axes of the answer: rows of each part, and columns."""
        known = {**self.axes, VALUES: (RANK, SINGLE)}
        pairs = [turned(part, known[part.rstrip("'")]) for part in self.answer]
        return tuple(rows for rows, _ in pairs), pairs[0][1]

    def into(self, target: str) -> tuple[GridPath, ...]:
        return tuple(path for path in self.paths if path.target == target)

    def sources(self, target: str) -> tuple[str, ...]:
        """The grids that an update of `target` reads, itself first."""
        read = [factor.rstrip("'") for path in self.into(target) for factor in path.factors]
        return tuple(dict.fromkeys([target, *read]))

    def square(self, name: str) -> bool:
        """Whether both axes are the same, so that there is a diagonal and z_ji beside z_ij."""
        first, second = self.axes[name]
        return first == second


def turned(factor: str, axes: tuple[str, str]) -> tuple[str, str]:
    """Of a grid or, where the name ends with ', its transpose."""
    first, second = axes
    return (second, first) if factor.endswith("'") else (first, second)


@dataclass(frozen=True, eq=False)
class GridAxis:
    """The indices of an axis, of a batch of matrices."""

    size: int
    """Of the largest."""
    sizes_B: Int[Tensor, " B"]
    real_QB: Bool[Tensor, "Q B"] | None
    """Which indices are in the matrix; None: all are in each."""

    @staticmethod
    def of(sizes_B: Int[Tensor, " B"], padded: bool) -> "GridAxis":
        size = int(sizes_B.max()) if padded else int(sizes_B[0])
        place_Q1 = torch.arange(size, device=sizes_B.device)[:, None]
        return GridAxis(size, sizes_B, place_Q1 < sizes_B if padded else None)


def weights(first: GridAxis, second: GridAxis) -> Float[Tensor, "P Q B 1"] | None:
    """1 at the cells of a grid, 0 at padding; None where there is none."""
    if first.real_QB is None or second.real_QB is None:
        return None
    return (first.real_QB[:, None] & second.real_QB)[..., None].float()


def mean(
    values: Float[Tensor, "P Q B C"],
    axes: tuple[int, ...],
    weights_PQB1: Float[Tensor, "P Q B 1"] | None,
) -> Tensor:
    """Over some of the first axes, which stay with size 1; of real cells alone."""
    if weights_PQB1 is None:
        return values.mean(axes, keepdim=True)
    count = weights_PQB1.sum(axes, keepdim=True).clamp_min(1)
    total: Tensor = (values * weights_PQB1).sum(axes, keepdim=True)
    return total / count


def diagonal(values: Float[Tensor, "P P B C"]) -> Float[Tensor, "P B C"]:
    return values.diagonal(dim1=0, dim2=1).permute(2, 0, 1)


def product(x: Float[Tensor, "P Q B C"], y: Float[Tensor, "Q R B C"]) -> Float[Tensor, "P R B C"]:
    """sum_q x_pq y_qr, for each matrix and channel."""
    found: Tensor = _Product.apply(x, y)  # type: ignore[no-untyped-call]
    return found


class _Product(torch.autograd.Function):
    """Sums in place: for a handful of indices faster than any batched product of tiny matrices."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor) -> Tensor:
        ctx.save_for_backward(x, y)
        return _sum(x, y)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        x, y = ctx.saved_tensors
        (gradient,) = gradients
        return _sum(gradient, y.transpose(0, 1)), _sum(x.transpose(0, 1), gradient)


def _sum(x: Tensor, y: Tensor) -> Tensor:
    first, *others = zip(x.unsqueeze(2).unbind(1), y.unbind(0), strict=True)
    total = first[0] * first[1]
    for x_P1BC, y_RBC in others:
        total.addcmul_(x_P1BC, y_RBC)
    return total
