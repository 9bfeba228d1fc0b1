"""The pseudo-inverse of Moore and Penrose."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from . import ratios
from .base import Answers, EntrywiseProblem, Inputs
from .norms import PerInput, norms, ratio
from .proofs import Bound, pseudo_inverse

_CUT_OFF = 1e-15
"""`numpy.linalg.pinv`'s, over the largest singular value."""
_SMALL = 1e-5


@final
@dataclass(frozen=True, kw_only=True)
class PseudoInverse(EntrywiseProblem):
    """M [m, n] -> M^+ [n, m]; `numpy.linalg.pinv`, with its cut-off for small singular values.

    Score: ||P - M^+|| / ||M^+||. Certificate, relative to the Frobenius norm of what it should be:
    `first` M P M - M and `second` P M P - P, `symmetric` the larger of M P - (M P)^T and
    P M - (P M)^T. They are zero for the pseudo-inverse alone, and nearly zero where it lacks the
    part of a small singular value: of matrices that have one `doubts` says so. Proved: a bound on
    each |P - M^+|, where P shows that M has full rank.
    """

    polishable: ClassVar[bool] = True
    degree: ClassVar[float | None] = -1
    proved: ClassVar[Mapping[str, str]] = {"answer": "coefficient of the pseudo-inverse"}

    def output_shape(self, m: int, n: int) -> tuple[int, int]:
        return n, m

    def answer(self, inputs: Inputs) -> Answers:
        return np.asarray(np.linalg.pinv(inputs))

    def test_ratio(self, inputs: Inputs, predicted: Answers) -> np.ndarray:
        return ratios.pseudo_inverse(inputs, predicted)

    def certify(self, inputs: Inputs, predicted: Answers) -> PerInput:
        left, right = inputs @ predicted, predicted @ inputs
        skew = [
            ratio(_size(product - product.transpose(0, 2, 1)), _size(product))
            for product in (left, right)
        ]
        return {
            "first": ratio(_size(left @ inputs - inputs), _size(inputs)),
            "second": ratio(_size(right @ predicted - predicted), _size(predicted)),
            "symmetric": np.maximum(*skew),
        }

    def prove(self, inputs: Inputs, predicted: Answers) -> dict[str, Bound]:
        return {"answer": pseudo_inverse(inputs, predicted, cut_off=_CUT_OFF)}

    def doubts(self, inputs: Inputs) -> list[tuple[str, np.ndarray]]:
        values = np.linalg.svd(inputs, compute_uv=False)
        kept = values > _CUT_OFF * values[:, :1]
        small = kept & (values < _SMALL * values[:, :1])
        return [
            (
                "a singular value is below 1e-5 of the largest, but not zero: it decides the "
                "answer, and residuals don't show whether it was seen",
                np.asarray(small.any(axis=1)),
            )
        ]


def _size(matrices: np.ndarray) -> np.ndarray:
    return norms(matrices)["l2"]
