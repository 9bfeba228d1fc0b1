"""A solver's answers as the start of a constructed network's iteration, so that they end exact.

Which iteration belongs to which problem: `polishers.POLISHERS`. Before it runs, each answer's
residual says whether the iteration converges from there (`PolishPlan`); where it would not, it
starts elsewhere. What is not right at the end, by LAPACK's test, starts over, or is no answer.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64

from ..core import InputError
from ..ensembles import Matrices, assemble
from ..evaluation import Caution, Predictions, Solution, Solver, as_batch
from ..evaluation.bounds import proved
from ..evaluation.cautions import each, of_answer, of_question
from ..evaluation.solver import Polishing, certify, single
from . import theory
from .polish_spectral import SPECTRAL
from .polishers import POLISHERS, Batch, Outlook, Polisher

POLISHERS |= SPECTRAL
PART = 64
"""Answers of up to 20 columns that are refined at once, so that states stay in a core's cache."""


@dataclass(frozen=True, eq=False, slots=True)
class PolishPlan:
    """What is known of B answers before any of them is refined."""

    polisher: Polisher
    start: Batch
    """Where each iteration starts: the answer, or `polisher.elsewhere`."""
    unpolished: Batch
    """The answers themselves; nan where there is none."""
    first: Float64[np.ndarray, " B"]
    """Their residuals, `polisher.measure`; inf for an answer that is no matrix."""
    contracting: Bool[np.ndarray, " B"]
    """Whether the iteration is foretold to converge from the answer."""
    restarted: Bool[np.ndarray, " B"]
    """Whether it starts elsewhere."""
    needed: Int64[np.ndarray, " B"]
    """Steps to rounding level that theory predicts."""
    steps: Int64[np.ndarray, " B"]
    """Steps that are taken."""

    @property
    def sentences(self) -> list[Caution]:
        """What a user should know before it runs."""
        found, polisher = [], self.polisher
        if self.restarted.any():
            i = int(np.flatnonzero(self.restarted)[0])
            which = "the answer" if len(self.start) == 1 else f"answer {i + 1}"
            more = int(self.restarted.sum()) - 1
            others = f", and {more} other{'s' * (more > 1)} alike" if more else ""
            what = (
                f"has {polisher.measure} = {self.first[i]:.3g}, {polisher.bad}"
                if np.isfinite(self.first[i])
                else "is no matrix"
            )
            steps = f"{self.steps[i]} step{'s' * bool(self.steps[i] != 1)}"
            text = f"{which} {what}: it starts from {polisher.elsewhere} instead, with {steps}"
            found.append(Caution(f"{text}{others}", self.restarted))
        short = np.flatnonzero(self.needed > self.steps)
        if len(short):
            i = int(short[np.argmax(self.needed[short])])
            text = (
                f"{self.steps[i]} steps may not reach rounding level from {polisher.measure} = "
                f"{self.first[i]:.3g}: give steps={self.needed[i]}"
            )
            found.append(Caution(text, self.needed > self.steps))
        return found


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class PolishedSolution(Solution):
    """A `Solution`, and how it came about; each field has an entry a matrix, also for one matrix.

    `residuals[i, t]` is the residual after t steps, nan past the last step of matrix i.
    """

    plan: PolishPlan
    residuals: Float64[np.ndarray, "B T"]
    late: Bool[np.ndarray, " B"]
    """Which were not right at the end, against what was foretold, and started over."""

    def polishing(self, i: int) -> Polishing:
        row = self.residuals[i]
        return Polishing(
            measure=re.sub(r"(?<=[A-Z])0", "", self.plan.polisher.measure),
            residuals=row[~np.isnan(row)].tolist(),
            unpolished=self.plan.unpolished[i],
            restarted=bool(self.restarted[i]),
        )

    @property
    def contracting(self) -> Bool[np.ndarray, " B"]:
        """Which answers were refined from where they stood."""
        return self.plan.contracting

    @property
    def restarted(self) -> Bool[np.ndarray, " B"]:
        """Which were replaced by another start, before the iteration or after it."""
        return np.asarray(self.plan.restarted | self.late)

    @property
    def final(self) -> Float64[np.ndarray, " B"]:
        """The residuals of the polished answers."""
        last = (~np.isnan(self.residuals)).sum(axis=1) - 1
        return np.asarray(self.residuals[np.arange(len(self.residuals)), last])


@dataclass(frozen=True, eq=False, slots=True)
class Refined:
    """Answers to B matrices after their last step."""

    value: Batch
    residuals: Float64[np.ndarray, "B T"]
    late: Bool[np.ndarray, " B"]
    reasons: list[str]
    """Why there is no answer; empty where there is one."""


class PolishedSolver(Solver):
    """See `polish`."""

    def __init__(self, solver: Solver, steps: int | None, dtype: torch.dtype) -> None:
        self.solver = solver
        self.problem = solver.problem
        self.polisher = POLISHERS[solver.problem.name](solver.problem)
        self.name = f"{solver.name}, polished"
        self.steps = steps
        self.dtype = dtype

    def plan(self, matrix: Batch) -> PolishPlan:
        """Which of the solver's answers converge, and where and for how long each would run."""
        batch, m, n = matrix.shape
        largest = self.polisher.largest
        if largest is not None and min(m, n) > largest:
            raise InputError(
                f"the input is {m}x{n}, and polish of {self.problem.name} is compiled for at most "
                f"{largest} rows or columns; ask without it"
            )
        predictions = self.solver.answers(Matrices.of(matrix))
        answers = predictions.matrices
        p, q = self.problem.output_shape(m, n)
        fits = predictions.valid & (answers.rows == p) & (answers.columns == q)
        unpolished = np.full((batch, p, q), np.nan)
        if fits.any():
            unpolished[fits] = answers.values[fits, :p, :q]
        fits &= np.isfinite(unpolished).all(axis=(1, 2))
        outlook = self._outlook(matrix, unpolished, fits)
        contracting = np.isfinite(outlook.needed)
        start, needed = outlook.start, outlook.needed.copy()
        if not contracting.all():
            again = self.polisher.again(matrix[~contracting], self.dtype)
            start[~contracting], needed[~contracting] = again.start, again.needed
        steps = np.where(contracting & (self.steps is not None), self.steps or 0, needed)
        return PolishPlan(
            polisher=self.polisher,
            start=start,
            unpolished=unpolished,
            first=outlook.first,
            contracting=contracting,
            restarted=~contracting,
            needed=needed.astype(np.int64),
            steps=steps.astype(np.int64),
        )

    def _outlook(self, matrix: Batch, answers: Batch, fits: Bool[np.ndarray, " B"]) -> Outlook:
        if fits.all():
            return self.polisher.outlook(matrix, answers.copy(), self.dtype)
        inf = np.full(len(matrix), np.inf)
        if not fits.any():
            again = self.polisher.again(matrix, self.dtype)
            return Outlook(again.start, inf, inf)
        part = self.polisher.outlook(matrix[fits], answers[fits], self.dtype)
        start = np.zeros((len(matrix), *part.start.shape[1:]))
        first, needed = inf, inf.copy()
        start[fits], first[fits], needed[fits] = part.start, part.first, part.needed
        return Outlook(start, first, needed)

    def refine(self, matrix: Batch, plan: PolishPlan) -> Refined:
        """The polished answers, and their residuals after t = 0, 1, ... steps."""
        polisher = self.polisher
        with np.errstate(all="ignore"):
            last, residuals = self._run(matrix, plan.start, plan.steps)
            late = np.zeros(len(matrix), bool)
            if self.steps is None and self.dtype == torch.float64:
                late = ~polisher.right(matrix, last) & ~plan.restarted
            if late.any():
                again = polisher.again(matrix[late], self.dtype)
                more, after = self._run(matrix[late], again.start, again.needed.astype(np.int64))
                last[late] = more
                width = max(residuals.shape[1], after.shape[1])
                residuals = np.pad(
                    residuals, ((0, 0), (0, width - residuals.shape[1])), constant_values=np.nan
                )
                residuals[late] = np.nan
                residuals[late, : after.shape[1]] = after
            value = polisher.finished(matrix, last)
            reasons = [
                "" if ok else polisher.diverged for ok in np.isfinite(value).all(axis=(1, 2))
            ]
            if self.steps is None and self.dtype == torch.float64:
                for i in np.flatnonzero(~polisher.right(matrix, last)):
                    reasons[i] = reasons[i] or (
                        "neither the answer nor a start from scratch came below 30 in LAPACK's "
                        "test ratio"
                    )
        return Refined(value, residuals, late, reasons)

    def _run(
        self, matrix: Batch, start: Batch, steps: Int64[np.ndarray, " B"]
    ) -> tuple[Batch, Float64[np.ndarray, "B T"]]:
        """The last iterates, and the residuals of all."""
        last = start.copy()
        part = max(1, int(PART * (20 / max(20, *matrix.shape[1:])) ** 3))
        most = int(steps.max(initial=0)) + 1 + self.polisher.extra
        residuals = np.full((len(start), most), np.nan)
        for count in np.unique(steps):
            of_count = np.flatnonzero(steps == count)
            for first in range(0, len(of_count), part):
                at = of_count[first : first + part]
                iterates = self.polisher.iterates(matrix[at], start[at], int(count), self.dtype)
                for t, iterate in enumerate(iterates):
                    residuals[at, t] = self.polisher.residual(matrix[at], iterate)
                    last[at] = iterate
        longest = max(1, int((~np.isnan(residuals)).any(axis=0).sum()))
        return last, residuals[:, :longest]

    def solve(self, matrix: Any) -> PolishedSolution:
        """The refined answer to `matrix`, [m, n] or [B, m, n], with the residual at each step."""
        inputs = as_batch(matrix)
        self.problem.check(inputs)
        plan = self.plan(inputs)
        refined = self.refine(inputs, plan)
        valid = np.array([not reason for reason in refined.reasons])
        value = np.where(valid[:, None, None], refined.value, np.nan)
        certificate = certify(self.problem, inputs, value)
        question = of_question(self.problem, inputs)
        found = [*question, *plan.sentences, *of_answer(self.problem, certificate)]
        cautions, factor = each(found, len(value)), self.solver.factor(Matrices.of(inputs))
        rows = self.problem.rows(*inputs.shape[1:])
        bounds = proved(self.problem, inputs, value)
        solution = Solution(
            value, valid, refined.reasons, certificate, cautions, factor, rows=rows, bounds=bounds
        )
        fields = single(solution) if np.ndim(matrix) == 2 else _fields(solution)
        residuals, late = refined.residuals, refined.late
        return PolishedSolution(**fields, plan=plan, residuals=residuals, late=late)

    def predict(self, inputs: Matrices) -> Predictions:
        parts, reasons = [], [""] * len(inputs)
        for index, values in inputs.groups():
            refined = self.refine(values, self.plan(values))
            parts.append((index, refined.value))
            for i, reason in zip(index, refined.reasons, strict=True):
                reasons[i] = reason
        valid = np.array([not reason for reason in reasons], bool)
        return Predictions(assemble(len(inputs), parts), valid, reasons)

    def rescaling(self, on: bool) -> "PolishedSolver":
        return PolishedSolver(self.solver.rescaling(on), self.steps, self.dtype)

    def cautions(self, inputs: Float64[np.ndarray, "B M N"]) -> list[Caution]:
        # Whatever the solver's training was: an answer converges, or is replaced.
        return self.plan(inputs).sentences


def polish(
    solver: Solver, steps: int | None = None, dtype: torch.dtype = torch.float64
) -> PolishedSolver:
    """`solver` with its answers refined by a constructed network: `POLISHERS` has the problems.

    inverse, symmetric_inverse and pseudo_inverse by Newton's iteration, eigenvectors, eigenvalues,
    svd and singular_values by Ogita and Aishima's refinement, least_squares and logistic_regression
    by Newton's method. An answer from where the iteration is foretold to converge is refined by as
    many steps as theory predicts, each of which squares its error, or by `steps`. One that is
    further off, or none at all, is replaced by another start (A^T / ||A||_2^2 for the inverse),
    always with as many steps as theory predicts: `cautions(A)` and `plan(A)` say so before anything
    runs. Unless `steps` are given (or float32) LAPACK's test ratio has the last word: an answer at
    or above 30 starts over, and is no answer if that does not help.

        solution = ef.polish(ef.load("inverse-2x2")).solve(A)
        solution.value, solution.residuals, solution.restarted

    Sources: Giannou et al. 2024, sections 4 and 5; Ogita and Aishima 2018, 2020; the use of them is
    ours.
    """
    if solver.problem.name not in POLISHERS:
        name, known = solver.problem.name, ", ".join(POLISHERS)
        raise InputError(f"{solver.name} answers {name}; only answers to {known} can be polished")
    if steps is not None and steps < 0:
        raise InputError(f"steps is {steps}; give 0 or more")
    if dtype not in theory.FLOOR:
        raise InputError(f"dtype is {dtype}; give torch.float64 or torch.float32")
    return PolishedSolver(solver, steps, dtype)


def _fields(solution: Solution) -> dict[str, Any]:
    return {name: getattr(solution, name) for name in Solution.__slots__}
