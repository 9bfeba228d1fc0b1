"""`eigenformer evaluate RUN|MODEL|numpy ...`: scores on seeded test sets."""

import json
from pathlib import Path

import tyro
from rich.console import Console

from .. import ensembles
from ..core import InputError, save_json
from ..ensembles import Ensemble
from ..evaluation import TOLERANCES, Solver, TrainedSolver, numpy_solver, result_table
from ..evaluation import evaluate as score_solver
from ..experiments import load
from .parse import parse


def main(args: list[str]) -> int:
    return parse(evaluate, args, prog="evaluate")


def evaluate(
    models: tyro.conf.Positional[tuple[str, ...]],
    problem: str | None = None,
    ensemble: str | None = None,
    dims: str | None = None,
    scale: float | None = None,
    n: int = 10_000,
    seed: int = 1,
    tolerances: tuple[float, ...] = TOLERANCES,
    noise: float | None = None,
    score: str = "l1",
    device: str = "cpu",
    output: Path | None = None,
    as_json: bool = False,
) -> int:
    """Score runs, shipped models or numpy (LAPACK) on the same seeded test set.

    Args:
        models: run folders, names or hashes of runs, shipped models, or numpy.
        problem: problem; needed for numpy, and to pick one of a jointly trained model's.
        ensemble: ensemble of the test matrices; the one of training if not given.
        dims: their shape, such as 5x5 or 5-15; that of training if not given.
        scale: their range A; that of training if not given.
        n: number of test matrices.
        seed: seed of the test set; evaluations in training use 0.
        tolerances: relative errors below which an answer counts as right.
        noise: noise on the input, as a fraction of the coefficients' standard deviation.
        score: l1, l2, l2_squared, max; paper for eigenvectors and SVD.
        device: cpu or cuda.
        output: write the results to this JSON file too.
        as_json: print JSON in place of tables.
    """
    if not models:
        raise InputError("name at least one run, shipped model, or numpy")
    results = []
    for name in models:
        solver = _solver(name, problem, device)
        task = solver.task if isinstance(solver, TrainedSolver) else None
        result = score_solver(
            solver,
            solver.problem,
            _ensemble(task.ensemble if task else None, ensemble, dims, scale),
            n,
            seed,
            tolerances,
            noise=noise if noise is not None else (task.noise if task else 0.0),
            score=score,
        )
        results.append(result)
        if not as_json:
            Console().print(result_table(result))
    data = [result.to_dict() for result in results]
    if as_json:
        print(json.dumps(data, indent=2))
    if output is not None:
        save_json(output, data)
    return 0


def _solver(name: str, problem: str | None, device: str) -> Solver:
    if name == "numpy":
        if problem is None:
            raise InputError("numpy solves any problem: name one with --problem")
        return numpy_solver(problem)
    solver = load(name, device)
    if problem is None or problem == solver.problem.registry.name_of(solver.problem):
        return solver
    return solver.only(problem)


def _ensemble(
    trained: Ensemble | None, name: str | None, dims: str | None, scale: float | None
) -> Ensemble:
    """The test ensemble: that of training, changed where asked."""
    base = trained or ensembles.get("iid-uniform")
    fields = {"dims": dims or base.dims, "scale": scale or base.scale}
    if name is None:
        if dims is None and scale is None:
            return base
        name = base.registry.name_of(base)
    return ensembles.get(name, **fields)
