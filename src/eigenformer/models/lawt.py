"""The transformer of the LAWT code, for models that were trained with it.

Shapes as in `transformer.py`. LAWT (facebookresearch/LAWT, March 2023) is the code of Charton
(2022). `TransformerConfig` has its wiring; what is left to differ is the sequences: its inputs
begin and end with <eos>, and both its stacks know one vocabulary, of both encodings and some words
more.
"""

from dataclasses import dataclass, replace

import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ..core import InputError, at_least
from ..core.checks import MOST_PLACES
from ..encodings import EOS, PAD, Encoding
from .base import ModelConfig
from .layout import Positions
from .transformer import Seq2SeqTransformer, TransformerConfig


@dataclass(frozen=True, kw_only=True)
class LawtConfig(TransformerConfig):
    """A transformer that reads <eos> before and after its input, and may write words of no use."""

    other_words: int = 0
    """Words that the decoder can write and the output encoding lacks: their ids follow the
    encoding's, and an answer with one of them is malformed."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(0, MOST_PLACES, other_words=self.other_words)
        for name, only in (("embedding", "random"), ("sum_coefficients", False)):
            if getattr(self, name) != only:
                raise InputError(
                    f"{name} is {getattr(self, name)!r}; the LAWT code has only {only!r}: leave it "
                    "so, or take the model 'transformer'"
                )

    def positions(self, reads: Encoding, writes: Encoding) -> Positions:
        found = super().positions(reads, writes)
        framed = replace(found.inputs, first=found.inputs.first + 1)
        return replace(found, inputs=framed)

    def output_words(self, encoding: Encoding) -> int:
        return len(encoding.vocabulary) + self.other_words

    def build(
        self, input_encoding: Encoding, output_encoding: Encoding, seed: int
    ) -> "LawtTransformer":
        return LawtTransformer(self, input_encoding, output_encoding, seed)


ModelConfig.registry.register("lawt", LawtConfig)


class LawtTransformer(Seq2SeqTransformer):
    """`Seq2SeqTransformer` with the sequences of LAWT; see `LawtConfig`."""

    config: LawtConfig

    def _embed(
        self, inputs: Int[Tensor, "B L"], padded: bool
    ) -> tuple[Float[Tensor, "B G D"], Bool[Tensor, "B 1 1 G"] | None]:
        framed = F.pad(inputs, (1, 1), value=PAD)
        framed[:, 0] = EOS
        end_B1 = (inputs != PAD).sum(1, keepdim=True) + 1
        return super()._embed(framed.scatter(1, end_B1, EOS), padded)
