"""Transformers whose layers are looped, sharing their weights: universal transformers.

Shapes as in `transformer.py`.

Charton (2022), section E.2, loops the single layer of the encoder, of the decoder or of both, a
fixed number of times, and tries adaptive halting (Dehghani et al. 2018, after Graves 2016) and
copy-gating (Csordas et al. 2021). It gives no equations or constants; chosen here:

- The whole stack is looped; the paper's stacks have one layer, where that is the same.
- Nothing tells a loop its number: Dehghani et al. add a signal for it, the paper names none.
- Gates and halting belong to the stacks that are looped. A stack with 1 loop is a plain one.
- Copy gate: each layer has a second feed-forward block beside its own, which reads the same and
  whose sigmoid g mixes the layer's output with its input, g new + (1 - g) old, coordinate by
  coordinate. Its hidden width is the layer's; its last bias starts at `gate_bias`, -3 as in Csordas
  et al., so that at first states are almost copied.
- ACT: equations and order in `halting.loop_adaptively`; threshold, penalty and first bias are those
  of Dehghani et al.'s code (tensor2tensor). A halted token's state is copied from loop to loop, as
  the paper says, and other tokens go on attending to it.
- The penalty is the mean remainder over the tokens that are not padding, of both stacks together.
  The number of loops, also part of Graves's ponder cost, is left out: it has no gradient.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ..core import InputError, at_least
from ..core.checks import MOST_LAYERS
from ..encodings import Encoding
from .base import Choices, ModelConfig
from .halting import Halting, Looped, loop, loop_adaptively
from .layers import Gate, Memory
from .question import Question
from .seq2seq import teacher_forced
from .transformer import (
    Seq2SeqTransformer,
    TransformerCache,
    TransformerConfig,
)


@dataclass(frozen=True, kw_only=True)
class UniversalConfig(TransformerConfig):
    """A transformer, how often each stack is looped, and what may end a token's looping."""

    encoder_loops: int = 1
    """Passes through the encoder's layers; 1 is a plain encoder."""
    decoder_loops: int = 1
    gating: Literal["none", "copy", "act"] = "none"
    """For looped stacks. copy: gates between a layer's output and its input; act: adaptive
    computation time, with the loops above at most."""
    gate_bias: float = -3.0
    """Where the copy gates' last bias starts; sigmoid(-3) is 5% of the update."""
    halting_threshold: float = 0.99
    """A token halts when its halting probabilities sum to this."""
    halting_bias: float = 1.0
    """Where the halting unit's bias starts; sigmoid(1) is a probability of 0.73 each loop."""
    ponder_cost: float = 0.01
    """Multiple of the mean remainder that is added to the mean loss a token."""

    def __post_init__(self) -> None:
        super().__post_init__()
        loops = {"encoder_loops": self.encoder_loops, "decoder_loops": self.decoder_loops}
        at_least(1, MOST_LAYERS, **loops)
        at_least(-100, 100, gate_bias=self.gate_bias, halting_bias=self.halting_bias)
        if self.gating != "none" and self.encoder_loops == self.decoder_loops == 1:
            raise InputError(
                f"gating is {self.gating!r} but neither stack is looped; "
                "give more encoder_loops or decoder_loops, or gating 'none'"
            )
        if not 0 < self.halting_threshold <= 1:
            raise InputError(
                f"halting_threshold is {self.halting_threshold}; give a sum of probabilities "
                "above 0, at most 1"
            )
        at_least(0, ponder_cost=self.ponder_cost)

    @property
    def loops(self) -> tuple[int, int]:
        return self.encoder_loops, self.decoder_loops

    @property
    def gated(self) -> tuple[bool, bool]:
        encoder, decoder = (self.gating == "copy" and loops > 1 for loops in self.loops)
        return encoder, decoder

    def build(
        self, input_encoding: Encoding, output_encoding: Encoding, seed: int
    ) -> "UniversalTransformer":
        return UniversalTransformer(self, input_encoding, output_encoding, seed)


ModelConfig.registry.register("universal", UniversalConfig)


@dataclass(frozen=True)
class UniversalMemory(Memory):
    """What the encoder hands over, and what it cost."""

    remainder: Tensor | None
    """Mean over the tokens that are not padding; None without adaptive computation time."""


class UniversalTransformer(Seq2SeqTransformer):
    """`Seq2SeqTransformer` with looped stacks: the same parameters, and those of the gates."""

    config: UniversalConfig

    def _add_parts(self) -> None:
        config = self.config
        self.encoder_halting, self.decoder_halting = (
            Halting(size.width, config.halting_bias)
            if loops > 1 and config.gating == "act"
            else None
            for size, loops in zip((config.encoder, config.decoder), config.loops, strict=True)
        )

    def _start_parts(self) -> None:
        for part in self.modules():
            if isinstance(part, Gate):
                nn.init.constant_(part.down.bias, self.config.gate_bias)

    def forward(
        self,
        question: Question,
        outputs: Int[Tensor, "B T"],
        select: Bool[Tensor, "B T"] | None = None,
    ) -> Float[Tensor, "*K V"]:
        return self._run(question, outputs, select)[0]

    def choices(self, question: Question, outputs: Int[Tensor, "B T"]) -> list[Choices]:
        shifted, select, targets = teacher_forced(outputs, question.padded)
        logits, remainders = self._run(question, shifted, select)
        penalty = None
        if remainders:
            penalty = torch.stack(remainders).sum() * (self.config.ponder_cost * len(targets))
        return [Choices(logits.flatten(0, -2), targets, penalty=penalty)]

    def encode(self, question: Question) -> UniversalMemory:
        x_BGD, mask_B11G = self._embed(question.ids, question.padded)
        found = self._loop(
            x_BGD,
            lambda _, x_BGD: self._encode(x_BGD, mask_B11G),
            self.config.encoder_loops,
            self.encoder_halting,
        )
        real_BG = None if mask_B11G is None else mask_B11G[:, 0, 0]
        remainder = _mean(found.remainder_BL, real_BG)
        return UniversalMemory(self.encoder_norm(found.state_BLD), mask_B11G, remainder)

    def step(
        self, tokens: Int[Tensor, " B"], position: int, cache: TransformerCache
    ) -> Float[Tensor, "B V"]:
        layers = len(self.decoder_layers)
        found = self._loop(
            self.decoder_embedding(tokens[:, None], first=position),
            lambda n, x_B1D: self._step(
                x_B1D, position, cache.own_2BHTE[n * layers : (n + 1) * layers], cache
            ),
            self.config.decoder_loops,
            self.decoder_halting,
        )
        return self._logits(found.state_BLD[:, 0])

    def _run(
        self,
        question: Question,
        outputs: Int[Tensor, "B T"],
        select: Bool[Tensor, "B T"] | None,
    ) -> tuple[Float[Tensor, "*K V"], list[Tensor]]:
        """What `forward` returns, and the mean remainder of each stack that halts adaptively."""
        memory = self.encode(question)
        cross_2BHGE = self._cross(memory)
        found = self._loop(
            self.decoder_embedding(outputs),
            lambda _, x_BTD: self._decode(x_BTD, cross_2BHGE, memory),
            self.config.decoder_loops,
            self.decoder_halting,
        )
        state = found.state_BLD if select is None else found.state_BLD[select]
        remainders = (memory.remainder, _mean(found.remainder_BL, select))
        return self._logits(state), [found for found in remainders if found is not None]

    def _loop(
        self,
        x_BLD: Tensor,
        once: Callable[[int, Tensor], Tensor],
        loops: int,
        halting: Halting | None,
    ) -> Looped:
        if halting is None:
            return loop(x_BLD, once, loops)
        return loop_adaptively(x_BLD, once, loops, halting, self.config.halting_threshold)


def _mean(values_BL: Tensor | None, real_BL: Tensor | None) -> Tensor | None:
    """The mean over the positions that are real (None: all); None of no values."""
    if values_BL is None:
        return None
    if real_BL is None:
        return values_BL.mean()
    return (values_BL * real_BL).sum() / real_BL.sum()
