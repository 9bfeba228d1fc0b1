"""Where tokens and coefficients stand: in the sequences of an encoding, in a network's layers.

Shapes: B batch, L tokens, G coefficients, S tokens a coefficient.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int
from torch import Tensor

from ..core import InputError
from ..encodings import Encoding


class TokenLayout:
    """What a model that takes coefficients apart knows of an encoding."""

    def __init__(self, encoding: Encoding) -> None:
        self.words = len(encoding.vocabulary)
        self.header = encoding.header
        self.slots = encoding.slots
        self.first_dim = encoding.first_dim
        mantissa = encoding.token_numbers().mantissa
        places = range(len(self.slots))
        self.mantissas = [i for i in places if not np.isnan(mantissa[self.slots[i].start])]
        """Places of mantissas or their digits; words there are in the order of what they mean."""
        others = [i for i in places if i not in self.mantissas]
        self.stages = [stage for stage in (others, *([i] for i in self.mantissas)) if stage]
        """Places of a coefficient in the order in which they are chosen, some at once."""

    def numbers(self, ids_BL: Int[Tensor, "B L"]) -> Int[Tensor, "B G S"]:
        """The tokens of the coefficients; an `InputError` if they don't make whole ones."""
        numbers = ids_BL.shape[1] - len(self.header)
        if numbers < 0 or numbers % len(self.slots):
            raise InputError(
                f"a sequence has {ids_BL.shape[1]} tokens, not {len(self.header)} and a multiple "
                f"of {len(self.slots)}; encode it with the encoding that the model was built for"
            )
        return ids_BL[:, len(self.header) :].reshape(len(ids_BL), -1, len(self.slots))

    def dims(self, ids_BL: Int[Tensor, "B L"]) -> Int[Tensor, "B 2"]:
        """Rows and columns that the header names."""
        end = len(self.header)
        return ids_BL[:, end - 2 : end] - (self.first_dim - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the coefficients of a matrix stand among the positions of a stack, row by row."""

    first: int
    """Position of the first coefficient."""
    each: int
    """Positions of a coefficient."""

    def of(self, count: int) -> slice:
        return slice(self.first, self.end(count))

    def end(self, count: int) -> int:
        """The position after those of `count` coefficients."""
        return self.first + count * self.each


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """The coefficients of the input, of the answer as it is asked for, and as it is read back."""

    inputs: Places
    asks: Places
    reads: Places
