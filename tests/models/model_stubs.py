"""An encoding that writes no matrices: a vocabulary of any size, and numbers behind some tokens."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from eigenformer.encodings import Encoding, TokenNumbers
from eigenformer.models import Seq2SeqTransformer, StackConfig, TransformerConfig


@dataclass(frozen=True)
class StubEncoding(Encoding):
    """<eos>, <pad>, two words, then signs +-, mantissas 0..M-1 and exponents -3..3 of their own."""

    words: int = 40
    max_dim: int = field(default=2, kw_only=True)
    label = "stub"
    tokens_per_number = 3
    digits = 3

    def number_words(self) -> Iterable[str]:
        return map(str, range(self.words - self.first_number))

    @property
    def _slots(self) -> tuple[range, ...]:
        numbers = self.words - self.first_number
        return range(2), range(2, numbers - 7), range(numbers - 7, numbers)

    def _spell(self, values):
        raise NotImplementedError

    def _read(self, numbers):
        raise NotImplementedError

    def token_numbers(self) -> TokenNumbers:
        words = self.words
        sign, mantissa, exponent = np.zeros(words), np.full(words, np.nan), np.full(words, np.nan)
        sign[4:6] = 1, -1
        mantissa[6:-7] = np.arange(words - 13)
        exponent[-7:] = np.arange(-3, 4)
        return TokenNumbers(sign, mantissa, exponent, words - 13)


def small(
    encoder: tuple[int, int, int] = (2, 16, 2), decoder: tuple[int, int, int] = (2, 16, 4), **fields
) -> TransformerConfig:
    """A small configuration from (layers, width, heads) of both sides."""
    (le, de, he), (ld, dd, hd) = encoder, decoder
    fields.setdefault("max_positions", 40)
    return TransformerConfig(
        encoder=StackConfig(layers=le, width=de, heads=he),
        decoder=StackConfig(layers=ld, width=dd, heads=hd),
        **fields,
    )


def built(seed: int = 0, words: int = 40, **fields) -> Seq2SeqTransformer:
    return small(**fields).build(StubEncoding(words), StubEncoding(words), seed=seed)


VARIANTS = {
    "paper": {},
    "pre": {"norm": "pre", "activation": "gelu"},
    "lawt": {"cross_attention_input": "layer_input"},
    "lawt pre": {"cross_attention_input": "layer_input", "norm": "pre"},
    "widths": {"encoder": (1, 24, 3), "decoder": (2, 8, 1)},
    "summed": {"norm": "pre", "embedding": "number", "sum_coefficients": True},
}
