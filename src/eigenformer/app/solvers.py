"""Those who answer on the page: shipped models, constructed networks, LAPACK."""

from functools import lru_cache

from .. import construct
from ..core import unknown
from ..evaluation import Solver, TrainedSolver, numpy_solver
from ..problems import Joint
from ..zoo import load
from .menu import CONSTRUCTED, LAPACK, NEWTON, models_by_problem, solver_names


@lru_cache(maxsize=64)
def trained(model: str, problem: str) -> TrainedSolver:
    """A shipped model as the solver of a problem; loaded once for all who use the page."""
    known = models_by_problem().get(problem, ())
    if model not in known:
        raise unknown(f"model of {problem}", model, known)
    solver = load(model)
    return solver.only(problem) if isinstance(solver.problem, Joint) else solver


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
    network = construct.newton_inverse(dim=size, steps=steps, symmetric=CONSTRUCTED[problem])
    return network.as_solver(problem)
