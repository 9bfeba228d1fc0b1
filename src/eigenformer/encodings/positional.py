"""P{base}: sign, mantissa digits in the base, exponent. `+ 314 E-2` (P1000), `+ 3 1 4 E-2` (P10)."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from ..core import InputError
from .base import Encoding, TokenNumbers
from .rounding import LARGEST_EXPONENT, scaled, significant_digits


@dataclass(frozen=True, kw_only=True)
class Positional(Encoding):
    """The paper's P10 and P1000 (section 2.1, table 1) and their general form.

    `precision` significant digits are cut into groups, one token a group: base 1000 with 3 digits
    has one mantissa token, base 10 three, base 100 with 4 digits two.
    """

    base: int = 1000
    precision: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.base not in (10, 100, 1000, 10_000, 100_000):
            raise InputError(f"the base is {self.base}; give a power of ten from 10 to 100000")
        if not 1 <= self.precision <= 15:
            raise InputError(f"the precision is {self.precision} digits; give 1 to 15")
        if self.precision % self._digits_per_token:
            raise InputError(
                f"{self.precision} digits do not divide into tokens of base {self.base}; "
                f"give a multiple of {self._digits_per_token}"
            )

    @property
    def _digits_per_token(self) -> int:
        return round(math.log10(self.base))

    @property
    def label(self) -> str:
        default = 3 if self.base == 10 else self._digits_per_token
        suffix = "" if self.precision == default else f" ({self.precision} digits)"
        return f"P{self.base}{suffix}"

    @property
    def digits(self) -> int:
        return self.precision

    @property
    def tokens_per_number(self) -> int:
        return self.precision // self._digits_per_token + 2

    def number_words(self) -> Iterable[str]:
        exponents = range(-LARGEST_EXPONENT, LARGEST_EXPONENT + 1)
        return ["+", "-", *map(str, range(self.base)), *(f"E{e}" for e in exponents)]

    def _spell(
        self, values: Float64[np.ndarray, "*K"]
    ) -> tuple[Int64[np.ndarray, "*K T"], Bool[np.ndarray, "*K"]]:
        mantissa, exponent = significant_digits(np.abs(values), self.precision)
        ids = np.empty((*values.shape, self.tokens_per_number), np.int64)
        ids[..., 0] = (values < 0) & (mantissa > 0)
        for i in range(self.tokens_per_number - 2, 1, -1):
            mantissa, ids[..., i] = np.divmod(mantissa, self.base)
        ids[..., 1] = mantissa
        ids[..., 1:-1] += 2
        ids[..., -1] = exponent + (2 + self.base + LARGEST_EXPONENT)
        return ids, np.isfinite(values) & (np.abs(exponent) <= LARGEST_EXPONENT)

    def _read(
        self, numbers: Int64[np.ndarray, "*K T"]
    ) -> tuple[Float64[np.ndarray, "*K"], Bool[np.ndarray, "*K"]]:
        sign, digits = numbers[..., 0], numbers[..., 1:-1] - 2
        exponent = numbers[..., -1] - (2 + self.base + LARGEST_EXPONENT)
        ok = (sign == 0) | (sign == 1)
        ok &= ((digits >= 0) & (digits < self.base)).all(axis=-1)
        ok &= np.abs(exponent) <= LARGEST_EXPONENT
        places = self.base ** np.arange(digits.shape[-1] - 1, -1, -1)
        mantissa = np.where(ok, digits @ places, 0).astype(np.float64)
        value = scaled(mantissa, np.where(ok, exponent, 0))
        return np.where(sign == 1, -value, value), ok

    def token_numbers(self) -> TokenNumbers:
        size, first = len(self.vocabulary), self.first_number
        sign, mantissa, exponent = np.zeros(size), np.full(size, np.nan), np.full(size, np.nan)
        sign[first : first + 2] = [1, -1]
        mantissa[first + 2 : first + 2 + self.base] = np.arange(self.base)
        exponent[first + 2 + self.base :] = np.arange(-LARGEST_EXPONENT, LARGEST_EXPONENT + 1)
        return TokenNumbers(sign, mantissa, exponent, self.base)
