"""Greedy decoding of whole batches, for any model that can take one step.

Shapes: B batch, L input tokens, T output tokens, V output vocabulary.
"""

import torch
from jaxtyping import Int
from torch import Tensor

from ..core import InputError
from ..encodings import EOS, PAD
from .base import Seq2Seq

# On an accelerator, asking whether every row has ended waits for all the work queued so far.
_STEPS_BETWEEN_CHECKS = 8


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
