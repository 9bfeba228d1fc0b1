"""What every model is made from: a registered config, and two encodings to size it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ..core import Registry


@runtime_checkable
class TokenNumbersLike(Protocol):
    """The number that each of V tokens stands for, in parts; a part that a token lacks is nan."""

    @property
    def sign(self) -> npt.NDArray[np.floating[Any]]:
        """[V]: +1, -1, or 0 for a token without a sign."""

    @property
    def mantissa(self) -> npt.NDArray[np.floating[Any]]:
        """[V]: the integer |m|, or nan."""

    @property
    def exponent(self) -> npt.NDArray[np.floating[Any]]:
        """[V]: the power of ten, or nan."""

    @property
    def mantissa_range(self) -> int:
        """One above the largest mantissa: 1000 for P1000, 10 for P10."""


@runtime_checkable
class EncodingLike(Protocol):
    """What a model asks of an encoding; `eigenformer.encodings.Encoding` has it all."""

    @property
    def vocabulary(self) -> Sequence[str]:
        """The tokens as text, by id; 0 is <eos> and 1 is <pad>."""

    @property
    def prefix(self) -> int:
        """How many tokens come before the first coefficient."""

    @property
    def tokens_per_number(self) -> int:
        """How many tokens make one coefficient."""

    def token_numbers(self) -> TokenNumbersLike:
        """The numbers behind the tokens, for number-aware initialisation."""


class Seq2Seq(nn.Module, ABC):
    """A network that reads a whole input and then writes its answer token by token.

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

    @abstractmethod
    def layer_matrices(self) -> Iterator[tuple[nn.Parameter, int]]:
        """The layers' weight matrices, for optimizers that treat matrices as such (Muon).

        With each the number of maps that it fuses, one above the other in equal parts: 3 for
        queries, keys and values. Embeddings and the output projection are not among them.
        """


@dataclass(frozen=True, kw_only=True)
class ModelConfig(ABC):
    """A model before it is built; concrete classes register themselves under one name."""

    registry: ClassVar[Registry["ModelConfig"]] = Registry("model")

    @abstractmethod
    def build(
        self, input_encoding: EncodingLike, output_encoding: EncodingLike, seed: int
    ) -> Seq2Seq:
        """The module, initialised from `seed` alone (torch's global generator is not touched)."""
