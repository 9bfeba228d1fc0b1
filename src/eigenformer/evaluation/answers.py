"""A solver's answers beside LAPACK's, with all that tells whether to believe them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from ..core import InputError
from .bounds import sentences
from .evaluate import TOLERANCES
from .solver import Polishing, Solution, Solver


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Answer:
    """The answer to one matrix; where there is none, what is known of it is nan."""

    solver: Solver
    matrix: Float64[np.ndarray, "m n"]
    seen: Float64[np.ndarray, "m n"]
    """The matrix as the solver was given it: with noise, if there is any."""
    value: Float64[np.ndarray, "p q"]
    valid: bool
    reason: str
    """Why there is no answer."""
    truth: Float64[np.ndarray, "p q"]
    """LAPACK's answer to `matrix`."""
    scores: dict[str, float]
    """"l1", which decides, and the problem's others."""
    measures: dict[str, float]
    """The problem's (see `Errors`)."""
    certificate: dict[str, float]
    """What can be checked without the truth; the condition number last."""
    polishing: Polishing | None
    """See `Solution.polishing`."""
    bounds: dict[str, Float64[np.ndarray, "..."]]
    """What is proved, item by item: see `Solution.bounds`."""
    cautions: tuple[str, ...]
    factor: float
    """See `Solution.factor`."""

    @property
    def follows(self) -> str:
        """What is proved of the answer, in words; nothing where there is no answer."""
        return "; ".join(sentences(self.solver.problem, self.bounds)) if self.valid else ""

    def parts(self, value: Float64[np.ndarray, "p q"]) -> dict[str, Float64[np.ndarray, "..."]]:
        """What an answer, `value` or `truth`, consists of, by name."""
        rows = self.solver.problem.rows(*self.matrix.shape)
        return {name: value[at] for name, at in rows.items()}

    @property
    def error(self) -> float:
        return self.scores["l1"]

    def right_within(self, tolerances: Sequence[float] = TOLERANCES) -> float | None:
        """The smallest of `tolerances` within which the answer is right; None if it is wrong."""
        return min((t for t in tolerances if self.error < t), default=None)

    def _polished(self) -> dict[str, Any]:
        found = self.polishing
        if found is None:
            return {}
        known = bool(np.isfinite(found.unpolished).all())
        return {
            "unpolished": found.unpolished.tolist() if known else None,
            "steps": found.steps,
            "restarted": found.restarted,
            "measure": found.measure,
            "residuals": [_finite(value) for value in found.residuals],
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything that `eigenformer solve` says of it, for JSON; what is not finite is None."""
        return {
            "model": self.solver.name,
            "input": self.matrix.tolist(),
            "answer": self.value.tolist() if self.valid else None,
            "numpy": self.truth.tolist(),
            "parts": _lists(self.parts(self.value)) if self.valid else None,
            "numpy_parts": _lists(self.parts(self.truth)),
            "error": _finite(self.error),
            "valid": self.valid,
            "reason": self.reason,
            "certificate": {name: _finite(value) for name, value in self.certificate.items()},
            "bounds": {name: _numbers(bound) for name, bound in self.bounds.items()},
            "follows": self.follows,
            "cautions": list(self.cautions),
            "factor": self.factor,
            **self._polished(),
        }


def beside_lapack(
    solver: Solver,
    inputs: Float64[np.ndarray, "B m n"],
    *,
    seen: Float64[np.ndarray, "B m n"] | None = None,
    solution: Solution | None = None,
) -> list[Answer]:
    """The answers of `solver` to `inputs`, or to `seen`, which are the same with noise.

    `solution` is what it said of them, if it has been asked. Inputs that the problem does not
    admit, or whose true answer overflows, are an `InputError`.
    """
    problem = solver.problem
    problem.check(inputs)
    seen = inputs if seen is None else seen
    with np.errstate(all="ignore"):
        truth = problem.solve(inputs)
        overflown = np.flatnonzero(~np.isfinite(truth).all(axis=(1, 2)))
        if len(overflown):
            which = "this matrix" if len(inputs) == 1 else f"matrix {overflown[0]}"
            raise InputError(f"LAPACK's answer to {which} overflows; give smaller numbers")
        solution = solver.solve(seen) if solution is None else solution
        valid = solution.valid
        guesses = np.where(valid[:, None, None], solution.value, 0.0)
        errors = problem.errors(seen, truth, guesses)

    def each(figures: dict[str, Any], i: int) -> dict[str, float]:
        return {key: float(values[i]) if valid[i] else np.nan for key, values in figures.items()}

    return [
        Answer(
            solver=solver,
            matrix=inputs[i],
            seen=seen[i],
            value=solution.value[i],
            valid=bool(valid[i]),
            reason=solution.reason[i],
            truth=truth[i],
            scores=each(errors.scores, i),
            measures=each(errors.measures, i),
            certificate={key: float(values[i]) for key, values in solution.certificate.items()},
            polishing=solution.polishing(i),
            bounds={name: bound[i] for name, bound in solution.bounds.items()},
            cautions=solution.cautions[i],
            factor=float(solution.factor[i]),
        )
        for i in range(len(inputs))
    ]


def percent(value: float) -> str:
    """A relative error, with two digits where it is small."""
    return f"{100 * value:.2g}%" if value < 0.1 else f"{100 * value:.0f}%"


def _lists(parts: dict[str, np.ndarray]) -> dict[str, Any]:
    return {name: part.tolist() for name, part in parts.items()}


def _numbers(bounds: Float64[np.ndarray, "..."]) -> list[Any]:
    """Nested lists, with None for inf."""
    return [_numbers(row) if row.ndim else _finite(float(row)) for row in bounds]


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
