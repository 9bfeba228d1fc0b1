"""An entry: a recipe by name, or a file that registers one, and the run that it asks for."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...core import InputError, Registry
from ...core.checks import check_finite
from ...core.registry import add_plugin_file, load_plugins
from ..recipes import RECIPES
from .tracks import Track

if TYPE_CHECKING:
    from ...training import Run, TrainConfig

MOST_LOOKS = 200
"""The referee looks as often as a recipe evaluates itself; each look is a try."""


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """What somebody races with."""

    name: str
    recipe: "Callable[..., Run]"
    source: str | None = None
    """The text of its file, if it is one."""

    @staticmethod
    def named(text: str) -> "Entrant":
        """The recipe registered as `text`, or the one that the Python file `text` registers."""
        if not text.endswith(".py"):
            return Entrant(name=text, recipe=RECIPES.item(text))
        file = Path(text)
        if not file.is_file():
            raise InputError(f"the entry {text!r} does not exist; give a Python file, or a recipe")
        add_plugin_file(file)
        load_plugins()
        found = [
            name
            for name in Registry.names(RECIPES)
            if inspect.getmodule(RECIPES.item(name)) is not None
            and RECIPES.item(name).__module__ == file.stem
        ]
        if len(found) != 1:
            said = f"the recipes {', '.join(found)}" if found else "no recipe"
            raise InputError(
                f"the entry {text} registers {said}; give it one, with "
                "eigenformer.runs.recipes.register(NAME, FUNCTION)"
            )
        return Entrant(
            name=file.name,
            recipe=RECIPES.item(found[0]),
            source=file.read_text(encoding="utf-8"),
        )


def checked(run: "Run", track: Track, entry: str) -> "TrainConfig":
    """The run as it is raced: `InputError`, one sentence, if it is none for this track.

    What a recipe says of its own evaluations, but for how often, is left out: the referee's
    matrices are others.
    """
    from ... import problems
    from ...training import EvaluationConfig, TestSet, TrainConfig

    config = TrainConfig.of(run, entry, f"the track {track.name}")
    asked = problems.get(track.problem)
    if config.task.problem != asked:
        raise InputError(
            f"{entry} trains {config.task.problem.name}, and the track {track.name} asks for "
            f"{asked.name}"
        )
    for what, given in (("the weights of a run", config.start), ("a file's examples", config.data)):
        if given is not None:
            raise InputError(
                f"{entry} begins with {what} ({given.path}); a race is from nothing, on examples "
                "that are drawn while the clock runs"
            )
    if config.compile:
        raise InputError(f"{entry} sets compile, which works beside the clock; leave it out")
    looks = -(-config.examples // config.evaluation.every)
    if looks > MOST_LOOKS:
        raise InputError(
            f"{entry} is evaluated {looks:,} times (evaluation.every is "
            f"{config.evaluation.every:,}); let it be at most {MOST_LOOKS}"
        )
    check_finite(config)
    own = EvaluationConfig(every=config.evaluation.every, tests=(TestSet(size=1),))
    config = replace(config, evaluation=own)
    config.check()
    return config
