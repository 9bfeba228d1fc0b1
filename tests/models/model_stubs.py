"""Encodings without matrices: a vocabulary of any size, and numbers behind some tokens."""

from dataclasses import dataclass

import numpy as np

from eigenformer.models import Seq2SeqTransformer, StackConfig, TransformerConfig


@dataclass(frozen=True)
class StubNumbers:
    sign: np.ndarray
    mantissa: np.ndarray
    exponent: np.ndarray
    mantissa_range: int


class StubEncoding:
    """<eos>, <pad>, two words, then signs +-, mantissas 0..M-1 and exponents -3..3 of their own."""

    prefix = 2
    tokens_per_number = 3
    first_dim = 2
    first_number = 4
    header = (range(2, 4), range(2, 4))

    def __init__(self, words: int = 40) -> None:
        self.vocabulary = tuple(map(str, range(words)))
        self.slots = (range(4, 6), range(6, words - 7), range(words - 7, words))

    def token_numbers(self) -> StubNumbers:
        words = len(self.vocabulary)
        sign, mantissa, exponent = np.zeros(words), np.full(words, np.nan), np.full(words, np.nan)
        sign[4:6] = 1, -1
        mantissa[6:-7] = np.arange(words - 13)
        exponent[-7:] = np.arange(-3, 4)
        return StubNumbers(sign, mantissa, exponent, words - 13)


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
