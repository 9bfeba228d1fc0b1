"""Two or three solvers over a sweep of one thing, point by point."""

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .. import ensembles
from ..core import InputError, unknown
from ..ensembles import Ensemble
from ..evaluation import Proportion, evaluate
from ..problems import Problem
from .draw import LARGEST_SIDE
from .solvers import problem_of, solver_named, solver_names

MOST_SOLVERS = 3
MOST_MATRICES = 2000
MOST_POINTS = 40
"""Steps of a construction, too."""
_SCALE = 10.0

SWEEPS = ("size", "condition number", "noise", "spectrum")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What is compared, checked."""

    problem: str
    solvers: tuple[str, ...]
    sweep: str
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
                raise unknown(f"solver of {self.problem}", name, solver_names(self.problem))
        if not 1 <= len(set(self.solvers)) == len(self.solvers) <= MOST_SOLVERS:
            raise InputError(
                f"there are {len(self.solvers)} solvers; choose from 1 to {MOST_SOLVERS}, each once"
            )
        if self.sweep not in SWEEPS:
            raise unknown("sweep", self.sweep, SWEEPS)
        low = 2 if self.sweep == "condition number" else 1
        if not low <= self.size <= LARGEST_SIDE:
            raise InputError(f"the size is {self.size}; it goes from {low} to {LARGEST_SIDE}")
        if not 10 <= self.matrices <= MOST_MATRICES:
            raise InputError(
                f"{self.matrices} matrices at each point; take 10 to {MOST_MATRICES:,}"
            )
        if not 0 < self.tolerance < math.inf:
            raise InputError(f"the tolerance is {self.tolerance}; give a positive number")
        if not 1 <= self.steps <= MOST_POINTS:
            raise InputError(f"{self.steps} steps; a construction takes 1 to {MOST_POINTS} here")

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

    def setting(self, place: float | str) -> tuple[Ensemble, int, float]:
        """The ensemble, the size and the noise at a place of the sweep."""
        size, noise = self.size, 0.0
        if self.sweep == "size":
            size = int(place)
        dims = (size, size)
        if self.sweep == "spectrum":
            return ensembles.get(str(place), dims=dims, scale=_SCALE), size, noise
        if self.sweep == "condition number":
            found = ensembles.get("conditioned", dims=dims, scale=_SCALE, condition=float(place))
            return found, size, noise
        if self.sweep == "noise":
            noise = float(place)
        return ensembles.get("iid-uniform", dims=dims, scale=_SCALE), size, noise


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One solver at one place; `right` is None where it cannot be asked, for `reason`."""

    solver: str
    place: float | str
    right: Proportion | None
    reason: str = ""


def compare(comparison: Comparison) -> Iterator[tuple[Point, int, int]]:
    """Every point as it is known, with how many there are so far and in all.

    Each is `evaluate` on the matrices of the comparison's seed, so that all solvers meet the same.
    """
    places = comparison.places()
    total = len(places) * len(comparison.solvers)
    done = 0
    problem = problem_of(comparison.problem)
    for place in places:
        for name in comparison.solvers:
            done += 1
            yield _point(comparison, problem, name, place), done, total


def _point(comparison: Comparison, problem: Problem, name: str, place: float | str) -> Point:
    ensemble, size, noise = comparison.setting(place)
    solver = solver_named(name, comparison.problem, size, comparison.steps)
    try:
        with np.errstate(all="ignore"):
            result = evaluate(
                solver,
                problem,
                ensemble,
                n=comparison.matrices,
                seed=comparison.seed,
                tolerances=(comparison.tolerance,),
                noise=noise,
                name="compare",
            )
    except InputError as error:
        return Point(solver=name, place=place, right=None, reason=str(error))
    right = result.accuracy[result.score][comparison.tolerance]
    return Point(solver=name, place=place, right=right)


def csv_text(comparison: Comparison, points: list[Point]) -> str:
    """The points as CSV, with the share right and its 95% interval (Wilson)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ("problem", "solver", comparison.sweep, "tolerance", "n", "right", "share", "low", "high",
         "reason")
    )  # fmt: skip
    for point in points:
        head = (comparison.problem, point.solver, point.place, comparison.tolerance)
        if point.right is None:
            writer.writerow((*head, 0, 0, "", "", "", point.reason))
        else:
            low, high = point.right.interval
            share = f"{point.right.value:.6g}"
            counts = (point.right.n, point.right.count)
            writer.writerow((*head, *counts, share, f"{low:.6g}", f"{high:.6g}", ""))
    return out.getvalue()
