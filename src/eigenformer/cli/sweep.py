"""`eigenformer sweep RECIPE --vary FIELD=A,B,C ...`: a run for each combination of values."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from ..core import InputError
from ..runs.options import EngineOptions
from ..runs.recipes import RECIPES
from ..runs.recipes.listing import recipe_names
from .parse import JsonFlag, parse_known

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
        print(USAGE.format(recipes=", ".join(recipe_names())), end="")
        return 0 if args else 2
    name, *rest = args
    RECIPES.item(name)  # refused before the options are looked at
    options, words = parse_known(_options, rest, prog=f"sweep {name}")
    from ..runs.grid import Axis
    from .sweep_run import grid_of, sweep

    axes = [Axis.parse(text) for text in options.vary]
    if not axes:
        raise InputError("nothing varies; give at least one --vary, such as --vary seed=0,1,2")
    combinations = grid_of(name, axes, words)
    return sweep(combinations, options.engine, options.dry_run, options.as_json)


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
