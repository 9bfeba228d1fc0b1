"""Everything that answers a matrix question is a `Solver`: matrices in, a `Solution` out."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64

from ..core import InputError
from ..ensembles import Matrices
from ..ensembles.reading import real_matrices
from ..problems import Problem
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

    `inputs` are what reconstructions are judged by; `answers` are the best that can be written.
    Where `ok` is false, one of the two can't be written, and neither means anything.
    """

    inputs: Matrices
    answers: Matrices
    ok: Bool[np.ndarray, " B"]

    @property
    def kept(self) -> "Written":
        """Those that can be written."""
        return Written(self.inputs[self.ok], self.answers[self.ok], self.ok[self.ok])


@dataclass(frozen=True, eq=False, slots=True)
class Solution:
    """The answer to one matrix [m, n], or to B of them (then every field has B entries).

    `value` is nan where `valid` is false, and `reason` says why. `certificate` holds what can be
    checked without the truth: residuals of the answer and the condition number of the input.
    """

    value: Float64[np.ndarray, "*B P Q"]
    valid: Any
    reason: Any
    certificate: dict[str, Any]

    def steps(self, i: int) -> list[float]:
        """||I - A X||_2 of answer `i` before the first step, after it, ...; none as a rule."""
        return []

    def to_frame(self) -> Any:
        """A pandas data frame with a row a matrix: valid, reason, and the certificate.

        The answers themselves are `value`, one matrix being `pandas.DataFrame(solution.value)`.
        """
        single = self.value.ndim == 2
        columns = {"valid": self.valid, "reason": self.reason, **self.certificate}
        return data_frame({key: [v] if single else list(v) for key, v in columns.items()})


class Solver(ABC):
    """Answers one problem. Trained networks, constructed networks and LAPACK are all solvers."""

    name: str
    problem: Problem

    def __init_subclass__(cls) -> None:
        """Let `predict` take arrays too, as `solve` does."""
        super().__init_subclass__()
        if "predict" in cls.__dict__:
            own = cls.__dict__["predict"]

            @functools.wraps(own)
            def predict(self: Solver, inputs: Any) -> Predictions:
                if not isinstance(inputs, Matrices):
                    inputs = Matrices.of(self._admitted(inputs))
                found: Predictions = own(self, inputs)
                return found

            cls.predict = predict  # type: ignore[method-assign]

    @abstractmethod
    def predict(self, inputs: Matrices) -> Predictions:
        """Answers to well-formed inputs, whole batches at a time."""

    def written(self, inputs: Matrices, answers: Matrices) -> Written:
        """A test set in the solver's own tokens; as it is for a solver that has none."""
        return Written(inputs, answers, np.ones(len(inputs), bool))

    def cautions(self, inputs: Float64[np.ndarray, "B M N"]) -> list[str]:
        """Sentences on why these inputs are outside of what the solver is made for."""
        return []

    def solve(self, matrix: Any) -> Solution:
        """The answer to `matrix`, [m, n] or [B, m, n] (anything that NumPy turns into an array).

        An input that the problem does not admit is an `InputError`.
        """
        return self._solution(matrix, self.predict)

    def _solution(self, matrix: Any, predict: Callable[[Matrices], Predictions]) -> Solution:
        inputs = self._admitted(matrix)
        solution = self.certified(inputs, predict(Matrices.of(inputs)))
        if np.ndim(matrix) == 3:
            return solution
        single = {key: float(values[0]) for key, values in solution.certificate.items()}
        return Solution(solution.value[0], bool(solution.valid[0]), solution.reason[0], single)

    def _admitted(self, matrix: Any) -> Float64[np.ndarray, "B m n"]:
        """`matrix` as a batch that the problem admits."""
        inputs = as_batch(matrix)
        if self.problem.tasks:
            raise InputError(
                f"{self.name} answers {', '.join(self.problem.tasks)}; name one of them"
            )
        self.problem.check(inputs)
        return inputs

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
        return Solution(value, valid, reasons, certify(self.problem, inputs, value))


def certify(
    problem: Problem, inputs: Float64[np.ndarray, "B M N"], value: Float64[np.ndarray, "B P Q"]
) -> dict[str, Float64[np.ndarray, " B"]]:
    """Residuals of answers (nan where an answer is), and condition numbers of the inputs."""
    known = np.isfinite(value).all(axis=(1, 2))
    residuals = problem.residuals(inputs, np.where(known[:, None, None], value, 0.0))
    certificate = {key: np.where(known, values, np.nan) for key, values in residuals.items()}
    certificate["condition_number"] = np.linalg.cond(inputs)
    return certificate


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
