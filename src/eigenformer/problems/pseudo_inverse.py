"""The pseudo-inverse of Moore and Penrose."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from .base import Answers, EntrywiseProblem, Inputs
from .norms import PerInput, norms, ratio

_CUT_OFF = 1e-15


@final
@dataclass(frozen=True, kw_only=True)
class PseudoInverse(EntrywiseProblem):
    """M [m, n] -> M^+ [n, m]; `numpy.linalg.pinv`, with its cut-off for small singular values.

    Score: ||P - M^+|| / ||M^+||. Certificate, relative to
    the Frobenius norm of what it should be: `second` P M P - P and `symmetric`, the larger of
    M P - (M P)^T and P M - (P M)^T; and `first`, M P M - M relative to the least singular value of
    M that is not zero, which bounds the error within M's row and column spaces.
    """

    degree: ClassVar[int | None] = -1
    proof: ClassVar[str] = (
        "within the matrix's row and column spaces the error is at most the first of them; only "
        "the pseudo-inverse has all at zero"
    )

    def output_shape(self, m: int, n: int) -> tuple[int, int]:
        return n, m

    def answer(self, inputs: Inputs) -> Answers:
        return np.asarray(np.linalg.pinv(inputs))

    def certify(self, inputs: Inputs, predicted: Answers) -> PerInput:
        left, right = inputs @ predicted, predicted @ inputs
        skew = [
            ratio(_size(product - product.transpose(0, 2, 1)), _size(product))
            for product in (left, right)
        ]
        return {
            "first": ratio(_size(left @ inputs - inputs), _least(inputs)),
            "second": ratio(_size(right @ predicted - predicted), _size(predicted)),
            "symmetric": np.maximum(*skew),
        }


def _least(matrices: np.ndarray) -> np.ndarray:
    """The least singular value above `numpy.linalg.pinv`'s cut-off; 0 for zeros."""
    values = np.linalg.svd(matrices, compute_uv=False)
    kept = values > _CUT_OFF * values[:, :1]
    return np.where(kept.any(axis=1), np.where(kept, values, np.inf).min(axis=1), 0.0)


def _size(matrices: np.ndarray) -> np.ndarray:
    return norms(matrices)["l2"]
