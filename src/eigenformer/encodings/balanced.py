"""B{2 10^p - 1}: a signed mantissa and an exponent. `-602 E21` (B1999)."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..core import InputError
from .base import EXPONENTS, Encoding, Flags, Numbers, Spelled, TokenNumbers, within
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
        return f"B{self._mantissas}"

    @property
    def digits(self) -> int:
        return self.precision

    @property
    def tokens_per_number(self) -> int:
        return 2

    @property
    def _largest(self) -> int:
        """The largest mantissa (999 for B1999)."""
        return int(10**self.precision - 1)

    @property
    def _mantissas(self) -> int:
        """How many mantissas there are; in the vocabulary they come before the exponents."""
        return 2 * self._largest + 1

    def number_words(self) -> Iterable[str]:
        mantissas = range(-self._largest, self._largest + 1)
        return [*map(str, mantissas), *(f"E{e}" for e in EXPONENTS)]

    @property
    def _slots(self) -> tuple[range, ...]:
        return range(self._mantissas), range(self._mantissas, self._mantissas + len(EXPONENTS))

    def _spell(self, values: Numbers) -> tuple[Spelled, Flags]:
        mantissa, exponent = significant_digits(np.abs(values), self.precision)
        ids = np.empty((*values.shape, 2), np.int64)
        ids[..., 0] = np.copysign(mantissa, values) + self._largest
        ids[..., 1] = exponent + (self._mantissas + LARGEST_EXPONENT)
        return ids, np.asarray(np.abs(exponent) <= LARGEST_EXPONENT)

    def _read(self, numbers: Spelled) -> tuple[Numbers, Flags]:
        mantissa, exponent = numbers[..., 0], numbers[..., 1] - self._mantissas
        ok = within(mantissa, self._mantissas) & within(exponent, len(EXPONENTS))
        value = (mantissa - self._largest).astype(np.float64)
        return scaled(value, np.where(ok, exponent - LARGEST_EXPONENT, 0)), ok

    def token_numbers(self) -> TokenNumbers:
        signed = np.arange(-self._largest, self._largest + 1)
        words = self._mantissas + len(EXPONENTS)
        sign, mantissa, exponent = np.zeros(words), np.full(words, np.nan), np.full(words, np.nan)
        sign[: self._mantissas] = np.where(signed < 0, -1, 1)
        mantissa[: self._mantissas] = np.abs(signed)
        exponent[self._mantissas :] = EXPONENTS
        return self._token_numbers(sign, mantissa, exponent, 10**self.precision)
