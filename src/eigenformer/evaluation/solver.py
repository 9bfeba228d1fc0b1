"""Everything that answers a matrix question is a `Solver`: matrices in, a `Solution` out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64

from ..core import InputError
from ..ensembles import Matrices
from ..problems import Problem


@dataclass(frozen=True, eq=False, slots=True)
class Predictions:
    """Answers to B inputs; an invalid one is an empty matrix with a reason."""

    matrices: Matrices
    valid: Bool[np.ndarray, " B"]
    reasons: list[str]


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


class Solver(ABC):
    """Answers one problem. Trained networks, constructed networks and LAPACK are all solvers."""

    name: str
    problem: Problem

    @abstractmethod
    def predict(self, inputs: Matrices) -> Predictions:
        """Answers to well-formed inputs, whole batches at a time."""

    def accepts(self, inputs: Matrices, answers: Matrices) -> Bool[np.ndarray, " B"]:
        """Which inputs, with their true answers, the solver has a way to write."""
        return np.ones(len(inputs), bool)

    def seen(self, inputs: Matrices) -> Matrices:
        """The inputs as the solver sees them, by which reconstructions are judged."""
        return inputs

    def rounded(self, answers: Matrices) -> Matrices:
        """The true answers as the solver would write them."""
        return answers

    def cautions(self, inputs: Float64[np.ndarray, "B M N"]) -> list[str]:
        """Sentences on why these inputs are outside of what the solver is made for."""
        return []

    def solve(self, matrix: Any) -> Solution:
        """The answer to `matrix`, [m, n] or [B, m, n] (anything that NumPy turns into an array).

        An input that the problem does not admit is an `InputError`.
        """
        inputs = as_batch(matrix)
        self.problem.check(inputs)
        predictions = self.predict(Matrices.of(inputs))
        batch, m, n = inputs.shape
        value = np.full((batch, *self.problem.output_shape(m, n)), np.nan)
        right = predictions.valid.copy()
        reasons = list(predictions.reasons)
        answers = predictions.matrices
        for i in np.flatnonzero(right):
            shape = (int(answers.rows[i]), int(answers.columns[i]))
            if shape != value.shape[1:]:
                right[i] = False
                reasons[i] = (
                    f"the answer is {shape[0]}x{shape[1]}, not {value.shape[1]}x{value.shape[2]}"
                )
        value[right] = answers.values[right, : value.shape[1], : value.shape[2]]
        certificate = certify(self.problem, inputs, value)
        if np.ndim(matrix) == 2:
            single = {key: float(values[0]) for key, values in certificate.items()}
            return Solution(value[0], bool(right[0]), reasons[0], single)
        return Solution(value, right, reasons, certificate)


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
    """`matrix` as float64 [B, m, n]; anything else is an `InputError`."""
    try:
        values = np.asarray(matrix, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(
            "the input is not a matrix of numbers; give rows of equal length"
        ) from None
    if values.ndim not in (2, 3):
        raise InputError(
            f"the input has {values.ndim} dimensions; give one matrix [m, n] or several [B, m, n]"
        )
    if values.size == 0:
        raise InputError(
            f"the input of shape {values.shape} is empty; give at least one coefficient"
        )
    return values[None] if values.ndim == 2 else values
