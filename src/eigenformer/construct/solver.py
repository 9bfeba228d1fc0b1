"""Constructed networks as solvers, on the same bench as trained ones and LAPACK."""

from abc import abstractmethod
from contextlib import suppress

import numpy as np
import torch
from jaxtyping import Float64

from .. import problems
from ..core import InputError
from ..ensembles import Matrices, assemble
from ..evaluation import Caution, Predictions, Solver
from ..evaluation.solver import binary_factor
from ..problems import LogisticRegression, Problem
from ..problems.inverse import InverseProblem
from ..problems.spectral import BasisProblem, canonical_signs
from . import theory
from .network import Network
from .spec import Port

_RISKY = 1e-3
"""A predicted residual above this is worth a caution."""


class ConstructedSolver(Solver):
    """Runs a network on every input of the shapes it was compiled for; others get no answer.

    To adapt another kind of network: `fits`, `shapes` and `ask`.
    """

    def __init__(self, network: Network, problem: Problem, name: str | None = None) -> None:
        self.network = network
        self.problem = problem
        self.name = name or network.spec.name

    @abstractmethod
    def fits(self, m: int, n: int) -> bool:
        """Whether the network was compiled for inputs of this shape."""

    @property
    @abstractmethod
    def shapes(self) -> str:
        """The inputs that fit, in words."""

    @abstractmethod
    def ask(self, inputs: Float64[np.ndarray, "B m n"]) -> Float64[np.ndarray, "B p q"]:
        """The network's answers to inputs that fit."""

    def failure(self, matrix: Float64[np.ndarray, "m n"]) -> str:
        """Why there is no answer to an input that fits, where `ask` gave what is not finite."""
        return f"{self.name} diverged"

    def predict(self, inputs: Matrices) -> Predictions:
        parts: list[tuple[np.ndarray, np.ndarray]] = []
        valid, reasons = np.zeros(len(inputs), bool), [""] * len(inputs)
        for index, values in inputs.groups():
            if not self.fits(*values.shape[1:]):
                parts.append((index, np.zeros((len(index), 0, 0))))
                for i in index:
                    reasons[i] = f"{self.name} was compiled for {self.shapes}"
                continue
            answers = self.ask(values)
            finite = np.isfinite(answers).all(axis=(1, 2))
            valid[index] = finite
            parts += [(index[finite], answers[finite])]
            for i in np.flatnonzero(~finite):
                reasons[index[i]] = self.failure(values[i])
        return Predictions(assemble(len(inputs), parts), valid, reasons)

    def factor(self, inputs: Matrices) -> Float64[np.ndarray, " B"]:
        """Powers of two for entries whose squares the network's numbers would not hold."""
        if not self.rescale or self.problem.degree is None:
            return super().factor(inputs)
        return binary_factor(np.abs(inputs.values).max(axis=(1, 2), initial=0.0))

    def cautions(self, inputs: Float64[np.ndarray, "B M N"]) -> list[Caution]:
        batch, m, n = inputs.shape
        if self.fits(m, n):
            return []
        text = f"{self.name} was compiled for {self.shapes}; compile it for this input of {m}x{n}"
        return [Caution(text, np.ones(batch, bool))]

    def _run(self, *inputs: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            output: np.ndarray = self.network(*inputs).double().numpy()
        return output


class InverseSolver(ConstructedSolver):
    """A network A [d, d] -> X [d, d] that iterates towards the inverse."""

    @property
    def dim(self) -> int:
        return self.network.spec.output.shape[0]

    @property
    def shapes(self) -> str:
        return f"{self.dim}x{self.dim} matrices"

    def fits(self, m: int, n: int) -> bool:
        return m == n == self.dim

    def ask(self, inputs: Float64[np.ndarray, "B m n"]) -> Float64[np.ndarray, "B p q"]:
        # One matrix that the network refuses must not cost the others their answers.
        regular = np.linalg.cond(inputs) < self._largest_condition
        answers = np.full(inputs.shape, np.nan)
        if regular.any():
            answers[regular] = self._run(inputs[regular])
        return answers

    def failure(self, matrix: Float64[np.ndarray, "m n"]) -> str:
        condition = float(np.linalg.cond(matrix))
        if condition < self._largest_condition:
            return super().failure(matrix)
        return f"the matrix is singular to working precision (condition number {condition:.1e})"

    @property
    def _largest_condition(self) -> float:
        return 1 / (self.dim * torch.finfo(self.network.dtype).eps)

    def cautions(self, inputs: Float64[np.ndarray, "B M N"]) -> list[Caution]:
        if found := super().cautions(inputs):
            return found
        dtype, steps = self.network.dtype, self.network.spec.steps
        condition = np.linalg.cond(inputs)
        i = int(condition.argmax())
        worst, floor = condition[i], theory.floor(condition, dtype)
        needed = theory.steps_from_transpose(condition, floor)
        if steps is not None and needed[i] > steps:
            text = (
                f"{self.name} takes {steps} steps, and a condition number of {worst:.3g} needs "
                f"about {needed[i]:.0f}: compile it with steps={needed[i] + theory.SLACK:.0f}"
            )
            found.append(Caution(text, needed > steps))
        if floor[i] > _RISKY:
            kind = str(dtype).removeprefix("torch.")
            more = "; use float64" if dtype == torch.float32 else ""
            text = (
                f"a condition number of {worst:.3g} leaves an error of about {floor[i]:.1g} in "
                f"{kind}{more}"
            )
            found.append(Caution(text, floor > _RISKY))
        return found


class RegressionSolver(ConstructedSolver):
    """A network of examples A [t, d], y [t] (and more) that answers with w [d], from [A | y].

    It may take a query a_test and answer with its prediction alone, or a start x. Then it is asked
    for each unit vector, or started from 0.
    """

    def __init__(self, network: Network, problem: Problem, name: str | None = None) -> None:
        super().__init__(network, problem, name)
        self.ports = network.spec.given or network.spec.inputs

    @property
    def shapes(self) -> str:
        tokens, dim = self.ports[0].shape
        most = "at most " if self.ports[0].shorter else ""
        return f"{most}{tokens} examples of {dim} features (and a column y)"

    def fits(self, m: int, n: int) -> bool:
        tokens, dim = self.ports[0].shape
        return n == dim + 1 and (m <= tokens if self.ports[0].shorter else m == tokens)

    def ask(self, inputs: Float64[np.ndarray, "B m n"]) -> Float64[np.ndarray, "B p q"]:
        a, y = inputs[:, :, :-1], inputs[:, :, -1]
        batch, dim = len(a), a.shape[2]
        if self.network.spec.output.shape == ():
            queries = np.tile(np.eye(dim), (batch, 1))
            answers = self._run(np.repeat(a, dim, axis=0), np.repeat(y, dim, axis=0), queries)
        else:
            start = [np.zeros((batch, dim))] if len(self.ports) == 3 else []
            answers = self._run(a, y, *start)
        return answers.reshape(batch, dim, 1)

    def cautions(self, inputs: Float64[np.ndarray, "B M N"]) -> list[Caution]:
        found = super().cautions(inputs)
        a = inputs[:, :, :-1]
        if isinstance(self.problem, LogisticRegression):
            lengths = np.linalg.norm(a, axis=2).max(axis=1)
            longest = lengths.max()
            if longest > 1 + 1e-9:
                text = (
                    f"a row of A has length {longest:.3g}, and {self.name} is made for at most 1: "
                    f"divide A by {longest:.3g} and mu by its square; w comes out multiplied by it"
                )
                found.append(Caution(text, lengths > 1 + 1e-9))
            return found
        condition = np.linalg.cond(a)
        floor = np.minimum(theory.FLOOR[self.network.dtype] * condition**2, 1.0)
        if floor.max() > _RISKY:
            text = (
                f"A has a condition number of {condition.max():.3g}, and A^T A its square, which "
                f"leaves an error of about {floor.max():.1g}"
            )
            found.append(Caution(text, floor > _RISKY))
        return found


class PlainSolver(ConstructedSolver):
    """A network of a problem's input that gives its answer, vectors in their canonical signs."""

    @property
    def port(self) -> Port:
        return (self.network.spec.given or self.network.spec.inputs)[0]

    @property
    def shapes(self) -> str:
        m, n = self.port.shape
        return f"{m}x{n} inputs"

    def fits(self, m: int, n: int) -> bool:
        return (m, n) == self.port.shape

    def ask(self, inputs: Float64[np.ndarray, "B m n"]) -> Float64[np.ndarray, "B p q"]:
        try:
            answers = self._run(inputs)
        except InputError:  # one that is refused must not cost the others their answers
            answers = np.full((len(inputs), *self.network.spec.output.shape), np.nan)
            for i, matrix in enumerate(inputs):
                with suppress(InputError):
                    answers[i] = self._run(matrix)
        if isinstance(self.problem, BasisProblem):
            known = np.nan_to_num(answers[:, 1 : inputs.shape[1] + 1])
            answers[:, 1:] *= canonical_signs(known)[:, None, :]
        return answers

    def failure(self, matrix: Float64[np.ndarray, "m n"]) -> str:
        try:
            self._run(matrix)
        except InputError as error:
            return f"{self.name}: {error}"
        return super().failure(matrix)


def as_solver(
    network: Network, problem: str | Problem | None = None, name: str | None = None
) -> ConstructedSolver:
    """`network` as the solver of a problem: its own (`spec.problem`), or the one that is given."""
    if problem is None:
        if network.spec.problem is None:
            raise InputError(
                f"{network.spec.name} does not say which problem it answers; name one, such as "
                'as_solver(problem="inverse")'
            )
        problem_name, fields = network.spec.problem
        problem = problems.get(problem_name, **fields)
    elif isinstance(problem, str):
        problem = problems.get(problem)
    given = network.spec.given or network.spec.inputs
    first, output = given[0].shape, network.spec.output.shape
    if isinstance(problem, InverseProblem):
        if len(first) == 2 and first[0] == first[1] and first == output:
            return InverseSolver(network, problem, name)
    elif isinstance(problem, problems.LeastSquares | problems.LogisticRegression):
        if len(first) == 2 and len(given) in (2, 3) and output in ((first[1],), ()):
            return RegressionSolver(network, problem, name)
    elif sum(not port.optional for port in given) == 1 and len(first) == 2:
        with suppress(InputError):  # of a shape that the problem does not take
            if problem.output_shape(first[0], first[1]) == output:
                return PlainSolver(network, problem, name)
    ports = ", ".join(f"{port.name} {port.shape}" for port in given)
    raise InputError(
        f"{network.spec.name} takes {ports} and gives {output}, which is not an answer to "
        f"{problem.name}; choose another problem"
    )
