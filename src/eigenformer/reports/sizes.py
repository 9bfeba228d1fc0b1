"""What size and scale a report is about: its runs beside those with the paper's own settings."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from ..ensembles.dims import Dims
from ..papers import Excerpt
from ..runs import Experiment, Scale
from ..training import TrainConfig
from .blocks import DataTable
from .numbers import count

_HEADS = ("paper", "scale", "inputs", "layers", "width", "examples a run", "runs made")
_FULL: Scale = "paper"
_SHOWN = 3
"""Sizes that are named one by one."""
_PROMPTS = ("dim", "points", "nodes", "size")
"""Fields of tasks on prompts that say how large these are."""


def sizes(excerpts: Sequence[Excerpt], scale: Scale) -> DataTable | None:
    """A row for each paper's runs at a scale, and one for its own; None if nothing is trained.

    What is only ours has no paper's scale.
    """
    rows: list[tuple[str, ...]] = []
    for excerpt in excerpts:
        name = excerpt.paper.citation or excerpt.paper.title
        for each, whose in dict.fromkeys(((scale, f"here: {scale}"), (_FULL, "the paper's"))):
            if each == scale == _FULL:
                whose = "the paper's, here"
            elif each == _FULL and not excerpt.paper.citation:
                continue
            runs = _runs(excerpt, each)
            if runs:
                rows.append((name, whose, *_row(runs), _made(excerpt, each, runs)))
    own = [row for row in rows if row[1] != "the paper's"]
    return DataTable(kind="sizes", heads=_HEADS, rows=tuple(rows)) if own else None


def _runs(excerpt: Excerpt, scale: Scale) -> list[Experiment]:
    found = [
        run for study in excerpt.studies if scale in study.scales for run in study.distinct(scale)
    ]
    return list({run.identity: run for run in found}.values())


def _made(excerpt: Excerpt, scale: Scale, runs: Sequence[Experiment]) -> str:
    made = {
        run.identity
        for study in excerpt.studies
        if scale in study.scales
        for run in study.made(scale, excerpt.records)
    }
    return f"{sum(run.identity in made for run in runs)} of {len(runs)}"


def _row(runs: Sequence[Experiment]) -> tuple[str, str, str, str]:
    configs: list[Any] = [run.config for run in runs]
    stacks = [stack for config in configs for stack in _stacks(config.model)]
    lengths = [config.length for config in configs]
    examples = _between(lengths)
    if len(set(lengths)) > 2:
        examples += f", median {count(round(median(lengths)))}"
    return (
        _inputs(configs),
        _between(getattr(stack, "layers", None) for stack in stacks),
        _between(_width(stack) for stack in stacks),
        examples,
    )


def _stacks(model: Any) -> tuple[Any, ...]:
    """Encoder and decoder where a model has both, with layers and a width each; else itself."""
    return getattr(model, "stacks", None) or (model,)


def _width(stack: Any) -> int | None:
    for name in ("width", "embedding", "hidden"):
        found = getattr(stack, name, None)
        if isinstance(found, int):
            return found
    return None


def _inputs(configs: Sequence[Any]) -> str:
    """Matrices by shape, prompts by the dimension of what they hold."""
    if not all(isinstance(config, TrainConfig) for config in configs):
        told = ((key, _between(getattr(c.task, key, None) for c in configs)) for key in _PROMPTS)
        return ", ".join(f"{key} {text}" for key, text in told if text)
    shapes = Counter(str(config.task.ensemble.dims) for config in configs)
    rows, columns = max((Dims.parse(dims).largest for dims in shapes), key=math.prod)
    most = ", ".join(f"{dims} ({n})" for dims, n in shapes.most_common(_SHOWN))
    return f"up to {rows}x{columns}; most often {most}" if len(shapes) > 1 else next(iter(shapes))


def _between(values: Iterable[int | None]) -> str:
    known = sorted({value for value in values if value is not None})
    return (
        " to ".join(count(value) for value in dict.fromkeys((known[0], known[-1]))) if known else ""
    )
