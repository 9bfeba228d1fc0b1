"""The commands that train a configuration again."""

import inspect
import shlex
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from ..core import InputError
from ..runs.recipes import RECIPES
from ..training import Run, RunFolder, TokenFolder, TrainConfig


def stages(run: RunFolder) -> list[TokenFolder]:
    """The runs whose weights led to those of `run`, the first one first, `run` last."""
    last = TokenFolder(run.path)
    start = last.config().start
    return [last] if start is None else [*stages(TokenFolder(Path(start.path))), last]


def stage_folder(number: int) -> str:
    """The run folder that rebuild commands give to stage `number`, counted from 1."""
    return f"runs/stage-{number}"


def rebuild_commands(run: RunFolder) -> list[str]:
    """A `rebuild_command` for each stage of the run, with a comment where one was stopped."""
    runs = stages(run)
    commands = [rebuild_command(replace(stage.config(), start=None)) for stage in runs]
    for i in range(1, len(commands)):
        commands[i - 1] += f" --folder {stage_folder(i)}"
        commands[i] += f" --start-from {stage_folder(i)}"
    for i, status in enumerate(stage.status() for stage in runs):
        if status["state"] == "stopped":
            commands[i] += f"  # stopped after {status['examples']:,} examples"
    return commands


def rebuild_command(config: TrainConfig) -> str:
    """The `eigenformer train ...` that resolves to `config`, as short as its recipe allows.

    Where the configuration's own recipe has changed so much since that no override leads back to
    it, the command starts from another recipe. Raises `InputError` where none leads there.
    """
    names = sorted(RECIPES.names(), key=lambda name: name != config.recipe)
    for name in names:
        words = _words(RECIPES.item(name), config)
        if words is not None:
            return shlex.join(["eigenformer", "train", name, *words])
    raise InputError("no options of `eigenformer train` lead to this run's configuration")


def _words(recipe: Callable[..., Run], config: TrainConfig) -> list[str] | None:
    """The options of `recipe` that give `config`; None if there are none."""
    defaults = inspect.signature(recipe).parameters
    if "problem" not in defaults:
        return None  # of another kind of run
    chosen = {
        name: value
        for name, value in _arguments(config).items()
        if name in defaults and value != defaults[name].default
    }
    if "heads" in chosen and not isinstance(defaults["heads"].default, tuple):
        chosen["heads"] = chosen["heads"][0]
    if "layers" in chosen and not isinstance(defaults["layers"].default, tuple):
        del chosen["layers"]  # of recipes without encoder and decoder; an override, if anything
    base = _resolved(recipe, chosen)
    if base is None:
        return None
    for name in list(chosen):
        # What another argument implies, such as the heads that go with a width, need not be said.
        fewer = {key: value for key, value in chosen.items() if key != name}
        if _resolved(recipe, fewer) == base:
            chosen = fewer
    words = [word for name, value in chosen.items() for word in _option(name, value)]
    try:
        for path, value in _overrides(base, config):
            words += _option(path, value)
    except _NoOption:
        return None
    return words


def _resolved(recipe: Callable[..., Run], chosen: dict[str, Any]) -> TrainConfig | None:
    """The configuration, or None if the arguments do not go together, or give another kind."""
    try:
        run = recipe(**chosen)
        return run if isinstance(run, TrainConfig) else None
    except InputError:
        return None  # an ensemble, say, that needs more than its name


def _arguments(config: TrainConfig) -> dict[str, Any]:
    """What recipes take as arguments; whatever they leave out is an override."""
    task, stacks = config.task, config.model.stacks
    ensemble, problem = task.ensemble, task.problem
    sizes = {}
    if stacks:
        sizes = {
            "layers": tuple(stack.layers for stack in stacks),
            "width": stacks[0].width,
            "heads": tuple(stack.heads for stack in stacks),
        }
    encodings = [side.label.split()[0] for side in (task.encoder, task.decoder)]
    return {
        "problem": ",".join(part.name for part in problem.parts),
        "dims": ensemble.dims,
        "ensemble": ensemble.registry.name_of(ensemble),
        **({} if isinstance(ensemble.scale, tuple) else {"scale": ensemble.scale}),
        "encoding": encodings[0],
        **({"output_encoding": encodings[1]} if encodings[1] != encodings[0] else {}),
        "model": config.model.registry.name_of(config.model),
        **sizes,
        "examples": config.examples,
        "batch_size": config.batch_size,
        "seed": config.seed,
    }


class _NoOption(Exception):
    """A difference that no override can express."""


def _overrides(base: Any, wanted: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The dotted fields in which two configurations differ, with the wanted values."""
    if base == wanted:
        return
    if is_dataclass(base) or is_dataclass(wanted):
        if type(base) is not type(wanted):
            raise _NoOption  # overrides change fields, not classes
        names = [field.name for field in fields(base) if field.init]
        pairs = {name: (getattr(base, name), getattr(wanted, name)) for name in names}
    elif any(map(is_dataclass, (*_items(base), *_items(wanted)))):
        if len(base) != len(wanted):
            raise _NoOption
        pairs = {str(i): pair for i, pair in enumerate(zip(base, wanted, strict=True))}
    elif isinstance(base, tuple) != isinstance(wanted, tuple):
        raise _NoOption
    else:
        yield path, wanted
        return
    for name, pair in pairs.items():
        yield from _overrides(*pair, f"{path}.{name}" if path else name)


def _items(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else ()


def _option(path: str, value: Any) -> list[str]:
    name = path.replace("_", "-")
    if isinstance(value, bool):
        parent, dot, last = name.rpartition(".")
        return [f"--{name}" if value else f"--{parent}{dot}no-{last}"]
    values = value if isinstance(value, tuple) else [value]
    return [f"--{name}", *map(str, values)]
