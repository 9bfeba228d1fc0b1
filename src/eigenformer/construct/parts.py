"""What a layer is made of: attention heads, units of a ReLU network, and what some sources add.

    Attn(H) = H + scale sum_h V_h H M f((K_h H)^T (Q_h H))       f the identity, or ReLU
    FFN(H)  = H + W2 relu(W1 H)
    layer   = normalise(FFN(Attn(H) + R H))

(Giannou et al. 2024, equations 3.1a and 3.1b; derivations.md, section 0.) With M = I, f the
identity, R = 0 and no normalisation this is the linear transformer of that paper, and all that the
compiler uses.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64

from .blocks import RowMap
from .scalar import Scalar


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Head:
    """One head: adds V H (K H)^T (Q H), the triple product P Q^T R of named blocks.

    `value` writes into the rows of the state that the head adds to. `key` and `query` write into
    rows of their own (from 0 on), which are multiplied pairwise.
    """

    value: RowMap
    key: RowMap
    query: RowMap


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Unit:
    """A scalar function of a linear form of each column: column += write * f(read . column)."""

    read: Float64[np.ndarray, " w"]
    function: Scalar
    write: Float64[np.ndarray, " w"]
    bias: str = "one"
    """The constant block that biases come from, a row of ones. Where it is 0, and the form too, the
    ReLUs give 0 and not f(0): so columns beside a matrix stay zero."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Layer:
    """One layer; parts that are empty are left out."""

    heads: tuple[Head, ...] = ()
    units: tuple[Unit, ...] = ()
    scale: float = 1.0
    """Factor on the heads' sum; some sources have 1/n."""
    scores: Literal["linear", "relu"] = "linear"
    masked_keys: int = 0
    """The last columns that no head may use as keys (a query token)."""
    linear: RowMap = ()
    """R, a linear map of the residual stream beside attention."""
    normalise: Literal["none", "rows"] = "none"
    normalised: tuple[str, ...] = ()
    """The blocks that are normalised, each row to length 1 (a row of zeros stays)."""

    @property
    def hidden(self) -> int:
        """Hidden units of the ReLU network."""
        return sum(unit.function.hidden for unit in self.units)
