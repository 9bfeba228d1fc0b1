"""Addition."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from ..ensembles import Ensemble, Matrices
from . import ratios
from .base import Answers, EntrywiseProblem, Inputs
from .operands import beside, half, halves
from .proofs import Bound, sum_error


@final
@dataclass(frozen=True, kw_only=True)
class Add(EntrywiseProblem):
    """[M | N] [m, 2n] -> M + N [m, n] (Charton 2022, section 4.2); `numpy.add`."""

    degree: ClassVar[float | None] = 1
    proved: ClassVar[Mapping[str, str]] = {"answer": "coefficient of the sum"}

    def input_shape(self, m: int, n: int) -> tuple[int, int]:
        return m, 2 * n

    def output_shape(self, m: int, n: int) -> tuple[int, int]:
        return m, half(n, self.name)

    def draw_inputs(self, rng: np.random.Generator, batch: int, ensemble: Ensemble) -> Matrices:
        left = ensemble.draw(rng, batch)
        return beside(left, ensemble.entries(rng, left))

    def answer(self, inputs: Inputs) -> Answers:
        left, right = halves(inputs)
        return np.asarray(left + right)

    def test_ratio(self, inputs: Inputs, predicted: Answers) -> np.ndarray:
        """||P - O|| / (ULP ||M||): LAPACK has no such test."""
        off = ratios.one_norm(predicted - self.answer(inputs))
        return ratios.quotient(off, ratios.one_norm(inputs), ratios.ULP)

    def prove(self, inputs: Inputs, predicted: Answers) -> dict[str, Bound]:
        return {"answer": sum_error(*halves(inputs), predicted)}
