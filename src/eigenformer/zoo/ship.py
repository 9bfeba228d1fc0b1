"""From a finished run to a model that comes with the package."""

import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ..core import InputError, load_json, rng, save_json
from ..core.serialize import write_atomically
from ..encodings import Task, draw_pairs
from ..ensembles import Ensemble, Matrices, Mixture
from ..evaluation import Proportion, Result, TrainedSolver, evaluate, score_predictions
from ..training import RunFolder, TokenFolder
from .cards import Reported, card
from .facts import FRESH
from .load import STATISTICS, solver_of
from .rebuild import rebuild_commands, stage_folder, stages
from .shipped import SIZES, ShippedModel, shipped_model

FRESH_MATRICES = 10_000
LIMIT_MATRICES = 2_000
_FEW_WEIGHTS = 50_000
"""So many are kept as they are: rounding them would save nothing."""
_OTHER_ENSEMBLES = ("iid-uniform", "iid-gaussian")
_OTHER_SYMMETRIC = ("spectrum-laplace", "spectrum-positive")


def export(
    run: RunFolder,
    name: str,
    root: Path,
    *,
    replace_existing: bool = False,
    matrices: int = FRESH_MATRICES,
    reported: Reported | None = None,
) -> ShippedModel:
    """Write the best model of the finished `run` to `root/name`, scored as shipped.

    Weights, unless they are few, are rounded to float16 (half the size, eight times finer than
    bfloat16; they are read back into float32) and then scored on `matrices` fresh ones of the run's
    ensemble, with a seed that no test set of the run has, and on matrices of other kinds. With them
    go the configuration, the environment, the accuracies in training and a model card (README.md),
    beside the models of the paper that `reported` gives, but no state to resume from.

    Raises `InputError` for a name that is not made of a-z, 0-9 and hyphens, a run that is not
    finished or that no command rebuilds, or a folder that exists, unless `replace_existing`.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise InputError(f"{name!r} is no name for a model; use a-z, 0-9 and hyphens")
    if not run.finished:
        raise InputError(f"{run.path} is not finished; go on with `eigenformer resume {run.path}`")
    target = root / name
    if target.exists() and not replace_existing:
        raise InputError(f"{target} exists; choose another name, or give --replace")
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=f".{name}-") as scratch:
        # Under its final name, which the results mention.
        folder = TokenFolder(Path(scratch) / name)
        _copy(run, folder)
        _score(folder, matrices)
        text = card(shipped_model(folder.path), reported)
        write_atomically(folder.path / "README.md", text.encode())
        if target.exists():
            shutil.rmtree(target)
        folder.path.rename(target)
    return shipped_model(target)


def _copy(run: RunFolder, folder: RunFolder) -> None:
    """What a model needs of its run."""
    (folder.path / "evals").mkdir(parents=True)
    shutil.copyfile(run.path / "env.json", folder.path / "env.json")
    config = load_json(run.config_file)
    metrics, status = run.metrics(), run.status()
    if "commands" not in status:
        *earlier, _ = stages(run)
        status = {
            "training_seconds": sum(stage.training_seconds() for stage in (*earlier, run)),
            "earlier_examples": sum(stage.status()["examples"] for stage in earlier),
            "commands": rebuild_commands(run),
            **status,
        }
        if earlier:
            # Where that run lay on this machine is nobody's business.
            config["start"]["path"] = stage_folder(len(earlier))
    save_json(folder.config_file, config)
    folder.save_status(**status)
    for line in metrics:
        if line["kind"] == "evaluation":
            folder.append_metrics(line)
    weights = run.load_model()
    if sum(tensor.numel() for tensor in weights.values()) > _FEW_WEIGHTS:
        weights = {
            key: tensor.to(torch.float16) if tensor.dtype == torch.float32 else tensor
            for key, tensor in weights.items()
        }
    folder.save_model(weights)


def _score(folder: TokenFolder, matrices: int) -> None:
    solver, config = solver_of(folder), folder.config()
    task, options = config.task, config.evaluation
    save_json(folder.path / STATISTICS, solver.statistics.to_dict())
    seed = 1 + max(test.seed for test in options.tests)
    # As `eigenformer evaluate NAME --seed SEED` does, so that anyone can repeat it.
    result = evaluate(
        solver, task.problem, task.ensemble, matrices, seed, noise=task.noise, score=options.score
    )
    best_at = folder.status()["best_at"]
    folder.save_evaluation(best_at, FRESH, result.to_dict())

    def few(ensemble: Ensemble) -> Result:
        size, noise, score = min(matrices, LIMIT_MATRICES), task.noise, options.score
        return evaluate(solver, task.problem, ensemble, size, seed, noise=noise, score=score)

    if config.model.any_size:
        for dims in SIZES:
            by_size = few(replace(task.ensemble, dims=dims))
            folder.save_evaluation(best_at, dims, by_size.to_dict())
    limits = {
        text: few(ensemble).accuracy[options.score][0.05]
        for text, ensemble in _other_ensembles(task).items()
    }
    limits["a zero among the coefficients"] = _with_a_zero(solver, task, seed, options.score)
    save_json(folder.path / "limits.json", {key: found.to_dict() for key, found in limits.items()})


def _other_ensembles(task: Task) -> dict[str, Ensemble]:
    """Ensembles unlike the task's, by what is different."""
    own, others = task.ensemble, dict[str, Ensemble]()
    if isinstance(own, Mixture) or isinstance(own.scale, tuple):
        return others
    for factor, text in ((0.1, "a tenth"), (0.5, "half"), (2.0, "twice"), (10.0, "ten times")):
        others[f"coefficients {text} as large"] = replace(own, scale=factor * own.scale)
    names = _OTHER_ENSEMBLES + (_OTHER_SYMMETRIC if task.problem.needs_symmetric else ())
    for name in names:
        if name != own.registry.name_of(own):
            others[f"ensemble {name}"] = own.registry.get(name, dims=own.dims, scale=own.scale)
    return others


def _with_a_zero(solver: TrainedSolver, task: Task, seed: int, score: str) -> Proportion:
    """Accuracy at 5% where the last coefficient of the first row is exactly zero."""
    problem = task.problem
    inputs, _ = draw_pairs(problem, task.ensemble, rng(seed, "test:zero"), LIMIT_MATRICES)
    values, rows = inputs.values.copy(), np.arange(len(inputs))
    values[rows, 0, inputs.columns - 1] = 0.0
    if problem.needs_symmetric:
        values[rows, inputs.columns - 1, 0] = 0.0
    inputs = replace(inputs, values=values)
    answers: Matrices = problem.solve(inputs)
    written = solver.written(inputs, answers)
    inputs, answers, written = inputs[written.ok], answers[written.ok], written.kept
    found = score_predictions(problem, written, answers, solver.predict(inputs), (0.05,), score)[
        "accuracy"
    ][score][0.05]
    assert isinstance(found, Proportion)
    return found
