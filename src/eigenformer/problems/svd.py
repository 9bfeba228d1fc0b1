"""The singular value decomposition."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from ..ensembles import Ensemble, Matrices
from . import ratios
from .base import Answers, Inputs
from .norms import PerInput, norms, ratio, relative, relative_l1, worst
from .proofs import Bound, singular
from .spectral import (
    BasisProblem,
    Signs,
    basis_measures,
    canonical_signs,
    check_signs,
    condition_number,
    gram,
    identity_error,
    minus_diagonal,
    paper_score,
)


@final
@dataclass(frozen=True, kw_only=True)
class Svd(BasisProblem):
    """M [m, n] -> [1 + m + n, k], k = min(m, n): s descending, then U [m, k], then V [n, k].

    U^T M V = diag(s); `numpy.linalg.svd(M, full_matrices=False)` (Charton 2022, section 4.7).

    Score: the largest of ||U^T M V - S|| / ||S|| with S the true singular values,
    ||s - S|| / ||S||, ||U^T U - I|| / ||I|| and ||V^T V - I|| / ||I||. `paper`:
    ||U^T M V - diag(s)|| / ||diag(s)|| alone in L1.

    Measures: the terms (`diagonalisation`, `singular_values`, `orthogonality`, the larger of the
    two), `reconstruction` ||U diag(s) V^T - M|| / ||M||, all in L1; `column_norms`, `column_dots`,
    `basis_condition`, each the larger of those of U and V; `condition` of M. Certificate:
    `diagonalisation` ||U^T M V - diag(s)||_1 / ||M||_F, `reconstruction`, `orthogonality`.
    Proved: bounds on |s_i - S_i| and on the distance of u_i and v_i from true unit singular vectors
    or the negatives of both.
    """

    polishable: ClassVar[bool] = True
    reconstructs: ClassVar[bool] = True
    proved: ClassVar[Mapping[str, str]] = {
        "s": "singular value",
        "U": "left singular vector, up to sign,",
        "V": "right singular vector, up to sign,",
    }

    signs: Signs = "canonical"
    """`canonical`: the component of largest magnitude of each column of U is positive (the first
    of those equal to a relative 1e-9), and V's column has the sign that goes with it. `lapack`: as
    LAPACK returns them."""
    symmetric: bool = False
    """Draw symmetric inputs, as the paper's table 10 does; any matrix can be asked about."""

    def __post_init__(self) -> None:
        check_signs(self.signs)

    def output_shape(self, m: int, n: int) -> tuple[int, int]:
        return 1 + m + n, min(m, n)

    def rows(self, m: int, n: int) -> dict[str, int | slice]:
        return {"s": 0, "U": slice(1, m + 1), "V": slice(m + 1, None)}

    def draw_inputs(self, rng: np.random.Generator, batch: int, ensemble: Ensemble) -> Matrices:
        return ensemble.draw(rng, batch, symmetric=self.symmetric)

    def answer(self, inputs: Inputs) -> Answers:
        batch, m, n = inputs.shape
        left, values, right = np.linalg.svd(inputs, full_matrices=False)
        out = np.empty((batch, 1 + m + n, min(m, n)))
        out[:, 0] = values
        out[:, 1 : m + 1] = left
        out[:, m + 1 :] = right.transpose(0, 2, 1)
        if self.signs == "canonical":
            out[:, 1:] *= canonical_signs(out[:, 1 : m + 1])[:, None, :]
        return out

    def compare(
        self, inputs: Inputs, true: Answers, predicted: Answers
    ) -> tuple[PerInput, PerInput]:
        singular = true[:, 0]
        values, left, right = _parts(predicted, inputs.shape[1])
        rotated = left.transpose(0, 2, 1) @ (inputs @ right)
        products = gram(left), gram(right)
        size = norms(singular)
        diagonalisation = relative(minus_diagonal(rotated, singular), size)
        spectrum = relative(values - singular, size)
        orthogonality = worst([identity_error(product) for product in products])
        scores = worst([diagonalisation, spectrum, orthogonality])
        scores["paper"] = paper_score(rotated, values)
        bases = [basis_measures(product) for product in products]
        measures = {
            "diagonalisation": diagonalisation["l1"],
            "singular_values": spectrum["l1"],
            "orthogonality": orthogonality["l1"],
            "reconstruction": _reconstruction(inputs, values, left, right),
            **{name: np.maximum(bases[0][name], bases[1][name]) for name in bases[0]},
            "condition": condition_number(singular),
        }
        return scores, measures

    def test_ratio(self, inputs: Inputs, predicted: Answers) -> np.ndarray:
        values, left, right = _parts(predicted, inputs.shape[1])
        return ratios.svd(inputs, left, values, right)

    def certify(self, inputs: Inputs, predicted: Answers) -> PerInput:
        values, left, right = _parts(predicted, inputs.shape[1])
        rotated = left.transpose(0, 2, 1) @ (inputs @ right)
        residual = norms(minus_diagonal(rotated, values))["l1"]
        products = [gram(left), gram(right)]
        left_out = inputs - (left * values[:, None, :]) @ right.transpose(0, 2, 1)
        return {
            "diagonalisation": ratio(residual, norms(inputs)["l2"]),
            "reconstruction": relative_l1(left_out, inputs),
            "orthogonality": np.maximum(*(identity_error(product)["l1"] for product in products)),
        }

    def prove(self, inputs: Inputs, predicted: Answers) -> dict[str, Bound]:
        bounds = singular(inputs, *_parts(predicted, inputs.shape[1]))
        return dict(zip(self.proved, bounds, strict=True))


def _parts(answer: np.ndarray, m: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """s, U and V of an answer to a matrix with m rows."""
    return answer[:, 0], answer[:, 1 : m + 1], answer[:, m + 1 :]


def _reconstruction(
    inputs: np.ndarray, values: np.ndarray, left: np.ndarray, right: np.ndarray
) -> np.ndarray:
    product = (left * values[:, None, :]) @ right.transpose(0, 2, 1)
    return relative_l1(product - inputs, inputs)
