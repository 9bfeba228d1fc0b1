"""Numbers of several seeds as lines and numbers: the mean, and the range over seeds."""

from collections.abc import Mapping, Sequence

from .findings import Kind, Line, Number
from .sides import mean

RANGE = "Bands: the range over seeds."


def line(
    label: str, points: Mapping[float, Sequence[float]], kind: Kind = "model", *, band: bool = True
) -> Line:
    """x -> a value of each seed."""
    return Line(
        label=label,
        x=tuple(float(x) for x in points),
        y=tuple(mean(values) for values in points.values()),
        kind=kind,
        low=tuple(min(values) for values in points.values()) if band else (),
        high=tuple(max(values) for values in points.values()) if band else (),
    )


def curve(label: str, points: Mapping[float, float], kind: Kind) -> Line:
    """x -> the one value, of an algorithm or a formula."""
    return line(label, {x: (y,) for x, y in points.items()}, kind, band=False)


def number(
    name: str, values: Sequence[float], *, reference: float | None = None, source: str = ""
) -> Number:
    """A value of each seed, beside a reference."""
    return Number(
        name=name,
        value=mean(values),
        low=min(values),
        high=max(values),
        reference=reference,
        source=source,
    )


def spread(values: Sequence[float], form: str = ".4f") -> str:
    """Such as "0.2063 (0.2062 to 0.2065)"."""
    return f"{mean(values):{form}} ({min(values):{form}} to {max(values):{form}})"
