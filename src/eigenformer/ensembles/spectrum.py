"""Symmetric matrices with a prescribed law of their eigenvalues (Charton 2022, sections 2.2, 5)."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from jaxtyping import Float64

from ..core import positive
from .base import Drawn, Scales, ShapedEnsemble
from .laws import unit_symmetric
from .orthogonal import gaussian_eigenvectors, rotated


@dataclass(frozen=True, kw_only=True)
class SpectrumEnsemble(ShapedEnsemble):
    """V diag(l) V^T: V the eigenvectors of a Gaussian symmetric matrix, l with a law of its own.

    The expected mean square of l is that of an iid symmetric matrix of the same scale times
    sigma_ratio^2, so its root is sigma_ratio * A sqrt(n/3).
    """

    symmetric_only: ClassVar[bool] = True

    sigma_ratio: float = 1.0
    """The paper's sigma_tst / sigma_tr: 1 or 0.6 in its table 12."""

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(sigma_ratio=self.sigma_ratio)
        object.__setattr__(self, "sigma_ratio", float(self.sigma_ratio))

    @abstractmethod
    def spectrum(self, rng: np.random.Generator, batch: int, n: int) -> Float64[np.ndarray, "B N"]:
        """n eigenvalues for each matrix, of expected mean square 1."""

    @property
    def relative_std(self) -> float:
        return self.sigma_ratio

    def of_shape(
        self, rng: np.random.Generator, scale: Scales, m: int, n: int, symmetric: bool
    ) -> Drawn:
        sigma = self.sigma_ratio * math.sqrt(n / 3) * scale
        spectrum = self.spectrum(rng, len(scale), n) * sigma[:, None]
        return rotated(gaussian_eigenvectors(rng, len(scale), n), spectrum)


def _semicircle(rng: np.random.Generator, batch: int, n: int) -> Float64[np.ndarray, "B N"]:
    matrices = unit_symmetric("uniform", rng, batch, n)
    # E trace(M^2) = n^2 / 3 for entries of variance 1/3.
    spectrum: np.ndarray = np.linalg.eigvalsh(matrices) * math.sqrt(3 / n)
    return spectrum


@final
@dataclass(frozen=True, kw_only=True)
class SpectrumSemicircle(SpectrumEnsemble):
    """The eigenvalues of an independent iid uniform symmetric matrix of the same size."""

    def spectrum(self, rng: np.random.Generator, batch: int, n: int) -> Float64[np.ndarray, "B N"]:
        return _semicircle(rng, batch, n)


@final
@dataclass(frozen=True, kw_only=True)
class SpectrumPositive(SpectrumEnsemble):
    """The absolute values of the eigenvalues of an independent iid uniform symmetric matrix."""

    def spectrum(self, rng: np.random.Generator, batch: int, n: int) -> Float64[np.ndarray, "B N"]:
        return np.asarray(np.abs(_semicircle(rng, batch, n)))


@final
@dataclass(frozen=True, kw_only=True)
class SpectrumUniform(SpectrumEnsemble):
    """Independent eigenvalues, uniform around 0."""

    def spectrum(self, rng: np.random.Generator, batch: int, n: int) -> Float64[np.ndarray, "B N"]:
        return rng.uniform(-math.sqrt(3), math.sqrt(3), (batch, n))


@final
@dataclass(frozen=True, kw_only=True)
class SpectrumGaussian(SpectrumEnsemble):
    """Independent Gaussian eigenvalues."""

    def spectrum(self, rng: np.random.Generator, batch: int, n: int) -> Float64[np.ndarray, "B N"]:
        return rng.standard_normal((batch, n))


@final
@dataclass(frozen=True, kw_only=True)
class SpectrumLaplace(SpectrumEnsemble):
    """Independent Laplace eigenvalues: the training set that generalises (table 12)."""

    def spectrum(self, rng: np.random.Generator, batch: int, n: int) -> Float64[np.ndarray, "B N"]:
        return rng.laplace(scale=math.sqrt(0.5), size=(batch, n))


@final
@dataclass(frozen=True, kw_only=True)
class SpectrumPositiveLaplace(SpectrumEnsemble):
    """The absolute values of independent Laplace variables, so exponential eigenvalues."""

    def spectrum(self, rng: np.random.Generator, batch: int, n: int) -> Float64[np.ndarray, "B N"]:
        return rng.exponential(scale=math.sqrt(0.5), size=(batch, n))


@final
@dataclass(frozen=True, kw_only=True)
class SpectrumMarchenkoPastur(SpectrumEnsemble):
    """The eigenvalues of a covariance matrix X X^T, X Gaussian with n rows and n/aspect columns.

    As n grows they follow the Marchenko-Pastur law of ratio `aspect`; above 1 some are zero.
    """

    aspect: float = 1.0
    """Rows over columns of X: variables over observations."""

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(aspect=self.aspect)
        object.__setattr__(self, "aspect", float(self.aspect))

    def spectrum(self, rng: np.random.Generator, batch: int, n: int) -> Float64[np.ndarray, "B N"]:
        p = max(1, round(n / self.aspect))
        out = np.zeros((batch, n))
        x = rng.standard_normal((batch, n, p))
        out[:, : min(n, p)] = np.linalg.svd(x, compute_uv=False) ** 2
        # E trace((X X^T)^2) = n p (n + p + 1) for a real Gaussian X.
        return out / math.sqrt(p * (n + p + 1))
