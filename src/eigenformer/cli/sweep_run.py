"""Making the runs of a sweep, and what they found."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..core import InputError, to_json
from ..core.display import duration
from ..runs import Experiment, Measured, Plan
from ..runs.cost import Cost, confirm, cost, plan_cost
from ..runs.engine import Outcome, exit_status, unfinished
from ..runs.grid import Axis, Combination, final_scores, grid
from ..runs.options import EngineOptions, job_options, make_engine
from ..runs.progress import progress
from ..training import Run
from .train import Options, configured


def sweep(
    combinations: Sequence[Combination], engine: EngineOptions, dry_run: bool, as_json: bool
) -> int:
    """Make the runs that are not finished; the exit status."""
    plan = Plan.of([each.experiment for each in combinations])
    left = unfinished(plan)
    expected = plan_cost(left)
    console = Console()
    if dry_run:
        _show_plan(combinations, left, expected, console, as_json)
        return 0
    confirm(expected, engine.yes)
    if not (as_json or engine.quiet) and left:
        console.print(f"{len(left)} runs: {expected}", highlight=False, soft_wrap=True)
    quiet = engine.quiet or as_json
    with progress(plan, console, quiet) as report:
        outcomes = make_engine(engine).run(plan, job_options(engine), report)
    _show_results(combinations, outcomes, console, as_json)
    if any(outcome.state == "stopped" for outcome in outcomes):
        print("eigenformer: stopped and saved; the same command goes on", file=sys.stderr)
    return exit_status(outcomes)


def grid_of(recipe: str, axes: Sequence[Axis], words: list[str]) -> list[Combination]:
    """The runs, configured as `eigenformer train` would with the options `words`."""

    def configure(values: Mapping[str, str]) -> Run:
        chosen = [word for field, value in values.items() for word in _option(field, value)]
        config, options = configured(recipe, [*words, *chosen])
        if options != replace(Options(), data=options.data):
            raise InputError(
                "--folder, --start-from, --stages, --show are for `eigenformer train`; leave them "
                "out"
            )
        return config

    return grid(axes, configure)


def _option(field: str, value: str) -> list[str]:
    """The words that give a field a value."""
    if value.lower() in ("true", "false"):
        *path, name = field.split(".")
        flag = name if value.lower() == "true" else f"no-{name}"
        return [f"--{'.'.join([*path, flag])}"]
    return [f"--{field}", *value.split()]


def _show_plan(
    combinations: Sequence[Combination],
    left: Sequence[Experiment],
    expected: Cost,
    console: Console,
    as_json: bool,
) -> None:
    waiting = {experiment.identity for experiment in left}
    rows = [
        (each, each.experiment.config.id, cost(each.experiment.config)) for each in combinations
    ]
    if as_json:
        shown = [
            {
                **each.values,
                "run": run,
                "finished": each.experiment.identity not in waiting,
                **to_json(expected_of_run),
            }
            for each, run, expected_of_run in rows
        ]
        print(json.dumps(shown, indent=2))
        return
    table = _table(combinations)
    for name in ("run", "state", "examples", "here"):
        table.add_column(name, justify="left" if name in ("run", "state") else "right")
    for each, run, expected_of_run in rows:
        state = "to do" if each.experiment.identity in waiting else "finished"
        hash = run.rpartition("-")[2]  # names the run too, and fits
        examples, seconds = expected_of_run.examples, duration(expected_of_run.seconds)
        table.add_row(*each.values.values(), hash, state, f"{examples:,}", seconds)
    console.print(table)
    console.print(f"to do: {expected}", highlight=False, soft_wrap=True)


def _show_results(
    combinations: Sequence[Combination],
    outcomes: Sequence[Outcome],
    console: Console,
    as_json: bool,
) -> None:
    by_run = {outcome.experiment.identity: outcome for outcome in outcomes}
    rows = [
        (each, by_run[each.experiment.identity], final_scores(each.experiment))
        for each in combinations
    ]
    if as_json:
        shown = [
            {
                **each.values,
                "run": each.experiment.config.id,
                "state": outcome.state,
                "message": outcome.message,
                **_scores_json(scores),
            }
            for each, outcome, scores in rows
        ]
        print(json.dumps(shown, indent=2))
        return
    table = _table(combinations)
    keys = list(dict.fromkeys(key for _, _, scores in rows for key in scores))
    for key in keys:
        heading = "test loss" if key == "loss" else f"{100 * float(key):g}%"
        table.add_column(heading, justify="right")
    table.add_column("state")
    for each, outcome, scores in rows:
        cells = (_cell(scores.get(key)) for key in keys)
        table.add_row(*each.values.values(), *cells, outcome.state)
    console.print(table)
    if keys and "loss" not in keys:
        console.print(
            "% right on the first test set within that error, and 95% intervals", style="dim"
        )
    for outcome in outcomes:
        if outcome.message and outcome.state not in ("finished", "stopped"):
            console.print(
                f"{outcome.experiment.name}: {outcome.message}", highlight=False, markup=False
            )


def _table(combinations: Sequence[Combination]) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="dim")
    for field in combinations[0].values:
        table.add_column(Text(field))
    return table


def _scores_json(scores: Mapping[str, Measured]) -> dict[str, Any]:
    if "loss" in scores:
        return {"loss": scores["loss"].value}
    return {"accuracy": {key: to_json(share) for key, share in scores.items()}}


def _cell(measured: Measured | None) -> Any:
    if measured is None:
        return "-"
    if measured.unit == "loss":
        return Text(f"{measured.value:.4g}", style="bold green")
    text = Text(f"{100 * measured.value:.1f}", style="bold green")
    if measured.low is not None and measured.high is not None:
        text.append(f"\n{100 * measured.low:.1f}-{100 * measured.high:.1f}", style="dim")
    return text
