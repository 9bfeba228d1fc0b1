"""Models that write token by token, and greedy decoding with any of them.

Shapes: B batch, L input tokens, T output tokens, K selected output positions, V output vocabulary.
"""

from abc import abstractmethod
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ..core import InputError
from ..encodings import EOS, PAD
from .base import Choices, Model

# On an accelerator, asking whether every row has ended waits for all the work queued so far.
_STEPS_BETWEEN_CHECKS = 8


class Seq2Seq(Model):
    """A model that writes its answer token by token, each given those before it.

    Training calls it (`forward`); decoding calls `encode`, `start_cache` and then `step` for each
    token. What it remembers of the input, and from step to step (keys and values, a recurrent
    state), has a type of its own that only the model looks into.
    """

    @abstractmethod
    def forward(
        self,
        inputs: Int[Tensor, "B L"],
        outputs: Int[Tensor, "B T"],
        select: Bool[Tensor, "B T"] | None = None,
        padded: bool = False,
    ) -> Float[Tensor, "*K V"]:
        """Logits [B, T, V] of the token that follows each of `outputs`, given those before it.

        `outputs` start with <eos> (0). With `select` only the positions where it is True are
        computed to the end, in row-major order: logits [K, V]; on an accelerator, counting them
        waits for the device. `padded` says whether `inputs` may contain <pad> (1); the batch is not
        searched for it.
        """

    @abstractmethod
    def encode(self, inputs: Int[Tensor, "B L"], padded: bool = False) -> Any:
        """Read the input; returns what `start_cache` needs."""

    @abstractmethod
    def start_cache(self, memory: Any, max_length: int) -> Any:
        """What the first step needs, with room for `max_length` steps."""

    @abstractmethod
    def step(self, tokens: Int[Tensor, " B"], position: int, cache: Any) -> Float[Tensor, "B V"]:
        """Logits of the token after `tokens`, which are at `position`; updates `cache` in place."""

    def choices(
        self,
        inputs: Int[Tensor, "B L"],
        outputs: Int[Tensor, "B T"],
        padded: bool = False,
    ) -> list[Choices]:
        shifted, select, targets = teacher_forced(outputs, padded)
        logits = self(inputs, shifted, select, padded)
        return [Choices(logits.flatten(0, -2), targets)]

    def answer(
        self, inputs: Int[Tensor, "B L"], max_length: int, padded: bool = False
    ) -> Int[Tensor, "B T"]:
        return generate(self, inputs, max_length, padded)


def teacher_forced(
    outputs: Int[Tensor, "B T"], padded: bool
) -> tuple[Int[Tensor, "B T"], Bool[Tensor, "B T"] | None, Int[Tensor, " K"]]:
    """What `Seq2Seq.forward` is given to learn `outputs`, where to look, and what should be there.

    The outputs shifted by one behind an <eos>, the positions that are not <pad> (None: all), and
    the tokens there.
    """
    shifted = torch.cat([torch.full_like(outputs[:, :1], EOS), outputs[:, :-1]], dim=1)
    select = outputs != PAD if padded else None
    return shifted, select, outputs.flatten() if select is None else outputs[select]


@torch.no_grad()
def generate(
    model: Seq2Seq,
    inputs: Int[Tensor, "B L"],
    max_length: int,
    padded: bool = False,
) -> Int[Tensor, "B T"]:
    """The most likely token at each position, given those before it, for every row of a batch.

    Returns int64 [B, T], T <= max_length: each row's tokens, its <eos> if it emitted one within
    `max_length`, then <pad>. T is the length of the longest row. `padded` says whether `inputs`
    contain <pad>. Raises `InputError` if `max_length` is not positive or exceeds the model's
    positions.
    """
    if max_length < 1:
        raise InputError(f"max_length is {max_length}; give at least 1, the <eos> included")
    batch, device = inputs.shape[0], inputs.device
    steps_between_checks = 1 if device.type == "cpu" else _STEPS_BETWEEN_CHECKS
    cache = model.start_cache(model.encode(inputs, padded), max_length)
    outputs = torch.full((batch, max_length), PAD, dtype=torch.int64, device=device)
    lengths = torch.zeros(batch, dtype=torch.int64, device=device)
    ended = torch.zeros(batch, dtype=torch.bool, device=device)
    tokens = torch.full((batch,), EOS, dtype=torch.int64, device=device)
    for position in range(max_length):
        tokens = model.step(tokens, position, cache).argmax(-1).masked_fill_(ended, PAD)
        outputs[:, position] = tokens
        lengths += ~ended
        ended |= tokens == EOS
        if (position + 1) % steps_between_checks == 0 and bool(ended.all()):
            break
    return outputs[:, : int(lengths.max()) if batch else 0]
