"""One matrix, one model: its answer beside LAPACK's, with all that tells whether to believe it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from ..construct import PolishedSolution, polish
from ..core import InputError, rng
from ..ensembles import Matrices, add_noise
from ..evaluation import TOLERANCES, TrainedSolver
from ..evaluation.evaluate import MORE_TOLERANCES
from ..evaluation.solver import certify
from .chance import Chance, chance
from .menu import can_polish, check_problem_model
from .solvers import trained

ASKED_TOLERANCES = tuple(sorted({*TOLERANCES, *MORE_TOLERANCES}, reverse=True))


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Polished:
    """What Newton's network makes of an answer to inverse."""

    value: Float64[np.ndarray, "n n"]
    residuals: Float64[np.ndarray, " T"]
    """||I - A X||_2 before the first step, after it, ..."""
    error: float
    remarks: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Answer:
    """Everything that is shown of an answer; errors are nan where there is none."""

    problem: str
    model: str
    matrix: Float64[np.ndarray, "m n"]
    seen: Float64[np.ndarray, "m n"]
    """The matrix with its noise, as the model was given it."""
    noise: float
    tokens_in: tuple[str, ...]
    tokens_out: tuple[str, ...]
    value: Float64[np.ndarray, "p q"] | None
    truth: Float64[np.ndarray, "p q"]
    """LAPACK's answer to the matrix without noise."""
    reason: str
    """Why there is no answer."""
    scores: dict[str, float]
    """"l1", which decides, and the paper's own score where it has one."""
    certificate: dict[str, float]
    """What can be checked without the truth; the condition number last."""
    cautions: tuple[str, ...]
    chance: Chance
    polished: Polished | None

    @property
    def error(self) -> float:
        return self.scores["l1"]


def ask(
    problem: str,
    model: str,
    matrix: Float64[np.ndarray, "m n"],
    *,
    noise: float = 0.0,
    polished: bool = False,
    seed: int = 0,
) -> Answer:
    """The answer of a shipped model to a matrix.

    `noise`, a fraction of the root mean square of the matrix's coefficients, is added to what the
    model sees, as in the paper's section 4.8; the truth is that of the matrix itself. `polished`
    asks for the refinement by Newton's network too, for answers to inverse. A matrix that the
    problem does not admit, or the model's tokens cannot write, is an `InputError`.
    """
    check_problem_model(problem, model)
    solver = trained(model, problem)
    inputs = matrix[None]
    solver.problem.check(inputs)
    seen = _with_noise(inputs, noise, seed)
    question = Matrices.of(seen)
    with np.errstate(all="ignore"):
        truth = solver.problem.solve(inputs)
        if not np.isfinite(truth).all():
            raise InputError("LAPACK's answer to this matrix overflows; give smaller numbers")
        tokens = solver.tokens(question)
        value, reason = _read(solver, tokens, question, truth.shape[1:])
        guess = np.full(truth.shape, np.nan) if value is None else value[None]
        errors = solver.problem.errors(seen, truth, guess)
        certificate = certify(solver.problem, seen, guess)
    cautions = tuple(solver.cautions(seen))
    basis = errors.measures.get("basis_condition")
    return Answer(
        problem=problem,
        model=model,
        matrix=matrix,
        seen=seen[0],
        noise=noise,
        tokens_in=tuple(solver.task.encoder.words(solver.task.encoder.encode(question))[0]),
        tokens_out=tuple(solver.task.decoder.words(tokens)[0]),
        value=value,
        truth=truth[0],
        reason=reason,
        scores={
            name: float(errors.scores[name][0]) if value is not None else float("nan")
            for name in ("l1", "paper")
            if name in errors.scores
        },
        certificate={name: float(found[0]) for name, found in certificate.items()},
        cautions=cautions,
        chance=chance(
            model,
            float(certificate["condition_number"][0]),
            None if basis is None or value is None else float(basis[0]),
            bool(cautions) or noise > 0,
        ),
        polished=_polished(solver, seen[0], truth[0]) if polished and can_polish(problem) else None,
    )


def _with_noise(
    inputs: Float64[np.ndarray, "1 m n"], noise: float, seed: int
) -> Float64[np.ndarray, "1 m n"]:
    if not 0 <= noise <= 1:
        raise InputError(f"the noise is {noise}; give a fraction from 0 to 1")
    if noise == 0:
        return inputs
    largest = np.abs(inputs).max()
    size = largest * float(np.sqrt(np.mean((inputs / largest) ** 2))) if largest else 0.0
    return add_noise(rng(seed, "app noise"), Matrices.of(inputs), noise * size).values


def _read(
    solver: TrainedSolver, tokens: np.ndarray, question: Matrices, shape: tuple[int, int]
) -> tuple[np.ndarray | None, str]:
    """The answer that tokens spell, or None and the reason."""
    found = solver.read(tokens, question)
    if not found.valid[0]:
        return None, found.reasons[0]
    rows, columns = int(found.matrices.rows[0]), int(found.matrices.columns[0])
    if (rows, columns) != shape:
        return None, f"the answer is {rows}x{columns}, not {shape[0]}x{shape[1]}"
    return found.matrices.values[0, :rows, :columns], ""


def _polished(solver: TrainedSolver, matrix: np.ndarray, truth: np.ndarray) -> Polished | None:
    # Newton's network for 1x1 matrices needs no transpose, which its trace is expected to show.
    if len(matrix) == 1:
        return None
    refined = polish(solver, steps=None)
    solution: PolishedSolution = refined.solve(matrix)
    value: Any = solution.value
    with np.errstate(all="ignore"):
        errors = solver.problem.errors(matrix[None], truth[None], value[None])
    return Polished(
        value=value,
        residuals=solution.residuals[0, : int(solution.plan.steps[0]) + 1],
        error=float(errors.scores["l1"][0]),
        remarks=tuple(solution.plan.sentences),
    )
