"""`eigenformer sweep RECIPE --vary FIELD=A,B,C ...`: a run for each combination of values."""

import itertools
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import tyro
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..core import InputError, to_json
from ..runs import Experiment, Measured, Plan, accuracy, run_id
from ..runs.cost import Cost, confirm, cost, duration, plan_cost
from ..runs.engine import Outcome, exit_status, unfinished
from ..runs.options import EngineOptions, job_options, make_engine
from ..runs.progress import progress
from ..runs.recipes import RECIPES
from ..runs.records import record_of
from ..training import TrainConfig, data_file
from .parse import JsonFlag, option_names, override, parse_known
from .train import _command, _Options

USAGE = """\
usage: eigenformer sweep RECIPE --vary FIELD=A,B,C [--vary ...] [options]

Train a recipe once for each combination of values, in the run store: finished runs are not made
again, interrupted ones go on, two sweeps share the runs that they have in common.

  --vary seed=0,1,2                     an option of the recipe
  --vary model.encoder.layers=1,2,4     any field of its configuration
  --vary "layers=2 1,4 1"               of several words each

options of the sweep: eigenformer sweep RECIPE --help
recipes: {recipes}
options of a recipe: eigenformer train RECIPE --help
"""

_Vary = Annotated[
    tuple[str, ...], tyro.conf.UseAppendAction, tyro.conf.arg(metavar="FIELD=A,B,...")
]


def main(args: list[str]) -> int:
    if not args or args[0] in ("--help", "-h"):
        print(USAGE.format(recipes=", ".join(RECIPES.names())), end="")
        return 0 if args else 2
    name, *rest = args
    RECIPES.item(name)  # refused before the options are looked at
    options, words = parse_known(_options, rest, prog=f"sweep {name}")
    axes = [Axis.parse(text) for text in options.vary]
    if not axes:
        raise InputError("nothing varies; give at least one --vary, such as --vary seed=0,1,2")
    return sweep(name, axes, words, options)


@dataclass(frozen=True, kw_only=True)
class SweepOptions:
    vary: tuple[str, ...]
    dry_run: bool
    as_json: bool
    engine: EngineOptions


def _options(
    vary: _Vary = (),
    dry_run: bool = False,
    as_json: JsonFlag = False,
    engine: tyro.conf.OmitArgPrefixes[EngineOptions] = EngineOptions(),  # noqa: B008  (frozen)
) -> SweepOptions:
    """Train a recipe once for each combination of values.

    Further options are the recipe's and its configuration's (`eigenformer train RECIPE --help`);
    they hold for every run.

    Args:
        vary: a field and its values; the sweep has a run for each combination.
        dry_run: show the runs and what they would cost, and stop.
        as_json: print JSON instead of a table.
        engine: nothing here changes the result.
    """
    return SweepOptions(vary=vary, dry_run=dry_run, as_json=as_json, engine=engine)


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A field or option that varies, and its values as words."""

    field: str
    values: tuple[str, ...]

    @staticmethod
    def parse(text: str) -> "Axis":
        """From "model.encoder.layers=1,2,4"."""
        field, equals, values = text.partition("=")
        found = tuple(value.strip() for value in values.split(","))
        field = field.strip().removeprefix("--").replace("_", "-")
        if not (field and equals and all(found)):
            raise InputError(
                f"--vary is {text!r}; give a field and values, such as seed=0,1,2 or "
                "model.encoder.layers=1,2,4"
            )
        if len(set(found)) < len(found):
            raise InputError(f"--vary {text} has a value twice; leave one out")
        return Axis(field=field, values=found)

    def words(self, value: str) -> list[str]:
        """The option that gives it a value."""
        if value.lower() in ("true", "false"):
            *path, name = self.field.split(".")
            flag = name if value.lower() == "true" else f"no-{name}"
            return [f"--{'.'.join([*path, flag])}"]
        return [f"--{self.field}", *value.split()]


@dataclass(frozen=True, kw_only=True)
class Point:
    """A combination of values and its run."""

    values: dict[str, str]
    experiment: Experiment


def sweep(recipe: str, axes: Sequence[Axis], words: list[str], options: SweepOptions) -> int:
    """Make the runs that are not finished; the exit status."""
    points = grid(recipe, axes, words)
    plan = Plan.of([point.experiment for point in points])
    left = unfinished(plan)
    expected = plan_cost(left)
    console = Console()
    if options.dry_run:
        _show_plan(points, left, expected, console, options.as_json)
        return 0
    confirm(expected, options.engine.yes)
    if not (options.as_json or options.engine.quiet) and left:
        console.print(f"{len(left)} runs: {expected}", highlight=False, soft_wrap=True)
    quiet = options.engine.quiet or options.as_json
    with progress(plan, console, quiet) as report:
        outcomes = make_engine(options.engine).run(plan, job_options(options.engine), report)
    _show_results(points, outcomes, console, options.as_json)
    if any(outcome.state == "stopped" for outcome in outcomes):
        print("eigenformer: stopped and saved; the same command goes on", file=sys.stderr)
    return exit_status(outcomes)


def grid(recipe: str, axes: Sequence[Axis], words: list[str]) -> list[Point]:
    """A run for each combination; the last axis varies fastest."""
    points = []
    for values in itertools.product(*(axis.values for axis in axes)):
        chosen = [axis.words(value) for axis, value in zip(axes, values, strict=True)]
        config = _config(recipe, [*words, *itertools.chain(*chosen)])
        by_field = {axis.field: value for axis, value in zip(axes, values, strict=True)}
        name = "-".join(f"{field.rpartition('.')[2]}-{value}" for field, value in by_field.items())
        name = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        points.append(Point(values=by_field, experiment=Experiment(name=name, config=config)))
    return points


def _config(recipe: str, words: list[str]) -> TrainConfig:
    """As `eigenformer train` reads it."""
    prog = f"train {recipe}"
    command = _command(RECIPES.item(recipe))
    (config, options), overrides = parse_known(command, words, prog=prog)
    config = override(config, overrides, prog=prog, also=option_names(command))
    if options != replace(_Options(), data=options.data):
        raise InputError(
            "--folder, --start-from, --stages, --show are for `eigenformer train`; leave them out"
        )
    return config if options.data is None else replace(config, data=data_file(options.data))


def _show_plan(
    points: Sequence[Point],
    left: Sequence[Experiment],
    expected: Cost,
    console: Console,
    as_json: bool,
) -> None:
    waiting = {experiment.identity for experiment in left}
    rows = [
        (point, run_id(point.experiment.config), cost(point.experiment.config)) for point in points
    ]
    if as_json:
        shown = [
            {
                **point.values,
                "run": run,
                "finished": point.experiment.identity not in waiting,
                **to_json(each),
            }
            for point, run, each in rows
        ]
        print(json.dumps(shown, indent=2))
        return
    table = _table(points)
    for name in ("run", "state", "examples", "here"):
        table.add_column(name, justify="left" if name in ("run", "state") else "right")
    for point, run, each in rows:
        state = "to do" if point.experiment.identity in waiting else "finished"
        hash = run.rpartition("-")[2]  # names the run too, and fits
        seconds = duration(each.seconds)
        table.add_row(*point.values.values(), hash, state, f"{each.examples:,}", seconds)
    console.print(table)
    console.print(f"to do: {expected}", highlight=False, soft_wrap=True)


def _show_results(
    points: Sequence[Point], outcomes: Sequence[Outcome], console: Console, as_json: bool
) -> None:
    by_run = {outcome.experiment.identity: outcome for outcome in outcomes}
    rows = [
        (point, by_run[point.experiment.identity], results(point.experiment)) for point in points
    ]
    if as_json:
        shown = [
            {
                **point.values,
                "run": run_id(point.experiment.config),
                "state": outcome.state,
                "message": outcome.message,
                "accuracy": {key: to_json(measured) for key, measured in found.items()},
            }
            for point, outcome, found in rows
        ]
        print(json.dumps(shown, indent=2))
        return
    table = _table(points)
    tolerances = list(dict.fromkeys(key for _, _, found in rows for key in found))
    for key in tolerances:
        table.add_column(f"{100 * float(key):g}%", justify="right")
    table.add_column("state")
    for point, outcome, found in rows:
        cells = (_cell(found.get(key)) for key in tolerances)
        table.add_row(*point.values.values(), *cells, outcome.state)
    console.print(table)
    if tolerances:
        console.print(
            "% right on the first test set within that error, and 95% intervals", style="dim"
        )
    for outcome in outcomes:
        if outcome.message and outcome.state not in ("finished", "stopped"):
            console.print(
                f"{outcome.experiment.name}: {outcome.message}", highlight=False, markup=False
            )


def results(experiment: Experiment) -> dict[str, Measured]:
    """By tolerance, the accuracy at the end of a run; nothing before it."""
    folder = experiment.folder()
    record = None if folder is None else record_of(experiment, folder)
    if record is None or record.state == "running":
        return {}
    options = experiment.config.evaluation
    found = {f"{t:g}": accuracy(t, options.tests[0].name)(record) for t in options.tolerances}
    return {key: measured for key, measured in found.items() if measured is not None}


def _table(points: Sequence[Point]) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="dim")
    for field in points[0].values:
        table.add_column(Text(field))
    return table


def _cell(measured: Measured | None) -> Any:
    if measured is None:
        return "-"
    text = Text(f"{100 * measured.value:.1f}", style="bold green")
    if measured.low is not None and measured.high is not None:
        text.append(f"\n{100 * measured.low:.1f}-{100 * measured.high:.1f}", style="dim")
    return text
