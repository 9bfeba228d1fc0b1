"""FP{range}: a whole number in one token. `FP314/-2` (FP15)."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float64, Int64

from ..core import InputError
from .base import Encoding, Flags, Numbers, Spelled, TokenNumbers, within
from .rounding import floating_digits, scaled


@dataclass(frozen=True, kw_only=True)
class Floating(Encoding):
    """The paper's FP15 (section 2.1, table 1): one token a coefficient.

    The leading digit's power of ten lies in a window of `span` + 1 powers: 10^-7 to 10^8 for FP15,
    so exponents of a 3-digit mantissa run from -9 to 6. At the lowest exponent the mantissa may
    have fewer digits (subnormals), down to zero. Halves are rounded up, in magnitude.
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
    def _smallest(self) -> int:
        """The smallest mantissa that is not subnormal (100 for FP15)."""
        return int(10 ** (self.precision - 1))

    @property
    def _largest_rank(self) -> int:
        """How many positive numbers there are: subnormals, then 900 an exponent for FP15."""
        return self._smallest - 1 + (self.span + 1) * 9 * self._smallest

    @cached_property
    def _parts(self) -> tuple[Int64[np.ndarray, " R"], Int64[np.ndarray, " R"]]:
        """Mantissa and exponent of the numbers of rank 0 (zero), 1 (the smallest positive), ..."""
        rank = np.arange(self._largest_rank + 1)
        block = np.maximum(rank - self._smallest, 0) // (9 * self._smallest)
        exponent = block + self.lowest
        exponent[0] = 0
        return rank - block * 9 * self._smallest, exponent

    @cached_property
    def _values(self) -> Float64[np.ndarray, " R"]:
        """The value of each number word."""
        mantissa, exponent = self._parts
        positive = scaled(mantissa.astype(np.float64), exponent)
        return np.concatenate([-positive[:0:-1], positive])

    def number_words(self) -> Iterable[str]:
        mantissa, exponent = (part.tolist() for part in self._parts)
        positive = [f"{m}/{e}" for m, e in zip(mantissa, exponent, strict=True)]
        return [f"FP-{word}" for word in positive[:0:-1]] + [f"FP{word}" for word in positive]

    @property
    def _slots(self) -> tuple[range, ...]:
        return (range(2 * self._largest_rank + 1),)

    def _spell(self, values: Numbers) -> tuple[Spelled, Flags]:
        mantissa, exponent = floating_digits(np.abs(values), self.precision, self.lowest)
        # 9 * _smallest numbers an exponent; 1000 at one is 100 at the next.
        rank = mantissa.astype(np.int64) + (exponent - self.lowest) * (9 * self._smallest)
        ids = np.where(values < 0, -rank, rank) + self._largest_rank
        return ids[..., None], np.asarray(rank <= self._largest_rank)

    def _read(self, numbers: Spelled) -> tuple[Numbers, Flags]:
        ids = numbers[..., 0]
        ok = within(ids, len(self._values))
        return self._values[np.where(ok, ids, 0)], ok

    def token_numbers(self) -> TokenNumbers:
        mantissa, exponent = self._parts
        signed = np.arange(-self._largest_rank, self._largest_rank + 1)
        rank = np.abs(signed)
        sign = np.where(signed < 0, -1, 1)
        return self._token_numbers(sign, mantissa[rank], exponent[rank], 10**self.precision)
