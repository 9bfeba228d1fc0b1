"""`eigenformer train RECIPE`: from a recipe and overrides to a run folder."""

import inspect
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import tyro
from rich.console import Console

from ..core import InputError, to_json
from ..core.lazy import lazy
from ..runs.recipes import RECIPES
from ..runs.recipes.listing import recipe_names
from ..training.execution import Execution
from .parse import option_names, override, parse_known

if TYPE_CHECKING:
    from ..runs import Stage
    from ..training import Run

T = TypeVar("T")
LONG = 1_000_000
"""Examples from which a training says what it will take."""
USAGE = """\
usage: eigenformer train RECIPE [options] [--any.field value]
       eigenformer train --config FILE [--any.field value]

Train a model by a recipe, in a run folder named after its configuration. A finished run is not run
again; an interrupted one goes on. Recipes called after an architecture train it on prompts.

recipes: {recipes}
options of a recipe: eigenformer train RECIPE --help
fields that can be overridden: eigenformer train RECIPE --show, which prints what --config reads
"""


def main(args: list[str]) -> int:
    if not args or args[0] in ("--help", "-h"):
        print(USAGE.format(recipes=", ".join(recipe_names())), end="")
        return 0 if args else 2
    config, options = configured(*_parts(args))

    from ..runs import Stage
    from ..runs.cost import cost
    from ..training import TrainConfig, start_from
    from ..zoo import run_folder

    if options.start_from is not None:
        start = start_from(run_folder(options.start_from))
        config = replace(TrainConfig.of(config, config.label, "--start-from"), start=start)
    if options.show:
        print(json.dumps(to_json(config), indent=2))
        return 0
    if options.stages and options.folder is not None:
        raise InputError("--stages is for runs in the run store; leave out --folder")
    stages = [Stage.parse(text) for text in options.stages]
    if isinstance(config, TrainConfig) and config.examples >= LONG and not options.execution.quiet:
        config.check()  # what cannot be made has no cost
        print(f"expected: {cost(config)}; Ctrl-C saves it, and `eigenformer resume` goes on")
    return execute(config, options.execution, options.folder, stages)


def _parts(args: list[str]) -> tuple[str, list[str]]:
    """The recipe, which comes first, and its words; "" where a file takes its place."""
    if args[0].split("=")[0] == "--config":
        return "", args
    if args[0].startswith("-"):
        known = ", ".join(recipe_names())
        raise InputError(f"{args[0]} stands where a recipe is to be named first: {known}")
    return args[0], args[1:]


def from_file(config: Path) -> "Run":
    """Train what a file describes, JSON or TOML, as --show prints it.

    Args:
        config: the file; what it leaves out has the default of its class.
    """
    from ..training import read_run

    return read_run(config)


def configured(recipe: str, words: list[str]) -> "tuple[Run, Options]":
    """What the recipe called so gives with these options and overrides, and what is asked beside.

    The configuration has its data file; the start is the caller's.
    """
    prog = f"train {recipe}"
    command = command_of(RECIPES.item(recipe) if recipe else from_file, Options, _HELP)
    (config, options), overrides = parse_known(command, words, prog=prog)
    config = override(config, overrides, prog=prog, also=option_names(command))
    if options.data is not None:
        from ..training import TrainConfig, data_file

        data = data_file(options.data)
        config = replace(TrainConfig.of(config, config.label, "--data"), data=data)
    return config, options


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a training takes beside its recipe."""

    folder: Path | None = None
    data: Path | None = None
    start_from: str | None = None
    stages: tuple[str, ...] = ()
    show: bool = False
    execution: tyro.conf.OmitArgPrefixes[Execution] = Execution()  # noqa: RUF009  (frozen)


_OVERRIDES = """\
Any field of the configuration can be overridden too, nested ones with dots, as in
--optimizer.rate 1e-3 or --evaluation.target 0.95; --show prints them all."""

_HELP = """
    folder: run folder, in place of one in the run store.
    data: train on this file of examples (see `eigenformer data export`).
    start_from: start from the weights of this run or shipped model.
    stages: train on these matrices first, one after the other, such as 3x3:30000 4x4:50000.
    show: print the resolved configuration as JSON, which --config reads, and stop.
    execution: nothing here changes the result.
"""


def command_of(
    recipe: "Callable[..., Run]",
    beside: type[T],
    help: str,
    *,
    fixed: Mapping[str, Any] = MappingProxyType({}),
    defaults: Mapping[str, Any] = MappingProxyType({}),
) -> "Callable[..., tuple[Run, T]]":
    """A function with the recipe's parameters and the fields of `beside`, for tyro to read.

    `help` says what these fields are. Parameters that are `fixed` are no options; `defaults` take
    the place of the recipe's own.
    """
    own = inspect.signature(recipe).parameters
    if any(isinstance(option.annotation, str) for option in own.values()):
        own = inspect.signature(recipe, eval_str=True).parameters
    more = inspect.signature(beside, eval_str=True).parameters
    options = [
        _typed(p.replace(default=defaults.get(name, p.default)))
        for name, p in own.items()
        if name not in {*fixed, *more} and p.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    given_to_all = {name: value for name, value in fixed.items() if name in own}

    def command(**given: Any) -> "tuple[Run, T]":
        chosen = {option.name: given.pop(option.name) for option in options}
        return recipe(**given_to_all, **chosen), beside(**given)

    parameters = [*options, *more.values()]
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    summary, _, details = inspect.cleandoc(recipe.__doc__ or "").partition("\n\n")
    if "Args:" not in details:  # of a recipe of somebody's own
        details += "\n\nArgs:"
    command.__doc__ = f"{summary}\n\n{_OVERRIDES}\n\n{details.strip()}{help}"
    return command


def _typed(option: inspect.Parameter) -> inspect.Parameter:
    """With the type of its default, where a recipe of somebody's own says none."""
    if option.annotation is not inspect.Parameter.empty or option.default is None:
        return option
    return option.replace(annotation=type(option.default))


def execute(
    run: "Run", execution: Execution, folder: Path | None, stages: "Sequence[Stage]" = ()
) -> int:
    """Train and report; the exit status."""
    from ..runs import run_stages
    from ..training import Interrupted
    from ..training import train as train_run

    console = Console()
    try:
        if folder is None:
            done = run_stages(run, stages, execution, console=console)
        else:
            done = train_run(run, folder, execution, console)
    except Interrupted as stopped:
        # Resuming a stage's run would end with that stage.
        hint = " (or, for the stages after it too, give the same command again)" if stages else ""
        print(f"eigenformer: {stopped}{hint}", file=sys.stderr)
        return stopped.exit_status
    status = done.status()
    if status["state"] == "finished" and os.environ.get("RANK", "0") == "0":
        console.print(
            f"finished ({status['why']}) after {status['examples']:,} examples: {done.path}",
            soft_wrap=True,
            highlight=False,
            markup=False,
        )
    return 0


lazy(__name__)
