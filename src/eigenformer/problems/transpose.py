"""Transposition."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from .base import Answers, EntrywiseProblem, Inputs
from .proofs import Bound, mirrored


@final
@dataclass(frozen=True, kw_only=True)
class Transpose(EntrywiseProblem):
    """M [m, n] -> M^T [n, m] (Charton 2022, section 4.1); `numpy.transpose`."""

    degree: ClassVar[int | None] = 1
    proved: ClassVar[Mapping[str, str]] = {"answer": "coefficient of the transpose"}

    def output_shape(self, m: int, n: int) -> tuple[int, int]:
        return n, m

    def answer(self, inputs: Inputs) -> Answers:
        return np.ascontiguousarray(inputs.transpose(0, 2, 1))

    def prove(self, inputs: Inputs, predicted: Answers) -> dict[str, Bound]:
        return {"answer": mirrored(inputs, predicted)}
