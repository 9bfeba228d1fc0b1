"""Sequences of noisy patterns, classified by a majority vote of the two patterns that count."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from ...core import InputError, at_least
from ...core.checks import MOST_PLACES
from ..batches import Batch, Sequences
from ..source import Source
from .base import TASKS, Task


@final
@dataclass(frozen=True, kw_only=True)
class Patterns(Task):
    """Tokens mu_j + noise, mu_1 .. mu_M orthonormal in `dim` dimensions; mu_1 and mu_2 count.

    A sequence with label 1 has `relevant` tokens of mu_1 and `confusing` ones of mu_2, one with
    label -1 the reverse; the others are of the patterns that do not count, at random. The order is
    random, and the patterns are fixed by the seed. The loss is the hinge max(0, 1 - y F(X)).

    After Li et al. 2024 (SAM workshop), section 2, of which only the abstract and summaries could
    be read (derivations.md, section 9): fractions and noise are this class's own.
    """

    dim: int = 20
    patterns: int = 10
    length: int = 20
    """Tokens of a sequence."""
    relevant: int = 8
    confusing: int = 4
    noise: float = 0.1
    """Length of a token's noise, which is uniform in direction."""

    def __post_init__(self) -> None:
        at_least(3, patterns=self.patterns)
        at_least(1, MOST_PLACES, dim=self.dim, length=self.length, relevant=self.relevant)
        at_least(0, 1e6, noise=self.noise)
        if self.patterns > self.dim:
            raise InputError(
                f"patterns is {self.patterns}; at most dim = {self.dim} can be orthogonal"
            )
        if not 0 <= self.confusing < self.relevant:
            raise InputError(
                f"confusing is {self.confusing}; give fewer than relevant = {self.relevant}"
            )
        if self.relevant + self.confusing > self.length:
            raise InputError(
                f"relevant + confusing is {self.relevant + self.confusing}, more than the length "
                f"{self.length}; give a longer sequence"
            )

    @property
    def width(self) -> int:
        return self.dim

    @property
    def outputs(self) -> int:
        return 1

    @property
    def tokens(self) -> int:
        return self.length

    def basis(self, seed: int, dtype: torch.dtype = torch.float32) -> Float[Tensor, "M d"]:
        """The patterns of a seed, a row each; rows 0 and 1 count."""
        return Source(seed, "patterns", 0, dtype).basis(dim=self.dim)[: self.patterns]

    def make(self, source: Source, size: int) -> Sequences:
        label = source.integers(2, size)
        others = 2 + source.integers(self.patterns - 2, size, self.length)
        places = torch.arange(self.length)
        which = torch.where(places < self.relevant, 1 - label[:, None], others)
        confusing = (places >= self.relevant) & (places < self.relevant + self.confusing)
        which = torch.where(confusing, label[:, None], which)
        which = which.gather(1, source.permutations(size, self.length))
        noise = source.normal(size, self.length, self.dim)
        noise = noise * (self.noise / noise.norm(dim=2, keepdim=True))
        tokens = self.basis(source.seed, source.dtype)[which] + noise
        return Sequences(tokens=tokens, target=(2 * label - 1).to(source.dtype))

    def errors(self, prediction: Float[Tensor, "B ..."], batch: Batch) -> Float[Tensor, " B"]:
        return (1 - Sequences.of(batch, "Patterns").target * prediction).clamp_min(0)


TASKS.register("patterns", Patterns)
