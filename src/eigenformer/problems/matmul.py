"""The product of two matrices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from ..ensembles import Ensemble, Matrices
from . import ratios
from .base import Answers, EntrywiseProblem, Inputs
from .operands import beside, half, halves
from .proofs import Bound, product_error


@final
@dataclass(frozen=True, kw_only=True)
class Matmul(EntrywiseProblem):
    """[M | N] [m, 2n] -> M^T N [n, n] (Charton 2022, section 4.3); `M.T @ N`."""

    degree: ClassVar[float | None] = 2
    proved: ClassVar[Mapping[str, str]] = {"answer": "coefficient of the product"}

    def input_shape(self, m: int, n: int) -> tuple[int, int]:
        return m, 2 * n

    def output_shape(self, m: int, n: int) -> tuple[int, int]:
        k = half(n, self.name)
        return k, k

    def draw_inputs(self, rng: np.random.Generator, batch: int, ensemble: Ensemble) -> Matrices:
        left = ensemble.draw(rng, batch)
        return beside(left, ensemble.entries(rng, left))

    def answer(self, inputs: Inputs) -> Answers:
        left, right = halves(inputs)
        return np.asarray(left.transpose(0, 2, 1) @ right)

    def test_ratio(self, inputs: Inputs, predicted: Answers) -> np.ndarray:
        """DBLAT3's: ||P - O|| / (m ULP ||M^T|| ||N||)."""
        off = predicted - self.answer(inputs)
        return ratios.product(off, *halves(inputs))

    def prove(self, inputs: Inputs, predicted: Answers) -> dict[str, Bound]:
        left, right = halves(inputs)
        return {"answer": product_error(left.transpose(0, 2, 1), right, predicted)}
