"""Matrices of a given condition number."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from ..core import InputError
from .base import Drawn, Scales, ShapedEnsemble
from .orthogonal import orthonormal_columns, rotated


@final
@dataclass(frozen=True, kw_only=True)
class Conditioned(ShapedEnsemble):
    """U diag(s) V^T with uniform bases and largest over smallest singular value = `condition`.

    The singular values between the two are log-uniform (equivalent to LAPACK's `dlatms` with mode
    5 and its extremes pinned). Symmetric: V diag(+-s) V^T with random signs. The root mean square
    of each matrix's coefficients is exactly A/sqrt(3).
    """

    condition: float = 10.0
    """The 2-norm condition number, at least 1."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.condition < math.inf:
            raise InputError(f"condition is {self.condition}; give a number of at least 1")
        object.__setattr__(self, "condition", float(self.condition))
        dims = self.dimensions
        if min(dims.rows[0], dims.columns[0]) == 1 and self.condition != 1:
            raise InputError(
                f"condition is {self.condition}, but dims {self.dims!r} has matrices of one row or "
                "column, whose condition number is 1; give sizes from 2"
            )

    def of_shape(
        self, rng: np.random.Generator, scale: Scales, m: int, n: int, symmetric: bool
    ) -> Drawn:
        batch, k = len(scale), min(m, n)
        exponent = rng.random((batch, k))
        exponent[:, 0] = 0
        exponent[:, -1] = 1 if k > 1 else 0
        values = self.condition**-exponent
        values *= (scale * math.sqrt(m * n / 3) / np.linalg.norm(values, axis=1))[:, None]
        if symmetric:
            signs = rng.choice((-1.0, 1.0), (batch, k))
            return rotated(orthonormal_columns(rng, batch, n, n), values * signs)
        left = orthonormal_columns(rng, batch, m, k) * values[:, None, :]
        product: np.ndarray = left @ orthonormal_columns(rng, batch, n, k).transpose(0, 2, 1)
        return product
