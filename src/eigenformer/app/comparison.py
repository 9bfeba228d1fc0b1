"""What the tab *Compare* compares: solvers, over a sweep of one thing."""

import math
from dataclasses import dataclass

import numpy as np

from .. import ensembles
from ..core import InputError, unknown
from ..ensembles import Ensemble
from .draw import LARGEST_SIDE
from .menu import LAPACK, NEWTON, problem_of, solver_names

MOST_SOLVERS = 3
MOST_MATRICES = 2000
MOST_STEPS = 40
_SCALE = 10.0

SWEEPS = ("size", "condition number", "noise", "spectrum")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareState:
    """What is compared, checked; the usual is what the page begins with."""

    problem: str = "inverse"
    solvers: tuple[str, ...] = ("inverse-2x2", NEWTON, LAPACK)
    sweep: str = "condition number"
    size: int = 2
    """Of the matrices, where the sweep is of something else."""
    tolerance: float = 0.05
    matrices: int = 200
    """At each point, the same for every solver."""
    steps: int = 12
    """Of a construction."""
    seed: int = 0

    def __post_init__(self) -> None:
        problem_of(self.problem)
        for name in self.solvers:
            if name not in solver_names(self.problem):
                raise unknown(f"solver of {self.problem}", name[:80], solver_names(self.problem))
        if not 1 <= len(set(self.solvers)) == len(self.solvers) <= MOST_SOLVERS:
            raise InputError(
                f"there are {len(self.solvers)} solvers; choose from 1 to {MOST_SOLVERS}, each once"
            )
        if self.sweep not in SWEEPS:
            raise unknown("sweep", self.sweep[:40], SWEEPS)
        low = 2 if self.sweep == "condition number" else 1
        if not low <= self.size <= LARGEST_SIDE:
            raise InputError(f"the size is {self.size}; it goes from {low} to {LARGEST_SIDE}")
        if not 10 <= self.matrices <= MOST_MATRICES:
            raise InputError(
                f"{self.matrices} matrices at each point; take 10 to {MOST_MATRICES:,}"
            )
        if not 0 < self.tolerance < math.inf:
            raise InputError(f"the tolerance is {self.tolerance}; give a positive number")
        if not 1 <= self.steps <= MOST_STEPS:
            raise InputError(f"{self.steps} steps; a construction takes 1 to {MOST_STEPS} here")

    def places(self) -> tuple[float | str, ...]:
        """Where the sweep stops."""
        if self.sweep == "size":
            return tuple(float(n) for n in range(1, 9))
        if self.sweep == "condition number":
            return tuple(float(10**power) for power in np.arange(0, 6.5, 0.5))
        if self.sweep == "noise":
            return (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1)
        # Symmetric whatever the problem; a mixture is of other ensembles.
        return tuple(n for n in ensembles.names() if n.startswith("spectrum-"))

    def points(self) -> tuple[tuple[float | str, str], ...]:
        """Each place with each solver, in the order in which they are asked."""
        return tuple((place, name) for place in self.places() for name in self.solvers)

    def setting(self, place: float | str) -> tuple[Ensemble, int, float]:
        """The ensemble, the size and the noise at a place of the sweep."""
        size, noise = self.size, 0.0
        if self.sweep == "size":
            size = int(place)
        dims = (size, size)
        if self.sweep == "spectrum":
            return ensembles.get(str(place), dims=dims, scale=_SCALE), size, noise
        if self.sweep == "condition number":
            options = {"dims": dims, "scale": _SCALE, "condition": float(place)}
            return ensembles.get("conditioned", **options), size, noise
        if self.sweep == "noise":
            noise = float(place)
        return ensembles.get("iid-uniform", dims=dims, scale=_SCALE), size, noise
