"""The construction that answers a problem, compiled for whatever it is asked."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from .. import problems
from ..core import InputError
from ..ensembles import Matrices, assemble
from ..evaluation import Predictions, Solver
from ..problems import MatrixPower, Problem
from .algorithms.logarithm import power_for
from .catalogue import CATALOGUE
from .network import Network

NAME = "constructed"
"""What it is called where solvers are named."""
Build = Callable[[Float64[np.ndarray, "B m n"]], Network]


def constructed_problems() -> dict[str, Build]:
    """The problems that a construction answers at every size, and what compiles it."""
    entries = (CATALOGUE.get(name) for name in CATALOGUE.names())
    return {
        entry.problem: entry.build_for
        for entry in entries
        if entry.problem is not None and entry.build_for is not None
    }


class SizedSolver(Solver):
    """See `constructed_solver`."""

    name = NAME

    def __init__(self, problem: Problem, build: Build) -> None:
        self.problem = problem
        self.build = build

    def predict(self, inputs: Matrices) -> Predictions:
        parts: list[tuple[np.ndarray, np.ndarray]] = []
        valid, reasons = np.zeros(len(inputs), bool), [""] * len(inputs)
        for index, values in inputs.groups():
            for part in self._together(values):
                at = index[part]
                try:
                    found = self.build(values[part]).as_solver(self.problem)
                    made = found.predict(Matrices.of(values[part]))
                except InputError as error:
                    parts.append((at, np.zeros((len(at), 0, 0))))
                    reasons[int(at[0])] = str(error)
                    continue
                valid[at] = made.valid
                for i, reason in zip(at, made.reasons, strict=True):
                    reasons[i] = reason
                answered = made.matrices[made.valid]
                shape = self.problem.output_shape(*values.shape[1:])
                parts.append((at[made.valid], answered.values.reshape(-1, *shape)))
        return Predictions(assemble(len(inputs), parts), valid, reasons)

    def _together(self, values: Float64[np.ndarray, "B m n"]) -> list[slice]:
        """Which inputs one network is compiled for: all, or each alone where one is refused."""
        try:
            self.build(values)
        except InputError:
            return [slice(i, i + 1) for i in range(len(values))]
        return [slice(None)]


def constructed_solver(problem: str | Problem) -> SizedSolver:
    """The construction that solves a problem from scratch, compiled for each shape it is asked.

    And for the condition number, or the norm, of what it is asked, where depth hangs on these: a
    batch is answered by one network, which its hardest matrix made. `InputError` for a problem that
    has none. The same as `--model constructed` in the command line.
    """
    problem = problems.get(problem) if isinstance(problem, str) else problem
    if isinstance(problem, MatrixPower):
        exponent = problem.exponent
        return SizedSolver(problem, lambda a: power_for(a, exponent))
    found = constructed_problems()
    if problem.name not in found:
        raise InputError(
            f"no construction answers {problem.name} at every size; there is one for "
            f"{', '.join(found)}"
        )
    return SizedSolver(problem, found[problem.name])
