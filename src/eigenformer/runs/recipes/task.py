"""The task and the model of a recipe, from names."""

from typing import Any

from ... import encodings, ensembles, problems
from ...core import InputError
from ...encodings import Task
from ...models import ModelConfig


def make_model(name: str | None, own: ModelConfig) -> ModelConfig:
    """The registered model called so, as like the recipe's own as it can be; or that itself."""
    item: Any = None if name is None else ModelConfig.registry.item(name)
    return own if item is None else item.like(own)


def make_task(
    problem: str,
    dims: str,
    ensemble: str,
    scale: float,
    encoding: str,
    output_encoding: str | None,
) -> Task:
    """The task called by names; several problems joined by commas are trained jointly."""
    names = problem.split(",")
    if len(names) > 1:
        asked: problems.Problem = problems.get("joint", problems=tuple(names))
    else:
        asked = problems.get(problem)
    if dims.count(",") or not dims:
        raise InputError(f"dims is {dims!r}; give a shape such as 5x5 or a range such as 5-15")
    return Task(
        problem=asked,
        ensemble=ensembles.get(ensemble, dims=dims, scale=scale),
        encoder=encodings.get(encoding),
        decoder=encodings.get(output_encoding or encoding),
    )
