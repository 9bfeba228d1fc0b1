"""A transformer that answers at once: one position a coefficient, in and out.

The tokens are the encodings', all of them read and all of them chosen by the model; what differs
from the paper's architecture is that the tokens of a coefficient share a position, that positions
are rows plus columns, and that the decoder asks for every coefficient of the answer in one pass,
(see `at_once`).

Shapes: B batch, L input tokens, T output tokens, G input coefficients, N output coefficients,
D width.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ..core import InputError, at_least, positive
from ..core.checks import MOST_PLACES
from ..encodings import PAD, Encoding, Task
from .at_once import AtOnce
from .base import ModelConfig, Shape, StackedConfig
from .initialise import initialise, number_embedding, start_vectors
from .layers import DecoderLayer, Memory, decoder_stack, encoder_stack
from .layout import Places, Positions, TokenLayout
from .products import Products, Sizes, stack_products
from .question import Question
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
    """Which mantissa is the answer: by the median of the model's distribution, whose expected
    absolute error is the least, the one whose target has that median; or the most likely one."""
    scale: float = 10.0
    """The usual size of the input's coefficients, for embedding="value"."""
    max_dim: int = 32
    """The largest number of rows or columns, of input or answer."""
    norm_epsilon: float = 1e-5

    def __post_init__(self) -> None:
        positive(most=1e100, scale=self.scale)
        positive(norm_epsilon=self.norm_epsilon)
        at_least(1, MOST_PLACES, max_dim=self.max_dim)

    @property
    def learned_positions(self) -> int:
        return self.max_dim**2

    def positions(self, reads: Encoding, writes: Encoding) -> Positions:
        one = Places(first=0, each=1)
        return Positions(inputs=one, asks=one, reads=one)

    def with_room(
        self, reads: Encoding, writes: Encoding, largest: Sequence[tuple[Shape, Shape]]
    ) -> ModelConfig:
        sides = [side for given, asked in largest for side in (*given, *asked)]
        return replace(self, max_dim=max(self.max_dim, *sides))

    def products(self, task: Task, batch: int) -> Products:
        length = Sizes.of(task, batch)
        reads, writes, width = task.encoder, task.decoder, self.decoder.width
        inputs = (length.inputs - reads.prefix) // reads.tokens_per_number
        outputs = (length.outputs - 1 - writes.prefix) // writes.tokens_per_number
        decided = (length.decided - 1 - writes.prefix) / writes.tokens_per_number
        followers = len(TokenLayout(writes).stages) - 1
        values = inputs * VALUE_FEATURES if self.embedding == "value" else 0
        ends = 2.0 * self.encoder.width * sum(map(len, writes.header))
        ends += 2 * decided * width * (sum(map(len, writes.slots)) + followers * width)
        stacks = stack_products(self.stacks, inputs, outputs)
        embedding = 2.0 * self.encoder.width * values
        return stacks.more(ends, [(width, width)] * followers, of_data=embedding)

    def build(
        self, input_encoding: Encoding, output_encoding: Encoding, seed: int
    ) -> "DirectTransformer":
        return DirectTransformer(self, input_encoding, output_encoding, seed)


ModelConfig.registry.register("direct", DirectConfig)


class DirectTransformer(AtOnce):
    """Answers at once; see `DirectConfig`."""

    config: DirectConfig

    def __init__(
        self,
        config: DirectConfig,
        input_encoding: Encoding,
        output_encoding: Encoding,
        seed: int,
    ) -> None:
        super().__init__(output_encoding, config.mantissa)
        encoder, decoder, epsilon = config.encoder, config.decoder, config.norm_epsilon
        self.config = config
        self.reads = TokenLayout(input_encoding)
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
        self.encoder_layers = encoder_stack(encoder, config.activation, "pre", epsilon)
        self.encoder_norm = nn.LayerNorm(encoder.width, eps=epsilon)
        self.add_header(encoder.width)
        self.output_cells = Cells(config.max_dim, decoder.width)
        self.decoder_layers = decoder_stack(
            decoder, encoder.width, config.activation, "pre", epsilon, causal=False
        )
        self.add_choices(decoder.width, epsilon)

        generator = torch.Generator().manual_seed(seed)
        initialise(self, generator)
        if config.embedding == "number":
            number_embedding(self.input_tokens, numbers, generator)
        if config.embedding != "random":
            number_embedding(self.output_tokens, output_encoding.token_numbers(), generator)

    def start_parameters(self, generator: torch.Generator) -> None:
        start_vectors(self.input_tokens, generator, zero=PAD)
        super().start_parameters(generator)

    def points(self) -> dict[str, nn.Module]:
        ends = {"encoder.embed": self.input_norm, "encoder.out": self.encoder_norm}
        return {**ends, **super().points()}

    def check(self, question: Question, outputs: Int[Tensor, "B T"] | None) -> None:
        """Whether the model has cells for matrices of these dimensions."""
        asked = [self.reads.dims(question.ids)]
        if outputs is not None:
            asked.append(self.writes.dims(outputs))
        largest = max(int(dims.max()) if len(dims) else 0 for dims in asked)
        if largest > self.config.max_dim:
            raise InputError(
                f"a matrix has {largest} rows or columns and the model takes "
                f"{self.config.max_dim}; give smaller ones or build it with a larger max_dim"
            )

    def encode(self, question: Question) -> Memory:
        ids_BL, reads = question.ids, self.reads
        numbers_BGS = reads.numbers(ids_BL)
        mask_B11G = (numbers_BGS[..., 0] != PAD)[:, None, None, :] if question.padded else None
        columns_B = reads.dims(ids_BL)[:, 1]
        header_BD = F.embedding(ids_BL[:, : len(reads.header)], self.input_tokens).sum(1)
        if self.input_values is None:
            x_BGD = F.embedding(numbers_BGS, self.input_tokens).sum(2)
        else:
            x_BGD = self.input_values(numbers_BGS)
        x_BGD = x_BGD + header_BD[:, None] + self.input_cells(numbers_BGS.shape[1], columns_B)
        x_BGD = self.input_norm(x_BGD)
        for layer in self.encoder_layers:
            x_BGD = layer(x_BGD, mask_B11G)
        return Memory(self.encoder_norm(x_BGD), mask_B11G)

    def decode(
        self,
        memory: Memory,
        dims_B2: Int[Tensor, "B 2"],
        count: int,
        real_BN: Bool[Tensor, "B N"] | None,
    ) -> Float[Tensor, "B N D"]:
        own_mask = None if real_BN is None else real_BN[:, None, None, :]
        # Vectors of norm about 1, asked with the weight of a normalised state.
        x_BND: Tensor = self.output_cells(count, dims_B2[:, 1]) * self.config.decoder.width**0.5
        for layer in self.decoder_layers:
            assert isinstance(layer, DecoderLayer)
            keys_values = layer.cross.keys_values(memory.hidden_BGD)
            x_BND = layer(x_BND, keys_values, memory.mask_B11G, own_mask)
        return x_BND
