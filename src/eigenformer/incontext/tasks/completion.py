"""Block completion: the missing corner of a matrix of low rank."""

import math
from dataclasses import dataclass
from typing import final

from jaxtyping import Float
from torch import Tensor

from ...core import InputError, at_least
from ..batches import Batch, Completions
from ..source import Source
from .base import TASKS, Task


@final
@dataclass(frozen=True, kw_only=True)
class Completion(Task):
    """[A C; B ?] of rank n, A [n, n]: the answer is D = B A^-1 C.

    A = U diag(s) V^T, B = P diag(s)^(1/2) V^T, C = U diag(s)^(1/2) Q^T with P and Q Gaussian, so
    that D = P Q^T has entries of variance 1 and every direction counts the same, however small its
    s. The largest s is 1, the smallest 1 / `condition`, the others are log-uniform between.

    Loss: the mean squared error of an entry of D. Source: the task of Lutz et al. 2025; the law is
    ours.
    """

    size: int = 6
    """n, rows and columns of A."""
    missing: int = 3
    """Rows and columns of D."""
    condition: float = 10.0
    """Of A."""

    def __post_init__(self) -> None:
        at_least(2, size=self.size)
        at_least(1, missing=self.missing)
        if not 1 <= self.condition < math.inf:
            raise InputError(f"condition is {self.condition}; give a number of at least 1")

    @property
    def width(self) -> int:
        return self.size + self.missing

    @property
    def outputs(self) -> int:
        return self.missing

    @property
    def tokens(self) -> int:
        return self.size + self.missing

    def make(self, source: Source, size: int) -> Completions:
        n = self.size
        u, v = source.basis(size, dim=n), source.basis(size, dim=n)
        exponent = source.uniform(0, 1, size, n)
        exponent[:, 0], exponent[:, 1] = 0.0, 1.0
        root = (self.condition**-exponent).sqrt()[:, None, :]
        p = source.normal(size, self.missing, n) * n**-0.25
        q = source.normal(size, self.missing, n) * n**-0.25
        return Completions(
            a=(u * root**2) @ v.mT, b=(p * root) @ v.mT, c=(u * root) @ q.mT, target=p @ q.mT
        )

    def errors(self, prediction: Float[Tensor, "B ..."], batch: Batch) -> Float[Tensor, " B"]:
        target = Completions.of(batch, "Completion").target
        error: Tensor = (prediction - target).square().mean(dim=(1, 2))
        return error


TASKS.register("completion", Completion)
