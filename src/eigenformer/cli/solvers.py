"""Solvers by name, for every command that takes one."""

from ..core import InputError
from ..evaluation import Solver, numpy_solver
from ..zoo import load


def named_solver(name: str, problem: str | None, device: str = "cpu") -> Solver:
    """The solver `name`: numpy, a run (folder, name or hash), or a shipped model.

    `problem` is needed for numpy, and picks one of a jointly trained model's.
    """
    if name == "numpy":
        if problem is None:
            raise InputError("numpy solves any problem: name one with --problem")
        return numpy_solver(problem)
    solver = load(name, device)
    own = solver.problem.name
    if problem is None or problem == own:
        return solver
    if own != "joint":
        raise InputError(f"{name} was trained on {own}, not on {problem}; choose another model")
    return solver.only(problem)
