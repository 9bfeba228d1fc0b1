"""Independent, identically distributed entries; symmetric ones are Wigner matrices."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from .base import Drawn, Scales, ShapedEnsemble
from .laws import EntryLaw, unit_entries, unit_symmetric


@dataclass(frozen=True, kw_only=True)
class IidEnsemble(ShapedEnsemble):
    """Entries with the law `entry_law` and standard deviation A/sqrt(3).

    Symmetric: the lower triangle mirrored; the eigenvalues of an n x n one have the standard
    deviation A sqrt(n/3) whatever the law (Charton 2022, section 2.2 and appendix H).
    """

    def of_shape(
        self, rng: np.random.Generator, scale: Scales, m: int, n: int, symmetric: bool
    ) -> Drawn:
        if symmetric:
            values = unit_symmetric(self.entry_law, rng, len(scale), n)
        else:
            values = unit_entries(self.entry_law, rng, (len(scale), m, n))
        values *= scale[:, None, None]
        return values


@final
@dataclass(frozen=True, kw_only=True)
class IidUniform(IidEnsemble):
    """Entries uniform in [-A, A]: the paper's matrices."""

    entry_law: ClassVar[EntryLaw] = "uniform"


@final
@dataclass(frozen=True, kw_only=True)
class IidGaussian(IidEnsemble):
    """Gaussian entries of standard deviation A/sqrt(3)."""

    entry_law: ClassVar[EntryLaw] = "gaussian"


@final
@dataclass(frozen=True, kw_only=True)
class IidLaplace(IidEnsemble):
    """Laplace entries of standard deviation A/sqrt(3)."""

    entry_law: ClassVar[EntryLaw] = "laplace"
