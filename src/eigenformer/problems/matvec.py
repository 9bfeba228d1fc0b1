"""The product of a matrix and a vector."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from . import ratios
from .base import Answers, Inputs
from .operands import MatrixAndVector
from .proofs import Bound, product_error


@final
@dataclass(frozen=True, kw_only=True)
class Matvec(MatrixAndVector):
    """[M | v] [m, n + 1] -> M^T v [n, 1] (Charton 2022, section 4.3); `M.T @ v`."""

    degree: ClassVar[float | None] = 2
    proved: ClassVar[Mapping[str, str]] = {"answer": "coefficient of the product"}

    def answer(self, inputs: Inputs) -> Answers:
        return np.asarray(inputs[:, :, :-1].transpose(0, 2, 1) @ inputs[:, :, -1:])

    def test_ratio(self, inputs: Inputs, predicted: Answers) -> np.ndarray:
        """DBLAT3's: ||P - O|| / (m ULP ||M^T|| ||N||)."""
        off = predicted - self.answer(inputs)
        return ratios.product(off, inputs[:, :, :-1], inputs[:, :, -1:])

    def prove(self, inputs: Inputs, predicted: Answers) -> dict[str, Bound]:
        left = inputs[:, :, :-1].transpose(0, 2, 1)
        return {"answer": product_error(left, inputs[:, :, -1:], predicted)}
