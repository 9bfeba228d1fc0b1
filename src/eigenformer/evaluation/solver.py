"""Everything that answers a matrix question is a `Solver`: matrices in, a `Solution` out."""

import copy
import functools
import html
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64

from ..core import InputError
from ..ensembles import Matrices
from ..ensembles.reading import real_matrices
from ..problems import Problem
from .bounds import largest, proved
from .cautions import Caution, each, of_answer, of_question
from .frames import data_frame


@dataclass(frozen=True, eq=False, slots=True)
class Predictions:
    """Answers to B inputs; an invalid one is an empty matrix with a reason."""

    matrices: Matrices
    valid: Bool[np.ndarray, " B"]
    reasons: list[str]


@dataclass(frozen=True, eq=False, slots=True)
class Written:
    """B inputs and their true answers after they went through a solver's tokens.

    `inputs` are what reconstructions are judged by; `answers` are those of a perfect model, which
    are rounded, and read from its distributions as the solver reads them.
    Where `ok` is false, one of the two can't be written, and neither means anything.
    """

    inputs: Matrices
    answers: Matrices
    ok: Bool[np.ndarray, " B"]

    @property
    def kept(self) -> "Written":
        """Those that can be written."""
        return Written(self.inputs[self.ok], self.answers[self.ok], self.ok[self.ok])


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Polishing:
    """How a constructed network refined an answer."""

    measure: str
    """What the residuals are, such as "||I - A X||_2"."""
    residuals: list[float]
    """Before the first step, after it, and so on, from where it started last."""
    unpolished: Float64[np.ndarray, "p q"]
    """The answer that it was given; nan where there was none."""
    restarted: bool
    """Whether it did not start from that answer, or not in the end."""

    @property
    def steps(self) -> int:
        return len(self.residuals) - 1


@dataclass(frozen=True, eq=False, slots=True)
class Solution:
    """The answer to one matrix [m, n], or to B of them (then every field has B entries).

    `value` is nan where `valid` is false, and `reason` says why. `certificate` holds what can be
    checked without the truth: residuals of the answer, and the condition number of the input.
    `cautions` are sentences on why the answer may be wrong: a tuple of them for one matrix, B
    tuples for B.
    """

    value: Float64[np.ndarray, "*B P Q"]
    valid: Any
    reason: Any
    certificate: dict[str, Any]
    cautions: Any
    factor: Any
    """What the matrix was multiplied by before it was asked about; `value` is scaled back."""

    rows: Mapping[str, int | slice] = field(default_factory=dict, kw_only=True)
    """See `Problem.rows`."""
    bounds: Mapping[str, np.ndarray] = field(default_factory=dict, kw_only=True)
    """How far items of the answer are from the true ones at most, proved: see `Problem.prove`."""

    @property
    def parts(self) -> dict[str, np.ndarray]:
        """What `value` consists of, by name: "s", "U", "V" of an SVD; most answers are one part."""
        return {name: self.value[..., at, :] for name, at in self.rows.items()}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({_told(self)})"

    def _repr_html_(self) -> str:
        """For notebooks: the parts of one answer, the first of many."""
        first = {n: v if self.value.ndim == 2 else v[0] for n, v in self.parts.items()}
        tables = "".join(f"<th>{name}</th>" for name in first)
        cells = "".join(f"<td>{html_matrix(part)}</td>" for part in first.values())
        told = html.escape(_told(self))
        return f"<table><tr>{tables}</tr><tr>{cells}</tr></table><p>{told}</p>"

    def polishing(self, i: int) -> Polishing | None:
        """How answer `i` was refined; None as a rule."""
        return None

    def to_frame(self) -> Any:
        """A pandas data frame with a row a matrix: parts, certificate, bounds, cautions, ...

        A part and its bounds ("eigenvalues within") are arrays; one matrix is
        `pandas.DataFrame(solution.value)`.
        """
        single = self.value.ndim == 2
        bounds = {f"{name} within": bound for name, bound in self.bounds.items()}
        about = {"valid": self.valid, "reason": self.reason}
        columns = {**self.parts, **about, **self.certificate, **bounds}
        columns = {key: [v] if single else list(v) for key, v in columns.items()}
        cautions = [self.cautions] if single else self.cautions
        return data_frame({**columns, "cautions": ["; ".join(texts) for texts in cautions]})


class Solver(ABC):
    """Answers one problem. Trained networks, constructed networks and LAPACK are all solvers."""

    name: str
    problem: Problem
    rescale: bool = True
    """Whether `solve` asks for a multiple of a matrix that the solver is made for, and scales its
    answer back, where the problem allows it. `predict`, and so `evaluate`, never do."""

    def __init_subclass__(cls) -> None:
        """Let `predict` take arrays too, as `solve` does."""
        super().__init_subclass__()
        if "predict" in cls.__dict__:
            own = cls.__dict__["predict"]

            @functools.wraps(own)
            def predict(self: Solver, inputs: Any) -> Predictions:
                if not isinstance(inputs, Matrices):
                    inputs = Matrices.of(as_batch(inputs))
                    self.problem.check(inputs)
                found: Predictions = own(self, inputs)
                return found

            cls.predict = predict  # type: ignore[method-assign]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self.problem.name}>"

    @abstractmethod
    def predict(self, inputs: Matrices) -> Predictions:
        """Answers to well-formed inputs as they are, whole batches at a time."""

    def rescaling(self, on: bool) -> "Solver":
        """The same solver with `rescale` switched on or off."""
        made = copy.copy(self)
        made.rescale = on
        return made

    def factor(self, inputs: Matrices) -> Float64[np.ndarray, " B"]:
        """What each input is to be multiplied by before it is asked about; 1 as a rule."""
        return np.ones(len(inputs))

    def answers(
        self, inputs: Matrices, predict: Callable[[Matrices], Predictions] | None = None
    ) -> Predictions:
        """`predict`, of multiples of the inputs (`factor`), and its answers scaled back."""
        predict, factor = predict or self.predict, self.factor(inputs)
        return self.scaled_back(predict(multiplied(inputs, factor)), factor)

    def scaled_back(
        self, predictions: Predictions, factor: Float64[np.ndarray, " B"]
    ) -> Predictions:
        """The answers to matrices, from those to `factor` times them."""
        if (factor == 1).all():
            return predictions
        given = predictions.matrices
        values, valid = given.values.copy(), predictions.valid.copy()
        reasons = list(predictions.reasons)
        for index, answers in given.groups():
            if answers.size:
                _, p, q = answers.shape
                with np.errstate(all="ignore"):
                    values[index, :p, :q] = self.problem.scaled(answers, 1 / factor[index])
        for i in np.flatnonzero(valid & ~np.isfinite(values).all(axis=(1, 2))):
            valid[i], reasons[i] = False, "the answer is too large for a number"
        return Predictions(Matrices(values, given.rows, given.columns, given.kinds), valid, reasons)

    def written(self, inputs: Matrices, answers: Matrices) -> Written:
        """A test set in the solver's own tokens; as it is for a solver that has none."""
        return Written(inputs, answers, np.ones(len(inputs), bool))

    def cautions(self, inputs: Float64[np.ndarray, "B M N"]) -> list[Caution]:
        """Sentences on why these inputs are outside of what the solver is made for."""
        return []

    def solve(self, matrix: Any) -> Solution:
        """The answer to `matrix`, [m, n] or [B, m, n] (anything that NumPy turns into an array).

        An input that the problem does not admit is an `InputError`.
        """
        return self._solution(matrix, self.predict)

    def _solution(self, matrix: Any, predict: Callable[[Matrices], Predictions]) -> Solution:
        inputs = as_batch(matrix)
        if self.problem.tasks:
            raise InputError(
                f"{self.name} answers {', '.join(self.problem.tasks)}; name one of them"
            )
        self.problem.check(inputs)
        solution = self.certified(inputs, self.answers(Matrices.of(inputs), predict))
        return solution if np.ndim(matrix) == 3 else Solution(**single(solution))

    def certified(self, inputs: Float64[np.ndarray, "B m n"], predictions: Predictions) -> Solution:
        """Predictions of the answers to `inputs`, with what can be checked without the truth."""
        answers = predictions.matrices
        batch, m, n = inputs.shape
        p, q = self.problem.output_shape(m, n)
        fits = (answers.rows == p) & (answers.columns == q)
        reasons = list(predictions.reasons)
        for i in np.flatnonzero(predictions.valid & ~fits):
            reasons[i] = f"the answer is {answers.rows[i]}x{answers.columns[i]}, not {p}x{q}"
        valid = predictions.valid & fits
        value = np.full((batch, p, q), np.nan)
        if valid.any():
            value[valid] = answers.values[valid, :p, :q]
        certificate = certify(self.problem, inputs, value)
        cautions = self.all_cautions(inputs, certificate)
        factor = self.factor(Matrices.of(inputs))
        rows, bounds = self.problem.rows(m, n), proved(self.problem, inputs, value)
        return Solution(
            value, valid, reasons, certificate, cautions, factor, rows=rows, bounds=bounds
        )

    def all_cautions(
        self, inputs: Float64[np.ndarray, "B m n"], certificate: dict[str, np.ndarray]
    ) -> list[tuple[str, ...]]:
        """Those of each input: about the question, the solver, and the answer's certificate."""
        with np.errstate(all="ignore"):
            found = [
                *of_question(self.problem, inputs),
                *self.cautions(inputs),
                *of_answer(self.problem, certificate),
            ]
        return each(found, len(inputs))


def single(solution: Solution) -> dict[str, Any]:
    """The fields of the solution to one matrix, from those to a batch of one."""
    return {
        "value": solution.value[0],
        "valid": bool(solution.valid[0]),
        "reason": solution.reason[0],
        "certificate": {key: float(values[0]) for key, values in solution.certificate.items()},
        "cautions": solution.cautions[0],
        "factor": float(solution.factor[0]),
        "rows": solution.rows,
        "bounds": {name: bound[0] for name, bound in solution.bounds.items()},
    }


def multiplied(inputs: Matrices, factor: Float64[np.ndarray, " B"]) -> Matrices:
    """Each matrix times its factor."""
    if (factor == 1).all():
        return inputs
    values = inputs.values * factor[:, None, None]
    return Matrices(values, inputs.rows, inputs.columns, inputs.kinds)


def binary_factor(
    largest: Float64[np.ndarray, " B"], beyond: int = 30
) -> Float64[np.ndarray, " B"]:
    """Powers of two that bring to [1, 2) what is outside of 2^-beyond to 2^beyond; else 1."""
    exponent = np.frexp(np.where(largest > 0, largest, 1.0))[1] - 1
    far = np.abs(exponent) > beyond
    return np.ldexp(1.0, np.where(far, np.clip(-exponent, -1000, 1000), 0))


def certify(
    problem: Problem, inputs: Float64[np.ndarray, "B M N"], value: Float64[np.ndarray, "B P Q"]
) -> dict[str, Float64[np.ndarray, " B"]]:
    """Residuals of answers (nan where an answer is), and condition numbers of the inputs."""
    known = np.isfinite(value).all(axis=(1, 2))
    residuals = problem.residuals(inputs, np.where(known[:, None, None], value, 0.0))
    certificate = {key: np.where(known, values, np.nan) for key, values in residuals.items()}
    certificate["condition_number"] = np.linalg.cond(inputs)
    return certificate


def _told(solution: Solution) -> str:
    """A solution in a line."""
    p, q = solution.value.shape[-2:]
    shape = f"{p}x{q}" if len(solution.rows) < 2 else ", ".join(solution.rows)
    if solution.value.ndim == 3:
        return f"{len(solution.value):,} answers of {shape}, {int(solution.valid.sum()):,} valid"
    if not solution.valid:
        return f"no answer: {solution.reason}"
    within = {f"{name} within": bound for name, bound in largest(solution.bounds).items()}
    figures = {**solution.certificate, **within}
    return f"{shape}, " + ", ".join(f"{key} {v:.2g}" for key, v in figures.items())


def html_matrix(matrix: Float64[np.ndarray, "..."]) -> str:
    """A matrix, or a vector in a row, as an HTML table."""
    rows = (
        "".join(f"<td style='text-align:right'>{value:.4g}</td>" for value in row)
        for row in np.atleast_2d(matrix)
    )
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in rows) + "</table>"


def as_batch(matrix: Any) -> Float64[np.ndarray, "B M N"]:
    """`matrix` as float64 [B, m, n]; anything else is an `InputError`.

    A data frame is a matrix of its values, whatever its labels.
    """
    try:
        values = np.asarray(matrix)
        framed = values.dtype.kind == "O" and values.ndim == 2 and hasattr(matrix, "dtypes")
        if framed and all(dtype.kind in "biuf" for dtype in matrix.dtypes):
            # pandas' own kinds of numbers, which may be missing.
            values = matrix.to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        raise InputError(
            "the input is not a matrix of numbers; give rows of equal length"
        ) from None
    values = real_matrices(values, "the input")
    return values[None] if values.ndim == 2 else values
