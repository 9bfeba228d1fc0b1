"""Those who answer on the page: trained models, constructed networks, LAPACK."""

from functools import lru_cache

from .. import construct
from ..evaluation import Solver, TrainedSolver
from ..zoo import default_model, load, named_solver
from .menu import BEST, CONSTRUCTED, LAPACK, NEWTON, SCRATCH, runs


@lru_cache(maxsize=64)
def trained(model: str, problem: str) -> TrainedSolver:
    """A shipped model, or a finished run, as the solver of a problem; loaded once for all."""
    return load(model).only(problem)


def chosen(model: str, problem: str, shape: tuple[int, int]) -> TrainedSolver:
    """`trained`; the most accurate for inputs of a shape in place of `BEST`."""
    if model != BEST:
        return trained(model, problem)
    return trained(_best(problem, shape, tuple(runs())), problem)


@lru_cache(maxsize=256)
def _best(problem: str, shape: tuple[int, int], known: tuple[str, ...]) -> str:
    """The name of the best model; `known` are the runs that there are."""
    return default_model(problem, *shape).name


def solver_of(name: str, problem: str, size: int, steps: int) -> Solver:
    """One of `solver_names`; a construction is compiled for `size` and its number of steps."""
    if name == NEWTON:
        return _newton(problem, size, steps)
    if name in (LAPACK, SCRATCH):
        return named_solver("numpy" if name == LAPACK else name, problem)
    return trained(name, problem)


@lru_cache(maxsize=128)
def _newton(problem: str, size: int, steps: int) -> Solver:
    network = construct.newton_inverse(dim=size, steps=steps, symmetric=CONSTRUCTED[problem])
    return network.as_solver(problem)
