"""Models that write token by token, and greedy decoding with any of them.

Shapes: B batch, L input tokens, T output tokens, K selected output positions, V output vocabulary.
"""

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ..encodings import EOS, PAD
from .base import Choices, TokenModel, check_length, recorded
from .hooked import HookedPass, Hooks
from .hooks import hooked
from .question import Question

# On an accelerator, asking whether every row has ended waits for all the work queued so far.
_STEPS_BETWEEN_CHECKS = 8


class Seq2Seq(TokenModel):
    """A model that writes its answer token by token, each given those before it.

    Training calls it (`forward`); decoding calls `encode`, `start_cache` and then `step` for each
    token. What it remembers of the input, and from step to step (keys and values, a recurrent
    state), has a type of its own that only the model looks into.
    """

    @abstractmethod
    def forward(
        self,
        question: Question,
        outputs: Int[Tensor, "B T"],
        select: Bool[Tensor, "B T"] | None = None,
    ) -> Float[Tensor, "*K V"]:
        """Logits [B, T, V] of the token that follows each of `outputs`, given those before it.

        `outputs` start with <eos> (0). With `select` only the positions where it is True are
        computed to the end, in row-major order: logits [K, V]; on an accelerator, counting them
        waits for the device.
        """

    @abstractmethod
    def encode(self, question: Question) -> Any:
        """Read the question; returns what `start_cache` needs."""

    @abstractmethod
    def start_cache(self, memory: Any, max_length: int) -> Any:
        """What the first step needs, with room for `max_length` steps."""

    @abstractmethod
    def step(self, tokens: Int[Tensor, " B"], position: int, cache: Any) -> Float[Tensor, "B V"]:
        """Logits of the token after `tokens`, which are at `position`; updates `cache` in place."""

    def choices(self, question: Question, outputs: Int[Tensor, "B T"]) -> list[Choices]:
        shifted, select, targets = teacher_forced(outputs, question.padded)
        logits = self(question, shifted, select)
        return [Choices(logits.flatten(0, -2), targets)]

    def answer(self, question: Question, max_length: int) -> Int[Tensor, "B T"]:
        return generate(self, question, max_length)

    def points(self) -> dict[str, nn.Module]:
        return {"logits": self}

    @torch.no_grad()
    def run_with_cache(
        self, question: Question, max_length: int
    ) -> tuple[Int[Tensor, "B T"], dict[str, Tensor]]:
        # Decoding keeps keys and values of earlier steps; all steps at once is one pass to record.
        answer, run = self.answer(question, max_length), HookedPass()
        with hooked(self, self.points(), run):
            self(question, teacher_forced(answer, False)[0])
        return answer, recorded(self, run)

    @torch.no_grad()
    def run_with_hooks(
        self, question: Question, hooks: Hooks, max_length: int
    ) -> Int[Tensor, "B T"]:
        run, written = HookedPass(hooks), list[Tensor]()

        def step(tokens: Tensor, position: int) -> Tensor:
            written.append(tokens)
            with hooked(self, self.points(), run):
                logits: Tensor = self(question, torch.stack(written, 1))
            run.finish()
            return logits[:, -1]

        return greedy(step, len(question), max_length, next(self.parameters()).device)


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
def generate(model: Seq2Seq, question: Question, max_length: int) -> Int[Tensor, "B T"]:
    """The most likely token at each position, given those before it, for every row of a batch.

    Returns int64 [B, T], T <= max_length: each row's tokens, its <eos> if it emitted one within
    `max_length`, then <pad>. T is the length of the longest row. Raises `InputError` if
    `max_length` is not positive or exceeds the model's positions.
    """
    check_length(max_length)
    cache = model.start_cache(model.encode(question), max_length)
    step = partial(model.step, cache=cache)
    return greedy(step, len(question), max_length, next(model.parameters()).device)


def greedy(
    step: Callable[[Tensor, int], Tensor], batch: int, max_length: int, device: torch.device
) -> Int[Tensor, "B T"]:
    """See `generate`; `step` maps the tokens at a position to the logits of those that follow."""
    check_length(max_length)
    steps_between_checks = 1 if device.type == "cpu" else _STEPS_BETWEEN_CHECKS
    outputs = torch.full((batch, max_length), PAD, dtype=torch.int64, device=device)
    lengths = torch.zeros(batch, dtype=torch.int64, device=device)
    ended = torch.zeros(batch, dtype=torch.bool, device=device)
    tokens = torch.full((batch,), EOS, dtype=torch.int64, device=device)
    for position in range(max_length):
        tokens = step(tokens, position).argmax(-1).masked_fill_(ended, PAD)
        outputs[:, position] = tokens
        lengths += ~ended
        ended |= tokens == EOS
        if (position + 1) % steps_between_checks == 0 and bool(ended.all()):
            break
    return outputs[:, : int(lengths.max()) if batch else 0]
