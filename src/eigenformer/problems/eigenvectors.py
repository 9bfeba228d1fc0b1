"""Eigenvalues and eigenvectors of symmetric matrices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from . import ratios
from .base import Answers, Inputs
from .norms import PerInput, norms, ratio, relative, relative_l1, worst
from .proofs import Bound, eigen
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
class Eigenvectors(BasisProblem):
    """Symmetric M [n, n] -> [n + 1, n]: eigenvalues d descending, then Q with Q^T M Q = diag(d).

    `numpy.linalg.eigh`, reversed (Charton 2022, section 4.5).

    Score: the largest of ||Q^T M Q - D|| / ||D|| with D the true eigenvalues, ||d - D|| / ||D||
    and ||Q^T Q - I|| / ||I||. `paper`: ||Q^T M Q - diag(d)|| / ||diag(d)|| alone in L1, which any
    congruence passes, whatever the eigenvalues.

    Measures: the three terms (`diagonalisation`, `eigenvalues`, `orthogonality`), `reconstruction`
    ||Q diag(d) Q^T - M|| / ||M||, all in L1; `column_norms`, `column_dots`, `basis_condition` of Q;
    `condition` of M. Certificate: `diagonalisation` ||Q^T M Q - diag(d)||_1 / ||M||_F (at least the
    error relative to the eigenvalues' sum), `reconstruction`, `orthogonality`. Proved: bounds on
    |d_i - D_i| and on the distance of q_i from the true unit eigenvector or its negative.
    """

    polishable: ClassVar[bool] = True
    needs_square: ClassVar[bool] = True
    needs_symmetric: ClassVar[bool] = True
    reconstructs: ClassVar[bool] = True
    proved: ClassVar[Mapping[str, str]] = {
        "eigenvalues": "eigenvalue",
        "eigenvectors": "eigenvector, up to sign,",
    }

    signs: Signs = "canonical"
    """`canonical`: the component of largest magnitude of each eigenvector is positive (the first
    of those equal to a relative 1e-9). `lapack`: as LAPACK returns them."""

    def __post_init__(self) -> None:
        check_signs(self.signs)

    def output_shape(self, m: int, n: int) -> tuple[int, int]:
        self._need_square(m, n)
        return n + 1, n

    def rows(self, m: int, n: int) -> dict[str, int | slice]:
        return {"eigenvalues": 0, "eigenvectors": slice(1, None)}

    def answer(self, inputs: Inputs) -> Answers:
        ascending, vectors = np.linalg.eigh(inputs)
        batch, n = ascending.shape
        out = np.empty((batch, n + 1, n))
        out[:, 0] = ascending[:, ::-1]
        out[:, 1:] = vectors[:, :, ::-1]
        if self.signs == "canonical":
            out[:, 1:] *= canonical_signs(out[:, 1:])[:, None, :]
        return out

    def compare(
        self, inputs: Inputs, true: Answers, predicted: Answers
    ) -> tuple[PerInput, PerInput]:
        eigenvalues = true[:, 0]
        values, basis = predicted[:, 0], predicted[:, 1:]
        rotated = basis.transpose(0, 2, 1) @ (inputs @ basis)
        product = gram(basis)
        size = norms(eigenvalues)
        diagonalisation = relative(minus_diagonal(rotated, eigenvalues), size)
        spectrum = relative(values - eigenvalues, size)
        orthogonality = identity_error(product)
        scores = worst([diagonalisation, spectrum, orthogonality])
        scores["paper"] = paper_score(rotated, values)
        measures = {
            "diagonalisation": diagonalisation["l1"],
            "eigenvalues": spectrum["l1"],
            "orthogonality": orthogonality["l1"],
            "reconstruction": _reconstruction(inputs, values, basis),
            **basis_measures(product),
            "condition": condition_number(eigenvalues),
        }
        return scores, measures

    def test_ratio(self, inputs: Inputs, predicted: Answers) -> np.ndarray:
        return ratios.eigenvectors(inputs, predicted[:, 0], predicted[:, 1:])

    def certify(self, inputs: Inputs, predicted: Answers) -> PerInput:
        values, basis = predicted[:, 0], predicted[:, 1:]
        rotated = basis.transpose(0, 2, 1) @ (inputs @ basis)
        residual, product = norms(minus_diagonal(rotated, values))["l1"], gram(basis)
        left_out = inputs - (basis * values[:, None, :]) @ basis.transpose(0, 2, 1)
        return {
            "diagonalisation": ratio(residual, norms(inputs)["l2"]),
            "reconstruction": relative_l1(left_out, inputs),
            "orthogonality": identity_error(product)["l1"],
        }

    def prove(self, inputs: Inputs, predicted: Answers) -> dict[str, Bound]:
        values, vectors = eigen(inputs, predicted[:, 0], predicted[:, 1:])
        return {"eigenvalues": values, "eigenvectors": vectors}


def _reconstruction(inputs: np.ndarray, values: np.ndarray, basis: np.ndarray) -> np.ndarray:
    product = (basis * values[:, None, :]) @ basis.transpose(0, 2, 1)
    return relative_l1(product - inputs, inputs)
