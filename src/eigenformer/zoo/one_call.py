"""One question, answered by the most accurate model for its size: `ef.solve`."""

from typing import Any

from .. import problems
from ..construct.polish import polish as polished
from ..core import InputError
from ..evaluation import Solution, Solver, as_batch
from .load import default_model, named_solver


def solve(
    problem: str,
    matrix: Any,
    model: str | None = None,
    *,
    polish: bool = False,
    rescale: bool = True,
) -> Solution:
    """The answer to `matrix`, [m, n] or [B, m, n], as `eigenformer solve` gives it.

    `model` is a run, a shipped model, or "numpy"; without it the most accurate one for the size.
    With `polish` a constructed network refines the answer to rounding (`ef.polish`), and the
    solution says how: `solution.polishing(0)`, `.residuals`, `.restarted`. `rescale=False` asks
    about the matrix as it is. Raises `InputError` for a problem or a matrix that has no answer.

        ef.solve("eigenvectors", [[2, 1], [1, 3]], polish=True).parts
    """
    asked = problems.get(problem)
    if asked.tasks:
        raise InputError(
            f"{asked.name} stands for several problems; name one, such as {asked.tasks[0]}"
        )
    m, n = as_batch(matrix).shape[1:]
    found: Solver = (
        default_model(asked.name, m, n) if model is None else named_solver(model, asked.name)
    ).rescaling(rescale)
    return (polished(found) if polish else found).solve(matrix)
