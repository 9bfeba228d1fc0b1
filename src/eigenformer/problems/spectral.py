"""What the eigenvalue and singular-value problems share: signs, bases, condition numbers."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64

from ..core.errors import unknown
from .base import Answers, Inputs, ShapedProblem
from .norms import NORMS, PerInput, norms, ratio, relative

Signs = Literal["canonical", "lapack"]
DECOMPOSITION_SCORES = (*NORMS, "paper")


@dataclass(frozen=True, kw_only=True)
class SpectrumProblem(ShapedProblem):
    """A problem whose answer is eigenvalues or singular values [k, 1], descending."""

    def compare(
        self, inputs: Inputs, true: Answers, predicted: Answers
    ) -> tuple[PerInput, PerInput]:
        scores = relative(predicted - true, norms(true))
        return scores, {"condition": condition_number(true[:, :, 0])}


def check_signs(signs: str) -> None:
    """`InputError` unless `signs` is known."""
    if signs not in ("canonical", "lapack"):
        raise unknown("signs", signs, ("canonical", "lapack"))


def canonical_signs(basis: Float64[np.ndarray, "B m k"]) -> Float64[np.ndarray, "B k"]:
    """+-1 for each column: multiplied by it, its component of largest magnitude is positive."""
    largest = np.abs(basis).argmax(axis=1)[:, None, :]
    signs: np.ndarray = np.copysign(1.0, np.take_along_axis(basis, largest, axis=1)[:, 0])
    return signs


def minus_diagonal(
    matrices: Float64[np.ndarray, "B k k"], diagonal: Float64[np.ndarray, "B k"]
) -> Float64[np.ndarray, "B k k"]:
    """matrices - diag(diagonal)."""
    out = matrices.copy()
    i = np.arange(matrices.shape[1])
    out[:, i, i] -= diagonal
    return out


def gram(basis: Float64[np.ndarray, "B m k"]) -> Float64[np.ndarray, "B k k"]:
    """Q^T Q: the identity where the columns are orthonormal."""
    return np.asarray(basis.transpose(0, 2, 1) @ basis)


def identity_error(product: Float64[np.ndarray, "B k k"]) -> PerInput:
    """||product - I|| / ||I|| in every norm (in L1, ||product - I|| / k)."""
    k = product.shape[1]
    return relative(product - np.eye(k), norms(np.eye(k)[None]))


def paper_score(
    rotated: Float64[np.ndarray, "B k k"], predicted: Float64[np.ndarray, "B k"]
) -> Float64[np.ndarray, " B"]:
    """||rotated - diag(d)|| / ||diag(d)|| in L1; inf for d = 0, which would pass with Q = 0 too."""
    size = np.abs(predicted).sum(axis=1)
    error = np.abs(minus_diagonal(rotated, predicted)).sum(axis=(1, 2))
    return np.where(size > 0, ratio(error, size), np.inf)


def basis_measures(product: Float64[np.ndarray, "B k k"]) -> PerInput:
    """How orthonormal a predicted basis is, from its Gram matrix (Charton 2022, section 4.5).

    `column_norms` is the largest deviation from 1 of a column's norm, `column_dots` the largest
    magnitude of a dot product of successive columns, `basis_condition` the basis' condition number.
    """
    k = product.shape[1]
    i = np.arange(k)
    lengths = np.abs(np.sqrt(product[:, i, i]) - 1).max(axis=1)
    dots = np.abs(product[:, i[:-1], i[1:]]).max(axis=1, initial=0.0)
    # LAPACK refuses nan and inf; those bases have no condition number worth the name.
    usable = np.isfinite(product).all(axis=(1, 2))
    spectrum = np.linalg.eigvalsh(np.where(usable[:, None, None], product, np.eye(k)))
    condition = np.sqrt(ratio(spectrum[:, -1], np.maximum(spectrum[:, 0], 0.0)))
    return {
        "column_norms": np.where(np.isnan(lengths), np.inf, lengths),
        "column_dots": np.where(np.isnan(dots), np.inf, dots),
        "basis_condition": np.where(usable & (condition > 0), condition, np.inf),
    }


def condition_number(spectrum: Float64[np.ndarray, "B k"]) -> Float64[np.ndarray, " B"]:
    """The 2-norm condition number from eigenvalues or singular values; inf when singular."""
    size = np.abs(spectrum)
    largest, smallest = size.max(axis=1), size.min(axis=1)
    return np.where(smallest > 0, ratio(largest, smallest), np.inf)


def frobenius_mismatch(
    inputs: Inputs, spectrum: Float64[np.ndarray, "B k 1"]
) -> Float64[np.ndarray, " B"]:
    """| ||spectrum||_2 - ||M||_F | / ||M||_F: 0 for the right eigenvalues or singular values."""
    size = norms(inputs)["l2"]
    return ratio(np.abs(norms(spectrum)["l2"] - size), size)
