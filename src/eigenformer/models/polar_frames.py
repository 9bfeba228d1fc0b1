"""The SVD by two networks: A = W H, H = V diag(s) V^T, U = W V.

W, the polar factor, is an odd function of the singular values that is to be 1, which linear
attention on blocks learns (`blocks`); H = W^T A is symmetric and positive, and a frame makes it
diagonal (`frames`). The network is told that the SVD is these two questions, one after the other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from ..core import InputError
from ..encodings import Encoding
from .base import Choices, ModelConfig
from .blocks import BlockModel, BlocksConfig
from .frames import FrameModel, FramesConfig, unit
from .numeric import (
    NumericConfig,
    NumericModel,
    Tap,
    by_shape,
    generator_of,
    largest,
    untapped,
    within,
)
from .question import Numbers, Question

_NUDGE = 1e-7
"""Of a matrix of less than full rank, relative to its largest entry."""
_FRAMED = 128
"""So many matrices of a batch train the frames, which need fewer."""


@dataclass(frozen=True, kw_only=True)
class PolarFramesConfig(NumericConfig):
    """Linear attention on blocks for the polar factor, and a frame for what it leaves."""

    told: ClassVar[str] = (
        "that the SVD is a polar factor and the eigenvectors of what it leaves, and of both what "
        "the models blocks and frames are told"
    )

    answer: Literal["vectors", "values"] = "vectors"
    """vectors: [1 + m + n, k], s, U and V below one another. values: s [k, 1]. k = min(m, n)."""
    polar: BlocksConfig = field(
        default_factory=lambda: BlocksConfig(
            computes="polar", layers=14, tied_examples=500_000, anneal_examples=1_500_000
        )
    )
    frames: FramesConfig = field(default_factory=FramesConfig)

    def __post_init__(self) -> None:
        if self.polar.computes != "polar":
            raise InputError(f"polar computes {self.polar.computes!r}; give 'polar'")

    def trained_on(self, examples: int) -> "PolarFramesConfig":
        return replace(self, polar=self.polar.trained_on(examples))

    @property
    def serves(self) -> Mapping[str, ModelConfig]:
        return {
            "svd": replace(self, answer="vectors"),
            "singular_values": replace(self, answer="values"),
        }

    def describe(self) -> str:
        return f"{self.polar.describe()}; {self.frames.describe()}"

    def build(
        self, input_encoding: Encoding, output_encoding: Encoding, seed: int
    ) -> "PolarFrameModel":
        return PolarFrameModel(self, seed)


ModelConfig.registry.register("polar-frames", PolarFramesConfig)


class PolarFrameModel(NumericModel):
    """Singular values and vectors; see `PolarFramesConfig`."""

    config: PolarFramesConfig

    def __init__(self, config: PolarFramesConfig, seed: int) -> None:
        super().__init__()
        self.config = config
        self.polar = BlockModel(config.polar, seed)
        self.frames = FrameModel(config.frames, seed)

    def solve(self, a: Float[Tensor, "B m n"], tap: Tap = untapped) -> Float[Tensor, "B p q"]:
        u, s, v = self.decompose(a, tap)
        if self.config.answer == "values":
            return s[:, :, None]
        return torch.cat([s[:, None], u, v], 1)

    def decompose(
        self, a: Float[Tensor, "B m n"], tap: Tap = untapped
    ) -> tuple[Float[Tensor, "B m k"], Float[Tensor, "B k"], Float[Tensor, "B n k"]]:
        """U, the singular values, descending, and V."""
        if a.shape[1] < a.shape[2]:
            v, s, u = self.decompose(a.mT, tap)
            return u, s, v
        size = largest(a)
        a = a / size
        w, residual = self.polar.repeated(a, within(tap, "polar"))
        short = residual > self.config.polar.tolerance
        if tap is untapped and bool(short.any()):
            # Less than full rank: the polar factor is not unique, that of a matrix nearby is one.
            nearby = a[short] + _NUDGE * torch.eye(*a.shape[1:], dtype=a.dtype, device=a.device)
            near, again = self.polar.repeated(nearby)
            w[short] = torch.where((again < residual[short])[:, None, None], near, w[short])
        h = w.mT @ a
        s, v = self.frames.decompose((h + h.mT) / 2, within(tap, "frames"))
        return w @ v, s * size[:, :, 0], v

    def loss(
        self,
        question: Question,
        truth: Tensor | Numbers,
        cross_entropy: Callable[[Choices], Tensor],
    ) -> Float[Tensor, ""]:
        """The two networks' own losses, on the singular values of A and on H = (A^T A)^(1/2)."""
        numbers = question.numbers
        generator = generator_of(numbers.values)
        loss = self.polar.loss_of(numbers)
        for _, matrices in by_shape(numbers[:_FRAMED]):
            tall = matrices if matrices.shape[1] >= matrices.shape[2] else matrices.mT
            _, s, vt = torch.linalg.svd(tall, full_matrices=False)
            h = (vt.mT * s[:, None]) @ vt
            loss = loss + self.frames.loss_of(unit(h.float()), generator)
        return loss
