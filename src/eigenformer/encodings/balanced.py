"""B{2 10^p - 1}: a signed mantissa and an exponent. `-602 E21` (B1999)."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from ..core import InputError
from .base import Encoding, TokenNumbers
from .rounding import LARGEST_EXPONENT, scaled, significant_digits


@dataclass(frozen=True, kw_only=True)
class Balanced(Encoding):
    """The paper's B1999 (section 2.1, table 1) and, with other precisions, B19, B199, B19999."""

    precision: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.precision <= 5:
            raise InputError(f"the precision is {self.precision} digits; give 1 to 5")

    @property
    def label(self) -> str:
        return f"B{2 * 10**self.precision - 1}"

    @property
    def digits(self) -> int:
        return self.precision

    @property
    def tokens_per_number(self) -> int:
        return 2

    @property
    def _largest(self) -> int:
        return 10**self.precision - 1

    def number_words(self) -> Iterable[str]:
        exponents = range(-LARGEST_EXPONENT, LARGEST_EXPONENT + 1)
        mantissas = range(-self._largest, self._largest + 1)
        return [*map(str, mantissas), *(f"E{e}" for e in exponents)]

    @property
    def _zero_exponent(self) -> int:
        return 2 * self._largest + 1 + LARGEST_EXPONENT

    def _spell(
        self, values: Float64[np.ndarray, "*K"]
    ) -> tuple[Int64[np.ndarray, "*K T"], Bool[np.ndarray, "*K"]]:
        mantissa, exponent = significant_digits(np.abs(values), self.precision)
        ids = np.empty((*values.shape, 2), np.int64)
        ids[..., 0] = np.where(values < 0, -mantissa, mantissa) + self._largest
        ids[..., 1] = exponent + self._zero_exponent
        return ids, np.isfinite(values) & (np.abs(exponent) <= LARGEST_EXPONENT)

    def _read(
        self, numbers: Int64[np.ndarray, "*K T"]
    ) -> tuple[Float64[np.ndarray, "*K"], Bool[np.ndarray, "*K"]]:
        mantissa = numbers[..., 0] - self._largest
        exponent = numbers[..., 1] - self._zero_exponent
        ok = (np.abs(mantissa) <= self._largest) & (np.abs(exponent) <= LARGEST_EXPONENT)
        value = np.where(ok, mantissa, 0).astype(np.float64)
        return scaled(value, np.where(ok, exponent, 0)), ok

    def token_numbers(self) -> TokenNumbers:
        size, first = len(self.vocabulary), self.first_number
        sign, mantissa, exponent = np.zeros(size), np.full(size, np.nan), np.full(size, np.nan)
        signed = np.arange(-self._largest, self._largest + 1)
        last = first + len(signed)
        sign[first:last] = np.where(signed < 0, -1, 1)
        mantissa[first:last] = np.abs(signed)
        exponent[last:] = np.arange(-LARGEST_EXPONENT, LARGEST_EXPONENT + 1)
        return TokenNumbers(sign, mantissa, exponent, 10**self.precision)
