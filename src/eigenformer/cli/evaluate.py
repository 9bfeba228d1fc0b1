"""`eigenformer evaluate RUN|MODEL|numpy ...`: scores on seeded test sets."""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from ..core import InputError, save_json, to_json
from ..core.lazy import lazy
from ..evaluation.tolerances import TOLERANCES
from .parse import JsonFlag, check_output, parse

if TYPE_CHECKING:
    from ..incontext import InContextFolder, PromptResult

_MODELS = tyro.conf.arg(metavar="MODEL [MODEL ...]", help_behavior_hint="")


def main(args: list[str]) -> int:
    return parse(evaluate, args, prog="evaluate")


def evaluate(
    models: Annotated[tuple[str, ...], tyro.conf.Positional, _MODELS],
    problem: str | None = None,
    ensemble: str | None = None,
    dims: str | None = None,
    scale: float | None = None,
    noise: float | None = None,
    n: int = 10_000,
    seed: int = 1,
    tolerances: tuple[float, ...] = TOLERANCES,
    score: str = "l1",
    rescale: bool = False,
    ratios: bool = False,
    target: Literal["true", "tokens"] = "true",
    set: tuple[str, ...] = (),
    device: Literal["auto", "cpu", "cuda"] = "auto",
    output: Path | None = None,
    as_json: JsonFlag = False,
) -> int:
    """Score runs, shipped models or numpy (LAPACK) on the same seeded test set.

    The test set is drawn as in training, or from 5x5 matrices of the ensemble iid-uniform for
    numpy, with what the options change. Of a run on prompts it is the loss on prompts of its task.

    Args:
        models: runs (folders, names or hashes), shipped models, or numpy.
        problem: needed for numpy, and to pick one of a jointly trained model's.
        ensemble: ensemble of the test matrices.
        dims: their shape, such as 5x5 or 5-15.
        scale: their range A.
        noise: noise on the input, as a fraction of the coefficients' standard deviation.
        n: number of test matrices.
        seed: seed of the test set; evaluations in training use 0.
        tolerances: relative errors below which an answer counts as right.
        score: l1, l2, l2_squared, max; paper for eigenvectors and SVD.
        rescale: ask for multiples of the matrices as solve does; without it, as the paper, never.
        ratios: LAPACK's test ratios too, by which an answer is as right as can be below 30.
        target: what answers are scored against: true, or tokens for the true answer rounded to the
            model's tokens, which is the paper's metric.
        set: settings of the models that their weights don't depend on, such as passes=1.
        device: where the models run; auto takes a GPU if there is one.
        output: write the results to this .json file too.
        as_json: print JSON instead of tables.
    """
    from ..evaluation import TrainedSolver, result_table
    from ..incontext import InContextFolder, evaluate_prompts
    from ..training.distributed import pick_device
    from ..zoo import named_solver
    from ..zoo.scores import evaluate as score_solver

    if not models:
        raise InputError("name at least one run, shipped model, or numpy")
    check_output(output, ".json")
    place = str(pick_device(device))
    asked = {"problem": problem, "ensemble": ensemble, "dims": dims, "scale": scale, "noise": noise}
    solvers = [
        _prompt_run(name, asked) or named_solver(name, problem, place, set) for name in models
    ]
    results: list[Any] = []
    for solver in solvers:
        if isinstance(solver, InContextFolder):
            losses = evaluate_prompts(solver, n, seed)
            results.append(to_json(losses))
            show = partial(_show_prompts, losses)
        else:
            result = score_solver(
                solver,
                None,
                ensemble,
                n,
                seed,
                tolerances,
                dims=dims,
                scale=scale,
                noise=noise,
                score=score,
                rescale=rescale,
                target=target,
                ratios=ratios,
            )
            results.append(result.to_dict())
            told = solver.model.config.told if isinstance(solver, TrainedSolver) else ""
            show = partial(_show, result_table(result), told)
        # After each, so that trouble with a later one does not cost what is known.
        if output is not None:
            save_json(output, results)
        if not as_json:
            show()
    if as_json:
        print(json.dumps(results, indent=2))
    return 0


def _show(table: Table, told: str) -> None:
    console = Console(highlight=False)
    console.print(table)
    if told:
        console.print(f"The network is told {told}.", style="dim")


def _prompt_run(name: str, asked: dict[str, Any]) -> "InContextFolder | None":
    """The folder of a run on prompts; None if `name` is something else."""
    from ..evaluation import is_pretrained
    from ..incontext import InContextFolder, RunConfig
    from ..zoo import run_folder

    if name == "numpy" or is_pretrained(run_folder(name).path):
        return None
    if not isinstance(run_folder(name).config(), RunConfig):
        return None
    for option, value in asked.items():
        if value is not None:
            raise InputError(f"--{option} is about matrices, and {name} was trained on prompts")
    return InContextFolder(run_folder(name).path)


def _show_prompts(result: "PromptResult") -> None:
    console = Console(highlight=False)
    console.print(
        f"{result.run}: {result.task}, {result.n:,} prompts, mean loss {result.loss:.4g} "
        f"({result.low:.4g} to {result.high:.4g})",
        soft_wrap=True,
    )
    table = Table(box=SIMPLE)
    table.add_column("read after layer", justify="right")
    table.add_column("mean loss", justify="right", style="bold green")
    for number, loss in enumerate(result.by_layer):
        table.add_row(str(number), f"{loss:.4g}")
    console.print(table)


lazy(__name__)
