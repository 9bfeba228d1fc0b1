"""Training from Python: from a recipe, a file or a configuration to what it has made."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from rich.console import Console

from ..core import unknown
from ..core.serialize import with_fields
from ..evaluation import TrainedSolver
from ..incontext import InContextFolder, InContextModel
from ..runs import Stage, run_stages
from ..runs.recipes import RECIPES
from ..training import Execution, Run, TrainConfig, read_run, start_from
from ..training import train as train_run
from .load import run_folder, solver_of


def train(
    recipe: str | Path | Run = "fast",
    /,
    *,
    folder: str | Path | None = None,
    begin_with: str | None = None,
    stages: Sequence[str] = (),
    device: Literal["auto", "cpu", "cuda"] = "auto",
    workers: int | Literal["auto"] = "auto",
    quiet: bool = False,
    **options: Any,
) -> TrainedSolver | InContextModel:
    """Train a model, and give it: `eigenformer train RECIPE`, from Python.

    `recipe` is a recipe's name, a file that `train --show` printed (.json, .toml), or a
    configuration. `options` are the recipe's own, and any field of the configuration, nested ones
    with dots: `train("fast", problem="inverse", dims="2x2", **{"optimizer.rate": 1e-3})`.

    The run is in `folder`, or in the run store (see `runs.runs_root`) under its name, which is that
    of the solver: a finished one is not run again, an interrupted one goes on. `begin_with` is a
    run or shipped model whose weights it starts from, `stages` are sizes before the last, such as
    "3x3:30000". Of recipes of prompt models the model is given. Raises `InputError` for what is
    wrong in the options, before anything is written, and if the run diverges.
    """
    config = _configured(recipe, options)
    if begin_with is not None:
        start = start_from(run_folder(begin_with))
        tokens = TrainConfig.of(config, config.label, "begin_with")
        config = with_fields(tokens, {"start": start})
    execution = Execution(device=device, workers=workers, quiet=quiet)
    console = Console(quiet=quiet)
    if folder is None:
        done = run_stages(
            config, [Stage.parse(text) for text in stages], execution, console=console
        )
    else:
        done = train_run(config, folder, execution, console)
    if isinstance(config, TrainConfig):
        return solver_of(done)
    return InContextFolder(done.path).model()


def _configured(recipe: str | Path | Run, options: dict[str, Any]) -> Run:
    """What the recipe, file or configuration says, with the options."""
    if isinstance(recipe, Run):
        return with_fields(recipe, options)
    if isinstance(recipe, Path) or recipe.endswith((".json", ".toml")):
        return with_fields(read_run(Path(recipe)), options)
    function = RECIPES.item(recipe)
    own = inspect.signature(function).parameters
    config = function(**{name: value for name, value in options.items() if name in own})
    fields = {name: value for name, value in options.items() if name not in own}
    for name in fields:
        if "." not in name and not hasattr(config, name):
            raise unknown(f"option of the recipe {recipe}", name, own)
    return with_fields(config, fields) if fields else config
