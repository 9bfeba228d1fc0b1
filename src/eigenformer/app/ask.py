"""One matrix, one model: its answer beside LAPACK's, with all that tells whether to believe it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ..construct import polish
from ..core import InputError, rng
from ..ensembles import Matrices, add_noise
from ..evaluation import TOLERANCES, Answer, TrainedSolver, beside_lapack
from ..evaluation.evaluate import MORE_TOLERANCES
from ..evaluation.solver import multiplied
from .chance import Chance, chance_of
from .menu import can_polish, check_problem_model
from .solvers import chosen

ASKED_TOLERANCES = tuple(sorted({*TOLERANCES, *MORE_TOLERANCES}, reverse=True))


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Asked:
    """Everything that is shown of an answer."""

    answer: Answer
    noise: float
    tokens_in: tuple[str, ...]
    """None of a model that reads the numbers themselves."""
    tokens_out: tuple[str, ...]
    """None of a model that answers in numbers."""
    chance: Chance
    polished: Answer | None
    """What a constructed network makes of it."""


def ask(
    problem: str,
    model: str,
    matrix: Float64[np.ndarray, "m n"],
    *,
    noise: float = 0.0,
    polished: bool = False,
    seed: int = 0,
) -> Asked:
    """The answer of a model to a matrix; `BEST` stands for the most accurate one for its shape.

    `noise`, a fraction of the root mean square of the matrix's coefficients, is added to what the
    model sees, as in the paper's section 4.8; the truth is that of the matrix itself. `polished`
    asks for the refinement by a constructed network too, where there is one for the problem. A
    matrix that the problem does not admit, or the model's tokens cannot write, is an `InputError`.
    """
    check_problem_model(problem, model)
    solver = chosen(model, problem, (matrix.shape[0], matrix.shape[1]))
    inputs = matrix[None]
    solver.problem.check(inputs)
    seen = _with_noise(inputs, noise, seed)
    factor = solver.factor(Matrices.of(seen))
    question = multiplied(Matrices.of(seen), factor)
    task, config = solver.task, solver.model.config
    reads, writes = config.reads == "tokens", config.writes == "tokens"
    tokens = solver.tokens(question) if writes else None
    with np.errstate(all="ignore"):
        read = solver.predict(question) if tokens is None else solver.read(tokens, question)
        solution = solver.certified(seen, solver.scaled_back(read, factor))
    (answer,) = beside_lapack(solver, inputs, seen=seen, solution=solution)
    return Asked(
        answer=answer,
        noise=noise,
        tokens_in=tuple(task.encoder.words(task.encoder.encode(question))[0]) if reads else (),
        tokens_out=() if tokens is None else tuple(task.decoder.words(tokens)[0]),
        chance=chance_of(answer, noise),
        polished=_polished(solver, inputs, seen) if polished and can_polish(problem) else None,
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


def _polished(
    solver: TrainedSolver, inputs: Float64[np.ndarray, "1 m n"], seen: Float64[np.ndarray, "1 m n"]
) -> Answer:
    (answer,) = beside_lapack(polish(solver), inputs, seen=seen)
    return answer
