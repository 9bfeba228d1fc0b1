"""Scores of a solver or a model's name on a test set given by names."""

from collections.abc import Sequence
from dataclasses import replace

from .. import ensembles, problems
from ..core import InputError
from ..ensembles import Ensemble, IidUniform
from ..evaluation import TOLERANCES, Result, Solver, Target, TrainedSolver
from ..evaluation.evaluate import evaluate as _score
from ..problems import Problem
from .load import named_solver


def evaluate(
    solver: str | Solver,
    problem: str | Problem | None = None,
    ensemble: str | Ensemble | None = None,
    n: int = 10_000,
    seed: int = 0,
    tolerances: Sequence[float] = TOLERANCES,
    *,
    dims: str | int | tuple[int, int] | None = None,
    scale: float | None = None,
    noise: float | None = None,
    score: str = "l1",
    target: Target = "true",
    name: str = "test",
    rescale: bool = False,
    cautions: bool = True,
    ratios: bool = False,
) -> Result:
    """Draw the test set (`seed`, `name`), solve it, and score every answer the same way.

    `solver` is a solver, or the name of a run, a shipped model, or numpy. What is left out is that
    of the model's training (numpy: 5x5 matrices of "iid-uniform"), so `evaluate("inverse-2x2")` is
    complete; `dims` and `scale` change the ensemble. More: `evaluation.evaluate`, which this calls.
    """
    if isinstance(solver, str):
        asked = problem if isinstance(problem, str) or problem is None else problem.name
        solver = named_solver(solver, asked)
    if not isinstance(solver, Solver):
        raise InputError(
            f"the solver is {solver!r:.60}; give one, as ef.load does, or the name of a run or "
            "shipped model"
        )
    wanted = solver.problem if problem is None else problem
    trained = solver.task if isinstance(solver, TrainedSolver) else None
    law = changed(trained.ensemble if trained else IidUniform(), ensemble, dims, scale)
    if noise is None:
        noise = trained.noise if trained else 0.0
    return _score(
        solver,
        problems.get(wanted) if isinstance(wanted, str) else wanted,
        law,
        n,
        seed,
        tolerances,
        noise=noise,
        score=score,
        target=target,
        name=name,
        rescale=rescale,
        cautions=cautions,
        ratios=ratios,
    )


def changed(
    base: Ensemble,
    ensemble: str | Ensemble | None,
    dims: str | int | tuple[int, int] | None,
    scale: float | None,
) -> Ensemble:
    """The ensemble `base`, or `ensemble` in its place, with other dims and scale."""
    if isinstance(ensemble, Ensemble):
        base, ensemble = ensemble, None
    new_dims = base.dims if dims is None else dims
    new_scale = base.scale if scale is None else scale
    if ensemble is None:
        return replace(base, dims=new_dims, scale=new_scale)
    return ensembles.get(ensemble, dims=new_dims, scale=new_scale)
