"""What the eigenvalue and singular-value problems share: signs, bases, condition numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float64

from ..core.errors import unknown
from .base import Answers, Inputs, ShapedProblem
from .norms import NORMS, PerInput, norms, ratio, relative, unit_size

Signs = Literal["canonical", "lapack"]
DECOMPOSITION_SCORES = (*NORMS, "paper")
_TIED = 1e-9
"""Components whose magnitudes differ by less, relatively, are equally large."""
_EQUAL = 1e-10
"""Values whose distance, over the largest of them, is less are equal."""


@dataclass(frozen=True, kw_only=True)
class AboutSpectrum(ShapedProblem):
    """A problem whose answer hangs on eigenvalues or singular values."""

    def traits(self, inputs: Inputs) -> PerInput:
        """Also `condition`, `gap` (see `smallest_gap`) and, of square ones, `trace`."""
        values = self.spectrum(inputs)
        return super().traits(inputs) | spectral_traits(inputs, values)

    def spectrum(self, inputs: Inputs) -> Float64[np.ndarray, "B k"]:
        """Eigenvalues of symmetric inputs, singular values of others; descending."""
        if self.needs_symmetric:
            return np.asarray(np.linalg.eigvalsh(inputs)[:, ::-1])
        return np.asarray(np.linalg.svd(inputs, compute_uv=False))


@dataclass(frozen=True, kw_only=True)
class SpectrumProblem(AboutSpectrum):
    """A problem whose answer is eigenvalues or singular values [k, 1], descending."""

    degree: ClassVar[float | None] = 1
    doubtful: ClassVar[Mapping[str, float]] = {"trace": 0.02, "frobenius": 0.02, "moments": 0.01}

    def compare(
        self, inputs: Inputs, true: Answers, predicted: Answers
    ) -> tuple[PerInput, PerInput]:
        scores = relative(predicted - true, norms(true))
        return scores, {"condition": condition_number(true[:, :, 0])}


@dataclass(frozen=True, kw_only=True)
class BasisProblem(AboutSpectrum):
    """A problem whose answer has values in its first row, and orthonormal bases below."""

    degree: ClassVar[float | None] = 1

    @property
    def score_names(self) -> tuple[str, ...]:
        return DECOMPOSITION_SCORES

    def scaled(self, answers: Answers, factor: Float64[np.ndarray, " B"]) -> Answers:
        out = answers.copy()
        out[:, 0] *= factor[:, None]
        return out

    def doubts(self, inputs: Inputs) -> list[tuple[str, np.ndarray]]:
        close = smallest_gap(self.spectrum(inputs)) < _EQUAL
        return [
            (
                "two of the values are equal to working precision: their vectors are not "
                "determined, and any orthonormal ones that span the same plane are right",
                close,
            )
        ]


def spectral_traits(inputs: Inputs, values: Float64[np.ndarray, "B k"]) -> PerInput:
    """`condition`, the smallest relative `gap`, and the `trace` of square ones, from -1 to 1."""
    found = {"condition": condition_number(values), "gap": smallest_gap(values)}
    _, m, n = inputs.shape
    if m == n:
        trace = np.trace(unit_size(inputs), axis1=1, axis2=2)
        found["trace"] = ratio(trace, np.sqrt(n) * norms(unit_size(inputs))["l2"])
    return found


def smallest_gap(values: Float64[np.ndarray, "B k"]) -> Float64[np.ndarray, " B"]:
    """The smallest distance of two of the descending values, over the largest magnitude."""
    if values.shape[1] < 2:
        return np.ones(len(values))
    gap = -np.diff(values, axis=1).max(axis=1)
    return ratio(gap, np.abs(values).max(axis=1))


def check_signs(signs: str) -> None:
    """`InputError` unless `signs` is known."""
    if signs not in ("canonical", "lapack"):
        raise unknown("signs", signs, ("canonical", "lapack"))


def canonical_signs(basis: Float64[np.ndarray, "B m k"]) -> Float64[np.ndarray, "B k"]:
    """+-1 for each column: multiplied by it, its component of largest magnitude is positive.

    Where several are largest to a relative 1e-9 it is the first of them: rounding must not decide.
    """
    size = np.abs(basis)
    first = (size >= (1 - _TIED) * size.max(axis=1, keepdims=True)).argmax(axis=1)[:, None, :]
    signs: np.ndarray = np.copysign(1.0, np.take_along_axis(basis, first, axis=1)[:, 0])
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


def moment_mismatch(
    inputs: Inputs, spectrum: Float64[np.ndarray, "B k 1"], *, signed: bool
) -> Float64[np.ndarray, " B"]:
    """How much the sums of higher powers differ from those of the true values.

    With N = M^T M: |sum d^4 - ||N||_F^2| / (4 ||M||_F^4) and, of `signed` eigenvalues, if that is
    larger, |sum d^3 - <M, N>| / (3 ||M||_F^3). To first order both are at most the sum of the
    errors over ||M||_F. They take one product of matrices, where the values take several.
    """
    size = norms(inputs)["l2"][:, None, None]
    unit, values = ratio(inputs, size), ratio(spectrum, size)
    square = unit.transpose(0, 2, 1) @ unit
    fourth = np.abs((values**4).sum(axis=(1, 2)) - (square**2).sum(axis=(1, 2))) / 4
    if not signed:
        return np.asarray(fourth)
    third = np.abs((values**3).sum(axis=(1, 2)) - (unit * square).sum(axis=(1, 2))) / 3
    return np.asarray(np.maximum(third, fourth))


def frobenius_mismatch(
    inputs: Inputs, spectrum: Float64[np.ndarray, "B k 1"]
) -> Float64[np.ndarray, " B"]:
    """| ||spectrum||_2 - ||M||_F | / ||M||_F: 0 for the right eigenvalues or singular values."""
    size = norms(inputs)["l2"]
    return ratio(np.abs(norms(spectrum)["l2"] - size), size)
