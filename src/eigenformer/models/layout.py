"""Where the tokens of an encoding stand, and which words may stand there.

Shapes: B batch, L tokens, G coefficients, S tokens a coefficient.
"""

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
