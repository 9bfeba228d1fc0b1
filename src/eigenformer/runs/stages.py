"""A curriculum over dimension: a chain of runs, each from the weights of the one before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from ..core import InputError
from ..training import Execution, Run, RunFolder, TrainConfig, start_from
from .store import run


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A run before the last one."""

    dims: str
    """Shape of its matrices, such as 3x3."""
    examples: int
    """Its length."""

    @staticmethod
    def parse(text: str) -> "Stage":
        """From "3x3:30000"."""
        dims, colon, examples = text.partition(":")
        if not (dims and colon and examples.isdecimal() and int(examples)):
            raise InputError(
                f"{text!r} is no stage; give a shape and a number of examples, such as 3x3:30000"
            )
        return Stage(dims=dims, examples=int(examples))


def run_stages(
    config: Run,
    stages: Sequence[Stage],
    execution: Execution | None = None,
    root: Path | None = None,
    console: Console | None = None,
) -> RunFolder:
    """Train `config` after `stages`: the same run on other matrices, one after the other.

    Each is a run of the store, evaluated ten times, that starts from the best model of the one
    before, with optimizer and schedule anew. Finished ones are not run again, so that a chain which
    was interrupted goes on where it stopped.
    """
    for stage in stages:
        config = TrainConfig.of(config, config.label, "--stages")
        ensemble = replace(config.task.ensemble, dims=stage.dims)
        before = replace(
            config,
            task=replace(config.task, ensemble=ensemble),
            examples=stage.examples,
            evaluation=replace(config.evaluation, every=max(1, stage.examples // 10)),
        )
        config = replace(config, start=start_from(run(before, execution, root, console)))
    return run(config, execution, root, console)
