"""Answering at once: the size of the answer first, then all of its coefficients side by side.

For problems whose answer is a function of the input: no coefficient has to know how another was
chosen. Within a coefficient, sign and exponent are chosen first and the mantissa is chosen knowing
them: 9.99 and 10.0 are neighbours, but not token by token.

Shapes: B batch, T output tokens, P tokens before the coefficients, G input positions, N output
coefficients, S tokens a coefficient, D width, K decisions, W words.
"""

from abc import abstractmethod
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor, nn

from ..encodings import EOS, PAD, Encoding, median_bounds
from .base import Choices, TokenModel, check_length
from .cpu import linear
from .initialise import start_vectors
from .layers import Linear, Memory
from .layout import TokenLayout
from .question import Question


class AtOnce(TokenModel):
    """A model that answers at once, whatever reads the question.

    A subclass writes `encode`, which reads, and `decode`, which gives each coefficient of the
    answer a state. Its constructor calls `add_header` and `add_choices`, and `initialise` at its
    end. One that knows the size of the answer writes `header_logits` in place of `add_header`.
    """

    header: Linear
    decoder_norm: nn.LayerNorm
    given: nn.ModuleList
    given_norm: nn.Module
    output_tokens: nn.Parameter
    output_bias: nn.Parameter

    def __init__(
        self, output_encoding: Encoding, mantissa: Literal["median", "mode"] = "median"
    ) -> None:
        super().__init__()
        self.writes = TokenLayout(output_encoding)
        self.mantissa = mantissa
        self._encoding = output_encoding
        self.aim(0.0)

    def aim(self, soft_width: float) -> None:
        super().aim(soft_width)
        for place in self.writes.mantissas:
            bounds = median_bounds(self._encoding, soft_width, self.writes.slots[place])
            device = next((p.device for p in self.parameters()), None)
            name, tensor = _bounds(place), torch.from_numpy(bounds).to(device)
            self.register_buffer(name, tensor, persistent=False)

    @abstractmethod
    def encode(self, question: Question) -> Memory:
        """The question as states; the mean of those that are real decides the header."""

    @abstractmethod
    def decode(
        self,
        memory: Memory,
        dims_B2: Int[Tensor, "B 2"],
        count: int,
        real_BN: Bool[Tensor, "B N"] | None,
    ) -> Float[Tensor, "B N D"]:
        """States of the first `count` coefficients, row by row, of answers of `dims`.

        `real_BN` says which of them are in the answers (None: all).
        """

    def check(self, question: Question, outputs: Int[Tensor, "B T"] | None) -> None:
        """Refuse matrices that are too large, if some are."""

    def add_header(self, width: int) -> None:
        """Make what chooses the tokens before the coefficients, from a state of `encode`."""
        self.header = Linear(width, sum(map(len, self.writes.header)))

    def add_choices(self, width: int, epsilon: float = 1e-5) -> None:
        """Make what chooses the tokens of a coefficient, from a state of `decode`."""
        self.decoder_norm = nn.LayerNorm(width, eps=epsilon)
        # A map for each decision that follows others about the same coefficient.
        followers = len(self.writes.stages) - 1
        self.given = nn.ModuleList(Linear(width, width) for _ in range(followers))
        self.given_norm = nn.LayerNorm(width, eps=epsilon) if followers else nn.Identity()
        self.output_tokens = nn.Parameter(torch.empty(self.writes.words, width))
        self.output_bias = nn.Parameter(torch.zeros(self.writes.words))

    def start_parameters(self, generator: torch.Generator) -> None:
        start_vectors(self.output_tokens, generator, zero=PAD)

    def points(self) -> dict[str, nn.Module]:
        return {"decoder.out": self.decoder_norm}

    def choices(self, question: Question, outputs: Int[Tensor, "B T"]) -> list[Choices]:
        if outputs.device.type == "cpu":  # on an accelerator, looking would wait for it
            self.check(question, outputs)
        writes, memory = self.writes, self.encode(question)
        found: list[Choices] = []
        for slot, logits_BW in zip(writes.header, self.header_logits(memory), strict=True):
            found.append(Choices(logits_BW, outputs[:, len(found)], slot.start))
        # The last token is <eos>, or padding: where an answer ends follows from its dimensions.
        numbers_BNS = writes.numbers(outputs[:, :-1])
        real_BN = None
        if question.padded:
            real_BN = (numbers_BNS[..., 0] != PAD) & (numbers_BNS[..., 0] != EOS)
        count = numbers_BNS.shape[1]
        hidden_BND = self.decode(memory, writes.dims(outputs), count, real_BN)
        tokens_KS = numbers_BNS.flatten(0, 1) if real_BN is None else numbers_BNS[real_BN]
        hidden_KD = hidden_BND.flatten(0, 1) if real_BN is None else hidden_BND[real_BN]
        z_KD = self.decoder_norm(hidden_KD)
        known: list[Tensor] = []
        for stage, places in enumerate(writes.stages):
            state_KD = self._state(stage, z_KD, known)
            for place in places:
                slot = writes.slots[place]
                found.append(Choices(self._logits(state_KD, slot), tokens_KS[:, place], slot.start))
                known.append(tokens_KS[:, place])
        return found

    @torch.no_grad()
    def answer(self, question: Question, max_length: int) -> Int[Tensor, "B T"]:
        writes, device = self.writes, self.output_bias.device
        check_length(max_length)
        if not len(question):
            return torch.empty(0, 0, dtype=torch.int64, device=device)
        self.check(question, None)
        memory = self.encode(question)
        header = zip(writes.header, self.header_logits(memory), strict=True)
        header_BP = torch.stack([logits.argmax(-1) + slot.start for slot, logits in header], 1)
        size_B = writes.dims(header_BP).prod(1)
        # Answers that the model makes longer than asked for are cut off, without an <eos>: no use.
        most = max(1, -(-(max_length - len(writes.header)) // len(writes.slots)))
        count = min(int(size_B.max()), most)
        real_BN = None
        if int(size_B.min()) < count:
            real_BN = torch.arange(count, device=device) < size_B[:, None]
        z_BND = self.decoder_norm(self.decode(memory, writes.dims(header_BP), count, real_BN))
        tokens: dict[int, Tensor] = {}
        for stage, places in enumerate(writes.stages):
            state_BND = self._state(stage, z_BND, list(tokens.values()))
            for place in places:
                slot = writes.slots[place]
                tokens[place] = self.read(place, self._logits(state_BND, slot)) + slot.start
        numbers_BNS = torch.stack([tokens[place] for place in range(len(writes.slots))], -1)
        ids_BT = torch.cat([header_BP, numbers_BNS.flatten(1), header_BP[:, :1]], 1)
        place_T = torch.arange(ids_BT.shape[1], device=device)
        end_B1 = (len(writes.header) + size_B * len(writes.slots))[:, None]
        ids_BT = ids_BT.masked_fill(place_T == end_B1, EOS).masked_fill(place_T > end_B1, PAD)
        return ids_BT[:, :max_length]

    def read(self, place: int, logits: Float[Tensor, "*N W"]) -> Int[Tensor, "*N"]:
        """The likeliest word; of a mantissa that whose target has the nearest median, if so set."""
        if self.mantissa == "mode" or place not in self.writes.mantissas:
            return super().read(place, logits)
        return torch.searchsorted(self.get_buffer(_bounds(place)), _median(logits))

    def header_logits(self, memory: Memory) -> tuple[Tensor, ...]:
        """Logits [B, W] of each token before the answer's coefficients."""
        if memory.mask_B11G is None:
            mean_BD = memory.hidden_BGD.mean(1)
        else:
            weight_BG1 = memory.mask_B11G[:, 0, 0, :, None].to(memory.hidden_BGD.dtype)
            mean_BD = (memory.hidden_BGD * weight_BG1).sum(1) / weight_BG1.sum(1)
        logits: Tensor = self.header(mean_BD)
        return torch.split(logits, [len(slot) for slot in self.writes.header], -1)

    def _state(self, stage: int, z: Tensor, known: list[Tensor]) -> Tensor:
        """What decides the tokens of a stage: z, and the tokens of the coefficient known so far."""
        if stage == 0:
            return z
        embedded = torch.stack([F.embedding(ids, self.output_tokens) for ids in known]).sum(0)
        # Embeddings have norm 1 and z has norm sqrt(D): scaled, they carry about the same weight.
        mixed = z + embedded * (z.shape[-1] ** 0.5 / 2)
        state: Tensor = self.given_norm(z + self.given[stage - 1](F.gelu(mixed)))
        return state

    def _logits(self, state: Tensor, slot: range) -> Tensor:
        words = slice(slot.start, slot.stop)
        return linear(state, self.output_tokens[words], self.output_bias[words])


def _median(logits: Float[Tensor, "*N W"]) -> Float64[Tensor, "*N"]:
    """Where half of the probability is reached, that of word k spread from k - 1/2 to k + 1/2."""
    share = logits.float().softmax(-1)
    below = share.cumsum(-1)
    half = below[..., -1:] / 2
    at = torch.searchsorted(below, half)
    over = (below.gather(-1, at) - half).double() / share.gather(-1, at)
    return (at + 0.5 - over.clamp(0, 1)).squeeze(-1)


def _bounds(place: int) -> str:
    """The name of the buffer of `median_bounds`."""
    return f"bounds_{place}"
