"""Who and what can be chosen on the page, read without what answers: torch is not imported here."""

from functools import lru_cache

from .. import problems
from ..core import InputError, from_json, load_json, unknown
from ..core.places import shipped_models
from ..encodings import Task
from ..problems import Problem
from ..problems.inverse import InverseProblem

LAPACK = "LAPACK"
NEWTON = "constructed Newton"
CONSTRUCTED = {"inverse": False, "symmetric_inverse": True}
"""Problems that a construction solves, and whether for symmetric matrices alone."""


@lru_cache(maxsize=1)
def _tasks() -> dict[str, Task]:
    """What each shipped model was trained to do, by its name."""
    return {
        name: from_json(Task, load_json(path / "config.json")["task"], str(path))
        for name, path in shipped_models().items()
    }


@lru_cache(maxsize=1)
def models_by_problem() -> dict[str, tuple[str, ...]]:
    """The shipped models that answer each problem; a joint model answers several."""
    models: dict[str, list[str]] = {}
    for name, task in _tasks().items():
        for problem in task.problem.parts:
            models.setdefault(problem.name, []).append(name)
    ordered = [name for name in problems.names() if name in models]
    return {name: tuple(models[name]) for name in ordered}


def problem_of(name: str) -> Problem:
    """A problem that somebody here answers."""
    if name not in models_by_problem():
        raise unknown("problem", name, models_by_problem())
    return problems.get(name)


def solver_names(problem: str) -> tuple[str, ...]:
    """All that can be compared on a problem."""
    constructed = (NEWTON,) if problem in CONSTRUCTED else ()
    return (*models_by_problem().get(problem, ()), *constructed, LAPACK)


def sizes_of(model: str) -> tuple[int, int]:
    """The least and the greatest side of the matrices that a model was trained on."""
    dims = _tasks()[model].ensemble.dimensions
    return dims.rows[0], dims.rows[1]


def can_polish(problem: str) -> bool:
    """Whether answers to this problem can be refined."""
    return isinstance(problem_of(problem), InverseProblem)


def check_problem_model(problem: str, model: str) -> None:
    """An `InputError` unless the model answers the problem."""
    if problem not in models_by_problem():
        raise unknown("problem", problem, models_by_problem())
    if model not in models_by_problem()[problem]:
        raise InputError(
            f"{model} does not answer {problem}; choose one of "
            f"{', '.join(models_by_problem()[problem])}"
        )
