"""Sizes of matrices: as the paper's tables spell them, and room for them in a model."""

from collections.abc import Iterator
from dataclasses import replace

from ...encodings import Task
from ...models import DirectConfig, TransformerConfig
from ...training import TrainConfig


def dims_of(text: str) -> str:
    """The paper's "5-15 square" and "5-15 rect" as ours, 5-15 and 5-15x5-15; "5x6" stays."""
    sizes, _, form = text.partition(" ")
    return f"{sizes}x{sizes}" if form == "rect" else sizes


def roomy(config: TrainConfig) -> TrainConfig:
    """`config` with the positions, or cells, that its largest matrices need.

    Transformers keep the 512 positions of the paper's table 29 where these are enough.
    """
    model, shapes = config.model, list(_largest(config.task))
    if isinstance(model, TransformerConfig):
        inputs = max(config.task.encoder.length(*given) for given, _ in shapes)
        outputs = max(config.task.decoder.length(*asked) for _, asked in shapes) + 1  # <eos>
        model = replace(model, max_positions=max(model.max_positions, inputs, outputs))
    elif isinstance(model, DirectConfig):
        largest = max(max(*given, *asked) for given, asked in shapes)
        model = replace(model, max_dim=max(model.max_dim, largest))
    return replace(config, model=model)


def _largest(task: Task) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """The shapes of the largest input and of its answer, for each problem of the task."""
    for part in task.problem.parts:
        given = part.input_shape(*task.ensemble.dimensions.largest)
        yield given, part.output_shape(*given)
