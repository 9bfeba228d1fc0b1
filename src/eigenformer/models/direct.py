"""A transformer that answers at once: one position a coefficient, in and out.

The tokens are the encodings', all of them read and all of them chosen by the model; what differs
from the paper's architecture is that the tokens of a coefficient share a position, that positions
are rows plus columns, and that the decoder asks for every coefficient of the answer in one pass,
which is right for problems whose answer is a function of the input: no coefficient has to know how
another was chosen. Within a coefficient, sign and exponent are chosen first and the mantissa is
chosen knowing them: 9.99 and 10.0 are neighbours, but not token by token.

Shapes: B batch, L input tokens, T output tokens, G input coefficients, N output coefficients,
D width, K decisions, W words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ..core import InputError
from ..encodings import EOS, PAD, Task
from .base import Choices, EncodingLike, Model, ModelConfig, Shape
from .cpu import linear
from .initialise import initialise, number_embedding, start_vectors
from .layers import DecoderLayer, EncoderLayer, Linear
from .positions import Places, Positions
from .products import Products, Sizes, stack_products
from .stacked import StackedConfig
from .values import VALUE_FEATURES, Cells, ValueEmbedding


@dataclass(frozen=True, kw_only=True)
class DirectConfig(StackedConfig):
    """An encoder over the coefficients of the input and a decoder over those of the answer.

    Always with layer norms before each block, and one more at the end of both stacks.
    """

    at_once: ClassVar[bool] = True

    activation: Literal["relu", "gelu"] = "gelu"
    embedding: Literal["random", "number", "value"] = "value"
    """Of a coefficient: the sum of its tokens' vectors, which start random or as Fourier features
    of what the token stands for, or a linear map of features of the value that the tokens spell.
    The output's tokens have vectors always: random, or else Fourier features."""
    mantissa: Literal["median", "mode"] = "median"
    """Which mantissa is the answer: the median of the model's distribution, whose expected absolute
    error is the least, or its most likely one."""
    scale: float = 10.0
    """The usual size of the input's coefficients, for embedding="value"."""
    max_dim: int = 32
    """The largest number of rows or columns, of input or answer."""
    norm_epsilon: float = 1e-5

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise InputError(f"scale is {self.scale}; give the coefficients' usual size")
        if self.max_dim < 1:
            raise InputError(f"max_dim is {self.max_dim}; give at least 1")
        if not self.norm_epsilon > 0:
            raise InputError(f"norm_epsilon is {self.norm_epsilon}; give a positive number")

    def positions(self, reads: EncodingLike, writes: EncodingLike) -> Positions:
        one = Places(first=0, each=1)
        return Positions(inputs=one, asks=one, reads=one)

    def with_room(
        self, reads: EncodingLike, writes: EncodingLike, largest: Sequence[tuple[Shape, Shape]]
    ) -> ModelConfig:
        sides = [side for given, asked in largest for side in (*given, *asked)]
        return replace(self, max_dim=max(self.max_dim, *sides))

    def products(self, task: Task, batch: int) -> Products:
        length = Sizes.of(task, batch)
        reads, writes, width = task.encoder, task.decoder, self.decoder.width
        inputs = (length.inputs - reads.prefix) // reads.tokens_per_number
        outputs = (length.outputs - 1 - writes.prefix) // writes.tokens_per_number
        decided = (length.decided - 1 - writes.prefix) / writes.tokens_per_number
        followers = len(_Layout(writes).stages) - 1
        embedding = inputs * VALUE_FEATURES if self.embedding == "value" else 0
        ends = 2.0 * self.encoder.width * (embedding + sum(map(len, writes.header)))
        ends += 2 * decided * width * (sum(map(len, writes.slots)) + followers * width)
        stacks = stack_products(self.stacks, inputs, outputs)
        return stacks.more(ends, [(width, width)] * followers)

    def build(
        self, input_encoding: EncodingLike, output_encoding: EncodingLike, seed: int
    ) -> "DirectTransformer":
        return DirectTransformer(self, input_encoding, output_encoding, seed)


ModelConfig.registry.register("direct", DirectConfig)


class DirectTransformer(Model):
    """Answers at once; see `DirectConfig`."""

    config: DirectConfig

    def __init__(
        self,
        config: DirectConfig,
        input_encoding: EncodingLike,
        output_encoding: EncodingLike,
        seed: int,
    ) -> None:
        super().__init__()
        encoder, decoder, epsilon = config.encoder, config.decoder, config.norm_epsilon
        self.config = config
        self.reads = _Layout(input_encoding)
        self.writes = _Layout(output_encoding)
        numbers = input_encoding.token_numbers()
        self.input_values = (
            ValueEmbedding(numbers, encoder.width, config.scale)
            if config.embedding == "value"
            else None
        )
        # With values, only the tokens before the first coefficient are looked up here.
        words = input_encoding.first_number if self.input_values else self.reads.words
        self.input_tokens = nn.Parameter(torch.empty(words, encoder.width))
        self.input_cells = Cells(config.max_dim, encoder.width)
        self.input_norm = nn.LayerNorm(encoder.width, eps=epsilon)
        self.encoder_layers = nn.ModuleList(
            EncoderLayer(
                width=encoder.width,
                heads=encoder.heads,
                hidden=encoder.feed_forward_width,
                activation=config.activation,
                norm="pre",
                epsilon=epsilon,
            )
            for _ in range(encoder.layers)
        )
        self.encoder_norm = nn.LayerNorm(encoder.width, eps=epsilon)
        self.header = Linear(encoder.width, sum(map(len, self.writes.header)))
        self.output_cells = Cells(config.max_dim, decoder.width)
        self.decoder_layers = nn.ModuleList(
            DecoderLayer(
                width=decoder.width,
                heads=decoder.heads,
                hidden=decoder.feed_forward_width,
                memory_width=encoder.width,
                activation=config.activation,
                norm="pre",
                query_layer_input=False,
                epsilon=epsilon,
                causal=False,
            )
            for _ in range(decoder.layers)
        )
        self.decoder_norm = nn.LayerNorm(decoder.width, eps=epsilon)
        # A map for each decision that follows others about the same coefficient.
        followers = len(self.writes.stages) - 1
        self.given = nn.ModuleList(Linear(decoder.width, decoder.width) for _ in range(followers))
        self.given_norm = nn.LayerNorm(decoder.width, eps=epsilon) if followers else nn.Identity()
        self.output_tokens = nn.Parameter(torch.empty(self.writes.words, decoder.width))
        self.output_bias = nn.Parameter(torch.zeros(self.writes.words))

        generator = torch.Generator().manual_seed(seed)
        initialise(self, generator)
        if config.embedding == "number":
            number_embedding(self.input_tokens, numbers, generator)
        if config.embedding != "random":
            number_embedding(self.output_tokens, output_encoding.token_numbers(), generator)

    def start_parameters(self, generator: torch.Generator) -> None:
        for tokens in (self.input_tokens, self.output_tokens):
            start_vectors(tokens, generator, zero=PAD)

    def choices(
        self,
        inputs: Int[Tensor, "B L"],
        outputs: Int[Tensor, "B T"],
        padded: bool = False,
    ) -> list[Choices]:
        if inputs.device.type == "cpu":  # on an accelerator, looking would wait for it
            self._check(inputs, outputs)
        memory_BGD, mask_B11G = self._encode(inputs, padded)
        writes = self.writes
        found: list[Choices] = []
        for slot, logits_BW in zip(writes.header, self._header(memory_BGD, mask_B11G), strict=True):
            found.append(Choices(logits_BW, outputs[:, len(found)], slot.start))
        # The last token is <eos>, or padding: where an answer ends follows from its dimensions.
        numbers_BNS = writes.numbers(outputs[:, :-1])
        real_BN = None
        if padded:
            real_BN = (numbers_BNS[..., 0] != PAD) & (numbers_BNS[..., 0] != EOS)
        hidden_BND = self._decode(memory_BGD, mask_B11G, outputs, numbers_BNS.shape[1], real_BN)
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
    def answer(
        self, inputs: Int[Tensor, "B L"], max_length: int, padded: bool = False
    ) -> Int[Tensor, "B T"]:
        writes = self.writes
        if max_length < 1:
            raise InputError(f"max_length is {max_length}; give at least 1, the <eos> included")
        if not len(inputs):
            return inputs.new_empty(0, 0)
        self._check(inputs)
        memory_BGD, mask_B11G = self._encode(inputs, padded)
        header_BP = torch.stack(
            [
                logits_BW.argmax(-1) + slot.start
                for slot, logits_BW in zip(
                    writes.header, self._header(memory_BGD, mask_B11G), strict=True
                )
            ],
            1,
        )
        size_B = writes.dims(header_BP).prod(1)
        # Answers that the model makes longer than asked for are cut off, without an <eos>: no use.
        most = max(1, -(-(max_length - len(writes.header)) // len(writes.slots)))
        count = min(int(size_B.max()), most)
        real_BN = None
        if int(size_B.min()) < count:
            real_BN = torch.arange(count, device=inputs.device) < size_B[:, None]
        hidden_BND = self._decode(memory_BGD, mask_B11G, header_BP, count, real_BN)
        z_BND = self.decoder_norm(hidden_BND)
        tokens: dict[int, Tensor] = {}
        for stage, places in enumerate(writes.stages):
            state_BND = self._state(stage, z_BND, list(tokens.values()))
            for place in places:
                slot = writes.slots[place]
                logits_BNW = self._logits(state_BND, slot)
                if self.config.mantissa == "median" and place in writes.mantissas:
                    tokens[place] = _median(logits_BNW) + slot.start
                else:
                    tokens[place] = logits_BNW.argmax(-1) + slot.start
        numbers_BNS = torch.stack([tokens[place] for place in range(len(writes.slots))], -1)
        ids_BT = torch.cat([header_BP, numbers_BNS.flatten(1), header_BP[:, :1]], 1)
        place_T = torch.arange(ids_BT.shape[1], device=ids_BT.device)
        end_B1 = (len(writes.header) + size_B * len(writes.slots))[:, None]
        ids_BT = ids_BT.masked_fill(place_T == end_B1, EOS).masked_fill(place_T > end_B1, PAD)
        return ids_BT[:, :max_length]

    def _check(self, inputs_BL: Tensor, outputs_BT: Tensor | None = None) -> None:
        """Whether the model has cells for matrices of these dimensions."""
        asked = [self.reads.dims(inputs_BL)]
        if outputs_BT is not None:
            asked.append(self.writes.dims(outputs_BT))
        largest = max(int(dims.max()) if len(dims) else 0 for dims in asked)
        if largest > self.config.max_dim:
            raise InputError(
                f"a matrix has {largest} rows or columns and the model takes "
                f"{self.config.max_dim}; give smaller ones or build it with a larger max_dim"
            )

    def _encode(
        self, inputs_BL: Int[Tensor, "B L"], padded: bool
    ) -> tuple[Float[Tensor, "B G D"], Bool[Tensor, "B 1 1 G"] | None]:
        reads = self.reads
        numbers_BGS = reads.numbers(inputs_BL)
        mask_B11G = (numbers_BGS[..., 0] != PAD)[:, None, None, :] if padded else None
        dims_B2 = reads.dims(inputs_BL)
        header_BD = F.embedding(inputs_BL[:, : len(reads.header)], self.input_tokens).sum(1)
        if self.input_values is None:
            x_BGD = F.embedding(numbers_BGS, self.input_tokens).sum(2)
        else:
            x_BGD = self.input_values(numbers_BGS)
        x_BGD = x_BGD + header_BD[:, None] + self.input_cells(numbers_BGS.shape[1], dims_B2[:, 1])
        x_BGD = self.input_norm(x_BGD)
        for layer in self.encoder_layers:
            x_BGD = layer(x_BGD, mask_B11G)
        return self.encoder_norm(x_BGD), mask_B11G

    def _header(self, memory_BGD: Tensor, mask_B11G: Tensor | None) -> tuple[Tensor, ...]:
        """Logits [B, W] of each token before the answer's coefficients."""
        if mask_B11G is None:
            mean_BD = memory_BGD.mean(1)
        else:
            weight_BG1 = mask_B11G[:, 0, 0, :, None].to(memory_BGD.dtype)
            mean_BD = (memory_BGD * weight_BG1).sum(1) / weight_BG1.sum(1)
        logits: Tensor = self.header(mean_BD)
        return torch.split(logits, [len(slot) for slot in self.writes.header], -1)

    def _decode(
        self,
        memory_BGD: Tensor,
        mask_B11G: Tensor | None,
        header_BP: Tensor,
        count: int,
        real_BN: Tensor | None,
    ) -> Float[Tensor, "B N D"]:
        """States of `count` coefficients, of which `real_BN` (None: all) are in the answers."""
        own_mask = None if real_BN is None else real_BN[:, None, None, :]
        columns_B = self.writes.dims(header_BP)[:, 1]
        # Vectors of norm about 1, asked with the weight of a normalised state.
        x_BND: Tensor = self.output_cells(count, columns_B) * self.config.decoder.width**0.5
        for layer in self.decoder_layers:
            assert isinstance(layer, DecoderLayer)
            x_BND = layer(x_BND, layer.cross.keys_values(memory_BGD), mask_B11G, own_mask)
        return x_BND

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


def _median(logits: Float[Tensor, "*N W"]) -> Int[Tensor, "*N"]:
    """The first index at which half of the probability is reached."""
    below = logits.float().softmax(-1).cumsum(-1)
    return (below < below[..., -1:] / 2).sum(-1)


class _Layout:
    """What the model knows of an encoding: where tokens stand, and which words may stand there."""

    def __init__(self, encoding: EncodingLike) -> None:
        self.words = len(encoding.vocabulary)
        self.header = encoding.header
        self.slots = encoding.slots
        self.first_dim = encoding.first_dim
        mantissa = encoding.token_numbers().mantissa
        places = range(len(self.slots))
        self.mantissas = [i for i in places if not np.isnan(mantissa[self.slots[i].start])]
        """Places of mantissas or their digits; words there are in the order of what they mean."""
        others = [i for i in places if i not in self.mantissas]
        self.stages = [stage for stage in (others, *([i] for i in self.mantissas)) if stage]
        """Places of a coefficient in the order in which they are chosen, some at once."""

    def numbers(self, ids_BL: Tensor) -> Int[Tensor, "B G S"]:
        """The tokens of the coefficients; an `InputError` if they don't make whole ones."""
        numbers = ids_BL.shape[1] - len(self.header)
        if numbers < 0 or numbers % len(self.slots):
            raise InputError(
                f"a sequence has {ids_BL.shape[1]} tokens, not {len(self.header)} and a multiple "
                f"of {len(self.slots)}; encode it with the encoding that the model was built for"
            )
        return ids_BL[:, len(self.header) :].reshape(len(ids_BL), -1, len(self.slots))

    def dims(self, ids_BL: Tensor) -> Int[Tensor, "B 2"]:
        """Rows and columns that the header names."""
        end = len(self.header)
        return ids_BL[:, end - 2 : end] - (self.first_dim - 1)
