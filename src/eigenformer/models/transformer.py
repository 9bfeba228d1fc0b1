"""The sequence-to-sequence transformer of Charton (2022), and the variants that train faster.

Shapes: B batch, L input tokens, G input positions (L, or fewer where the tokens of a coefficient
are summed), T output tokens, K selected output positions, D width, H heads, E head width,
V vocabulary.

From the textbook model (Vaswani et al. 2017) the paper's differs by: learned positions, a layer
norm after the embeddings, an output projection that shares the decoder's embedding (with a bias of
its own), encoder and decoder of different widths, no dropout.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ..core import InputError, at_least, positive
from ..core.checks import MOST_PLACES
from ..encodings import PAD, Encoding, Task
from .base import ModelConfig, Shape, StackedConfig
from .cpu import linear
from .initialise import initialise, number_embedding, start_vectors
from .layers import DecoderLayer, Memory, decoder_stack, encoder_stack
from .layout import Places, Positions
from .products import Products, Sizes, stack_products
from .question import Question
from .seq2seq import Seq2Seq


@dataclass(frozen=True, kw_only=True)
class TransformerConfig(StackedConfig):
    """An encoder, a decoder and how they are wired; the defaults are the paper's architecture."""

    norm: Literal["post", "pre"] = "post"
    """Layer norm after each residual sum, or on each block's input with one more at the end."""
    activation: Literal["relu", "gelu"] = "relu"
    cross_attention_input: Literal["self_attention", "layer_input"] = "self_attention"
    """Where cross-attention's queries come from; "layer_input" is what the LAWT code does."""
    embedding: Literal["random", "number"] = "random"
    """How token embeddings start; "number": Fourier features of what the token stands for."""
    sum_coefficients: bool = False
    """Sum the embedded tokens of a coefficient into one encoder position."""
    max_positions: int = 512
    norm_epsilon: float = 1e-5
    """Added to the variance in layer norms; the LAWT code has 1e-12."""

    def __post_init__(self) -> None:
        at_least(1, MOST_PLACES, max_positions=self.max_positions)
        positive(norm_epsilon=self.norm_epsilon)

    @property
    def learned_positions(self) -> int:
        return self.max_positions

    def positions(self, reads: Encoding, writes: Encoding) -> Positions:
        each = 1 if self.sum_coefficients else reads.tokens_per_number
        # A token is asked for at the position of the one before it.
        first, spelled = writes.prefix, writes.tokens_per_number
        return Positions(
            inputs=Places(first=reads.prefix, each=each),
            asks=Places(first=first, each=spelled),
            reads=Places(first=first + 1, each=spelled),
        )

    def with_room(
        self, reads: Encoding, writes: Encoding, largest: Sequence[tuple[Shape, Shape]]
    ) -> ModelConfig:
        places = self.positions(reads, writes)
        needed = [places.inputs.end(rows * columns) for (rows, columns), _ in largest]
        # The last position asks for <eos>.
        needed += [places.asks.end(rows * columns) + 1 for _, (rows, columns) in largest]
        return replace(self, max_positions=max(self.max_positions, *needed))

    def products(self, task: Task, batch: int) -> Products:
        length, inputs = Sizes.of(task, batch), task.encoder
        positions = length.inputs
        if self.sum_coefficients:
            positions = inputs.prefix + (positions - inputs.prefix) // inputs.tokens_per_number
        stacks = stack_products(self.stacks, positions, length.outputs, self.loops, self.gated)
        return stacks.more(2 * length.decided * self.decoder.width * len(task.decoder.vocabulary))

    @property
    def loops(self) -> tuple[int, int]:
        """How often the encoder, and the decoder, is passed through."""
        return 1, 1

    @property
    def gated(self) -> tuple[bool, bool]:
        """Whether the layers of the encoder, and of the decoder, have gates."""
        return False, False

    def output_words(self, encoding: Encoding) -> int:
        """How many words the decoder can write."""
        return len(encoding.vocabulary)

    def build(
        self, input_encoding: Encoding, output_encoding: Encoding, seed: int
    ) -> "Seq2SeqTransformer":
        return Seq2SeqTransformer(self, input_encoding, output_encoding, seed)


ModelConfig.registry.register("transformer", TransformerConfig)


def parameter_count(config: TransformerConfig, input_words: int, output_words: int) -> int:
    """How many trainable numbers a model has (Charton 2022, Appendix G), for given vocabularies.

    With d the decoder's width, de the encoder's and 4 d hidden units: embeddings, positions and
    their layer norms de (wi + wp + 2) + d (wo + wp + 2), output bias wo, each encoder layer
    12 de^2 + 13 de, each decoder layer 14 d^2 + 19 d + 2 d de. The paper has no pre-norm; there the
    two final layer norms add 2 de + 2 d.
    """
    de, he = config.encoder.width, config.encoder.feed_forward_width
    d, h = config.decoder.width, config.decoder.feed_forward_width
    embeddings = de * (input_words + config.max_positions + 2)
    embeddings += d * (output_words + config.max_positions + 2) + output_words
    encoder_layer = 4 * de * (de + 1) + de * (he + 1) + he * (de + 1) + 2 * 2 * de
    decoder_layer = 4 * d * (d + 1) + 2 * d * (d + de + 2) + d * (h + 1) + h * (d + 1) + 3 * 2 * d
    final_norms = 2 * de + 2 * d if config.norm == "pre" else 0
    layers = config.encoder.layers * encoder_layer + config.decoder.layers * decoder_layer
    return embeddings + layers + final_norms


@dataclass(frozen=True)
class TransformerCache:
    """Keys and values of one decoding, a tensor for each decoder layer."""

    own_2BHTE: list[Tensor]
    """Of the output positions so far; filled in place, one position a step. A looped decoder has
    them for each loop, loop by loop."""
    memory_2BHGE: list[Tensor]
    mask_B11G: Tensor | None


class Embedding(nn.Module):
    """Token and position embeddings, added and normalised: D (V + positions + 2) parameters."""

    def __init__(self, words: int, width: int, positions: int, epsilon: float) -> None:
        super().__init__()
        self.tokens = nn.Parameter(torch.empty(words, width))
        self.positions = nn.Parameter(torch.empty(positions, width))
        self.norm = nn.LayerNorm(width, eps=epsilon)

    def start_parameters(self, generator: torch.Generator) -> None:
        start_vectors(self.tokens, generator, zero=PAD)
        start_vectors(self.positions, generator)

    def forward(self, ids_BL: Tensor, first: int = 0, prefix: int = 0, group: int = 1) -> Tensor:
        """Embed `ids` at positions `first` on; after `prefix`, sum each `group` of tokens."""
        x_BLD = F.embedding(ids_BL, self.tokens)
        if group > 1:
            batch, length, width = x_BLD.shape
            numbers = (length - prefix) // group
            numbers_BGD = x_BLD[:, prefix:].reshape(batch, numbers, group, width).sum(2)
            x_BLD = torch.cat([x_BLD[:, :prefix], numbers_BGD], 1)
        last = first + x_BLD.shape[1]
        if last > self.positions.shape[0]:
            raise InputError(
                f"a sequence has {last} positions and the model {self.positions.shape[0]}; "
                "give smaller matrices or build the model with a larger max_positions"
            )
        y_BLD: Tensor = self.norm(x_BLD + self.positions[first:last])
        return y_BLD


class Seq2SeqTransformer(Seq2Seq):
    """Token ids of a problem to logits over the tokens of its answer; see `Seq2Seq`.

    Masks are built only for `padded` inputs, so that attention takes its fast path without.
    """

    config: TransformerConfig

    def __init__(
        self,
        config: TransformerConfig,
        input_encoding: Encoding,
        output_encoding: Encoding,
        seed: int,
    ) -> None:
        super().__init__()
        encoder, decoder, epsilon = config.encoder, config.decoder, config.norm_epsilon
        self.config = config
        self.prefix = input_encoding.prefix
        self.group = input_encoding.tokens_per_number if config.sum_coefficients else 1
        self.encoder_embedding = Embedding(
            len(input_encoding.vocabulary), encoder.width, config.max_positions, epsilon
        )
        self.encoder_layers = encoder_stack(
            encoder, config.activation, config.norm, epsilon, config.gated[0]
        )
        words = config.output_words(output_encoding)
        self.decoder_embedding = Embedding(words, decoder.width, config.max_positions, epsilon)
        self.decoder_layers = decoder_stack(
            decoder,
            encoder.width,
            config.activation,
            config.norm,
            epsilon,
            query_layer_input=config.cross_attention_input == "layer_input",
            gated=config.gated[1],
        )
        pre = config.norm == "pre"
        self.encoder_norm = nn.LayerNorm(encoder.width, eps=epsilon) if pre else nn.Identity()
        self.decoder_norm = nn.LayerNorm(decoder.width, eps=epsilon) if pre else nn.Identity()
        self.output_bias = nn.Parameter(torch.zeros(words))
        self._add_parts()

        generator = torch.Generator().manual_seed(seed)
        initialise(self, generator)
        if config.embedding == "number":
            for embedding, encoding in (
                (self.encoder_embedding, input_encoding),
                (self.decoder_embedding, output_encoding),
            ):
                number_embedding(embedding.tokens, encoding.token_numbers(), generator)
        self._start_parts()

    def points(self) -> dict[str, nn.Module]:
        return {
            "encoder.embed": self.encoder_embedding,
            "encoder.out": self.encoder_norm,
            "decoder.embed": self.decoder_embedding,
            "decoder.out": self.decoder_norm,
            **super().points(),
        }

    def _add_parts(self) -> None:
        """Make the parts that a subclass has beside these."""

    def _start_parts(self) -> None:
        """Change how its parts start."""

    def forward(
        self,
        question: Question,
        outputs: Int[Tensor, "B T"],
        select: Bool[Tensor, "B T"] | None = None,
    ) -> Float[Tensor, "*K V"]:
        # Padding of the outputs needs no mask: it comes last and attention is causal.
        memory = self.encode(question)
        x_BTD = self._decode(self.decoder_embedding(outputs), self._cross(memory), memory)
        return self._logits(x_BTD if select is None else x_BTD[select])

    def encode(self, question: Question) -> Memory:
        x_BGD, mask_B11G = self._embed(question.ids, question.padded)
        return Memory(self.encoder_norm(self._encode(x_BGD, mask_B11G)), mask_B11G)

    def _embed(
        self, inputs: Int[Tensor, "B L"], padded: bool
    ) -> tuple[Float[Tensor, "B G D"], Bool[Tensor, "B 1 1 G"] | None]:
        """The input's positions, and which of them are not padding (None: all)."""
        numbers = inputs.shape[1] - self.prefix
        if self.group > 1 and (numbers < 0 or numbers % self.group):
            raise InputError(
                f"inputs have {inputs.shape[1]} tokens, not {self.prefix} and a multiple of "
                f"{self.group}; encode them with the encoding that the model was built for"
            )
        mask_B11G = None
        if padded:
            # All tokens of a coefficient are there or none: the first speaks for its group.
            real_BG = torch.cat([inputs[:, : self.prefix], inputs[:, self.prefix :: self.group]], 1)
            mask_B11G = (real_BG != PAD)[:, None, None, :]
        return self.encoder_embedding(inputs, 0, self.prefix, self.group), mask_B11G

    def _encode(self, x_BGD: Tensor, mask_B11G: Tensor | None) -> Tensor:
        """One pass through the encoder's layers."""
        for layer in self.encoder_layers:
            x_BGD = layer(x_BGD, mask_B11G)
        return x_BGD

    def _decode(self, x_BTD: Tensor, cross_2BHGE: list[Tensor], memory: Memory) -> Tensor:
        """One pass through the decoder's layers."""
        for layer, keys_values in zip(self.decoder_layers, cross_2BHGE, strict=True):
            x_BTD = layer(x_BTD, keys_values, memory.mask_B11G)
        return x_BTD

    def start_cache(self, memory: Memory, max_length: int) -> TransformerCache:
        if max_length > self.config.max_positions:
            raise InputError(
                f"max_length is {max_length} and the model has {self.config.max_positions} "
                "positions; decode fewer tokens or build it with a larger max_positions"
            )
        heads = self.config.decoder.heads
        hidden_BGD = memory.hidden_BGD
        shape = (2, hidden_BGD.shape[0], heads, max_length, self.config.decoder.width // heads)
        # Each pass through the layers has caches of its own.
        passes = len(self.decoder_layers) * self.config.loops[1]
        own = [hidden_BGD.new_zeros(shape) for _ in range(passes)]
        # Heads first in memory: each step then reads them without jumps.
        cross = [keys_values.contiguous() for keys_values in self._cross(memory)]
        return TransformerCache(own, cross, memory.mask_B11G)

    def step(
        self, tokens: Int[Tensor, " B"], position: int, cache: TransformerCache
    ) -> Float[Tensor, "B V"]:
        x_B1D: Tensor = self.decoder_embedding(tokens[:, None], first=position)
        x_B1D = self._step(x_B1D, position, cache.own_2BHTE, cache)
        return self._logits(x_B1D[:, 0])

    def _step(
        self, x_B1D: Tensor, position: int, own_2BHTE: list[Tensor], cache: TransformerCache
    ) -> Tensor:
        """`_decode` for the one position `position`; `own_2BHTE` are this pass's caches."""
        for layer, own, cross in zip(
            self.decoder_layers, own_2BHTE, cache.memory_2BHGE, strict=True
        ):
            assert isinstance(layer, DecoderLayer)
            x_B1D = layer.step(x_B1D, position, own, cross, cache.mask_B11G)
        return x_B1D

    def _cross(self, memory: Memory) -> list[Tensor]:
        """Keys and values [2, B, H, G, E] of the encoder's output for each decoder layer."""
        layers = (layer for layer in self.decoder_layers if isinstance(layer, DecoderLayer))
        return [layer.cross.keys_values(memory.hidden_BGD) for layer in layers]

    def _logits(self, x: Tensor) -> Tensor:
        return linear(self.decoder_norm(x), self.decoder_embedding.tokens, self.output_bias)
