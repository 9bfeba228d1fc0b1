"""Sizes of matrices: as the paper's tables spell them, and room for them in a model."""

from collections.abc import Iterator
from dataclasses import replace

from ...encodings import Task
from ...training import TrainConfig


def dims_of(text: str) -> str:
    """The paper's "5-15 square" and "5-15 rect" as ours, 5-15 and 5-15x5-15; "5x6" stays."""
    sizes, _, form = text.partition(" ")
    return f"{sizes}x{sizes}" if form == "rect" else sizes


def roomy(config: TrainConfig) -> TrainConfig:
    """`config` with the positions, or cells, that its largest matrices need.

    Transformers keep the 512 positions of the paper's table 29 where these are enough.
    """
    task = config.task
    model = config.model.with_room(task.encoder, task.decoder, list(_largest(task)))
    return replace(config, model=model)


def _largest(task: Task) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """The shapes of the largest input and of its answer, for each problem of the task."""
    for part in task.problem.parts:
        given = part.input_shape(*task.ensemble.dimensions.largest)
        yield given, part.output_shape(*given)
