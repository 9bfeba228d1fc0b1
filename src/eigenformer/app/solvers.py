"""Those who answer on the page: shipped models, constructed networks, LAPACK."""

from functools import lru_cache

from .. import construct
from ..evaluation import Solver, TrainedSolver
from ..zoo import load, named_solver
from .menu import CONSTRUCTED, LAPACK, NEWTON


@lru_cache(maxsize=64)
def trained(model: str, problem: str) -> TrainedSolver:
    """A shipped model as the solver of a problem; loaded once for all who use the page."""
    return load(model).only(problem)


def solver_of(name: str, problem: str, size: int, steps: int) -> Solver:
    """One of `solver_names`; a construction is compiled for `size` and its number of steps."""
    if name == NEWTON:
        return _newton(problem, size, steps)
    return named_solver("numpy", problem) if name == LAPACK else trained(name, problem)


@lru_cache(maxsize=128)
def _newton(problem: str, size: int, steps: int) -> Solver:
    network = construct.newton_inverse(dim=size, steps=steps, symmetric=CONSTRUCTED[problem])
    return network.as_solver(problem)
