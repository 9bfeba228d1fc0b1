"""Linear attention on blocks: a matrix in, an odd function of its singular values out.

The residual stream holds k matrices of the input's shape, and beside them the scaled input X, which
every layer reads and none writes. A head adds P Q^T R, where P, Q and R are learned combinations
(scalars) of the blocks and X: attention between rows without softmax. As only scalars are learned,
U A V^T gives U f(A) V^T for orthogonal U and V, and the network is a function f of the singular
values: the same weights run on the singular values alone, where a product of matrices is a product
of numbers. This is how they are trained; zeros pad a spectrum, so a batch mixes sizes.

Heads and blocks are scaled by a small network of the blocks' norms and angles with X, per singular
direction, never of entries or sizes. What a pass leaves undone is a matrix again: `solve` repeats
the whole network on it until the residual says stop.

What the network is told is what a matrix is: that rows and columns can be turned. What it has to
find is f: which powers, in which order, with which coefficients.

Shapes: k blocks, h heads, B matrices [m, n] or B spectra [r], written `*S` for both.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..core.checks import COUNT, MOST_LAYERS, at_least, fraction, positive
from ..encodings import Encoding
from .base import Choices, ModelConfig
from .numeric import (
    MOST_BLOCKS,
    NumericConfig,
    NumericModel,
    Tap,
    all_done,
    generator_of,
    largest,
    untapped,
    within,
    worth_leaving_out,
)
from .question import Numbers, Question

_LARGE = 1e10
"""The mean square of a block is kept below this."""
_GROWTH = 300.0
"""A singular value below 1/300 of the scale need only grow by 300 in a pass; the next goes on."""
_TIED_LOOPS = (4, 14)
"""How often the one layer of the first part of a training is repeated: between these."""


@dataclass(frozen=True, kw_only=True)
class BlocksConfig(NumericConfig):
    """Layers of linear attention on blocks, of any size."""

    told: ClassVar[str] = (
        "that rows and columns may be turned and a matrix scaled, so that only singular values "
        "count, and to go on until the residual is small; not which function of them is asked for"
    )

    computes: Literal["inverse", "polar"] = "inverse"
    """inverse: f(s) is to be 1/s, the answer to A [m, n] the (pseudo-)inverse [n, m]. polar: f(s)
    is to be 1, the answer the polar factor [m, n]."""
    layers: int = 18
    blocks: int = 4
    heads: int = 3
    hidden: int = 16
    """Units of the network of norms and angles in a layer."""
    passes: int = 8
    """How often the whole network may be repeated on what is left."""
    tolerance: float = 2e-3
    """Residual, in L1 a row, at which it stops."""
    tied_examples: int = 1_000_000
    """Training begins with one layer, repeated; after so many examples each layer goes its own way,
    from there."""
    anneal_examples: int = 3_000_000
    """After so many examples a matrix no longer counts whose squared residual is below `floor`;
    before, the floor falls to that from 1e-2."""
    floor: float = 1e-7
    hard: float = 0.3
    """Share of the training spectra that are made harder, or nearly done already."""
    rounding: float = 3e-7
    """Size of the errors that training adds to each product, relative to its factors."""

    def __post_init__(self) -> None:
        at_least(1, MOST_LAYERS, layers=self.layers, passes=self.passes)
        at_least(1, MOST_BLOCKS, blocks=self.blocks, heads=self.heads, hidden=self.hidden)
        at_least(0, COUNT, tied_examples=self.tied_examples, anneal_examples=self.anneal_examples)
        positive(1.0, tolerance=self.tolerance, floor=self.floor)
        fraction(hard=self.hard, rounding=self.rounding)

    def trained_on(self, examples: int) -> "BlocksConfig":
        return replace(self, tied_examples=examples // 5, anneal_examples=3 * examples // 5)

    @property
    def serves(self) -> Mapping[str, ModelConfig]:
        if self.computes == "polar":
            return {}
        return dict.fromkeys(("inverse", "symmetric_inverse", "pseudo_inverse"), self)

    def describe(self) -> str:
        return f"{self.layers} layers, {self.blocks} blocks, {self.heads} heads"

    def build(self, input_encoding: Encoding, output_encoding: Encoding, seed: int) -> "BlockModel":
        return BlockModel(self, seed)


ModelConfig.registry.register("blocks", BlocksConfig)


class BlockLayer(nn.Module):
    """Adds heads P Q^T R to the blocks, and mixes the blocks."""

    def __init__(self, blocks: int, heads: int, hidden: int, generator: torch.Generator) -> None:
        super().__init__()

        def normal(rows: int, columns: int, std: float) -> nn.Parameter:
            return nn.Parameter(torch.randn(rows, columns, generator=generator) * std)

        features = 2 * blocks + 1
        self.read = normal(3 * heads, blocks + 1, (blocks + 1) ** -0.5)
        """P, Q and R of each head from the blocks and X."""
        self.write = normal(blocks, heads, 0.1 / heads)
        self.keep = nn.Parameter(torch.zeros(blocks, blocks + 1))
        self.inner = normal(hidden, features, features**-0.5)
        self.inner_bias = nn.Parameter(torch.zeros(hidden))
        self.gates = nn.Parameter(torch.zeros(heads + blocks, hidden))
        self.gates_bias = nn.Parameter(torch.zeros(heads + blocks))

    def forward(
        self,
        z: Float[Tensor, "k B *S"],
        x: Float[Tensor, "B *S"],
        rank_B: Float[Tensor, " B"],
        product: Callable[[Tensor, Tensor, Tensor], Tensor],
        tap: Tap,
    ) -> Float[Tensor, "k B *S"]:
        """The next blocks; `product` gives P Q^T R."""
        weights = {name: weight.to(z.dtype) for name, weight in self.named_parameters()}
        (blocks, heads), axes = weights["write"].shape, tuple(range(2, z.dim()))
        ones = (1,) * len(axes)
        size = z.square().sum(axes) / rank_B
        z = z * (_LARGE / (size + _LARGE)).sqrt().reshape(*size.shape, *ones)
        zx = torch.cat([z, x[None]])
        size = zx.square().sum(axes) / rank_B
        angle = (z * x).sum(axes) / rank_B / (size[:-1] * size[-1] + 1e-24).sqrt()
        features = torch.cat([(size + 1e-12).log() / 4, angle])
        inner = torch.tanh(weights["inner"] @ features + weights["inner_bias"][:, None])
        gates = 1 + weights["gates"] @ inner + weights["gates_bias"][:, None]
        gates = _batch_first(tap, "gates", gates).reshape(heads + blocks, -1, *ones)
        p, q, r = (weights["read"] @ zx.flatten(1)).reshape(3, heads, *x.shape)
        added = _batch_first(tap, "heads", gates[:heads] * product(p, q, r))
        kept = gates[heads:] * (z + (weights["keep"] @ zx.flatten(1)).reshape(z.shape))
        return _batch_first(
            tap, "blocks", kept + (weights["write"] @ added.flatten(1)).reshape(z.shape)
        )


class BlockModel(NumericModel):
    """The (pseudo-)inverse or the polar factor; see `BlocksConfig`."""

    config: BlocksConfig

    def __init__(self, config: BlocksConfig, seed: int) -> None:
        super().__init__()
        self.config = config
        generator = torch.Generator().manual_seed(seed)
        self.start = nn.Parameter(0.5 * torch.randn(config.blocks, generator=generator))
        self.layers = nn.ModuleList(
            BlockLayer(config.blocks, config.heads, config.hidden, generator)
            for _ in range(config.layers)
        )
        self.result = nn.Parameter(0.5 * torch.randn(config.blocks, generator=generator))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))
        """Training examples so far: where in its curriculum the model is."""
        self.seen: Tensor

    # Answering.

    def solve(self, a: Float[Tensor, "B m n"], tap: Tap = untapped) -> Float[Tensor, "B p q"]:
        x, _ = self.repeated(a, tap)
        return x.mT if self.config.computes == "inverse" else x

    def repeated(
        self, a: Float[Tensor, "B m n"], tap: Tap = untapped
    ) -> tuple[Float[Tensor, "B m n"], Float[Tensor, " B"]]:
        """U f(S) V^T, and the residual of each, after as many passes as each needs.

        The polar factor of an answer W is the polar factor of A, and the inverse of A is
        (X A)^-1 X, where X A is nearer to I than A was.
        """
        if a.shape[1] < a.shape[2]:
            x, residual = self.repeated(a.mT, tap)
            return x.mT, residual
        x = self.once(a, within(tap, "pass.0"))
        best, residual = x, self.residual(a, x)
        index = torch.arange(len(a), device=a.device)
        for step in range(1, self.config.passes):
            done = residual[index] < self.config.tolerance
            if all_done(done, tap):
                break
            if worth_leaving_out(done, tap):
                index, x = index[~done], x[~done]
            pass_tap = within(tap, f"pass.{step}")
            if self.config.computes == "polar":
                x = self.once(x, pass_tap)
            else:
                x = x @ self.once(x.mT @ a[index], pass_tap)
            now = self.residual(a[index], x)
            better = (now < residual[index]) & ~(residual[index] < self.config.tolerance)
            won = torch.where(better[:, None, None], x, best[index])
            best = best.index_copy(0, index, won)
            residual = residual.index_copy(0, index, torch.where(better, now, residual[index]))
        return best, residual

    def once(self, a: Float[Tensor, "B m n"], tap: Tap = untapped) -> Float[Tensor, "B m n"]:
        """U f(S) V^T of one pass."""
        scale = _schatten(a)
        rank_B = a.new_full(a.shape[:1], min(a.shape[1:]))
        *_, x = self.answers(a / scale, rank_B, _attend, len(self.layers), tap)
        return tap("answer", x / scale if self.config.computes == "inverse" else x)

    def answers(
        self,
        x: Float[Tensor, "B *S"],
        rank_B: Float[Tensor, " B"],
        product: Callable[[Tensor, Tensor, Tensor], Tensor],
        depth: int,
        tap: Tap = untapped,
    ) -> list[Float[Tensor, "B *S"]]:
        """What the blocks say after each of `depth` layers, for `x` of scale 1."""
        start, result = self.start.to(x.dtype), self.result.to(x.dtype)
        z = x * start.reshape(-1, *(1,) * x.dim())
        answers = []
        for i in range(depth):
            layer = self.layers[0 if self.tied else i]
            z = layer(z, x, rank_B, product, within(tap, f"layer.{i}"))
            answers.append((result @ z.flatten(1)).reshape(x.shape))
        return answers

    def residual(self, a: Float[Tensor, "B m n"], x: Float[Tensor, "B m n"]) -> Float[Tensor, " B"]:
        """||X^T A - I|| / n, or ||X^T X - I|| / n, in L1: from the answer alone. For m >= n."""
        product = x.mT @ (a if self.config.computes == "inverse" else x)
        identity = torch.eye(a.shape[2], dtype=a.dtype, device=a.device)
        residual = (product - identity).abs().sum((1, 2)) / a.shape[2]
        return residual.nan_to_num(torch.inf)

    def spectrum(self, sigma: Float[Tensor, "B r"]) -> list[Float[Tensor, "B r"]]:
        """f(sigma) after each layer; zeros behind the last singular value."""
        scale = sigma.pow(4).sum(1, keepdim=True).pow(0.25)
        rank_B = (sigma != 0).sum(1).clamp_min(1).to(sigma.dtype)
        depth = len(self.layers)
        answers = self.answers(sigma / scale, rank_B, lambda p, q, r: p * q * r, depth)
        return [x / scale if self.config.computes == "inverse" else x for x in answers]

    # Training.

    @property
    def tied(self) -> bool:
        """Whether it is in the part of its training that repeats one layer, the first."""
        return bool(self.seen < self.config.tied_examples)

    def loss(
        self,
        question: Question,
        truth: Tensor | Numbers,
        cross_entropy: Callable[[Choices], Tensor],
    ) -> Float[Tensor, ""]:
        """The mean over layers of log(sum_i (1 - s_i f(s_i))^2 + floor), on singular values.

        No answers are needed. In the second part of the training the early layers don't count.
        """
        return self.loss_of(question.numbers)

    def loss_of(self, numbers: Numbers) -> Float[Tensor, ""]:
        config, generator = self.config, generator_of(numbers.values)
        sigma = _singular_values(numbers)
        x = _harder(sigma, config.hard, generator)
        x = (x / x.pow(4).sum(1, keepdim=True).pow(0.25)).float()
        rank_B = (x != 0).sum(1).clamp_min(1).float()
        tied = self.tied
        if tied:
            depth = int(torch.randint(_TIED_LOOPS[0], _TIED_LOOPS[1] + 1, (), generator=generator))
        else:
            depth = len(self.layers)
        product = _Rounded(config.rounding, generator)
        answers = self.answers(x, rank_B, product, depth)[0 if tied else int(0.4 * depth) :]
        target = x if config.computes == "inverse" else torch.ones_like(x)
        tiny = (x > 0) & (x * _GROWTH < 1)
        target = torch.where(tiny, target / (_GROWTH * x).clamp_min(1e-30), target)
        left = (x > 0) * (1 - target * torch.stack(answers))
        left = torch.where(tiny, left.clamp_min(0), left)
        losses = (left.square().sum(-1) + self._floor()).log().sum(1)
        # The last one counts as much as all others together.
        weighted = losses[-1] + losses[:-1].sum() / depth
        if self.training:
            self._count(len(x))
        return weighted

    def _floor(self) -> float:
        """Falls from 1e-2 to `floor` on a logarithmic scale."""
        share = min(1.0, int(self.seen) / max(1, self.config.anneal_examples))
        return float(1e-2 ** (1 - share) * self.config.floor**share)

    @torch.no_grad()
    def _count(self, examples: int) -> None:
        before = self.tied
        self.seen += examples
        if before and not self.tied:
            for layer in self.layers[1:]:
                layer.load_state_dict(self.layers[0].state_dict())


class _Rounded:
    """p q r of numbers, with errors like those that a product of matrices has."""

    def __init__(self, epsilon: float, generator: torch.Generator) -> None:
        self.epsilon = epsilon
        self.generator = generator

    def __call__(self, p: Tensor, q: Tensor, r: Tensor) -> Tensor:
        product = p * q * r
        if not self.epsilon:
            return product
        # An entry's error is relative to the largest of its factors, in all directions alike.
        size = (p.abs().amax(-1) * q.abs().amax(-1) * r.abs().amax(-1))[..., None].detach()
        noise = torch.randn(product.shape[1:], generator=self.generator).to(product.device)
        return product + self.epsilon * size * noise * (product != 0)


def _attend(p: Tensor, q: Tensor, r: Tensor) -> Tensor:
    """P Q^T R, in the cheaper order for tall matrices."""
    return p @ (q.mT @ r)


def _schatten(a: Float[Tensor, "B m n"]) -> Float[Tensor, "B 1 1"]:
    """(sum of sigma^4)^(1/4): at least the largest singular value, and at most r^(1/4) times it."""
    peak = largest(a)
    a = a / peak
    gram = a.mT @ a
    norm: Tensor = torch.linalg.matrix_norm(gram)[:, None, None].sqrt().clamp_min(1e-30)
    return norm * peak


def _singular_values(numbers: Numbers) -> Float[Tensor, "B r"]:
    """Zeros behind the last."""
    sigma: Tensor = torch.linalg.svdvals(numbers.values)
    rank = torch.minimum(numbers.rows, numbers.columns)
    return sigma * (torch.arange(sigma.shape[1], device=rank.device) < rank[:, None])


def _harder(
    sigma: Float[Tensor, "B r"], share: float, generator: torch.Generator
) -> Float[Tensor, "B r"]:
    """With a share of them changed, in kinds that a network meets in a later pass, or rarely:

    6 of 10 with the smallest up to ten times as small, 1 of 10 log-uniform over two decades, 3 of
    10 near 1 but for errors of 0.001 to 0.1, of which each second has one singular value down to
    1e-6: what a pass leaves of a hard matrix.
    """

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator, dtype=torch.float64).to(sigma.device)

    sigma = sigma / sigma.amax(1, keepdim=True).clamp_min(torch.finfo(sigma.dtype).tiny)
    batch, size = sigma.shape
    kind, real = uniform(batch, 1) / max(share, 1e-9), sigma > 0
    last = F.one_hot((real.sum(1) - 1).clamp_min(0), size).bool() & real
    lowered = sigma * torch.where(last, 10 ** -uniform(batch, 1), 1.0)
    spread = 10 ** (-2 * uniform(batch, size))
    noise = torch.randn(batch, size, generator=generator, dtype=torch.float64).to(sigma.device)
    near = (1 + 10 ** (-1 - 2 * uniform(batch, 1)) * noise).abs()
    near = torch.where(last & (kind > 0.85), 10 ** (-6 * uniform(batch, 1)), near)
    sigma = torch.where(kind < 0.6, lowered, sigma)
    sigma = torch.where((kind >= 0.6) & (kind < 0.7), spread, sigma)
    return torch.where((kind >= 0.7) & (kind < 1), near, sigma) * real


def _batch_first(tap: Tap, name: str, value: Float[Tensor, "k B *S"]) -> Tensor:
    """`value` as the tap leaves it, which is shown it as [B, k, *S]."""
    if tap is untapped:
        return value
    return tap(name, value.transpose(0, 1)).transpose(0, 1)
