"""Functions of matrices, f(M) = V f(D) V^-1 for M = V D V^-1, and the polar factor.

Symmetric matrices are answered through their eigenvalues, a batch at a time, others by SciPy, one
at a time (Higham 2008, *Functions of Matrices*). What a problem draws is an ensemble's matrices
with their eigenvalues moved to where the function exists and is well conditioned.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Float64, Shaped

from ..core import InputError
from ..ensembles import Ensemble, Matrices
from ..ensembles.orthogonal import rotated
from . import ratios
from .base import Answers, EntrywiseProblem, Inputs
from .spectral import AboutSpectrum

Values = Float64[np.ndarray, "B n"]
Eigenvalues = Shaped[np.ndarray, "B n"]
"""Real for symmetric matrices, complex for others."""
_EPS = np.finfo(np.float64).eps
_MARGIN = 0.1
"""Drawn eigenvalues keep this distance, over the largest of them, from where f is singular."""
_SHEAR = 0.3
"""How far from symmetric matrices those are that are drawn as not symmetric."""
_RADIUS = 0.15
"""What matrices are multiplied by whose exponential, sine or cosine is asked for: coefficients of
U[-10, 10] make eigenvalues of root mean square 1.5."""
_CLOSE = 1e-6
"""Eigenvalues that are relatively as close count as one in a divided difference."""
_MOST = 100
"""The largest exponent, of either sign."""
_OVERFLOW = float(np.log(np.finfo(np.float64).max))


@dataclass(frozen=True, kw_only=True)
class _OfSpectrum(EntrywiseProblem, AboutSpectrum):
    """A problem with one right answer that hangs on the spectrum."""


@dataclass(frozen=True, kw_only=True)
class MatrixFunction(_OfSpectrum):
    """M [n, n] -> f(M) [n, n].

    Score: ||P - f(M)|| / ||f(M)||. Certificate `recomputed`: the same in L1, against the answer
    computed again. `InputError` for a matrix of which there is no (real, primary) f(M), in words.
    """

    needs_square: ClassVar[bool] = True

    symmetric: bool = True
    """Draw symmetric inputs; any square matrix can be asked about (SciPy answers the others)."""

    @abstractmethod
    def of_values(self, values: Eigenvalues) -> Eigenvalues:
        """f of eigenvalues where it exists."""

    @abstractmethod
    def of_matrix(self, matrix: Float64[np.ndarray, "n n"]) -> np.ndarray:
        """f of one matrix that is not symmetric, by SciPy; real up to rounding."""

    @abstractmethod
    def tame(self, values: Values) -> Values:
        """Eigenvalues of drawn matrices, moved to where f is well conditioned."""

    @abstractmethod
    def slope(self, values: Eigenvalues) -> Eigenvalues:
        """f' of eigenvalues where f exists."""

    def impossible(self, values: Eigenvalues) -> list[tuple[np.ndarray, str]]:
        """Which matrices [B] have no f(M), and why, from their eigenvalues."""
        return []

    def output_shape(self, m: int, n: int) -> tuple[int, int]:
        self._need_square(m, n)
        return m, n

    def draw_inputs(self, rng: np.random.Generator, batch: int, ensemble: Ensemble) -> Matrices:
        return ensemble.draw(rng, batch, symmetric=True).map(self._tamed)

    def _tamed(self, matrices: Inputs) -> Inputs:
        values, basis = np.linalg.eigh(matrices)
        tame = rotated(basis, self.tame(values))
        if self.symmetric or tame.shape[1] == 1:
            return tame
        # Similar to a symmetric matrix by I + K, so the eigenvalues are real and well conditioned.
        above = np.triu(tame, 1)
        shear = _SHEAR * above / np.linalg.norm(above, axis=(1, 2), keepdims=True)
        shear += np.eye(tame.shape[1])
        return np.asarray(np.linalg.solve(shear, tame) @ shear)

    def spectrum(self, inputs: Inputs) -> Values:
        return np.asarray(np.linalg.svd(inputs, compute_uv=False))

    def check_inputs(self, inputs: Inputs, index: np.ndarray) -> None:
        symmetric = _symmetric(inputs)
        for some, values in (
            (symmetric, np.linalg.eigvalsh),
            (~symmetric, _eigvals),
        ):
            if not some.any():
                continue
            for bad, why in self.impossible(values(inputs[some])):
                if bad.any():
                    raise InputError(f"input {index[some][bad][0]} {why}")

    def expected(self, inputs: Inputs) -> Float64[np.ndarray, " B"]:
        """n ULP (||L_f|| ||M|| + ||f(M)||): how far apart two good answers may be, in the 2-norm.

        That is what a relative change of n ULP in M, and one in f(M), explain to first order.
        ||L_f||, of the derivative of f at M in the Frobenius norm, is the largest divided
        difference of f at two eigenvalues (Higham 2008, section 3.2), for matrices that are not
        symmetric at most k^2 times that, k the condition number of the eigenvectors.
        """
        symmetric = _symmetric(inputs)
        found = np.zeros(len(inputs))
        for some, decompose in ((symmetric, np.linalg.eigh), (~symmetric, np.linalg.eig)):
            if some.any():
                values, basis = decompose(inputs[some])
                worst = 1.0 if decompose is np.linalg.eigh else np.linalg.cond(basis) ** 2
                size = np.linalg.norm(inputs[some], 2, axis=(1, 2))
                largest = np.abs(self.of_values(values)).max(axis=1)
                found[some] = worst * self._steepest(values) * size + largest
        return np.asarray(inputs.shape[1] * ratios.ULP * found)

    def _steepest(self, values: Eigenvalues) -> Float64[np.ndarray, " B"]:
        left, right = values[:, :, None], values[:, None, :]
        close = np.abs(left - right) <= _CLOSE * np.maximum(np.abs(left), np.abs(right))
        with np.errstate(all="ignore"):
            quotient = (self.of_values(left) - self.of_values(right)) / (left - right)
            slope = self.slope((left + right) / 2)
            return np.asarray(np.abs(np.where(close, slope, quotient)).max(axis=(1, 2)))

    def test_ratio(self, inputs: Inputs, predicted: Answers) -> Float64[np.ndarray, " B"]:
        """||X - f(M)|| over `expected`, of which LAPACK has no like."""
        off = ratios.one_norm(predicted - self.answer(inputs))
        return ratios.quotient(off, self.expected(inputs))

    def answer(self, inputs: Inputs) -> Answers:
        self.check_inputs(inputs, np.arange(len(inputs)))
        symmetric, out = _symmetric(inputs), np.empty(inputs.shape)
        if symmetric.any():
            values, basis = np.linalg.eigh(inputs[symmetric])
            out[symmetric] = rotated(basis, self.of_values(values))
        for i in np.flatnonzero(~symmetric):
            out[i] = np.real(self.of_matrix(inputs[i]))
        return out


@final
@dataclass(frozen=True, kw_only=True)
class MatrixSign(MatrixFunction):
    """1 on eigenvalues of positive real part, -1 on others; `scipy.linalg.signm`."""

    degree: ClassVar[float | None] = 0

    def of_values(self, values: Eigenvalues) -> Eigenvalues:
        return np.asarray(np.sign(values.real))

    def slope(self, values: Eigenvalues) -> Eigenvalues:
        return np.asarray(np.zeros_like(values))

    def of_matrix(self, matrix: Float64[np.ndarray, "n n"]) -> np.ndarray:
        return np.asarray(_scipy().signm(matrix))

    def tame(self, values: Values) -> Values:
        return _away_from_zero(values)

    def impossible(self, values: Eigenvalues) -> list[tuple[np.ndarray, str]]:
        least = np.abs(values.real).min(axis=1)
        return [
            (
                least <= _rounding(values),
                "has an eigenvalue on the imaginary axis (or 0), where the sign is not defined",
            )
        ]


@dataclass(frozen=True, kw_only=True)
class _OffNegativeAxis(MatrixFunction):
    """A function with a branch cut on the negative real axis."""

    singular_allowed: ClassVar[bool] = False

    def tame(self, values: Values) -> Values:
        return np.asarray(np.abs(_away_from_zero(values)))

    def impossible(self, values: Eigenvalues) -> list[tuple[np.ndarray, str]]:
        small = _rounding(values)[:, None]
        negative = (values.real < -small) & (np.abs(values.imag) <= small)
        zero = np.abs(values) <= small
        found = [
            (
                negative.any(axis=1),
                f"has an eigenvalue on the negative axis, where there is no real {self.name}",
            )
        ]
        # A symmetric matrix has no Jordan block at 0, and its root is 0 there.
        if not self.singular_allowed or np.iscomplexobj(values):
            found.append(
                (zero.any(axis=1), f"is singular to working precision, and has no {self.name}")
            )
        return found


@final
@dataclass(frozen=True, kw_only=True)
class MatrixSqrt(_OffNegativeAxis):
    """The square root with eigenvalues of positive real part; `scipy.linalg.sqrtm`."""

    singular_allowed: ClassVar[bool] = True
    degree: ClassVar[float | None] = 0.5

    def of_values(self, values: Eigenvalues) -> Eigenvalues:
        return np.asarray(np.sqrt(values if np.iscomplexobj(values) else np.maximum(values, 0.0)))

    def slope(self, values: Eigenvalues) -> Eigenvalues:
        return np.asarray(0.5 / np.sqrt(values))

    def of_matrix(self, matrix: Float64[np.ndarray, "n n"]) -> np.ndarray:
        return np.asarray(_scipy().sqrtm(matrix))


@final
@dataclass(frozen=True, kw_only=True)
class MatrixInverseSqrt(_OffNegativeAxis):
    """The inverse of the square root; `scipy.linalg.inv(scipy.linalg.sqrtm(M))`."""

    degree: ClassVar[float | None] = -0.5

    def of_values(self, values: Eigenvalues) -> Eigenvalues:
        return np.asarray(1 / np.sqrt(values))

    def slope(self, values: Eigenvalues) -> Eigenvalues:
        return np.asarray(-0.5 / np.sqrt(values) ** 3)

    def of_matrix(self, matrix: Float64[np.ndarray, "n n"]) -> np.ndarray:
        return np.asarray(np.linalg.inv(_scipy().sqrtm(matrix)))


@final
@dataclass(frozen=True, kw_only=True)
class MatrixLogarithm(_OffNegativeAxis):
    """The principal logarithm, log(c M) = log M + log(c) I; `scipy.linalg.logm`."""

    degree: ClassVar[float | None] = 0

    def of_values(self, values: Eigenvalues) -> Eigenvalues:
        return np.asarray(np.log(values))

    def slope(self, values: Eigenvalues) -> Eigenvalues:
        return np.asarray(1 / values)

    def of_matrix(self, matrix: Float64[np.ndarray, "n n"]) -> np.ndarray:
        return np.asarray(_scipy().logm(matrix))

    def scaled(self, answers: Answers, factor: Float64[np.ndarray, " B"]) -> Answers:
        return np.asarray(answers + np.log(factor)[:, None, None] * np.eye(answers.shape[1]))


@dataclass(frozen=True, kw_only=True)
class _Entire(MatrixFunction):
    """A function of every matrix, which doubles or turns with each unit of its size."""

    def tame(self, values: Values) -> Values:
        return np.asarray(_RADIUS * np.sqrt(3 / values.shape[1]) * values)


@final
@dataclass(frozen=True, kw_only=True)
class MatrixExponential(_Entire):
    """The sum of M^k / k!; `scipy.linalg.expm`."""

    def of_values(self, values: Eigenvalues) -> Eigenvalues:
        return np.asarray(np.exp(values))

    def slope(self, values: Eigenvalues) -> Eigenvalues:
        return np.asarray(np.exp(values))

    def of_matrix(self, matrix: Float64[np.ndarray, "n n"]) -> np.ndarray:
        return np.asarray(_scipy().expm(matrix))

    def impossible(self, values: Eigenvalues) -> list[tuple[np.ndarray, str]]:
        largest = values.real.max(axis=1)
        i = int(largest.argmax())
        why = f"has an eigenvalue of {largest[i]:.4g}: above {_OVERFLOW:.4g} the answer overflows"
        return [(largest > _OVERFLOW, why)]


@final
@dataclass(frozen=True, kw_only=True)
class MatrixSine(_Entire):
    """The imaginary part of exp(i M); `scipy.linalg.sinm`."""

    def of_values(self, values: Eigenvalues) -> Eigenvalues:
        return np.asarray(np.sin(values))

    def slope(self, values: Eigenvalues) -> Eigenvalues:
        return np.asarray(np.cos(values))

    def of_matrix(self, matrix: Float64[np.ndarray, "n n"]) -> np.ndarray:
        return np.asarray(_scipy().sinm(matrix))


@final
@dataclass(frozen=True, kw_only=True)
class MatrixCosine(_Entire):
    """The real part of exp(i M); `scipy.linalg.cosm`."""

    def of_values(self, values: Eigenvalues) -> Eigenvalues:
        return np.asarray(np.cos(values))

    def slope(self, values: Eigenvalues) -> Eigenvalues:
        return np.asarray(-np.sin(values))

    def of_matrix(self, matrix: Float64[np.ndarray, "n n"]) -> np.ndarray:
        return np.asarray(_scipy().cosm(matrix))


@final
@dataclass(frozen=True, kw_only=True)
class MatrixPower(_OffNegativeAxis):
    """M^exponent; `numpy.linalg.matrix_power`, `scipy.linalg.fractional_matrix_power`."""

    exponent: float = 3.0
    """Whole, or not: then eigenvalues have to be positive (or off the negative axis)."""

    def __post_init__(self) -> None:
        if not abs(self.exponent) <= _MOST:
            raise InputError(
                f"exponent is {self.exponent}; give a number between {-_MOST} and {_MOST}"
            )

    @property
    def whole(self) -> bool:
        return float(self.exponent).is_integer()

    def of_values(self, values: Eigenvalues) -> Eigenvalues:
        return np.asarray(np.power(values, self.exponent))

    def slope(self, values: Eigenvalues) -> Eigenvalues:
        return np.asarray(self.exponent * np.power(values, self.exponent - 1))

    def of_matrix(self, matrix: Float64[np.ndarray, "n n"]) -> np.ndarray:
        if self.whole:
            return np.asarray(np.linalg.matrix_power(matrix, int(self.exponent)))
        return np.asarray(_scipy().fractional_matrix_power(matrix, self.exponent))

    def tame(self, values: Values) -> Values:
        return _away_from_zero(values) if self.whole else super().tame(values)

    def impossible(self, values: Eigenvalues) -> list[tuple[np.ndarray, str]]:
        if not self.whole:
            return super().impossible(values)
        singular = (np.abs(values).min(axis=1) <= _rounding(values)) & (self.exponent < 0)
        return [(singular, "is singular to working precision, and has no negative power")]


@final
@dataclass(frozen=True, kw_only=True)
class PolarFactor(_OfSpectrum):
    """M [m, n] = U H -> U [m, n], the nearest matrix with orthonormal columns (or rows).

    U = X Y^T from the SVD M = X S Y^T; `scipy.linalg.polar`. Score and certificate as those of
    `MatrixFunction`. `InputError` for a rank below min(m, n), where U is not determined.
    """

    degree: ClassVar[float | None] = 0

    def output_shape(self, m: int, n: int) -> tuple[int, int]:
        return m, n

    def draw_inputs(self, rng: np.random.Generator, batch: int, ensemble: Ensemble) -> Matrices:
        def tamed(matrices: Inputs) -> Inputs:
            left, values, right = np.linalg.svd(matrices, full_matrices=False)
            return np.asarray((left * _away_from_zero(values)[:, None, :]) @ right)

        return ensemble.draw(rng, batch).map(tamed)

    def check_inputs(self, inputs: Inputs, index: np.ndarray) -> None:
        values = self.spectrum(inputs)
        lost = values[:, -1] <= max(inputs.shape[1:]) * _EPS * values[:, 0]
        if lost.any():
            raise InputError(
                f"input {index[lost][0]} has not full rank to working precision, so its polar "
                "factor is not determined"
            )

    def test_ratio(self, inputs: Inputs, predicted: Answers) -> Float64[np.ndarray, " B"]:
        """The larger of ||M - U H|| / (n ULP ||M||) and DORT01's; H is U^T M's symmetric part."""
        tall = inputs.shape[1] >= inputs.shape[2]
        a, u = (x if tall else x.swapaxes(1, 2) for x in (inputs, predicted))
        a, _ = ratios.scaled_down(a)
        h = u.swapaxes(1, 2) @ a
        left_out = ratios.one_norm(a - u @ ((h + h.swapaxes(1, 2)) / 2))
        factor = ratios.quotient(left_out, ratios.one_norm(a), a.shape[1] * ratios.ULP)
        return np.asarray(np.maximum(factor, ratios.orthogonality(u)))

    def answer(self, inputs: Inputs) -> Answers:
        self.check_inputs(inputs, np.arange(len(inputs)))
        left, _, right = np.linalg.svd(inputs, full_matrices=False)
        return np.asarray(left @ right)


def _scipy() -> Any:
    try:
        import scipy.linalg
    except ImportError:
        raise InputError(
            "functions of matrices that are not symmetric need SciPy: pip install "
            "'eigenformer[files]', or give a symmetric matrix"
        ) from None
    return scipy.linalg


def _eigvals(inputs: Inputs) -> Shaped[np.ndarray, "B n"]:
    """Complex also where all of them are real, which tells them from a symmetric matrix's."""
    return np.asarray(np.linalg.eigvals(inputs).astype(complex))


def _symmetric(inputs: Inputs) -> np.ndarray:
    return np.asarray((inputs == inputs.transpose(0, 2, 1)).all(axis=(1, 2)))


def _away_from_zero(values: Values) -> Values:
    """Each value further from 0 by a share of the largest, on its own side."""
    distance = _MARGIN * np.abs(values).max(axis=1, keepdims=True)
    return np.asarray(values + np.copysign(distance, values))


def _rounding(values: Eigenvalues) -> np.ndarray:
    """Below this, what LAPACK gives as an eigenvalue may be 0."""
    return np.asarray(values.shape[1] * _EPS * np.abs(values).max(axis=1))
