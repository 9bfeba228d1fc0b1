"""Scores of a solver on a seeded test set, beside what rounding alone allows."""

import html
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from ..core import InputError, check_tolerances, rng, to_json, unknown
from ..encodings import draw_pairs
from ..ensembles import Ensemble, Matrices
from ..problems import Errors, Problem
from ..problems.ratios import BAR
from .frames import data_frame
from .solver import Predictions, Solver, Written
from .statistics import binomial_interval
from .tolerances import TOLERANCES as TOLERANCES

MORE_TOLERANCES = (0.25, 0.10)
"""Reported beside them, with `exact` for 0%."""
_WORTH_SAYING = 0.05
"""Of the test matrices: of a test set like the training a few are always unusual."""
_MOST_SAID = 8
_LOOKED_AT = 1000
"""Test matrices of a shape, for cautions: some are found by asking a network."""
Target = Literal["true", "tokens"]
"""What an answer is scored against: the true one, as LAPACK has it, or that as the solver's own
tokens write it, rounded, which is what the paper's code does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proportion:
    """`count` of `n`, with a 95% binomial interval (Wilson)."""

    count: int
    n: int

    @property
    def value(self) -> float:
        return self.count / self.n if self.n else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        return binomial_interval(self.count, self.n)

    def to_dict(self) -> dict[str, Any]:
        low, high = self.interval
        return {"value": self.value, "low": low, "high": high, "count": self.count, "n": self.n}


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What `evaluate` found. `accuracy[score][tolerance]`; `score` is the one that decides.

    `accuracy` is against `target`; `tokens` is the same against the rounded answer in any case.

    `ceiling` is the same for the true answers written in the solver's own tokens; for LAPACK, which
    writes none, it is 1. `rejected` test matrices could not be written and are not scored.
    """

    solver: str
    problem: str
    settings: dict[str, Any]
    n: int
    rejected: int
    score: str
    target: Target
    tolerances: tuple[float, ...]
    valid: Proportion
    exact: Proportion
    accuracy: dict[str, dict[float, Proportion]]
    tokens: dict[str, dict[float, Proportion]]
    ceiling: dict[str, dict[float, Proportion]]
    coefficients: dict[float, float]
    shapes: dict[str, dict[float, Proportion]]
    problems: dict[str, dict[float, Proportion]]
    measures: dict[str, dict[str, float]]
    reasons: dict[str, int]
    ratios: dict[str, float] | None = None
    """LAPACK's test ratios of the well-formed answers (`Problem.ratios`), if they were asked for:
    the share "below 30", their "median" and their "largest"."""
    cautions: tuple[str, ...] = ()
    """In what test matrices, 5% of them or more, are unlike those that the solver is made for."""

    def __repr__(self) -> str:
        right = ", ".join(
            f"{100 * p.value:.1f}% within {100 * t:g}%"
            for t, p in self.accuracy[self.score].items()
            if t in self.tolerances
        )
        return f"Result({self.solver}: {self.problem}, {self.n:,} matrices, {right})"

    def _repr_html_(self) -> str:
        """For notebooks: accuracy, interval and ceiling at each tolerance."""
        rows = "".join(
            f"<tr><td>{100 * t:g}%</td><td><b>{100 * p.value:.1f}</b></td>"
            f"<td>{100 * p.interval[0]:.1f} to {100 * p.interval[1]:.1f}</td>"
            f"<td>{100 * self.ceiling[self.score][t].value:.1f}</td></tr>"
            for t, p in self.accuracy[self.score].items()
        )
        head = "".join(f"<th>{h}</th>" for h in ("within", "right", "95% interval", "ceiling"))
        return f"<p>{html.escape(repr(self))}</p><table><tr>{head}</tr>{rows}</table>"

    def at(self, tolerance: float, score: str | None = None) -> float:
        """The accuracy at a tolerance, as a fraction."""
        score = score or self.score
        if score not in self.accuracy:
            raise unknown("score", score, self.accuracy)
        by_tolerance = self.accuracy[score]
        if tolerance not in by_tolerance:
            raise InputError(
                f"tolerance {tolerance} was not evaluated; evaluated are "
                f"{', '.join(map(str, by_tolerance))}"
            )
        return by_tolerance[tolerance].value

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON; tolerances become keys such as "0.05"."""

        def table(by_tolerance: dict[float, Proportion]) -> dict[str, Any]:
            return {f"{t:g}": p.to_dict() for t, p in by_tolerance.items()}

        return {
            "solver": self.solver,
            "problem": self.problem,
            **self.settings,
            "n": self.n,
            "rejected": self.rejected,
            "score": self.score,
            "target": self.target,
            "valid": self.valid.to_dict(),
            "exact": self.exact.to_dict(),
            "accuracy": {score: table(t) for score, t in self.accuracy.items()},
            "tokens": {score: table(t) for score, t in self.tokens.items()},
            "ceiling": {score: table(t) for score, t in self.ceiling.items()},
            "coefficients": {f"{t:g}": value for t, value in self.coefficients.items()},
            "shapes": {shape: table(t) for shape, t in self.shapes.items()},
            "problems": {name: table(t) for name, t in self.problems.items()},
            "measures": self.measures,
            "reasons": self.reasons,
            **({} if self.ratios is None else {"ratios": self.ratios}),
            "cautions": list(self.cautions),
        }

    def to_frame(self) -> Any:
        """A pandas data frame with a row for each score and tolerance, as fractions.

        `low` and `high` bound the 95% interval of `right`; `ceiling` is that of rounding alone.
        """
        ceiling = self.ceiling
        rows = [
            (
                *(self.solver, self.problem, score, tolerance),
                *(p.value, *p.interval, p.count, p.n, ceiling[score][tolerance].value),
            )
            for score, by_tolerance in self.accuracy.items()
            for tolerance, p in by_tolerance.items()
        ]
        names = (
            *("solver", "problem", "score", "tolerance"),
            *("right", "low", "high", "count", "n", "ceiling"),
        )
        return data_frame(dict(zip(names, zip(*rows, strict=True), strict=True)))


def evaluate(
    solver: Solver,
    problem: Problem,
    ensemble: Ensemble,
    n: int = 10_000,
    seed: int = 0,
    tolerances: Sequence[float] = TOLERANCES,
    *,
    noise: float = 0.0,
    score: str = "l1",
    target: Target = "true",
    name: str = "test",
    rescale: bool = False,
    cautions: bool = True,
    ratios: bool = False,
) -> Result:
    """Draw the test set (`seed`, `name`), solve it, and score every answer the same way.

    A prediction is right at tolerance t if it is a matrix of the right shape with error below t. No
    answer is credited for matching tokens. `score` is a key of `Errors.scores`: "l1" (default),
    "l2", "l2_squared", "max", or "paper" for eigenvectors and SVD. `target` is what answers are
    scored against: "true" (default), or "tokens", the true answer as the solver's tokens write it,
    which is the paper's metric (LAWT decodes the target's tokens and compares with that).

    The solver is asked about the matrices as they are, as in the paper; with `rescale` about the
    multiples of them that `solve` would ask for. `cautions` say what is unlike its training;
    `ratios` asks for LAPACK's test ratios too, by which an answer is as right as float64 allows
    below 30.
    """
    if target not in get_args(Target):
        raise unknown("target", target, get_args(Target))
    if n < 1:
        raise InputError(f"n is {n}; give the number of test matrices, at least 1")
    check_tolerances(tolerances)
    if score not in problem.score_names:
        raise unknown("score", score, problem.score_names)
    inputs, answers = draw_pairs(problem, ensemble, rng(seed, f"test:{name}"), n, noise)
    written = solver.written(inputs, answers)
    if not written.ok.all():
        if not written.ok.any():
            raise InputError(f"{solver.name} can write none of the {n} test matrices")
        inputs, answers, written = inputs[written.ok], answers[written.ok], written.kept
    asked = solver.rescaling(rescale)
    predictions = asked.answers(inputs) if rescale else solver.predict(inputs)
    found = _ratios(problem, inputs, predictions) if ratios else None
    settings = {"ensemble": to_json(ensemble), "test": name, "seed": seed, "noise": noise}
    return Result(
        solver=solver.name,
        problem=problem.name,
        settings=settings | ({"rescale": True} if rescale else {}),
        n=len(inputs),
        rejected=n - len(inputs),
        score=score,
        target=target,
        tolerances=tuple(tolerances),
        ratios=found,
        cautions=_cautions(asked, inputs) if cautions else (),
        **score_predictions(problem, written, answers, predictions, tolerances, score, target),
    )


def _ratios(problem: Problem, inputs: Matrices, predictions: Predictions) -> dict[str, float]:
    found = problem.ratios(inputs, predictions.matrices)
    if found is None:
        raise InputError(f"LAPACK has no test ratio for {problem.name}; leave out ratios")
    below = float((predictions.valid & (found < BAR)).mean())
    known = found[predictions.valid]
    if not len(known):
        return {"below 30": below, "median": math.nan, "largest": math.nan}
    return {"below 30": below, "median": float(np.median(known)), "largest": float(known.max())}


def _cautions(solver: Solver, inputs: Matrices) -> tuple[str, ...]:
    """Of each shape's inputs, without saying one thing twice."""
    if solver.problem.tasks:
        return ()
    found = [
        f"{caution} ({100 * caution.where.mean():.0f}% of the test matrices"
        f"{'' if inputs.uniform else f' of {m}x{n}'})"
        for _, matrices in inputs.groups()
        for (m, n) in [matrices.shape[1:]]
        for caution in solver.cautions(matrices[:_LOOKED_AT])
        if caution.where.mean() >= _WORTH_SAYING
    ]
    return tuple(found[:_MOST_SAID])


def score_predictions(
    problem: Problem,
    written: Written,
    answers: Matrices,
    predictions: Predictions,
    tolerances: Sequence[float],
    score: str,
    target: Target = "true",
) -> dict[str, Any]:
    """The figures of a `Result` for given predictions; `answers` are the true ones, unrounded."""
    inputs, valid = written.inputs, predictions.valid
    rounded = problem.errors(inputs, written.answers, predictions.matrices)
    truth = answers if target == "true" else written.answers
    errors = problem.errors(inputs, truth, predictions.matrices) if target == "true" else rounded
    ceiling = problem.errors(inputs, truth, written.answers)
    error = errors.scores[score]
    every = sorted({*tolerances, *MORE_TOLERANCES}, reverse=True)
    return {
        "valid": _proportion(valid),
        "exact": _proportion(valid & _same(predictions.matrices, written.answers)),
        "accuracy": _accuracy(errors, valid, every),
        "tokens": _accuracy(rounded, valid, every),
        "ceiling": _accuracy(ceiling, np.ones(len(inputs), bool), every),
        "coefficients": _coefficients(errors, every),
        "shapes": _by_shape(inputs, valid, error, every),
        "problems": _by_problem(problem, inputs, valid, error, every),
        "measures": _measures(errors, valid),
        "reasons": dict(Counter(reason for reason in predictions.reasons if reason)),
    }


def _proportion(right: np.ndarray) -> Proportion:
    return Proportion(count=int(right.sum()), n=len(right))


def _same(a: Matrices, b: Matrices) -> np.ndarray:
    """Which matrices agree in shape and in every coefficient."""
    m = min(a.values.shape[1], b.values.shape[1])
    n = min(a.values.shape[2], b.values.shape[2])
    shape = (a.rows == b.rows) & (a.columns == b.columns)
    return np.asarray(shape & (a.values[:, :m, :n] == b.values[:, :m, :n]).all(axis=(1, 2)))


def _at(error: np.ndarray, valid: np.ndarray, tolerances: list[float]) -> dict[float, Proportion]:
    return {t: _proportion(valid & (error < t)) for t in tolerances}


def _accuracy(
    errors: Errors, valid: np.ndarray, tolerances: list[float]
) -> dict[str, dict[float, Proportion]]:
    return {name: _at(error, valid, tolerances) for name, error in errors.scores.items()}


def _coefficients(errors: Errors, tolerances: list[float]) -> dict[float, float]:
    """The share of coefficients within each tolerance of their true value."""
    values = errors.coefficients
    total = int((~np.isnan(values)).sum())
    return {t: float((values < t).sum()) / max(total, 1) for t in tolerances}


def _by_shape(
    inputs: Matrices, valid: np.ndarray, error: np.ndarray, tolerances: list[float]
) -> dict[str, dict[float, Proportion]]:
    """Accuracy for each input shape, where there are several."""
    if inputs.uniform:
        return {}
    return {
        f"{inputs.rows[at[0]]}x{inputs.columns[at[0]]}": _at(error[at], valid[at], tolerances)
        for at, _ in inputs.groups()
    }


def _by_problem(
    problem: Problem,
    inputs: Matrices,
    valid: np.ndarray,
    error: np.ndarray,
    tolerances: list[float],
) -> dict[str, dict[float, Proportion]]:
    """Accuracy for each problem of a joint one."""
    return {
        name: _at(error[inputs.kinds == kind], valid[inputs.kinds == kind], tolerances)
        for kind, name in enumerate(problem.tasks)
    }


def _measures(errors: Errors, valid: np.ndarray) -> dict[str, dict[str, float]]:
    """Quartiles and 98% range of each measure over the well-formed answers."""
    quartiles = {}
    for name, values in errors.measures.items():
        kept = values[valid & np.isfinite(values)]
        if len(kept):
            quantiles = np.quantile(kept, (0.01, 0.25, 0.5, 0.75, 0.99))
            keys = ("p1", "p25", "median", "p75", "p99")
            quartiles[name] = dict(zip(keys, map(float, quantiles), strict=True))
    return quartiles
