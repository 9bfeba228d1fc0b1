"""Who and what can be chosen on the page, read without what answers: torch is not imported here."""

import os
from functools import lru_cache
from pathlib import Path

from .. import problems
from ..construct.facts import construction_facts
from ..core import InputError, from_json, load_json, unknown
from ..core.places import shipped_models
from ..core.serialize import parse_json
from ..encodings import Task
from ..problems import Problem

BEST = "best"
"""In place of a model: whichever is the most accurate for the matrix (`zoo.default_model`)."""
LAPACK = "LAPACK"
NEWTON = "constructed Newton"
SCRATCH = "constructed"
"""The construction that answers a problem, compiled for what it is asked."""
CONSTRUCTED = {"inverse": False, "symmetric_inverse": True}
"""Problems that a construction solves, and whether for symmetric matrices alone."""
SERVED = {
    "blocks": ("inverse", "symmetric_inverse", "pseudo_inverse"),
    "frames": ("eigenvectors", "eigenvalues"),
    "polar-frames": ("svd", "singular_values"),
}
"""Problems that the same weights answer, by the family of the model: `ModelConfig.serves`."""


@lru_cache(maxsize=1)
def _tasks() -> dict[str, Task]:
    """What each shipped model was trained to do, by its name."""
    return {name: _task(path, 0.0) for name, path in shipped_models().items()}


@lru_cache(maxsize=1000)
def _task(path: Path, changed: float) -> Task:
    """The task of the run folder `path`, whose status is of `changed`."""
    found: Task = from_json(Task, load_json(path / "config.json")["task"], str(path))
    return found


@lru_cache(maxsize=1000)
def _accuracy(path: Path, changed: float) -> float:
    """The best of a run's evaluations: the mean over tolerances, on its first test set."""
    best = 0.0
    for line in (path / "metrics.jsonl").read_text().splitlines():
        found = parse_json(line, str(path))
        if found["kind"] == "evaluation" and found["accuracy"]:
            shares = list(next(iter(found["accuracy"].values())).values())
            best = max(best, sum(shares) / len(shares))
    return best


def _answers(task: Task, path: Path) -> tuple[str, ...]:
    """The problems that a model answers."""
    model = load_json(path / "config.json")["model"]
    served = SERVED.get(model["name"], ()) if model.get("computes") != "polar" else ()
    return tuple(dict.fromkeys((*(part.name for part in task.problem.parts), *served)))


@lru_cache(maxsize=1)
def models_by_problem() -> dict[str, tuple[str, ...]]:
    """The shipped models that answer each problem, the best first; a model may answer several.

    First those for matrices of many sizes, then those for larger ones, then the more accurate.
    """
    models: dict[str, list[str]] = {}
    for name, task in _tasks().items():
        for problem in _answers(task, shipped_models()[name]):
            models.setdefault(problem, []).append(name)

    def rank(name: str) -> tuple[bool, int, float]:
        low, high = sizes_of(name)
        return low < high, high, _accuracy(shipped_models()[name], 0.0)

    return {
        name: tuple(sorted(models[name], key=rank, reverse=True))
        for name in problems.names()
        if name in models
    }


def runs() -> dict[str, Path]:
    """The finished runs of the runs folder, by name, the newest first."""
    root = Path(os.environ.get("EIGENFORMER_RUNS", "runs"))
    found = []
    for config in root.glob("*/config.json"):
        path = config.parent
        try:
            if load_json(path / "status.json")["state"] == "finished" and _run_task(path):
                found.append(path)
        except (InputError, KeyError, TypeError, OSError):
            continue  # a damaged or foreign folder is no reason not to show the page
    found.sort(key=lambda path: (path / "status.json").stat().st_mtime, reverse=True)
    return {path.name: path for path in found if path.name not in _tasks()}


def _run_task(path: Path) -> Task:
    if not (path / "model.safetensors").exists():
        raise InputError(f"{path} has no model")
    return _task(path, (path / "status.json").stat().st_mtime)


def models_of(problem: str) -> tuple[str, ...]:
    """All that can be asked: the best, the shipped models, and the runs that answer."""
    own = (name for name, path in runs().items() if problem in _answers(_run_task(path), path))
    return (BEST, *models_by_problem().get(problem, ()), *own)


def model_choices(problem: str) -> list[tuple[str, str]]:
    """Labels and values of `models_of`."""
    own = runs()
    labels = {BEST: "the best here", **{name: f"run {name}" for name in own}}
    return [(labels.get(name, name), name) for name in models_of(problem)]


def problem_of(name: str) -> Problem:
    """A problem that somebody here answers."""
    if name not in models_by_problem():
        raise unknown("problem", name[:40], models_by_problem())
    return problems.get(name)


def solver_names(problem: str) -> tuple[str, ...]:
    """All that can be compared on a problem."""
    known = any(fact["problem"] == problem for fact in construction_facts())
    constructed = (NEWTON,) if problem in CONSTRUCTED else (SCRATCH,) if known else ()
    return (*models_of(problem)[1:], *constructed, LAPACK)


def sizes_of(model: str) -> tuple[int, int]:
    """The least and the greatest side of the matrices that a model was trained on."""
    task = _tasks()[model] if model in _tasks() else _run_task(runs()[model])
    dims = task.ensemble.dimensions
    return dims.rows[0], dims.rows[1]


def counted_on(model: str) -> tuple[str, ...]:
    """The problems on whose matrices a shipped model was tested; none of a run."""
    return tuple(part.name for part in _tasks()[model].problem.parts) if model in _tasks() else ()


def can_polish(problem: str) -> bool:
    """Whether answers to this problem can be refined."""
    return problem_of(problem).polishable


def check_problem_model(problem: str, model: str) -> None:
    """An `InputError` unless the model answers the problem."""
    problem_of(problem)
    if model not in models_of(problem):
        raise InputError(
            f"{model[:80]} does not answer {problem}; choose one of {', '.join(models_of(problem))}"
        )
