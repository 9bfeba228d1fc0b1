"""NumPy (LAPACK) as a solver: the reference on every bench."""

import numpy as np

from .. import problems
from ..ensembles import Matrices
from ..problems import Problem
from .solver import Predictions, Solver


class NumpySolver(Solver):
    """Answers a problem with `Problem.solve`, in float64."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.name = "numpy"

    def predict(self, inputs: Matrices) -> Predictions:
        answers = Matrices.of(self.problem.solve(inputs))
        return Predictions(answers, np.ones(len(inputs), bool), [""] * len(inputs))


def numpy_solver(problem: str | Problem) -> NumpySolver:
    """The LAPACK solver of a problem, given by name or as an object."""
    return NumpySolver(problems.get(problem) if isinstance(problem, str) else problem)
