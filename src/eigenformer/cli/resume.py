"""`eigenformer resume RUN`: go on with an interrupted run, exactly where it stood."""

from dataclasses import replace
from typing import TYPE_CHECKING

import tyro

from ..core import InputError
from ..core.lazy import lazy
from ..training.execution import Execution
from .parse import parse
from .train import execute

if TYPE_CHECKING:
    from ..training import RunFolder, TrainConfig


def main(args: list[str]) -> int:
    return parse(resume, args, prog="resume")


def resume(
    run: tyro.conf.Positional[str],
    examples: int | None = None,
    execution: tyro.conf.OmitArgPrefixes[Execution] = Execution(),  # noqa: B008  (frozen)
) -> int:
    """Go on with an interrupted training; the result is that of a run never interrupted.

    With --examples a finished training goes on, as a new run: from its best model, with as many
    fresh examples, and its schedule from the beginning.

    Args:
        run: run folder, or the name or hash of a run in the store.
        examples: go on after the end, with so many examples that it has not seen.
        execution: nothing here changes the result.
    """
    from ..runs import find_run

    folder = find_run(run)
    if examples is None:
        return execute(folder.config(), execution, folder.path)
    return execute(_after(folder, examples), execution, None)


def _after(folder: "RunFolder", examples: int) -> "TrainConfig":
    """The run that goes on after the finished one in `folder`."""
    from ..training import TrainConfig, start_from

    config = TrainConfig.of(folder.config(), folder.path, "--examples")
    if not folder.finished:
        raise InputError(
            f"{folder.path} has not ended; resume it without --examples, or wait for its end"
        )
    every = min(config.evaluation.every, max(1, examples // 10))
    evaluation = replace(config.evaluation, every=every)
    after = replace(config, examples=examples, start=start_from(folder), evaluation=evaluation)
    schedule = config.schedule
    print(
        f"going on from the best model of {folder.path} with {examples:,} fresh examples: "
        f"{schedule.warmup_steps:,} steps of warm-up, then a {schedule.shape} rate"
    )
    return after


lazy(__name__)
