"""Singular values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from ..ensembles import Ensemble, Matrices
from . import ratios
from .base import Answers, Inputs
from .norms import PerInput
from .proofs import Bound, singular_values
from .spectral import SpectrumProblem, frobenius_mismatch, moment_mismatch


@final
@dataclass(frozen=True, kw_only=True)
class SingularValues(SpectrumProblem):
    """M [m, n] -> singular values [min(m, n), 1], descending (Charton 2022, section 4.7).

    `numpy.linalg.svd(M, compute_uv=False)`. Measure: `condition`, that of M. Certificate:
    `frobenius` | ||s||_2 - ||M||_F | / ||M||_F, and `moments`, sums of fourth powers
    (`moment_mismatch`). Both are zero only for the right values where there are two of them, and
    necessary for more; small ones bound no value. Proved: a bound on |s_i - S_i| for each, from the
    residual of LAPACK's singular vectors.
    """

    polishable: ClassVar[bool] = True
    proved: ClassVar[Mapping[str, str]] = {"s": "singular value"}

    symmetric: bool = False
    """Draw symmetric inputs, as the paper's table 10 does; any matrix can be asked about."""

    def output_shape(self, m: int, n: int) -> tuple[int, int]:
        return min(m, n), 1

    def draw_inputs(self, rng: np.random.Generator, batch: int, ensemble: Ensemble) -> Matrices:
        return ensemble.draw(rng, batch, symmetric=self.symmetric)

    def rows(self, m: int, n: int) -> dict[str, int | slice]:
        return {"s": slice(None)}

    def answer(self, inputs: Inputs) -> Answers:
        return np.linalg.svd(inputs, compute_uv=False)[:, :, None]

    def test_ratio(self, inputs: Inputs, predicted: Answers) -> np.ndarray:
        return ratios.spectrum(self.answer(inputs), predicted)

    def certify(self, inputs: Inputs, predicted: Answers) -> PerInput:
        return {
            "frobenius": frobenius_mismatch(inputs, predicted),
            "moments": moment_mismatch(inputs, predicted, signed=False),
        }

    def prove(self, inputs: Inputs, predicted: Answers) -> dict[str, Bound]:
        return {"s": singular_values(inputs, predicted[:, :, 0])}
