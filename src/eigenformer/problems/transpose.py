"""Transposition."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from . import ratios
from .base import Answers, EntrywiseProblem, Inputs
from .proofs import Bound, mirrored


@final
@dataclass(frozen=True, kw_only=True)
class Transpose(EntrywiseProblem):
    """M [m, n] -> M^T [n, m] (Charton 2022, section 4.1); `numpy.transpose`."""

    degree: ClassVar[float | None] = 1
    proved: ClassVar[Mapping[str, str]] = {"answer": "coefficient of the transpose"}

    def output_shape(self, m: int, n: int) -> tuple[int, int]:
        return n, m

    def answer(self, inputs: Inputs) -> Answers:
        return np.ascontiguousarray(inputs.transpose(0, 2, 1))

    def test_ratio(self, inputs: Inputs, predicted: Answers) -> np.ndarray:
        """||P - O|| / (ULP ||M||): LAPACK has no such test."""
        off = ratios.one_norm(predicted - self.answer(inputs))
        return ratios.quotient(off, ratios.one_norm(inputs), ratios.ULP)

    def prove(self, inputs: Inputs, predicted: Answers) -> dict[str, Bound]:
        return {"answer": mirrored(inputs, predicted)}
