"""Where a model fails, what is still right then, and what tells it (Charton 2022, 4.5 and 4.6)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float64

from ...core import InputError, from_json, load_json, rng, save_json, to_json, unknown
from ...encodings import Task, draw_pairs
from ...evaluation import TOLERANCES, Proportion, Solver, TrainedSolver
from ...evaluation.evaluate import MORE_TOLERANCES
from ...zoo.load import load
from .separate import LARGEST, Group, Separation, condition_profile, separation

RECORDS = Path(__file__).with_name("records")
_EDGES = {
    "condition": np.geomspace(1.0, 1e4, 41),
    "basis_condition": 1 + np.geomspace(1e-4, 10.0, 41),
}
"""Bins of what may tell failures: the same for every model. The first and the last hold what lies
beyond them too."""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How often one of a problem's measures is within each tolerance (keys such as "0.05")."""

    everywhere: dict[str, Proportion]
    """Of all answers."""
    failures: dict[str, Proportion]
    """Of the wrong ones: near 1 for a property that survives failure."""


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """A condition number by which failures may be told."""

    separation: Separation | None
    """None where every answer is right, or every one wrong."""
    edges: tuple[float, ...]
    successes: tuple[int, ...]
    """Right answers in each bin."""
    failures: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class FailureRecord:
    """What `failures` found for a model; kept as JSON, so that reports need no model."""

    model: str
    problem: str
    dims: str
    answers: Literal["at once", "token by token"]
    """An answer given at once has its layout by construction, so that `well_formed` says little."""
    seed: int
    n: int
    """Matrices, those left out that could not be written."""
    rejected: int
    score: str
    """By which an answer is right: "paper" is the paper's for eigenvectors and SVD."""
    tolerance: float
    """Within which an answer is right."""
    well_formed: Proportion
    accuracy: dict[str, Proportion]
    """By tolerance, such as "0.05"."""
    measures: dict[str, Measure]
    """Of the problem's measures those that are errors, such as `eigenvalues` or `distance`."""
    predictors: dict[str, Predictor]
    """`basis_condition`, of the predicted basis (the larger of two), and `condition`, of the
    input; what the problem has of these."""
    profile: tuple[Group, ...]
    """Accuracy by the input's condition number, in tenths of the matrices; empty if it has none."""

    @property
    def right(self) -> Proportion:
        """Accuracy at the tolerance that decides."""
        return self.accuracy[f"{self.tolerance:g}"]

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON; `from_dict` reads them."""
        found: dict[str, Any] = to_json(self)
        return found

    @staticmethod
    def from_dict(data: Any, where: str = "failures") -> "FailureRecord":
        return from_json(FailureRecord, data, where)


def failures(
    solver: Solver,
    task: Task,
    n: int = 10_000,
    seed: int = 0,
    *,
    tolerance: float = 0.05,
    score: str | None = None,
) -> FailureRecord:
    """Solve `n` fresh matrices of `task`, and tell right answers from wrong ones.

    `score` is the paper's unless given: "paper" for eigenvectors and SVD, which leaves
    orthogonality out, so that it can be asked whether that is what is lost; "l1" for the rest. The
    test set is a function of (`seed`, `n`); matrices that the model's encodings cannot write are
    left out. Measures that are not numbers, as of ill-formed answers, count as infinite.
    """
    problem = solver.problem
    if n < 1:
        raise InputError(f"n is {n}; give the number of matrices, at least 1")
    if not 0 < tolerance < math.inf:
        raise InputError(f"tolerance is {tolerance}; give a positive number such as 0.05")
    if score is None:
        score = "paper" if "paper" in problem.score_names else "l1"
    if score not in problem.score_names:
        raise unknown("score", score, problem.score_names)
    if task.problem.tasks:
        raise InputError(f"{solver.name} was trained on several problems; give a model of one")
    drawn, answers = draw_pairs(problem, task.ensemble, rng(seed, "failures"), n, task.noise)
    written = solver.written(drawn, answers)
    if not written.ok.any():
        raise InputError(f"{solver.name} can write none of the {n} matrices")
    drawn, answers, written = drawn[written.ok], answers[written.ok], written.kept
    predictions = solver.predict(drawn)
    errors = problem.errors(written.inputs, answers, predictions.matrices)
    error = np.where(predictions.valid, errors.scores[score], np.inf)
    right = error < tolerance
    measures = {
        name: np.where(predictions.valid & np.isfinite(values), values, np.inf)
        for name, values in errors.measures.items()
    }
    # The input has a condition number, whatever has become of the answer.
    conditions = {
        name: np.minimum(errors.measures[name] if name == "condition" else measures[name], LARGEST)
        for name in _EDGES
        if name in measures
    }
    tolerances = sorted({*TOLERANCES, *MORE_TOLERANCES, tolerance}, reverse=True)
    return FailureRecord(
        model=solver.name,
        problem=problem.name,
        dims=str(task.ensemble.dims),
        answers="at once" if _at_once(solver) else "token by token",
        seed=seed,
        n=len(drawn),
        rejected=n - len(drawn),
        score=score,
        tolerance=tolerance,
        well_formed=_share(predictions.valid),
        accuracy=_within(error, tolerances),
        measures={
            name: Measure(
                everywhere=_within(values, tolerances),
                failures=_within(values[~right], tolerances),
            )
            for name, values in measures.items()
            if name not in _EDGES
        },
        predictors={name: _predictor(name, values, right) for name, values in conditions.items()},
        profile=condition_profile(conditions["condition"], right)
        if "condition" in conditions
        else (),
    )


def analyse(name: str, n: int = 10_000, seed: int = 0) -> FailureRecord:
    """`failures` of a shipped model, or of a run (folder, name or hash)."""
    solver = load(name)
    return failures(solver, solver.task, n, seed)


def keep(record: FailureRecord, root: Path = RECORDS) -> Path:
    """Write the record to its file, failures-MODEL.json."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / f"failures-{record.model}.json"
    save_json(path, record.to_dict())
    return path


def kept_failures(root: Path = RECORDS) -> dict[str, FailureRecord]:
    """The records in a folder, by model."""
    found = [
        FailureRecord.from_dict(load_json(path), str(path))
        for path in sorted(root.glob("failures-*.json"))
    ]
    return {record.model: record for record in found}


def _at_once(solver: Solver) -> bool:
    return isinstance(solver, TrainedSolver) and solver.model.config.at_once


def _share(these: Bool[np.ndarray, " B"]) -> Proportion:
    return Proportion(count=int(these.sum()), n=len(these))


def _within(
    errors: Float64[np.ndarray, " B"], tolerances: Sequence[float]
) -> dict[str, Proportion]:
    return {f"{tolerance:g}": _share(errors < tolerance) for tolerance in tolerances}


def _predictor(
    name: str, values: Float64[np.ndarray, " B"], right: Bool[np.ndarray, " B"]
) -> Predictor:
    edges = _EDGES[name]
    # Half a bin inside: the last edge itself, and 1 exactly, belong to the outermost bins.
    inside = np.clip(values, edges[:2].mean(), edges[-2:].mean())
    return Predictor(
        separation=separation(values[right], values[~right]),
        edges=tuple(edges.tolist()),
        successes=tuple(np.histogram(inside[right], edges)[0].tolist()),
        failures=tuple(np.histogram(inside[~right], edges)[0].tolist()),
    )
