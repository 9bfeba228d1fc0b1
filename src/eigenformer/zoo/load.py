"""From a run folder, or the name of a shipped model, to a solver."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from .. import problems
from ..construct.facts import construction_facts
from ..construct.sized import NAME as CONSTRUCTED
from ..construct.sized import constructed_solver
from ..core import InputError, load_json, unknown
from ..core.places import shipped_models
from ..evaluation import (
    Solver,
    TrainedSolver,
    TrainingStatistics,
    from_pretrained,
    is_pretrained,
    numpy_solver,
    takes,
    training_statistics,
)
from ..models.weights import built_with
from ..problems import Problem
from ..runs.store import find_run, fitting_runs, stored_runs
from ..training import RunFolder, TokenFolder, TrainConfig
from ..training.data_file import load_examples

STATISTICS = "drawn.json"
"""What a shipped model's training drew, beside its weights (`TrainingStatistics`)."""
_LISTED = ("least_squares", "logistic_regression")
"""Problems that constructions answer whose sizes are given by hand."""


def run_folder(name: str) -> RunFolder:
    """The folder of a run (folder, name or hash) or of a shipped model (`shipped_models`)."""
    shipped = shipped_models()
    if name in shipped:
        return RunFolder(shipped[name])
    if Path(name).exists() or fitting_runs(name):
        return find_run(name)
    names = [folder.path.name for folder in stored_runs()]
    raise unknown("run or shipped model", name, [*shipped, *names])


def load(name: str, device: str = "cpu", settings: Sequence[str] = ()) -> TrainedSolver:
    """The solver of a run (folder, name or hash), a shipped model, or a `save_pretrained` folder.

    `settings` change fields of the model that its weights don't depend on, such as "passes=1".
    Raises `InputError` if there is no such run, it has no model yet, or its files are damaged.
    """
    folder = run_folder(name)
    if is_pretrained(folder.path):
        if settings:
            raise InputError(f"the settings of {folder.path} stand in its config.json; edit a copy")
        return from_pretrained(folder.path, device)
    config = TokenFolder(folder.path).config()
    model = config.model.with_settings(settings)
    return solver_of(folder, device, replace(config, model=model))


def named_solver(
    name: str, problem: str | None = None, device: str = "cpu", settings: Sequence[str] = ()
) -> Solver:
    """The solver `name`: numpy, constructed, or whatever `load` knows, with `settings`.

    `problem` is needed for the first two, and picks one of a jointly trained model's.
    """
    problem = None if problem is None else problems.get(problem).name  # of several spellings
    if name in ("numpy", CONSTRUCTED):
        if problem is None:
            raise InputError(f"{name} solves many problems: name one with --problem")
        return numpy_solver(problem) if name == "numpy" else constructed_solver(problem)
    solver = load(name, device, settings)
    return solver if problem is None else solver.only(problem)


def solver_of(
    folder: RunFolder, device: str = "cpu", config: TrainConfig | None = None
) -> TrainedSolver:
    """The solver of a run folder's best model; weights of any precision become float32.

    `config` is the folder's, if it has been read already.
    """
    config, weights = config or TokenFolder(folder.path).config(), folder.load_model()
    task, misfit = config.task, f"the weights in {folder.path} do not fit its configuration"
    model = built_with(weights, config.model, task.encoder, task.decoder, misfit)
    model.aim(config.loss.soft_width)
    statistics = partial(kept_statistics, folder, config)
    return TrainedSolver(model.to(device), task, name=folder.path.name, statistics=statistics)


def kept_statistics(folder: RunFolder, config: TrainConfig) -> TrainingStatistics | None:
    """What a run's training drew: as it is kept, or of its file of examples while that is there.

    None where both are missing, or unreadable: then the solver draws as the run's task does.
    """
    kept = folder.path / STATISTICS
    if kept.exists():
        return TrainingStatistics.from_dict(load_json(kept))
    if config.data is not None and Path(config.data.path).exists():
        with suppress(InputError):
            return training_statistics(config.task, load_examples(Path(config.data.path)).inputs)
    return None


def default_model(problem: str, rows: int, columns: int) -> TrainedSolver:
    """The best solver of `problem` for inputs of a shape: a finished run or a shipped model.

    Of those for the shape, or for all sizes, the most accurate one on its own test set; of equals
    the newest run. Where there is none, an `InputError` says which sizes there are, how to train
    one, and who else answers.
    """
    problem = problems.get(problem).name  # of several spellings
    folders = [TokenFolder(folder.path) for folder in stored_runs() if folder.model_file.exists()]
    folders.sort(key=lambda folder: folder.model_file.stat().st_mtime, reverse=True)
    shipped = [TokenFolder(path) for path in shipped_models().values()]
    candidates: list[tuple[float, TokenFolder, TrainConfig]] = []
    others: list[str] = []
    for folder in (*folders, *shipped):
        try:
            config = folder.config()
            if problem not in (config.task.problem.name, *config.model.serves):
                continue
            if folder not in shipped and not folder.finished:
                continue
            fits = takes(problems.get(problem), config.task.ensemble, rows, columns)
            accuracy = _accuracy(folder)
        except InputError:
            continue  # a damaged or foreign run is no reason not to use another
        if fits or config.model.any_size:
            candidates.append((accuracy, folder, config))
        else:
            others.append(f"{folder.path.name} ({config.task.ensemble.dims})")
    if not candidates:
        raise InputError(_no_model(problem, rows, columns, others))
    _, folder, config = max(candidates, key=lambda each: each[0])
    return solver_of(folder, config=config).only(problem)


def _no_model(problem: str, rows: int, columns: int, others: Sequence[str]) -> str:
    """Who answers, where no model is for an input of this shape."""
    asked = problems.get(problem)
    shapes = [
        f"{m}x{n}"
        for m in range(1, rows + 1)
        for n in range(1, columns + 1)
        if m <= rows and _input_shape(asked, m, n) == (rows, columns)
    ]
    dims = shapes[-1] if shapes else f"{rows}x{columns}"
    there = f"; there are {', '.join(others)}" if others else ""
    construct = ""
    if problem in _LISTED:
        construct = (
            f", or a construction's, as `eigenformer construct list` names them for {problem}"
        )
    elif any(fact["problem"] == problem for fact in construction_facts()):
        construct = f", or --model {CONSTRUCTED} for a construction's"
    return (
        f"there is no trained model for {problem} of a {rows}x{columns} input yet{there}. Train "
        f"one with `eigenformer train fast --problem {problem} --dims {dims}`, or give "
        f"--model numpy for LAPACK's answer{construct}"
    )


def _input_shape(problem: Problem, m: int, n: int) -> tuple[int, int] | None:
    try:
        return problem.input_shape(m, n)
    except InputError:
        return None


def _accuracy(folder: TokenFolder) -> float:
    """The highest of a run's evaluations on its first test set: the mean over tolerances."""
    shares = [
        list(next(iter(line["accuracy"].values())).values())
        for line in folder.metrics()
        if line["kind"] == "evaluation" and line["accuracy"]
    ]
    return max((sum(share) / len(share) for share in shares), default=0.0)
