"""Several ensembles mixed, matrix by matrix."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from ..core import InputError
from .base import Ensemble
from .matrices import Matrices, assemble


@final
@dataclass(frozen=True, kw_only=True)
class Mixture(Ensemble):
    """Each matrix comes from one of `components`, with probability proportional to `weights`.

    Components are ensembles, or names of ensembles, which then take the mixture's `dims` and
    `scale`. Source: Charton 2022, section 5 and appendix D.4.
    """

    dims: str | tuple[int, int] = ""
    """Empty: those of the components, which must agree (5x5 where all are given by name)."""
    components: tuple[Ensemble | str, ...] = ()
    """A name becomes the ensemble."""
    weights: tuple[float, ...] = ()
    """Relative frequencies, one a component; empty: all equal."""

    def __post_init__(self) -> None:
        if not self.components:
            raise InputError("a mixture has no components; give ensembles, or names of ensembles")
        built = [c.dims for c in self.components if isinstance(c, Ensemble)]
        dims = self.dims or (built[0] if built else "5x5")
        components = tuple(
            component
            if isinstance(component, Ensemble)
            else self.registry.get(component, dims=dims, scale=self.scale)
            for component in self.components
        )
        object.__setattr__(self, "components", components)
        object.__setattr__(self, "dims", dims)
        super().__post_init__()
        for component in components:
            if component.dims != self.dims:
                raise InputError(
                    f"a component of the mixture has dims {component.dims!r}, not {self.dims!r}; "
                    "give all components the same"
                )
        weights = tuple(float(w) for w in self.weights) or (1.0,) * len(components)
        if len(weights) != len(components) or not all(0 < w < math.inf for w in weights):
            raise InputError(
                f"weights is {self.weights!r}; give one positive number for each of the "
                f"{len(components)} components"
            )
        object.__setattr__(self, "weights", weights)

    @property
    def parts(self) -> tuple[Ensemble, ...]:
        """`components`, which are all ensembles by now."""
        return tuple(c for c in self.components if isinstance(c, Ensemble))

    @property
    def std(self) -> float:
        stds = {part.std for part in self.parts}
        if max(stds) - min(stds) > 1e-12 * max(stds):
            raise InputError(
                f"the mixture's components have different standard deviations ({sorted(stds)}); "
                "give them the same scale and sigma_ratio"
            )
        return max(stds)

    def draw(self, rng: np.random.Generator, batch: int, symmetric: bool = False) -> Matrices:
        if batch < 1:
            raise InputError(f"batch is {batch}; give a positive number of matrices")
        parts = []
        for index, component in self._choose(rng, batch):
            drawn = component.draw(rng, len(index), symmetric)
            parts += [(index[within], values) for within, values in drawn.groups()]
        return assemble(batch, parts)

    def entries(
        self, rng: np.random.Generator, like: Matrices, columns: int | None = None
    ) -> Matrices:
        parts = []
        for index, component in self._choose(rng, len(like)):
            drawn = component.entries(rng, like[index], columns)
            parts += [(index[within], values) for within, values in drawn.groups()]
        return assemble(len(like), parts)

    def _choose(self, rng: np.random.Generator, batch: int) -> list[tuple[np.ndarray, Ensemble]]:
        """The indices of the matrices that each component draws, where it draws any."""
        probabilities = np.array(self.weights) / sum(self.weights)
        chosen = rng.choice(len(probabilities), batch, p=probabilities)
        indices = [np.flatnonzero(chosen == i) for i in range(len(probabilities))]
        return [(index, c) for index, c in zip(indices, self.parts, strict=True) if len(index)]
