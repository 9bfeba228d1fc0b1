"""Who can be asked on the page: shipped models by problem, constructed networks, LAPACK."""

from functools import lru_cache

from .. import construct, problems
from ..core import InputError, unknown
from ..evaluation import Solver, TrainedSolver, numpy_solver
from ..experiments import load
from ..experiments.shipped import ShippedModel, shipped_model, shipped_models
from ..problems import Joint, Problem

LAPACK = "LAPACK"
NEWTON = "constructed Newton"
_CONSTRUCTED = {"inverse": False, "symmetric_inverse": True}


@lru_cache(maxsize=1)
def models_by_problem() -> dict[str, tuple[str, ...]]:
    """The shipped models that answer each problem; a joint model answers several."""
    found: dict[str, list[str]] = {}
    for name in shipped_models():
        problem = facts(name).config.task.problem
        own = problem.registry.name_of(problem)
        for answered in problem.problems if isinstance(problem, Joint) else (own,):
            found.setdefault(answered, []).append(name)
    ordered = [name for name in problems.names() if name in found]
    return {name: tuple(found[name]) for name in ordered}


@lru_cache(maxsize=64)
def facts(model: str) -> ShippedModel:
    """What is known of a shipped model."""
    return shipped_model(shipped_models()[model])


@lru_cache(maxsize=64)
def trained(model: str, problem: str) -> TrainedSolver:
    """A shipped model as the solver of a problem; loaded once for all who use the page."""
    known = models_by_problem().get(problem, ())
    if model not in known:
        raise unknown(f"model of {problem}", model, known)
    solver = load(model)
    return solver.only(problem) if isinstance(solver.problem, Joint) else solver


def problem_of(name: str) -> Problem:
    """A problem that somebody here answers."""
    if name not in models_by_problem():
        raise unknown("problem", name, models_by_problem())
    return problems.get(name)


def solver_names(problem: str) -> tuple[str, ...]:
    """All that can be compared on a problem."""
    constructed = (NEWTON,) if problem in _CONSTRUCTED else ()
    return (*models_by_problem().get(problem, ()), *constructed, LAPACK)


def solver_named(name: str, problem: str, size: int, steps: int) -> Solver:
    """One of `solver_names`; a construction is compiled for `size` and its number of steps."""
    if name not in solver_names(problem):
        raise unknown(f"solver of {problem}", name, solver_names(problem))
    if name == LAPACK:
        return numpy_solver(problem)
    if name == NEWTON:
        return _newton(problem, size, steps)
    return trained(name, problem)


@lru_cache(maxsize=128)
def _newton(problem: str, size: int, steps: int) -> Solver:
    network = construct.newton_inverse(dim=size, steps=steps, symmetric=_CONSTRUCTED[problem])
    return network.as_solver(problem)


def sizes_of(model: str) -> tuple[int, int]:
    """The least and the greatest side of the matrices that a model was trained on."""
    dims = facts(model).config.task.ensemble.dimensions
    return dims.rows[0], dims.rows[1]


def check_problem_model(problem: str, model: str) -> None:
    """An `InputError` unless the model answers the problem."""
    if problem not in models_by_problem():
        raise unknown("problem", problem, models_by_problem())
    if model not in models_by_problem()[problem]:
        raise InputError(
            f"{model} does not answer {problem}; choose one of "
            f"{', '.join(models_by_problem()[problem])}"
        )
