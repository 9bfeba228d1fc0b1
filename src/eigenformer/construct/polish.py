"""A solver's answer as the start of Newton's network for the inverse, so that it ends exact.

    X0 = the answer,   X <- X (2I - A X),   residual ||I - A X||_2, which squares with each step

Where ||I - A X0||_2 >= 1 the iteration would diverge, so it starts from A^T / ||A||_2^2 instead.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64

from ..core import InputError
from ..ensembles import Matrices, assemble
from ..evaluation import Caution, Predictions, Solution, Solver, as_batch
from ..evaluation.bounds import proved
from ..evaluation.cautions import each, of_answer, of_question
from ..evaluation.solver import certify, single
from ..problems.inverse import InverseProblem
from . import theory
from .algorithms.newton import newton_inverse
from .network import Network

Squares = Float64[np.ndarray, "B n n"]


@dataclass(frozen=True, eq=False, slots=True)
class PolishPlan:
    """What is known of B answers before any of them is refined."""

    start: Squares
    """Where each iteration starts: the answer, or A^T / ||A||_2^2."""
    first: Float64[np.ndarray, " B"]
    """||I - A X0||_2 of the answer itself; inf for an answer that is no matrix."""
    contracting: Bool[np.ndarray, " B"]
    """Whether that is below 1, so that Newton's iteration converges from the answer."""
    restarted: Bool[np.ndarray, " B"]
    """Whether the iteration starts from A^T / ||A||_2^2."""
    needed: Int64[np.ndarray, " B"]
    """Steps to rounding level that theory predicts."""
    steps: Int64[np.ndarray, " B"]
    """Steps that are taken."""

    @property
    def sentences(self) -> list[Caution]:
        """What a user should know before it runs."""
        found = []
        if self.restarted.any():
            i = int(np.flatnonzero(self.restarted)[0])
            which = "the answer" if len(self.start) == 1 else f"answer {i + 1}"
            more = int(self.restarted.sum()) - 1
            others = f", and {more} other{'s' * (more > 1)} alike" if more else ""
            what = (
                f"has ||I - A X0||_2 = {self.first[i]:.3g}, at or above 1, from where Newton's "
                "iteration diverges"
                if np.isfinite(self.first[i])
                else "is no matrix"
            )
            text = (
                f"{which} {what}: it starts from A^T/||A||_2^2 instead, with {self.steps[i]} "
                f"steps{others}"
            )
            found.append(Caution(text, self.restarted))
        short = np.flatnonzero(self.needed > self.steps)
        if len(short):
            i = int(short[np.argmax(self.needed[short])])
            text = (
                f"{self.steps[i]} steps may not reach rounding level from ||I - A X0||_2 = "
                f"{self.first[i]:.3g}: give steps={self.needed[i]}"
            )
            found.append(Caution(text, self.needed > self.steps))
        return found


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class PolishedSolution(Solution):
    """A `Solution`, and how it came about; each field has an entry a matrix, also for one matrix.

    `residuals[i, t]` is ||I - A X_t||_2 after t steps, nan past the last step of matrix i.
    """

    plan: PolishPlan
    residuals: Float64[np.ndarray, "B T"]

    def steps(self, i: int) -> list[float]:
        found: list[float] = self.residuals[i, : self.plan.steps[i] + 1].tolist()
        return found

    @property
    def contracting(self) -> Bool[np.ndarray, " B"]:
        """Which answers were refined from where they stood."""
        return self.plan.contracting

    @property
    def restarted(self) -> Bool[np.ndarray, " B"]:
        """Which were replaced by A^T / ||A||_2^2."""
        return self.plan.restarted

    @property
    def final(self) -> Float64[np.ndarray, " B"]:
        """||I - A X||_2 of the polished answers."""
        return np.asarray(self.residuals[np.arange(len(self.residuals)), self.plan.steps])


class PolishedSolver(Solver):
    """See `polish`."""

    def __init__(self, solver: Solver, steps: int | None, dtype: torch.dtype) -> None:
        self.solver = solver
        self.problem = solver.problem
        self.name = f"{solver.name}, polished"
        self.steps = steps
        self.dtype = dtype

    def plan(self, matrix: Squares) -> PolishPlan:
        """Which of the solver's answers contract, and where and for how long each would run."""
        predictions = self.solver.answers(Matrices.of(matrix))
        answers, (batch, n, _) = predictions.matrices, matrix.shape
        fits = predictions.valid & (answers.rows == n) & (answers.columns == n)
        start = np.zeros((batch, n, n))
        if fits.any():
            start[fits] = answers.values[fits, :n, :n]
        first = np.where(fits, _residual(matrix, start), np.inf)
        contracting = first < 1.0
        size = np.linalg.norm(matrix, 2, axis=(1, 2))[:, None, None]
        transpose = matrix.transpose(0, 2, 1) / size / size
        condition = np.linalg.cond(matrix)
        accuracy = theory.floor(condition, self.dtype)
        again = theory.steps_from_transpose(condition, accuracy) + theory.SLACK
        with np.errstate(invalid="ignore"):
            needed = np.where(contracting, theory.steps_needed(first, accuracy), again)
        steps = np.where(contracting & (self.steps is not None), self.steps or 0, needed)
        return PolishPlan(
            start=np.where(contracting[:, None, None], start, transpose),
            first=first,
            contracting=contracting,
            restarted=~contracting,
            needed=needed.astype(np.int64),
            steps=steps.astype(np.int64),
        )

    def refine(
        self, matrix: Squares, plan: PolishPlan
    ) -> tuple[Squares, Float64[np.ndarray, "B T"]]:
        """The polished answers and ||I - A X_t||_2 after t = 0, 1, ... steps."""
        value = plan.start.copy()
        residuals = np.full((len(value), int(plan.steps.max(initial=0)) + 1), np.nan)
        for steps in np.unique(plan.steps):
            at = np.flatnonzero(plan.steps == steps)
            iterates = _iterates(matrix[at], plan.start[at], int(steps), self.dtype)
            for t, iterate in enumerate(iterates):
                residuals[at, t] = _residual(matrix[at], iterate)
                value[at] = iterate
        return value, residuals

    def solve(self, matrix: Any) -> PolishedSolution:
        """The refined answer to `matrix`, [n, n] or [B, n, n], with the residual at each step."""
        inputs = as_batch(matrix)
        self.problem.check(inputs)
        plan = self.plan(inputs)
        value, residuals = self.refine(inputs, plan)
        valid = np.isfinite(value).all(axis=(1, 2))
        reason = ["" if ok else "Newton's iteration diverged" for ok in valid]
        certificate = certify(self.problem, inputs, value)
        question = of_question(self.problem, inputs)
        found = [*question, *plan.sentences, *of_answer(self.problem, certificate)]
        cautions, factor = each(found, len(value)), self.solver.factor(Matrices.of(inputs))
        rows = self.problem.rows(*inputs.shape[1:])
        bounds = proved(self.problem, inputs, value)
        solution = Solution(
            value, valid, reason, certificate, cautions, factor, rows=rows, bounds=bounds
        )
        fields = single(solution) if np.ndim(matrix) == 2 else _fields(solution)
        return PolishedSolution(**fields, plan=plan, residuals=residuals)

    def predict(self, inputs: Matrices) -> Predictions:
        parts = [
            (index, self.refine(values, self.plan(values))[0]) for index, values in inputs.groups()
        ]
        answers = assemble(len(inputs), parts)
        valid = np.isfinite(answers.values).all(axis=(1, 2))
        reasons = ["" if ok else "Newton's iteration diverged" for ok in valid]
        return Predictions(answers, valid, reasons)

    def rescaling(self, on: bool) -> "PolishedSolver":
        return PolishedSolver(self.solver.rescaling(on), self.steps, self.dtype)

    def cautions(self, inputs: Float64[np.ndarray, "B M N"]) -> list[Caution]:
        # Whatever the solver's training was: an answer contracts, or is replaced.
        return self.plan(inputs).sentences


def polish(
    solver: Solver, steps: int | None = 6, dtype: torch.dtype = torch.float64
) -> PolishedSolver:
    """`solver`, a solver of inverse, with its answers refined by Newton's network.

    An answer with ||I - A X0||_2 < 1 is refined by `steps` Newton steps, each of which squares that
    residual (6 take 0.25 to rounding level: the condition number times about 1e-16 in float64 and
    6e-8 in float32); by as many as theory predicts if `steps` is None. One that is further off, or
    none at all, is replaced by A^T / ||A||_2^2, always with as many steps as theory predicts:
    `cautions(A)` and `plan(A)` say so before anything runs.

        solution = ef.polish(ef.load("inverse-2x2")).solve(A)
        solution.value, solution.residuals, solution.restarted

    Source: Giannou et al. 2024, section 4 (Newton's iteration); the use of it is ours.
    """
    if not isinstance(solver.problem, InverseProblem):
        name = solver.problem.name
        raise InputError(f"{solver.name} answers {name}; only answers to inverse can be polished")
    if steps is not None and steps < 0:
        raise InputError(f"steps is {steps}; give 0 or more")
    if dtype not in theory.FLOOR:
        raise InputError(f"dtype is {dtype}; give torch.float64 or torch.float32")
    return PolishedSolver(solver, steps, dtype)


def _fields(solution: Solution) -> dict[str, Any]:
    return {name: getattr(solution, name) for name in Solution.__slots__}


@lru_cache(maxsize=32)
def _network(dim: int, steps: int, dtype: torch.dtype) -> Network:
    return newton_inverse(dim=dim, steps=steps, dtype=dtype)


def _iterates(matrix: Squares, start: Squares, steps: int, dtype: torch.dtype) -> list[Squares]:
    """X_0, ..., X_steps as they stand in the network."""
    if steps == 0:
        return [start]
    network = _network(matrix.shape[1], steps, dtype)
    with torch.no_grad():
        trace = network.trace(matrix, start)
    # Before the steps a layer prepares A^T, which a 1x1 matrix needs none of.
    block = network.spec.output.block
    return [layer[block].double().numpy() for layer in trace[-steps - 1 :]]


def _residual(matrix: Squares, inverse: Squares) -> Float64[np.ndarray, " B"]:
    """||I - A X||_2, inf where X is not finite."""
    with np.errstate(all="ignore"):
        difference = np.eye(matrix.shape[1]) - matrix @ inverse
    finite = np.isfinite(difference).all(axis=(1, 2))
    safe = np.where(finite[:, None, None], difference, 0.0)
    return np.where(finite, np.linalg.norm(safe, 2, axis=(1, 2)), np.inf)
