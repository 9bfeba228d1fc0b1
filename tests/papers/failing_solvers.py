"""Solvers that fail in a known way."""

import numpy as np

from eigenformer import encodings, ensembles, problems
from eigenformer.core import rng
from eigenformer.encodings import Task
from eigenformer.ensembles import Matrices
from eigenformer.evaluation import Predictions, Solver


def task_of(problem: str, dims: str = "3x3", **fields: object) -> Task:
    return Task(
        problem=problems.get(problem, **fields),
        ensemble=ensembles.get("iid-uniform", dims=dims),
        encoder=encodings.get("P1000"),
        decoder=encodings.get("P1000"),
    )


class Wrong(Solver):
    """Answers with `answer(inputs, truth, generator)`; those in `malformed` spell no matrix."""

    def __init__(self, task: Task, answer, malformed=(), name: str = "wrong") -> None:
        self.problem = task.problem
        self.name = name
        self.answer = answer
        self.malformed = list(malformed)

    def predict(self, inputs: Matrices) -> Predictions:
        truth = self.problem.solve(inputs.values)
        found = Matrices.of(self.answer(inputs.values, truth, rng(7, "wrong")))
        valid = np.ones(len(inputs), bool)
        valid[self.malformed] = False
        rows, columns = np.where(valid, found.rows, 0), np.where(valid, found.columns, 0)
        values = np.where(valid[:, None, None], found.values, 0.0)
        reasons = ["" if ok else "no matrix" for ok in valid]
        return Predictions(Matrices(values, rows, columns), valid, reasons)


def exact(inputs: np.ndarray, truth: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return truth


def blurred(size: float):
    """The truth with Gaussian errors, `size` times its mean magnitude in every coefficient."""

    def answer(inputs, truth, generator):
        scale = size * np.abs(truth).mean(axis=(1, 2), keepdims=True)
        return truth + scale * generator.standard_normal(truth.shape)

    return answer


def sheared(inputs, truth, generator):
    """Right eigenvalues and unit vectors, of which the second leans towards the first."""
    out = truth.copy()
    lean = 10 ** generator.uniform(-6, 0, (len(out), 1))
    out[:, 1:, 1] += lean * out[:, 1:, 0]
    out[:, 1:] /= np.linalg.norm(out[:, 1:], axis=1, keepdims=True)
    return out
