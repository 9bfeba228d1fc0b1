"""From a run folder, or the name of a shipped model, to a solver."""

from pathlib import Path

from ..core import InputError, unknown
from ..evaluation import (
    Solver,
    TrainedSolver,
    from_pretrained,
    is_pretrained,
    numpy_solver,
    takes,
)
from ..models.weights import built_with
from ..runs.store import find_run, stored_runs
from ..training import RunFolder, TokenFolder, TrainConfig
from .shipped import shipped_models


def run_folder(name: str) -> RunFolder:
    """The folder of a run (folder, name or hash) or of a shipped model (`shipped_models`)."""
    shipped = shipped_models()
    if name in shipped:
        return RunFolder(shipped[name])
    names = [folder.path.name for folder in stored_runs()]
    if Path(name).exists() or any(name in known for known in names):
        return find_run(name)
    raise unknown("run or shipped model", name, [*shipped, *names])


def load(name: str, device: str = "cpu") -> TrainedSolver:
    """The solver of a run (folder, name or hash), a shipped model, or a `save_pretrained` folder.

    Raises `InputError` if there is no such run, it has no model yet, or its files are damaged.
    """
    folder = run_folder(name)
    if is_pretrained(folder.path):
        return from_pretrained(folder.path, device)
    return solver_of(folder, device)


def named_solver(name: str, problem: str | None = None, device: str = "cpu") -> Solver:
    """The solver `name`: numpy, or whatever `load` knows.

    `problem` is needed for numpy, and picks one of a jointly trained model's.
    """
    if name == "numpy":
        if problem is None:
            raise InputError("numpy solves any problem: name one with --problem")
        return numpy_solver(problem)
    solver = load(name, device)
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
    return TrainedSolver(model.to(device), task, name=folder.path.name)


def default_model(problem: str, rows: int, columns: int) -> TrainedSolver:
    """A solver of `problem` for inputs of a shape: a finished run of the store or a shipped model.

    The newest run for this shape comes first. Where no model was trained for it, one for another
    shape is returned (it warns); where there is none, an `InputError` says how to train one.
    """
    folders = [TokenFolder(folder.path) for folder in stored_runs() if folder.model_file.exists()]
    folders.sort(key=lambda folder: folder.model_file.stat().st_mtime, reverse=True)
    shipped = [TokenFolder(path) for path in shipped_models().values()]
    fallback: tuple[TokenFolder, TrainConfig] | None = None
    for folder in (*folders, *shipped):
        try:
            config = folder.config()
            done = folder in shipped or folder.finished
        except InputError:
            continue  # a damaged or foreign run is no reason not to use another
        task = config.task
        if not done or task.problem.name != problem:
            continue
        if takes(task.problem, task.ensemble, rows, columns):
            return solver_of(folder, config=config)
        fallback = fallback or (folder, config)
    if fallback is None:
        raise InputError(
            f"there is no trained model for {problem} yet; train one with "
            f"`eigenformer train fast --problem {problem} --dims {rows}x{columns}`, "
            "or give --model numpy for LAPACK's answer"
        )
    folder, config = fallback
    return solver_of(folder, config=config)
