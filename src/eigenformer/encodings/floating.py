"""FP{range}: a whole number in one token. `FP314/-2` (FP15)."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float64, Int64

from ..core import InputError
from .base import Encoding, TokenNumbers
from .rounding import half_up, half_up_digits, scaled


@dataclass(frozen=True, kw_only=True)
class Floating(Encoding):
    """The paper's FP15 (section 2.1, table 1): one token a coefficient.

    The leading digit's power of ten lies in a window of `span` + 1 powers: 10^-7 to 10^8 for FP15, so
    exponents of a 3-digit mantissa run from -9 to 6. At the lowest exponent the mantissa may
    have fewer digits (subnormals), down to zero.
    """

    span: int = 15
    precision: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.span <= 99:
            raise InputError(f"the span is {self.span} powers of ten; give 1 to 99")
        if not 1 <= self.precision <= 4:
            raise InputError(f"the precision is {self.precision} digits; give 1 to 4")

    @property
    def label(self) -> str:
        return f"FP{self.span}" + ("" if self.precision == 3 else f" ({self.precision} digits)")

    @property
    def digits(self) -> int:
        return self.precision

    @property
    def tokens_per_number(self) -> int:
        return 1

    @property
    def lowest(self) -> int:
        """The smallest exponent (-9 for FP15)."""
        return 1 - self.precision - self.span // 2

    @property
    def highest(self) -> int:
        """The largest exponent (6 for FP15)."""
        return self.lowest + self.span

    @property
    def _normals(self) -> int:
        return 10**self.precision - 10 ** (self.precision - 1)

    @cached_property
    def _positive(self) -> np.ndarray:
        """(m, e) of each positive number, in increasing order: subnormals, then by exponent."""
        smallest, largest = 10 ** (self.precision - 1), 10**self.precision
        subnormal = [(m, self.lowest) for m in range(1, smallest)]
        exponents = range(self.lowest, self.highest + 1)
        return np.array(subnormal + [(m, e) for e in exponents for m in range(smallest, largest)])

    def number_words(self) -> Iterable[str]:
        positive = self._positive.tolist()
        negative = [f"FP-{m}/{e}" for m, e in reversed(positive)]
        return [*negative, "FP0/0", *(f"FP{m}/{e}" for m, e in positive)]

    def _spell(
        self, values: Float64[np.ndarray, "*K"]
    ) -> tuple[Int64[np.ndarray, "*K T"], Bool[np.ndarray, "*K"]]:
        magnitudes = np.abs(values)
        mantissa, exponent = half_up_digits(magnitudes, self.precision)
        fine = scaled(magnitudes, np.full(values.shape, -self.lowest, np.int64))
        small = exponent < self.lowest
        subnormal = half_up(np.where(small, fine, 0)).astype(np.int64)
        # Ranks among the positive numbers start at 1; 0 is zero itself.
        normal = (exponent - self.lowest) * self._normals + mantissa
        rank = np.where(small | (mantissa == 0), subnormal, normal)
        ids = np.where(values < 0, -rank, rank) + len(self._positive)
        return ids[..., None], np.isfinite(values) & (exponent <= self.highest)

    def _read(
        self, numbers: Int64[np.ndarray, "*K T"]
    ) -> tuple[Float64[np.ndarray, "*K"], Bool[np.ndarray, "*K"]]:
        count = len(self._positive)
        signed = numbers[..., 0] - count
        ok = np.abs(signed) <= count
        rank = np.where(ok, np.abs(signed), 0)
        value = self._magnitudes[rank]
        return np.where(signed < 0, -value, value), ok

    @cached_property
    def _magnitudes(self) -> Float64[np.ndarray, " R"]:
        mantissa, exponent = self._positive.T
        return np.concatenate([[0.0], scaled(mantissa.astype(np.float64), exponent)])

    def token_numbers(self) -> TokenNumbers:
        size, first, count = len(self.vocabulary), self.first_number, len(self._positive)
        sign, mantissa, exponent = np.zeros(size), np.full(size, np.nan), np.full(size, np.nan)
        signed = np.arange(-count, count + 1)
        pairs = np.concatenate([[(0, 0)], self._positive])[np.abs(signed)]
        sign[first:] = np.where(signed < 0, -1, 1)
        mantissa[first:] = pairs[:, 0]
        exponent[first:] = pairs[:, 1]
        return TokenNumbers(sign, mantissa, exponent, 10**self.precision)
