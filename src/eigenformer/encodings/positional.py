"""P{base}: a sign, the mantissa in digits of the base, an exponent.

`+ 314 E-2` (P1000), `+ 3 1 4 E-2` (P10).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..core import InputError
from .base import EXPONENTS, Encoding, Flags, Numbers, Spelled, TokenNumbers, within
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

    @property
    def _first_exponent(self) -> int:
        """The place of E-100 among the number words: after the signs and the mantissas."""
        return 2 + self.base

    def number_words(self) -> Iterable[str]:
        return ["+", "-", *map(str, range(self.base)), *(f"E{e}" for e in EXPONENTS)]

    @property
    def _slots(self) -> tuple[range, ...]:
        signs, digits = range(2), range(2, self._first_exponent)
        exponents = range(self._first_exponent, self._first_exponent + len(EXPONENTS))
        return (signs, *[digits] * (self.tokens_per_number - 2), exponents)

    def _spell(self, values: Numbers) -> tuple[Spelled, Flags]:
        mantissa, exponent = significant_digits(np.abs(values), self.precision)
        ids = np.empty((*values.shape, self.tokens_per_number), np.int64)
        ids[..., 0] = values < 0
        # In float64, which divides several times faster: exact for up to 15 digits.
        for place in range(self.tokens_per_number - 2, 1, -1):
            higher = np.floor(mantissa / self.base)
            ids[..., place] = mantissa - higher * self.base + 2
            mantissa = higher
        ids[..., 1] = mantissa + 2
        ids[..., -1] = exponent + (self._first_exponent + LARGEST_EXPONENT)
        return ids, np.asarray(np.abs(exponent) <= LARGEST_EXPONENT)

    def _read(self, numbers: Spelled) -> tuple[Numbers, Flags]:
        sign, exponent = numbers[..., 0], numbers[..., -1] - self._first_exponent
        ok = within(sign, 2) & within(exponent, len(EXPONENTS))
        mantissa = np.zeros(ok.shape)
        for place in range(1, self.tokens_per_number - 1):
            digit = numbers[..., place] - 2
            ok &= within(digit, self.base)
            mantissa = mantissa * self.base + digit
        value = scaled(mantissa, np.where(ok, exponent - LARGEST_EXPONENT, 0))
        return np.where(sign == 1, -value, value), ok

    def token_numbers(self) -> TokenNumbers:
        words = self._first_exponent + len(EXPONENTS)
        sign, mantissa, exponent = np.zeros(words), np.full(words, np.nan), np.full(words, np.nan)
        sign[:2] = 1, -1
        mantissa[2 : self._first_exponent] = np.arange(self.base)
        exponent[self._first_exponent :] = EXPONENTS
        return self._token_numbers(sign, mantissa, exponent, self.base)
