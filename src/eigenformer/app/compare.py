"""Two or three solvers over a sweep of one thing, point by point."""

import csv
import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..core import InputError
from ..evaluation import Proportion, evaluate
from .comparison import CompareState
from .menu import problem_of
from .solvers import solver_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonPoint:
    """One solver at one place; `right` is None where it cannot be asked, for `reason`."""

    solver: str
    place: float | str
    right: Proportion | None
    reason: str = ""
    cautions: tuple[str, ...] = ()
    """In what the matrices are unlike those that the solver is made for."""


@lru_cache(maxsize=1000)
def point(comparison: CompareState, place: float | str, name: str) -> ComparisonPoint:
    """`evaluate` on the matrices of the comparison's seed, so that all solvers meet the same."""
    ensemble, size, noise = comparison.setting(place)
    solver = solver_of(name, comparison.problem, size, comparison.steps)
    try:
        with np.errstate(all="ignore"):
            result = evaluate(
                solver,
                problem_of(comparison.problem),
                ensemble,
                n=comparison.matrices,
                seed=comparison.seed,
                tolerances=(comparison.tolerance,),
                noise=noise,
                name="compare",
            )
    except InputError as error:
        return ComparisonPoint(solver=name, place=place, right=None, reason=str(error))
    right = result.accuracy[result.score][comparison.tolerance]
    return ComparisonPoint(solver=name, place=place, right=right, cautions=result.cautions)


def csv_text(comparison: CompareState, points: list[ComparisonPoint]) -> str:
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
