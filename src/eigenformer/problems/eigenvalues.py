"""Eigenvalues of symmetric matrices."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from . import ratios
from .base import Answers, Inputs
from .norms import PerInput, norms, ratio
from .proofs import Bound, eigenvalues
from .spectral import SpectrumProblem, frobenius_mismatch, moment_mismatch


@final
@dataclass(frozen=True, kw_only=True)
class Eigenvalues(SpectrumProblem):
    """Symmetric M [n, n] -> eigenvalues [n, 1], descending (Charton 2022, section 4.4).

    `numpy.linalg.eigvalsh`, reversed. Measure: `condition`, that of M. Certificate: `trace`
    |sum d - tr M| / (sqrt(n) ||M||_F), `frobenius` | ||d||_2 - ||M||_F | / ||M||_F, and `moments`,
    sums of third and fourth powers (`moment_mismatch`). All are zero only for the right values of
    up to 4 x 4 matrices, and necessary for larger ones; small ones bound no value. Proved: a bound
    on |d_i - D_i| for each, from the residual of LAPACK's eigenvectors.
    """

    polishable: ClassVar[bool] = True
    needs_square: ClassVar[bool] = True
    needs_symmetric: ClassVar[bool] = True
    proved: ClassVar[Mapping[str, str]] = {"eigenvalues": "eigenvalue"}

    def output_shape(self, m: int, n: int) -> tuple[int, int]:
        self._need_square(m, n)
        return n, 1

    def rows(self, m: int, n: int) -> dict[str, int | slice]:
        return {"eigenvalues": slice(None)}

    def answer(self, inputs: Inputs) -> Answers:
        return np.ascontiguousarray(np.linalg.eigvalsh(inputs)[:, ::-1, None])

    def test_ratio(self, inputs: Inputs, predicted: Answers) -> np.ndarray:
        return ratios.spectrum(self.answer(inputs), predicted)

    def certify(self, inputs: Inputs, predicted: Answers) -> PerInput:
        trace = np.trace(inputs, axis1=1, axis2=2)
        # The trace itself may be near 0; sqrt(n) ||M||_F is the most it can be.
        most = math.sqrt(inputs.shape[1]) * norms(inputs)["l2"]
        return {
            "trace": ratio(np.abs(predicted.sum(axis=(1, 2)) - trace), most),
            "frobenius": frobenius_mismatch(inputs, predicted),
            "moments": moment_mismatch(inputs, predicted, signed=True),
        }

    def prove(self, inputs: Inputs, predicted: Answers) -> dict[str, Bound]:
        return {"eigenvalues": eigenvalues(inputs, predicted[:, :, 0])}
