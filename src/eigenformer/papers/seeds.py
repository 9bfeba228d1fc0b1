"""Runs of several seeds as lines, numbers and panels: a mean, and the range over seeds."""

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Literal, TypeVar

from ..incontext import InContextFolder, RunConfig
from ..training import ScheduleConfig
from .findings import Kind, Line, Number, Panel
from .sides import mean

RANGE = "Bands: the range over seeds."
INTERVALS = "Intervals are ranges over seeds."
RELATIVE = "squared error / mean square of the target"
COSINE = ScheduleConfig(warmup_steps=0, shape="cosine")
"""To 0: reaches in fewer steps what a constant small rate does in many."""

Centre = Callable[[Sequence[float]], float]
Key = TypeVar("Key", bound=Hashable)
X = TypeVar("X", bound=float)


def geometric_mean(values: Sequence[float]) -> float:
    return math.exp(mean([math.log(v) for v in values]))


def grouped(
    folders: Mapping[str, InContextFolder], key: Callable[[RunConfig], Key]
) -> dict[Key, list[InContextFolder]]:
    """The runs that have the same key, seed after seed."""
    groups: dict[Key, list[InContextFolder]] = {}
    for folder in folders.values():
        groups.setdefault(key(folder.config()), []).append(folder)
    return groups


def line(
    label: str,
    points: Mapping[X, Sequence[float]],
    kind: Kind = "model",
    *,
    band: bool = True,
    centre: Centre = mean,
) -> Line:
    """x -> a value of each seed."""
    return Line(
        label=label,
        x=tuple(float(x) for x in points),
        y=tuple(centre(values) for values in points.values()),
        kind=kind,
        low=tuple(min(values) for values in points.values()) if band else (),
        high=tuple(max(values) for values in points.values()) if band else (),
    )


def curve(
    label: str, points: Mapping[X, float] | Sequence[float], kind: Kind = "algorithm"
) -> Line:
    """x -> the one value, of an algorithm or a formula; or values after 0, 1, 2, ... steps."""
    x, y = (
        (points, points.values()) if isinstance(points, Mapping) else (range(len(points)), points)
    )
    return Line(label=label, x=tuple(map(float, x)), y=tuple(y), kind=kind)


def panel(
    title: str,
    x: str,
    y: str,
    lines: Iterable[Line],
    *,
    log: Literal["", "x", "y", "xy"] = "",
    note: str = "",
) -> Panel:
    """Axes with lines; `log`: which of them are logarithmic."""
    return Panel(
        title=title, x=x, y=y, lines=tuple(lines), log_x="x" in log, log_y="y" in log, note=note
    )


def number(
    name: str,
    values: Sequence[float],
    *,
    reference: float | None = None,
    source: str = "",
    centre: Centre = mean,
) -> Number:
    """A value of each seed, beside a reference."""
    return Number(
        name=name,
        value=centre(values),
        low=min(values),
        high=max(values),
        reference=reference,
        source=source,
    )


def spread(values: Sequence[float], form: str = ".4f") -> str:
    """Such as "0.2063 (0.2062 to 0.2065)"."""
    return f"{mean(values):{form}} ({min(values):{form}} to {max(values):{form}})"
