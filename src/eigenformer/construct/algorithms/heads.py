"""The head that most algorithms are made of."""

import numpy as np
from jaxtyping import Float64

from ..blocks import Move, Rows
from ..parts import Head


def head(
    value: Move | tuple[Move, ...],
    key: Rows,
    query: Rows,
    scale: float | Float64[np.ndarray, "r r"] = 1.0,
) -> Head:
    """Adds `value` key^T (scale query): the triple product of named blocks."""
    inner = Rows(0, key.count)
    values = value if isinstance(value, tuple) else (value,)
    return Head(value=values, key=(Move(inner, key),), query=(Move(inner, query, scale),))
