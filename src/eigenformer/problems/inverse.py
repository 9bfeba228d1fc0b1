"""Inversion, of general and of symmetric matrices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from ..core import InputError
from . import ratios
from .base import Answers, Inputs
from .norms import PerInput, relative_l1
from .proofs import Bound, pseudo_inverse
from .spectral import AboutSpectrum, condition_number, identity_error

_EPS = np.finfo(np.float64).eps
_ALMOST_SINGULAR = 1e8


@dataclass(frozen=True, kw_only=True)
class InverseProblem(AboutSpectrum):
    """M [n, n] -> M^-1 [n, n] (Charton 2022, section 4.6); `numpy.linalg.inv`.

    Score: ||P M - I|| / ||I||, in L1 ||P M - I|| / n. Measures: `distance` ||P - M^-1|| / ||M^-1||
    in L1 (to the inverse of the drawn matrix), `condition` of M. Certificate: `identity`, the
    score. Proved: a bound on each |P - M^-1|, where ||P M - I||_2 < 1. Raises `InputError` for a
    matrix that is singular in float64.
    """

    polishable: ClassVar[bool] = True
    needs_square: ClassVar[bool] = True
    reconstructs: ClassVar[bool] = True
    degree: ClassVar[float | None] = -1
    proved: ClassVar[Mapping[str, str]] = {"answer": "coefficient of the inverse"}

    def output_shape(self, m: int, n: int) -> tuple[int, int]:
        self._need_square(m, n)
        return m, n

    def check_inputs(self, inputs: Inputs, index: np.ndarray) -> None:
        condition = condition_number(np.linalg.svd(inputs, compute_uv=False))
        # The rank tolerance of numpy.linalg.matrix_rank.
        singular = condition >= 1 / (inputs.shape[1] * _EPS)
        if singular.any():
            raise InputError(
                f"input {index[singular][0]} is singular to working precision (condition number "
                f"{condition[singular][0]:.3g}), so it has no inverse; look for dependent rows"
            )

    def answer(self, inputs: Inputs) -> Answers:
        try:
            inverse: np.ndarray = np.linalg.inv(inputs)
        except np.linalg.LinAlgError:
            self.check_inputs(inputs, np.arange(len(inputs)))
            raise
        # The 1-norm condition number comes free with the inverse; only a bad one costs an SVD.
        largest = [np.abs(x).sum(axis=1).max(axis=1, initial=0) for x in (inputs, inverse)]
        if (largest[0] * largest[1] >= 1 / (inputs.shape[1] * _EPS)).any():
            self.check_inputs(inputs, np.arange(len(inputs)))
        return inverse

    def compare(
        self, inputs: Inputs, true: Answers, predicted: Answers
    ) -> tuple[PerInput, PerInput]:
        scores = identity_error(predicted @ inputs)
        measures = {
            "distance": relative_l1(predicted - true, true),
            "condition": condition_number(np.linalg.svd(inputs, compute_uv=False)),
        }
        return scores, measures

    def test_ratio(self, inputs: Inputs, predicted: Answers) -> np.ndarray:
        return ratios.inverse(inputs, predicted)

    def certify(self, inputs: Inputs, predicted: Answers) -> PerInput:
        return {"identity": identity_error(predicted @ inputs)["l1"]}

    def prove(self, inputs: Inputs, predicted: Answers) -> dict[str, Bound]:
        return {"answer": pseudo_inverse(inputs, predicted, cut_off=0.0)}

    def doubts(self, inputs: Inputs) -> list[tuple[str, np.ndarray]]:
        condition = condition_number(self.spectrum(inputs))
        return [
            (
                "the matrix is almost singular: changes of a relative 1e-10 in it may change the "
                "inverse by more than 1%",
                condition > _ALMOST_SINGULAR,
            )
        ]


@final
@dataclass(frozen=True, kw_only=True)
class Inverse(InverseProblem):
    """The inverse of any square matrix."""


@final
@dataclass(frozen=True, kw_only=True)
class SymmetricInverse(InverseProblem):
    """The inverse of a symmetric matrix."""

    needs_symmetric: ClassVar[bool] = True
