"""Plots in the project's style, drawn in memory: as data for an image, and as PNG."""

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core import InputError
from ..core.plot import COLOURS, plain
from .build import Built
from .compare import ComparisonPoint
from .comparison import CompareState

_MARKERS = "osD"


def residual_figure(built: Built, layer: int) -> Any:
    """The residual after each layer on a log axis, beside theory's line; `layer` is marked."""
    figure, axes = _figure(4.4, 3.1)
    layers = np.arange(len(built.residuals))
    finite = np.where(np.isfinite(built.residuals), built.residuals, np.nan)
    if built.expected is not None:
        axes.plot(
            layers,
            built.expected,
            color=COLOURS[1],
            linewidth=6,
            alpha=0.3,
            label=f"theory: a power of {built.order} a step, down to rounding",
        )
    axes.plot(layers, np.maximum(finite, 1e-17), "-o", color=COLOURS[0], markersize=3.5,
              label="this network")  # fmt: skip
    if built.other is not None:
        other = built.other.residuals
        shown = np.maximum(np.where(np.isfinite(other), other, np.nan), 1e-17)
        axes.plot(np.arange(len(other)), shown, "--s", color=COLOURS[3], markersize=3,
                  label=f"the other: {built.other.measure}")  # fmt: skip
    if layer < len(finite) and np.isfinite(finite[layer]):
        axes.plot([layer], [max(finite[layer], 1e-17)], "o", color=COLOURS[2], markersize=8,
                  zorder=3)  # fmt: skip
    axes.set_yscale("log")
    axes.set_xlabel("layer")
    axes.set_ylabel(built.measure)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(frameon=False, fontsize="small")
    plain(axes)
    return figure


def comparison_figure(comparison: CompareState, points: Sequence[ComparisonPoint]) -> Any:
    """The share right of each solver over the sweep, with 95% intervals."""
    figure, axes = _figure(5.2, 3.6)
    places = list(comparison.places())
    words = isinstance(places[0], str)
    for rank, name in enumerate(comparison.solvers):
        here = [p for p in points if p.solver == name and p.right is not None]
        if not here:
            continue
        at = [places.index(p.place) if words else float(p.place) for p in here]
        values = np.array([p.right.value for p in here if p.right is not None])
        low, high = np.array([p.right.interval for p in here if p.right is not None]).T
        colour = COLOURS[rank]
        axes.plot(at, 100 * values, "-" + _MARKERS[rank], color=colour, markersize=4, label=name)
        axes.fill_between(at, 100 * low, 100 * high, color=colour, alpha=0.15, linewidth=0)
    if words:
        names = [str(place).removeprefix("spectrum-") for place in places]
        axes.set_xticks(range(len(places)), names, rotation=30, ha="right", fontsize="small")
        axes.set_xlim(-0.3, len(places) - 0.7)
    else:
        axes.set_xlim(float(places[0]), float(places[-1]))
    if comparison.sweep == "condition number":
        axes.set_xscale("log")
    axes.set_xlabel(comparison.sweep if not words else "")
    axes.set_ylabel(f"right within {100 * comparison.tolerance:g}%, %")
    axes.set_ylim(-2, 102)
    size = "" if comparison.sweep == "size" else f", {comparison.size}x{comparison.size}"
    axes.set_title(f"{comparison.problem}{size}", loc="left", fontsize="medium")
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize="small")
    plain(axes)
    return figure


def image(figure: Any, text: str) -> str:
    """The figure as an HTML image that needs no file."""
    data = base64.b64encode(_bytes(figure, "svg")).decode()
    return f'<img class="ef-figure" alt="{text}" src="data:image/svg+xml;base64,{data}">'


def png(figure: Any) -> bytes:
    """The figure as PNG, for a download."""
    return _bytes(figure, "png")


def download(name: str, kind: str, data: bytes) -> str:
    """A link that saves `data` as a file, from the page itself."""
    packed = base64.b64encode(data).decode()
    return (
        f'<a class="ef-download" download="{name}" href="data:{kind};base64,{packed}">'
        f"Download {name.rsplit('.', 1)[-1].upper()}</a>"
    )


def _figure(width: float, height: float) -> tuple[Any, Any]:
    # Not pyplot, which shares its state between threads, and so between two users.
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("figures need matplotlib: pip install 'eigenformer[app]'") from None
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _bytes(figure: Any, kind: str) -> bytes:
    out = io.BytesIO()
    # On the page what is behind it shows, which may be dark.
    figure.savefig(out, format=kind, dpi=150, transparent=kind == "svg")
    return out.getvalue()
