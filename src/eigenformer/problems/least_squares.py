"""Linear regression: the vector that comes nearest to solving an overdetermined system."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from . import ratios
from .base import Answers, Inputs
from .norms import PerInput, norms, ratio, unit_size
from .operands import MatrixAndVector
from .proofs import Bound, least_squares

_EPS = np.finfo(np.float64).eps


@final
@dataclass(frozen=True, kw_only=True)
class LeastSquares(MatrixAndVector):
    """[A | y] [m, n + 1] -> x [n, 1] that minimises ||A x - y||_2; `numpy.linalg.lstsq(A, y)`.

    Where several x do, the shortest one. Score: ||P - x|| / ||x||. Certificate: `normal_equations`
    ||A^T (A P - y)||_2 / ||A^T y||_2, which is 0 where P minimises; it may be off by that times the
    square of A's condition number. Proved: a bound on each |P - x|, where A has full rank.
    """

    polishable: ClassVar[bool] = True
    degree: ClassVar[float | None] = 0
    proved: ClassVar[Mapping[str, str]] = {"answer": "coefficient of the solution"}

    def answer(self, inputs: Inputs) -> Answers:
        a, y = inputs[:, :, :-1], inputs[:, :, -1:]
        left, sizes, right = np.linalg.svd(a, full_matrices=False)
        # The rank tolerance of numpy.linalg.lstsq, which takes one matrix at a time.
        small = sizes <= max(a.shape[1:]) * _EPS * sizes[:, :1]
        inverse = np.where(small, 0.0, 1.0 / np.where(small, 1.0, sizes))
        parts = inverse[:, :, None] * (left.transpose(0, 2, 1) @ y)
        return np.asarray(right.transpose(0, 2, 1) @ parts)

    def test_ratio(self, inputs: Inputs, predicted: Answers) -> np.ndarray:
        return ratios.least_squares(inputs[:, :, :-1], inputs[:, :, -1:], predicted)

    def certify(self, inputs: Inputs, predicted: Answers) -> PerInput:
        unit = unit_size(inputs)  # A^T A must not overflow, and both have the same minimum
        a, y = unit[:, :, :-1], unit[:, :, -1:]
        transposed = a.transpose(0, 2, 1)
        gradient = norms(transposed @ (a @ predicted - y))["l2"]
        return {"normal_equations": ratio(gradient, norms(transposed @ y)["l2"])}

    def prove(self, inputs: Inputs, predicted: Answers) -> dict[str, Bound]:
        a, y = inputs[:, :, :-1], inputs[:, :, -1:]
        cut_off = max(a.shape[1:]) * _EPS
        return {"answer": least_squares(a, y, predicted, cut_off=cut_off)}
