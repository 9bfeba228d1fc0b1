"""Laws of the covariates x_i of a prompt, and of w* where it goes with theirs."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import torch
from jaxtyping import Float
from torch import Tensor

from ...core import InputError, Registry, at_least, positive
from ..source import Source

# Shapes: B batch, N points (the query included), d features.


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """Points, and the covariance U diag(values) U^T that they were drawn with."""

    points: Float[Tensor, "B N d"]
    basis: Float[Tensor, "... d d"]
    values: Float[Tensor, "... d"]

    @property
    def covariance(self) -> Float[Tensor, "... d d"]:
        return (self.basis * self.values[..., None, :]) @ self.basis.mT

    def whitened(self, z: Float[Tensor, "B d"]) -> Float[Tensor, "B d"]:
        """Sigma^(-1/2) z up to a rotation: N(0, Sigma^-1) for standard normal z."""
        scaled = z / self.values.sqrt()
        return (self.basis @ scaled[..., None])[..., 0]


@dataclass(frozen=True, kw_only=True)
class Covariates(ABC):
    """A law of points. Subclass it and `COVARIATES.register` the class to add one."""

    registry: ClassVar[Registry["Covariates"]] = Registry("law of covariates")

    @abstractmethod
    def draw(self, source: Source, batch: int, points: int, dim: int) -> Drawn:
        """`points` points of each of `batch` prompts."""


COVARIATES = Covariates.registry


def _plain(points: Float[Tensor, "B N d"], variance: float) -> Drawn:
    dim = points.shape[2]
    eye = torch.eye(dim, dtype=points.dtype)
    return Drawn(points, eye, torch.full((dim,), variance, dtype=points.dtype))


def _gaussian(
    source: Source, batch: int, points: int, basis: Tensor, values: Tensor
) -> Float[Tensor, "B N d"]:
    z = source.normal(batch, points, values.shape[-1])
    return z * values.sqrt().unsqueeze(-2) @ basis.mT


@final
@dataclass(frozen=True, kw_only=True)
class Gaussian(Covariates):
    """N(0, U diag(spectrum) U^T), N(0, I) without a spectrum.

    Ahn et al. 2023: spectrum (1, 1, 1/4, 1/16, 1), basis "run". Fu et al. 2024: half of the
    eigenvalues 100 and half 1, basis "prompt".
    """

    spectrum: tuple[float, ...] | None = None
    """Eigenvalues of the covariance."""
    basis: Literal["axes", "run", "batch", "prompt"] = "axes"
    """U: the identity, or uniformly random: one of the seed, a new one each batch or prompt."""

    def __post_init__(self) -> None:
        if self.spectrum is not None and not all(0 < v < math.inf for v in self.spectrum):
            raise InputError(f"spectrum is {self.spectrum}; eigenvalues must be positive numbers")

    def draw(self, source: Source, batch: int, points: int, dim: int) -> Drawn:
        if self.spectrum is None:
            return _plain(source.normal(batch, points, dim), 1.0)
        if len(self.spectrum) != dim:
            raise InputError(
                f"spectrum has {len(self.spectrum)} eigenvalues for {dim} features; give {dim}"
            )
        values = torch.tensor(self.spectrum, dtype=source.dtype)
        basis = self._basis(source, batch, dim)
        return Drawn(_gaussian(source, batch, points, basis, values), basis, values)

    def _basis(self, source: Source, batch: int, dim: int) -> Float[Tensor, "... d d"]:
        if self.basis == "axes":
            return torch.eye(dim, dtype=source.dtype)
        if self.basis == "run":
            return Source(source.seed, "covariance basis", 0, source.dtype).basis(dim=dim)
        return source.basis(dim=dim) if self.basis == "batch" else source.basis(batch, dim=dim)


@final
@dataclass(frozen=True, kw_only=True)
class Conditioned(Covariates):
    """N(0, Sigma) of a given condition number; one Sigma for each batch, in a random basis.

    lambda_max is uniform in `largest`, lambda_min = lambda_max / condition, the others are uniform
    between them (Giannou et al. 2024, section 6). Condition number 1: Sigma is lambda_max I.
    """

    condition: float = 10.0
    largest: tuple[float, float] = (1.0, 100.0)

    def __post_init__(self) -> None:
        at_least(1, condition=self.condition)
        at_least(0, 1e15, largest=self.largest[1])
        if not 0 < self.largest[0] <= self.largest[1]:
            raise InputError(f"largest is {self.largest}; give (low, high) with 0 < low <= high")

    def draw(self, source: Source, batch: int, points: int, dim: int) -> Drawn:
        top = source.uniform(*self.largest, 1)
        low = top / self.condition
        values = low + (top - low) * source.uniform(0, 1, dim)
        values[0] = low[0]
        values[-1] = top[0]
        basis = source.basis(dim=dim)
        return Drawn(_gaussian(source, batch, points, basis, values), basis, values)


@final
@dataclass(frozen=True, kw_only=True)
class Uniform(Covariates):
    """Entries uniform in [-width/2, width/2] (von Oswald et al. 2023; their code has width 1)."""

    width: float = 1.0

    def __post_init__(self) -> None:
        positive(most=1e15, width=self.width)

    def draw(self, source: Source, batch: int, points: int, dim: int) -> Drawn:
        half = self.width / 2
        return _plain(source.uniform(-half, half, batch, points, dim), self.width**2 / 12)


@final
@dataclass(frozen=True, kw_only=True)
class HeavyTailed(Covariates):
    """sqrt(gamma) times a uniform direction, gamma ~ Gamma(shape, scale) for each point.

    With shape 0.1 and scale 10 this is setting 3 of Ahn et al. 2024 as its text has it; their code
    draws something else (derivations.md, section 5).
    """

    shape: float = 0.1
    scale: float = 10.0

    def __post_init__(self) -> None:
        positive(most=1e6, shape=self.shape, scale=self.scale)

    def draw(self, source: Source, batch: int, points: int, dim: int) -> Drawn:
        z = source.normal(batch, points, dim)
        gamma = source.numpy.gamma(self.shape, self.scale, (batch, points, 1))
        radius = torch.from_numpy(gamma).sqrt().to(source.dtype)
        return _plain(z / z.norm(dim=2, keepdim=True) * radius, self.shape * self.scale / dim)


COVARIATES.register("gaussian", Gaussian)
COVARIATES.register("conditioned", Conditioned)
COVARIATES.register("uniform", Uniform)
COVARIATES.register("heavy-tailed", HeavyTailed)
