"""How likely an answer is right, from what the package has counted of its model."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..evaluation import Answer, Proportion, TrainedSolver
from ..papers.charton2022 import FailureRecord, Predictor, kept_failures
from ..zoo import find_shipped, shipped_model
from .menu import counted_on

_ENOUGH = 200
"""Matrices that a proportion is taken of; neighbouring bins are pooled until there are so many."""
_CALLED = {
    "condition": "the condition number of the input",
    "basis_condition": "the condition number of the predicted basis",
}


@dataclass(frozen=True, slots=True)
class Chance:
    """The share right of matrices like this one; None where nothing was counted."""

    right: Proportion | None
    text: str
    """Of what matrices, or why nothing is known."""


def chance_of(answer: Answer, noise: float = 0.0) -> Chance:
    """The predicted chance that an answer of a shipped model is right; see `chance`.

    Unknown where nothing was measured for such a matrix: one unlike those of the training, with
    noise, or with a caution of any kind.
    """
    solver = answer.solver
    assert isinstance(solver, TrainedSolver)
    counted = counted_on(solver.name)
    if not counted:
        return Chance(None, "unknown: it was counted of shipped models only")
    if solver.problem.name not in counted:
        return Chance(None, f"unknown: this model was counted on {', '.join(counted)} only")
    if answer.cautions:
        return Chance(None, "unknown: a caution holds, and nothing was measured for such answers")
    if noise or not solver.like_training(answer.seen[None]).all():
        return Chance(None, "unknown: the matrix is unlike those on which the model was tested")
    return chance(
        solver.name,
        answer.certificate["condition_number"],
        answer.measures.get("basis_condition") if answer.valid else None,
    )


def chance(model: str, condition: float, basis_condition: float | None) -> Chance:
    """The predicted chance that an answer of a shipped model is right.

    From the kept analysis of its failures (Charton 2022, sections 4.5 and 4.6): the share right
    among matrices of a similar condition number, of the predicted basis where the answer has one.
    Without such an analysis, the model's accuracy on fresh matrices as a whole. Both hold for
    matrices like those of its training alone (`chance_of`).
    """
    record = _records().get(model)
    if record is None or not record.predictors:
        return _overall(model)
    values = {"basis_condition": basis_condition, "condition": condition}
    name, value = next(
        (n, v) for n, v in values.items() if v is not None and n in record.predictors
    )
    if not np.isfinite(value):
        return Chance(None, f"unknown: {_CALLED[name]} is infinite")
    right, low, high = _pooled(record.predictors[name], value)
    return Chance(
        right,
        f"of {right.n:,} test matrices where {_CALLED[name]} is "
        f"{_range(name, low, high)}; right is "
        f"{_score(record)} within {100 * record.tolerance:g}%",
    )


def _overall(model: str) -> Chance:
    right = shipped_model(find_shipped(model)).accuracy(0.05)
    return Chance(
        Proportion(count=right["count"], n=right["n"]),
        f"of all {right['n']:,} fresh test matrices, within 5%; how it depends on the matrix was "
        "not counted for this model",
    )


def _pooled(predictor: Predictor, value: float) -> tuple[Proportion, float, float]:
    """Right answers in the bins around a value, and where those bins begin and end."""
    right, wrong = np.array(predictor.successes), np.array(predictor.failures)
    edges = np.array(predictor.edges)
    at = int(np.clip(np.searchsorted(edges, value, side="right") - 1, 0, len(right) - 1))
    first = last = at
    while (right + wrong)[first : last + 1].sum() < _ENOUGH and (
        first > 0 or last < len(right) - 1
    ):
        first, last = max(0, first - 1), min(len(right) - 1, last + 1)
    inside = slice(first, last + 1)
    count = int(right[inside].sum())
    low = -np.inf if first == 0 else float(edges[first])
    high = np.inf if last == len(right) - 1 else float(edges[last + 1])
    return Proportion(count=count, n=count + int(wrong[inside].sum())), low, high


def _range(name: str, low: float, high: float) -> str:
    def text(edge: float) -> str:
        # Bases are nearly orthogonal: what differs is how far from 1 they are.
        return f"1 + {edge - 1:.2g}" if name == "basis_condition" else f"{edge:.3g}"

    if low == -np.inf:
        return f"below {text(high)}"
    return f"above {text(low)}" if high == np.inf else f"from {text(low)} to {text(high)}"


def _score(record: FailureRecord) -> str:
    return "the paper's own score" if record.score == "paper" else "an error"


@lru_cache(maxsize=1)
def _records() -> dict[str, FailureRecord]:
    return kept_failures()
