"""Transposition."""

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float64

from .base import EntrywiseProblem


@final
@dataclass(frozen=True, kw_only=True)
class Transpose(EntrywiseProblem):
    """M [m, n] -> M^T [n, m] (Charton 2022, section 4.1); `numpy.transpose`."""

    def output_shape(self, m: int, n: int) -> tuple[int, int]:
        return n, m

    def answer(self, inputs: Float64[np.ndarray, "B m n"]) -> Float64[np.ndarray, "B p q"]:
        return np.ascontiguousarray(inputs.transpose(0, 2, 1))
