"""Recurrent encoder-decoders: LSTM and GRU.

Shapes: B batch, L input tokens, T output tokens, K selected output positions, N layers, H hidden
units, V output vocabulary.

Charton (2022), section E.1, says: sequence-to-sequence, an encoder and a decoder (LSTM or GRU) with
2 to 8 layers and 1024 or 2048 hidden units, tokens embedded (and decoded) in 256 or 512 dimensions.
Chosen here, mostly after the author's later code (f-charton/Int2Int, src/model/lstm.py):

- No attention: the encoder's last states are all that the decoder gets. Each of its layers starts
  from that of the encoder's layer at its place, counted from the top.
- The encoder reads from left to right only.
- A layer norm after the embeddings; from the top layer's hidden units a linear map back to the
  embedding's width, and from there logits by the decoder's embedding, with a bias of its own.
- torch's initial weights: uniform in +-H^-1/2. No dropout.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from ..core import at_least, positive
from ..core.checks import MOST_LAYERS, MOST_WIDTH
from ..encodings import PAD, Encoding, Task
from .base import ModelConfig
from .cpu import linear
from .initialise import initialise, number_embedding, start_vectors
from .layers import Linear
from .products import Matrix, Products, Sizes
from .question import Question
from .seq2seq import Seq2Seq

_CELLS: dict[str, tuple[type[nn.LSTM] | type[nn.GRU], int]] = {
    "lstm": (nn.LSTM, 4),
    "gru": (nn.GRU, 3),
}
"""The class of a cell, and how many maps each of its matrices fuses."""

State = tuple[Tensor, ...]
"""Of all layers, each [N, B, H]: hidden units and cells of an LSTM, hidden units of a GRU."""


@dataclass(frozen=True, kw_only=True)
class RecurrentConfig(ModelConfig):
    """An encoder and a decoder of recurrent layers."""

    cell: Literal["lstm", "gru"] = "lstm"
    encoder_layers: int
    decoder_layers: int
    embedding: int
    """Width of the vectors of tokens."""
    hidden: int
    """Hidden units of every layer."""
    embedding_init: Literal["random", "number"] = "random"
    """How token embeddings start; "number": Fourier features of what the token stands for."""
    norm_epsilon: float = 1e-5
    """Added to the variance in layer norms; the author's code has 1e-12."""

    def __post_init__(self) -> None:
        layers = {"encoder_layers": self.encoder_layers, "decoder_layers": self.decoder_layers}
        at_least(1, MOST_LAYERS, **layers)
        at_least(1, MOST_WIDTH, embedding=self.embedding, hidden=self.hidden)
        positive(norm_epsilon=self.norm_epsilon)

    @classmethod
    def like(cls, other: ModelConfig, **fields: Any) -> ModelConfig:
        sizes: dict[str, Any] = {}
        if other.stacks:
            encoder, decoder = other.stacks
            sizes = {"encoder_layers": encoder.layers, "decoder_layers": decoder.layers}
            sizes |= {"embedding": encoder.width, "hidden": encoder.width}
        if getattr(other, "embedding", "random") != "random":
            sizes["embedding_init"] = "number"
        return super().like(other, **{**sizes, **fields})

    @property
    def widest(self) -> int:
        return max(self.embedding, self.hidden)

    def products(self, task: Task, batch: int) -> Products:
        length, gates = Sizes.of(task, batch), _CELLS[self.cell][1]
        sides = ((self.encoder_layers, length.inputs), (self.decoder_layers, length.outputs))
        matrices: list[Matrix] = []
        forward = 0.0
        for layers, positions in sides:
            for layer in range(layers):
                width = self.hidden if layer else self.embedding
                matrices += [(self.hidden, width), (self.hidden, self.hidden)] * gates
                forward += 2 * positions * gates * self.hidden * (width + self.hidden)
        matrices.append((self.embedding, self.hidden))
        words = len(task.decoder.vocabulary)
        forward += 2 * length.decided * self.embedding * (self.hidden + words)
        steps = sum(layers * positions for layers, positions in sides)
        return Products(forward=forward, matrices=tuple(matrices), steps=steps)

    def build(
        self, input_encoding: Encoding, output_encoding: Encoding, seed: int
    ) -> "RecurrentSeq2Seq":
        return RecurrentSeq2Seq(self, input_encoding, output_encoding, seed)


ModelConfig.registry.register("recurrent", RecurrentConfig)


@dataclass(slots=True)
class RecurrentCache:
    """What the decoder remembers; replaced at each step."""

    state: State


class RecurrentSeq2Seq(Seq2Seq):
    """Token ids of a problem to logits over the tokens of its answer; see `RecurrentConfig`.

    Padding must come last, and every row have a token. Padded inputs are packed, which on an
    accelerator waits for it.
    """

    config: RecurrentConfig

    def __init__(
        self,
        config: RecurrentConfig,
        input_encoding: Encoding,
        output_encoding: Encoding,
        seed: int,
    ) -> None:
        super().__init__()
        self.config = config
        cell, self._parts = _CELLS[config.cell]
        epsilon = config.norm_epsilon

        def layers(count: int) -> nn.LSTM | nn.GRU:
            # torch's own initial weights would come from its global generator.
            with torch.device("meta"):
                found = cell(config.embedding, config.hidden, count, batch_first=True)
            return found.to_empty(device="cpu")

        self.encoder_embedding = TokenEmbedding(
            len(input_encoding.vocabulary), config.embedding, epsilon
        )
        self.encoder = layers(config.encoder_layers)
        self.handover = Handover()
        self.decoder_embedding = TokenEmbedding(
            len(output_encoding.vocabulary), config.embedding, epsilon
        )
        self.decoder = layers(config.decoder_layers)
        self.out = Linear(config.hidden, config.embedding)
        self.output_bias = nn.Parameter(torch.zeros(len(output_encoding.vocabulary)))

        generator = torch.Generator().manual_seed(seed)
        # The recurrent layers a second time, as ever: a seed goes on giving the same model.
        for part in (self, self.encoder, self.decoder):
            initialise(part, generator)
        if config.embedding_init == "number":
            for embedding, encoding in (
                (self.encoder_embedding, input_encoding),
                (self.decoder_embedding, output_encoding),
            ):
                number_embedding(embedding.tokens, encoding.token_numbers(), generator)

    def points(self) -> dict[str, nn.Module]:
        return {
            "encoder.embed": self.encoder_embedding,
            "encoder.out": self.encoder,
            "encoder.state": self.handover,
            "decoder.embed": self.decoder_embedding,
            "decoder.out": self.decoder,
            **super().points(),
        }

    def forward(
        self,
        question: Question,
        outputs: Int[Tensor, "B T"],
        select: Bool[Tensor, "B T"] | None = None,
    ) -> Float[Tensor, "*K V"]:
        # Padding of the outputs comes last and is read last.
        x_BTH, _ = _run(self.decoder, self.decoder_embedding(outputs), self.encode(question))
        return self._logits(x_BTH if select is None else x_BTH[select])

    def encode(self, question: Question) -> State:
        """The states that the decoder's layers start from."""
        inputs = question.ids
        x_BLD: Tensor = self.encoder_embedding(inputs)
        if question.padded:
            lengths_B = (inputs != PAD).sum(1).cpu()
            packed = pack_padded_sequence(x_BLD, lengths_B, batch_first=True, enforce_sorted=False)
            found = self.encoder(packed)[1]
            state = found if isinstance(found, tuple) else (found,)
        else:
            _, state = _run(self.encoder, x_BLD, None)
        surplus = self.config.encoder_layers - self.config.decoder_layers
        if surplus:
            places = torch.arange(self.config.decoder_layers, device=inputs.device) + surplus
            state = tuple(part_NBH[places.clamp_min(0)] for part_NBH in state)
        handed: State = self.handover(*state)
        return handed

    def start_cache(self, memory: State, max_length: int) -> RecurrentCache:
        return RecurrentCache(memory)

    def step(
        self, tokens: Int[Tensor, " B"], position: int, cache: RecurrentCache
    ) -> Float[Tensor, "B V"]:
        x_B1D: Tensor = self.decoder_embedding(tokens[:, None])
        x_B1H, cache.state = _run(self.decoder, x_B1D, cache.state)
        return self._logits(x_B1H[:, 0])

    def layer_matrices(self) -> Iterator[tuple[nn.Parameter, int]]:
        """The recurrent layers' matrices, which fuse a map for each gate, and the map out of them.

        Muon treats each gate's map of the input and of the state as a matrix of its own.
        """
        for stack in (self.encoder, self.decoder):
            yield from ((weight, self._parts) for weight in stack.parameters() if weight.ndim == 2)
        yield self.out.weight, 1

    def _logits(self, x: Tensor) -> Tensor:
        return linear(self.out(x), self.decoder_embedding.tokens, self.output_bias)


class Handover(nn.Module):
    """The states that the encoder hands over, as they are: a part that can be looked into."""

    def forward(self, *state: Tensor) -> State:
        return state


class TokenEmbedding(nn.Module):
    """Token embeddings, normalised: D (V + 2) parameters."""

    def __init__(self, words: int, width: int, epsilon: float) -> None:
        super().__init__()
        self.tokens = nn.Parameter(torch.empty(words, width))
        self.norm = nn.LayerNorm(width, eps=epsilon)

    def start_parameters(self, generator: torch.Generator) -> None:
        start_vectors(self.tokens, generator, zero=PAD)

    def forward(self, ids_BL: Tensor) -> Tensor:
        y_BLD: Tensor = self.norm(F.embedding(ids_BL, self.tokens))
        return y_BLD


def _run(layers: nn.LSTM | nn.GRU, x_BLD: Tensor, state: State | None) -> tuple[Tensor, State]:
    """The top layer's hidden units at each position [B, L, H], and the last state of all layers."""
    if isinstance(layers, nn.LSTM):
        y_BLH, (hidden_NBH, cells_NBH) = layers(
            x_BLD, None if state is None else (state[0], state[1])
        )
        return y_BLH, (hidden_NBH, cells_NBH)
    y_BLH, hidden_NBH = layers(x_BLD, None if state is None else state[0])
    return y_BLH, (hidden_NBH,)
