"""`eigenformer train RECIPE`: from a recipe and overrides to a run folder."""

import dataclasses
import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tyro
from rich.console import Console

from ..core import to_json
from ..experiments import run
from ..experiments.recipes import RECIPES
from ..training import Execution, Interrupted, TrainConfig, data_file
from ..training import train as train_run
from .parse import SETTINGS, parse

USAGE = """\
usage: eigenformer train RECIPE [options] [--any.field value]

Train a model by a recipe, in a run folder named after its configuration. A finished run is not run
again; an interrupted one goes on.

recipes: {recipes}
options of a recipe: eigenformer train RECIPE --help
fields that can be overridden: eigenformer train RECIPE --show
"""

EXTRA = {
    "device": "auto, cpu or cuda.",
    "workers": "background processes that make batches ahead; 0 for none.",
    "save_seconds": "time between saved states.",
    "quiet": "report nothing but the result.",
    "folder": "run folder, in place of one in the run store.",
    "data": "train on this file of examples (see `eigenformer data export`).",
    "show": "print the resolved configuration as JSON and stop.",
}


def main(args: list[str]) -> int:
    if not args or args[0] in ("--help", "-h"):
        print(USAGE.format(recipes=", ".join(RECIPES.names())), end="")
        return 0 if args else 2
    name, *rest = args
    recipe = RECIPES.item(name)
    options, overrides = tyro.cli(
        _command(recipe),
        prog=f"eigenformer train {name}",
        args=rest,
        config=SETTINGS,
        return_unknown_args=True,
    )
    recipe_options = {key: options[key] for key in inspect.signature(recipe).parameters}
    config = recipe(**recipe_options)
    if overrides:
        config = parse(TrainConfig, overrides, prog=f"train {name}", default=config)
    if options["data"] is not None:
        config = dataclasses.replace(config, data=data_file(Path(options["data"])))
    if options["show"]:
        print(json.dumps(to_json(config), indent=2))
        return 0
    fields = {f.name: options[f.name] for f in dataclasses.fields(Execution)}
    return execute(config, Execution(**fields), options["folder"])


def _command(recipe: Callable[..., TrainConfig]) -> Callable[..., dict[str, Any]]:
    """A function with the recipe's parameters and those of execution, for tyro to read."""

    def command(**options: Any) -> dict[str, Any]:
        return options

    extra = {
        **{f.name: (f.type, f.default) for f in dataclasses.fields(Execution)},
        "folder": (str | None, None),
        "data": (str | None, None),
        "show": (bool, False),
    }
    parameters = list(inspect.signature(recipe, eval_str=True).parameters.values())
    for name, (kind, default) in extra.items():
        parameters.append(
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind
            )
        )
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    lines = "".join(f"        {name}: {text}\n" for name, text in EXTRA.items())
    command.__doc__ = (recipe.__doc__ or "").rstrip() + "\n" + lines
    return command


def execute(config: TrainConfig, execution: Execution, folder: str | None = None) -> int:
    """Train and report; the exit status."""
    console = Console(stderr=False)
    try:
        if folder is None:
            done = run(config, execution, console=console)
        else:
            done = train_run(config, Path(folder), execution, console)
    except Interrupted as stopped:
        print(f"eigenformer: {stopped}", file=sys.stderr)
        return stopped.exit_status
    status = done.status()
    if status["state"] == "finished":
        console.print(
            f"finished ({status['why']}) after {status['examples']:,} examples: {done.path}",
            highlight=False,
            soft_wrap=True,
        )
    return 0
