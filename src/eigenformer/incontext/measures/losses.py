"""The loss after each layer of a model, or step of an algorithm, on the same prompts."""

import torch
from jaxtyping import Float
from torch import Tensor

from ...core import InputError
from ..algorithms import GraphAlgorithm, RegressionAlgorithm
from ..batches import Batch, Graphs, Prompts
from ..models import InContextModel
from ..tasks import Task

_PART = 1000
"""Prompts that are computed at once."""


def measure_prompts(
    task: Task, seed: int, size: int, dtype: torch.dtype = torch.float64
) -> list[Batch]:
    """`size` prompts of the stream "measure", in parts; the same for the same seed and size."""
    _check_task(task)
    return list(task.parts(seed, size, _PART, purpose="measure", dtype=dtype))


def loss_by_layer(
    model: InContextModel,
    task: Task,
    *,
    seed: int = 0,
    size: int = 4000,
    layers: int | None = None,
) -> Float[Tensor, " L"]:
    """The mean loss before the first layer and after each, in the model's own precision.

    `layers` beyond the trained number are for looped models.
    """
    return errors_by_layer(model, task, seed=seed, size=size, layers=layers).mean(dim=1)


def errors_by_layer(
    model: InContextModel, task: Task, *, seed: int, size: int, layers: int | None = None
) -> Float[Tensor, "L B"]:
    """The same of each prompt."""
    _check_task(task)
    like = next(model.parameters())
    errors = []
    with torch.no_grad():
        for drawn in measure_prompts(task, seed, size, like.dtype):
            batch = drawn.to(like.device)
            found = [task.errors(each, batch) for each in model.by_layer(batch, layers)]
            errors.append(torch.stack(found).double())
    return torch.cat(errors, dim=1)


def loss_by_step(
    algorithm: RegressionAlgorithm | GraphAlgorithm,
    task: Task,
    steps: int,
    *,
    seed: int = 0,
    size: int = 4000,
) -> Float[Tensor, " S"]:
    """The mean loss of the start and after each step, in float64, on `loss_by_layer`'s prompts."""
    losses = []
    for batch in measure_prompts(task, seed, size):
        found: Tensor
        if isinstance(algorithm, GraphAlgorithm):
            found = algorithm.predictions(Graphs.of(batch, "a graph algorithm"), steps)
        else:
            prompts = Prompts.of(batch, "an algorithm for regression")
            wanted = algorithm.weights if task.outputs > 1 else algorithm.predictions
            found = wanted(prompts, steps)
        losses.append(torch.stack([task.errors(each, batch) for each in found]))
    return torch.cat(losses, dim=1).mean(dim=1)


def _check_task(task: object) -> None:
    """Prompts are drawn from it, always the same: they are not given."""
    if not isinstance(task, Task):
        raise InputError(
            f"the task is a {type(task).__name__}; give the law that prompts are drawn from, "
            "such as Regression()"
        )
