"""Frames: columns that attend to each other through a symmetric matrix until it is diagonal.

Tokens are the columns q_i of an orthonormal frame Q [n, n], at first those of I. The scores are
G = Q^T A Q: a pair of columns has G_ij, beside its own two values G_ii and G_jj. One layer,
repeated, turns the scores of a pair into a mixing weight E_ij, antisymmetric, and Q becomes
Q (I + E), made orthonormal again. Rows are never looked at one by one.

What the network is told is what an answer may depend on: a column's sign, the order of columns, the
scale of A and multiples of I in it must not matter, so E_ij = sign(G_ij (G_jj - G_ii)) phi for a
function phi of ratios, and E must vanish with G_ij, so phi = u psi with u = |G_ij| / (|G_ii - G_jj|
+ |G_ij|). What it has to find is psi: a network of 8 hidden units, of u, of how crowded the pair's
two columns are, how strong it is among its rivals, and how far the frame has still to go. It starts
at 0, where the frame stays I. No angle, no sequence of pairs and no shift is given.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..core.checks import MOST_LAYERS, at_least, positive
from ..encodings import Encoding
from .base import Choices, ModelConfig
from .numeric import (
    MOST_BLOCKS,
    NumericConfig,
    NumericModel,
    Tap,
    all_done,
    by_shape,
    generator_of,
    largest,
    untapped,
    within,
    worth_leaving_out,
)
from .question import Numbers, Question

_TINY = 1e-30
_FEATURES = 5
_CACHE = 100_000
"""Numbers of a part of a batch: so many stay in a core's cache from layer to layer."""
_FLOOR = 1e-7
"""A frame whose squared error is below this no longer counts in training."""
_POSITIVE = 0.25
"""Share of the training matrices that are made positive: (A^2)^(1/2)."""


@dataclass(frozen=True, kw_only=True)
class FramesConfig(NumericConfig):
    """One layer of attention between the columns of a frame, repeated, of any size."""

    told: ClassVar[str] = (
        "that eigenvectors are an orthonormal frame, that signs, order, scale and shift don't "
        "matter, and to go on until the matrix is diagonal in it; not by which angles to turn"
    )

    answer: Literal["vectors", "values"] = "vectors"
    """vectors: [n + 1, n], the eigenvalues, descending, above the eigenvectors. values: [n, 1]."""
    hidden: int = 8
    """Units of the network that turns scores into mixing weights."""
    polish: int = 2
    """Steps of Q (3 I - Q^T Q) / 2 that make a frame orthonormal again."""
    loops: int = 60
    """How often the layer is repeated at most."""
    tolerance: float = 1e-3
    """Stops when sum |G_ij| off the diagonal is below this times that on it."""

    def __post_init__(self) -> None:
        at_least(1, MOST_BLOCKS, hidden=self.hidden, polish=self.polish)
        at_least(1, MOST_LAYERS, loops=self.loops)
        positive(1.0, tolerance=self.tolerance)

    @property
    def serves(self) -> Mapping[str, ModelConfig]:
        return {
            "eigenvectors": replace(self, answer="vectors"),
            "eigenvalues": replace(self, answer="values"),
        }

    def describe(self) -> str:
        return f"1 layer, repeated, {self.hidden} hidden"

    def build(self, input_encoding: Encoding, output_encoding: Encoding, seed: int) -> "FrameModel":
        return FrameModel(self, seed)


ModelConfig.registry.register("frames", FramesConfig)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The P = n (n - 1) / 2 pairs i < j of columns."""

    place: Int[Tensor, " P"]
    """Of (i, j) in a flat [n n]."""
    member: Float[Tensor, "P n"]
    """1 where a pair has a column."""
    gap: Float[Tensor, "n P"]
    """1 at i, -1 at j."""
    cell: Int[Tensor, " n*n"]
    """Where each cell finds its weight among (E, -E, 0)."""


@lru_cache(maxsize=64)
def _pairs(n: int, device: torch.device, dtype: torch.dtype) -> _Pairs:
    i, j = torch.triu_indices(n, n, 1, device=device)
    count, k = len(i), torch.arange(len(i), device=device)
    member = torch.zeros(count, n, device=device, dtype=dtype)
    member[k, i] = member[k, j] = 1
    gap = torch.zeros(n, count, device=device, dtype=dtype)
    gap[i, k], gap[j, k] = 1, -1
    cell = torch.full((n, n), 2 * count, device=device)
    cell[i, j], cell[j, i] = k, k + count
    return _Pairs(i * n + j, member, gap, cell.flatten())


class FrameLayer(nn.Module):
    """A frame Q and its scores G = Q^T A Q -> the next frame."""

    def __init__(self, hidden: int, polish: int, generator: torch.Generator) -> None:
        super().__init__()
        self.polish = polish

        def normal(*shape: int, std: float) -> nn.Parameter:
            return nn.Parameter(torch.randn(*shape, generator=generator) * std)

        self.inner = normal(hidden, _FEATURES, std=_FEATURES**-0.5)
        self.inner_bias = normal(hidden, std=0.3)
        self.outer = normal(1, hidden, std=0.02)
        self.outer_bias = nn.Parameter(torch.zeros(1))

    def mixing(self, g: Float[Tensor, "B n n"]) -> Float[Tensor, "B P"]:
        """E of the pairs i < j."""
        features, first_order = pair_features(g)
        weights = {name: weight.to(g.dtype) for name, weight in self.named_parameters()}
        inner = weights["inner"] @ features.flatten(1) + weights["inner_bias"][:, None]
        psi = weights["outer"] @ F.silu(inner) + weights["outer_bias"][:, None]
        return psi.reshape(first_order.shape) * first_order

    def forward(
        self, q: Float[Tensor, "B n n"], g: Float[Tensor, "B n n"], tap: Tap = untapped
    ) -> Float[Tensor, "B n n"]:
        e = self.mixing(g)
        cell = _pairs(int(g.shape[-1]), g.device, g.dtype).cell
        full = torch.cat([e, -e, e.new_zeros(len(e), 1)], 1).index_select(1, cell).reshape(g.shape)
        if tap is not untapped:
            full = tap("mixing", full)
            e = full.flatten(1)[:, _pairs(int(g.shape[-1]), g.device, g.dtype).place]
        # I + E has singular values between 1 and sqrt(1 + |E|^2).
        q = torch.baddbmm(q, q, full) * (1 + e.square().sum(1)).rsqrt()[:, None, None]
        for _ in range(self.polish):
            q = torch.baddbmm(q, q, q.mT @ q, beta=1.5, alpha=-0.5)
        return q


def pair_features(g: Float[Tensor, "B n n"]) -> tuple[Float[Tensor, "5 B P"], Float[Tensor, "B P"]]:
    """What psi is a function of, and what it is multiplied by: u with its sign."""
    n = g.shape[-1]
    pairs = _pairs(int(n), g.device, g.dtype)
    own = g.diagonal(dim1=1, dim2=2)
    score = g.flatten(1).index_select(1, pairs.place)
    gap, size = own @ pairs.gap, score.abs()
    ratio = 1 / (gap.abs() + size + _TINY)
    u = size * ratio
    square = u * u
    crowd = (square @ pairs.member) @ pairs.member.T + 1e-6  # twice the pair's own, and its rivals'
    off = size * size
    left = off.sum(1, keepdim=True)
    mean = left * (2 / (n * (n - 1)) if n > 1 else 1) + _TINY
    spread = (own - own.mean(1, keepdim=True)).square().sum(1, keepdim=True)
    whole = spread + 2 * left + _TINY
    features = [
        u,
        square / crowd,
        crowd.log() / 4,
        (off / mean + 1e-4).log() / 4,
        (left / whole + 1e-8).log().expand_as(u) / 8,
    ]
    return torch.stack(features), score * torch.where(gap < 0, ratio, -ratio)


class FrameModel(NumericModel):
    """Eigenvectors and eigenvalues of symmetric matrices; see `FramesConfig`."""

    config: FramesConfig

    def __init__(self, config: FramesConfig, seed: int) -> None:
        super().__init__()
        self.config = config
        generator = torch.Generator().manual_seed(seed)
        self.layer = FrameLayer(config.hidden, config.polish, generator)

    # Answering.

    def solve(self, a: Float[Tensor, "B n n"], tap: Tap = untapped) -> Float[Tensor, "B p q"]:
        values, vectors = self.decompose(a, tap)
        if self.config.answer == "values":
            return values[:, :, None]
        return torch.cat([values[:, None], vectors], 1)

    def decompose(
        self, a: Float[Tensor, "B n n"], tap: Tap = untapped
    ) -> tuple[Float[Tensor, "B n"], Float[Tensor, "B n n"]]:
        """Eigenvalues, descending, and the eigenvectors in the columns of an orthonormal matrix."""
        size = max(64, _CACHE // a.shape[1] ** 2) if tap is untapped else max(1, len(a))
        frames = torch.cat([self._frame(unit(part), tap) for part in torch.split(a, size)])
        values, order = (frames * (a @ frames)).sum(1).sort(dim=1, descending=True)
        return values, frames.gather(2, order[:, None].expand_as(frames))

    def _frame(self, a: Float[Tensor, "B n n"], tap: Tap) -> Float[Tensor, "B n n"]:
        """The frame in which A is as diagonal as asked for."""
        config, n = self.config, a.shape[1]
        frames, index = torch.empty_like(a), torch.arange(len(a), device=a.device)
        q = torch.eye(n, dtype=a.dtype, device=a.device).repeat(len(a), 1, 1)
        for loop in range(config.loops + 1):
            q = tap(f"loop.{loop}.frame", q)
            g = tap(f"loop.{loop}.scores", q.mT @ (a @ q))
            on = g.diagonal(dim1=1, dim2=2).abs().sum(1)
            done = ~(g.abs().sum((1, 2)) > (1 + config.tolerance) * on)  # so is what is not finite
            if loop == config.loops or all_done(done, tap):
                break
            if worth_leaving_out(done, tap):
                frames[index[done]] = q[done]
                index, a, q, g = index[~done], a[~done], q[~done], g[~done]
            q = self.layer(q, g, within(tap, f"loop.{loop}"))
        if len(q) == len(frames):
            return q
        frames[index] = q
        return frames

    # Training.

    def loss(
        self,
        question: Question,
        truth: Tensor | Numbers,
        cross_entropy: Callable[[Choices], Tensor],
    ) -> Float[Tensor, ""]:
        """The mean over loops of log(what is left off the diagonal, squared, n times its share).

        No answers are needed. A quarter of the matrices are made positive.
        """
        numbers = question.numbers
        generator = generator_of(numbers.values)
        losses = []
        for _, matrices in by_shape(numbers):
            positive = torch.rand(len(matrices), generator=generator).to(matrices.device)
            a = torch.where((positive < _POSITIVE)[:, None, None], _absolute(matrices), matrices)
            losses.append(self.loss_of(unit(a.float()), generator))
        return torch.stack(losses).sum()

    def loss_of(self, a: Float[Tensor, "B n n"], generator: torch.Generator) -> Float[Tensor, ""]:
        """Of matrices of scale 1 and one size, summed."""
        n = a.shape[1]
        loops = 4 + round(n / 2) + int(torch.randint(-1, 2, (), generator=generator))
        total = a.new_zeros(())
        for q, g in list(self._path(a, loops))[1:]:
            total = total + (n * _off_diagonal(g) + _skew(q) + _FLOOR).log().sum()
        return total / loops

    def _path(self, a: Float[Tensor, "B n n"], loops: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The frame and its scores at first and after each loop."""
        q = torch.eye(a.shape[1], dtype=a.dtype, device=a.device).expand_as(a)
        for loop in range(loops + 1):
            g = q.mT @ (a @ q)
            yield q, g
            if loop < loops:
                q = self.layer(q, g)


def unit(a: Float[Tensor, "B n n"]) -> Float[Tensor, "B n n"]:
    """A / s with a Frobenius norm of n^(1/2)."""
    a = a / largest(a)
    size = torch.linalg.matrix_norm(a) / a.shape[-1] ** 0.5
    unit: Tensor = a / size.clamp_min(_TINY)[:, None, None]
    return unit


def _absolute(a: Float[Tensor, "B n n"]) -> Float[Tensor, "B n n"]:
    """(A^2)^(1/2): its eigenvalues are the singular values."""
    values, vectors = torch.linalg.eigh(a)
    absolute: Tensor = (vectors * values.abs()[:, None]) @ vectors.mT
    return absolute


def _off_diagonal(g: Float[Tensor, "B n n"]) -> Float[Tensor, " B"]:
    """The squares off the diagonal, as a share of all."""
    on, total = g.diagonal(dim1=1, dim2=2).square().sum(1), g.square().sum((1, 2))
    share: Tensor = (total - on).clamp_min(0) / total
    return share


def _skew(q: Float[Tensor, "B n n"]) -> Float[Tensor, " B"]:
    """||Q^T Q - I||^2 / n."""
    identity = torch.eye(q.shape[-1], dtype=q.dtype, device=q.device)
    error: Tensor = (q.mT @ q - identity).square().sum((1, 2)) / q.shape[-1]
    return error
