"""The panels and maps of findings, drawn."""

import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..core.plot import MORE_COLOURS, plain, pyplot, save
from ..papers import Figure, Findings, HeatMap, Line, Panel
from .blocks import Picture
from .drawing import INK

# Three of this width stand side by side on a page, and one fills that of a telephone.
_WIDTH = 4.0
_HEIGHT = 2.3
_TEXT = 0.2
"""Of a line of text."""
_LETTERS = 48
"""About what fits into the width."""
_LETTERS_UP = 28
"""About what fits beside the axes."""
_STYLES = {"model": "-", "algorithm": "--", "theory": ":"}
_MARKED = 16
"""Points up to which a line shows each."""
_TICKS = 10
_FEW = 7
"""Places on a log axis up to which each has a tick of its own."""


def pictures(name: str, findings: Findings) -> tuple[Picture, ...]:
    """One of each panel and each map, called `name`-1, `name`-2, ..."""
    shown: list[tuple[Panel | HeatMap, str, Callable[[Path], None]]] = [
        *((panel, _told(panel), partial(_draw_panel, panel)) for panel in findings.panels),
        *((one, _told_of_map(one), partial(_draw_map, one)) for one in findings.maps),
    ]
    return tuple(
        Picture(
            title=one.title,
            figure=Figure(name=f"{name}-{place}", alt=told, caption=one.note, draw=draw),
        )
        for place, (one, told, draw) in enumerate(shown, 1)
    )


def _told(panel: Panel) -> str:
    lines = ", ".join(line.label for line in panel.lines)
    return f"{panel.title}: {panel.y} against {panel.x} for {lines}."


def _told_of_map(one: HeatMap) -> str:
    return f"{one.title}: {one.value} in colours, by {one.row} and {one.column}."


def _draw_panel(panel: Panel, path: Path) -> None:
    plt = pyplot()
    columns = 2 if max(len(line.label) for line in panel.lines) < _LETTERS // 2 else 1
    rows = -(-len(panel.lines) // columns)
    height = _HEIGHT + _TEXT * (len(_folded(panel.title)) + rows)
    figure, axes = plt.subplots(figsize=(_WIDTH, height), layout="constrained")
    if panel.log_x:
        axes.set_xscale("log")
    if panel.log_y:
        axes.set_yscale("log")
    for place, line in enumerate(panel.lines):
        _draw_line(axes, line, place)
    places = sorted({value for line in panel.lines for value in line.x})
    if len(places) == 1 or (panel.log_x and len(places) <= _FEW):
        axes.set_xticks(places, [f"{place:g}" for place in places])
        axes.set_xticks([], minor=True)
    elif not panel.log_x and all(float(place).is_integer() for place in places):
        axes.xaxis.get_major_locator().set_params(integer=True)
    _finish(figure, axes, panel.title, panel.x, panel.y)
    plain(axes)
    figure.legend(
        frameon=False, fontsize="small", ncols=columns, loc="outside lower left", handlelength=2.6
    )
    save(figure, path)


def _draw_line(axes: Any, line: Line, place: int) -> None:
    colour = MORE_COLOURS[place % len(MORE_COLOURS)]
    # More lines than colours: the shape of the points tells them apart.
    marker = "os^"[place // len(MORE_COLOURS) % 3]
    few = len(line.x) <= _MARKED and line.kind != "theory"
    axes.plot(
        line.x,
        line.y,
        _STYLES[line.kind],
        color=colour,
        linewidth=1.5,
        marker=marker if few or len(line.x) == 1 else "",
        markersize=3.5,
        label=_literal(line.label),
    )
    if line.low and len(line.x) > 1:
        axes.fill_between(line.x, line.low, line.high, color=colour, alpha=0.2, linewidth=0)
    elif line.low:
        axes.plot(2 * line.x, (*line.low, *line.high), color=colour, linewidth=1)


def _draw_map(one: HeatMap, path: Path) -> None:
    plt = pyplot()
    values = np.array(one.values)
    height = _HEIGHT + _TEXT * len(_folded(one.title)) + 0.12 * max(0, len(one.rows) - 8)
    figure, axes = plt.subplots(figsize=(_WIDTH, height), layout="constrained")
    places = np.array(one.columns) if one.log_columns else np.arange(1.0, len(one.columns) + 1)
    rows = np.arange(1.0, len(one.rows) + 1)
    signed = values.min() < 0 < values.max()
    extent = np.abs(values).max()
    mesh = axes.pcolormesh(
        _edges(places, one.log_columns),
        _edges(rows),
        values,
        cmap="RdBu_r" if signed else "viridis",
        vmin=-extent if signed else None,
        vmax=extent if signed else None,
        # Without edges of their own the page shows through between the cells.
        edgecolors="face",
        linewidth=0.3,
    )
    if one.marked:
        axes.plot(
            places[list(one.marked)],
            rows,
            "o",
            markersize=4,
            markerfacecolor="#ffffff",
            markeredgecolor=INK,
            markeredgewidth=0.8,
        )
    axes.invert_yaxis()
    _ticks(axes.yaxis, rows, one.rows)
    if one.log_columns:
        axes.set_xscale("log")
    else:
        _ticks(axes.xaxis, places, one.columns)
    _finish(figure, axes, one.title, one.column, one.row)
    bar = figure.colorbar(mesh, ax=axes, pad=0.02)
    bar.set_label("\n".join(_folded(one.value, _LETTERS_UP)), fontsize="small")
    bar.ax.tick_params(labelsize="small")
    bar.outline.set_visible(False)
    save(figure, path)


def _finish(figure: Any, axes: Any, title: str, x: str, y: str) -> None:
    axes.tick_params(labelsize="small", which="both")
    axes.set_xlabel("\n".join(_folded(x)), fontsize="small")
    axes.set_ylabel("\n".join(_folded(y, _LETTERS_UP)), fontsize="small")
    text = "\n".join(_folded(title))
    figure.suptitle(text, x=0.01, ha="left", fontsize="medium", fontweight="bold")


def _folded(text: str, letters: int = _LETTERS) -> list[str]:
    return textwrap.wrap(_literal(text), letters)


def _literal(text: str) -> str:
    """`text` as it stands: between dollars matplotlib would set it as mathematics."""
    return text.replace("$", r"\$")


def _edges(places: np.ndarray, log: bool = False) -> np.ndarray:
    """Of cells around `places`: halfway between them, and as far on the other side at the ends."""
    if log:
        return np.asarray(np.exp(_edges(np.log(places))))
    if len(places) == 1:
        return np.array([places[0] - 0.5, places[0] + 0.5])
    middle = (places[1:] + places[:-1]) / 2
    return np.array([2 * places[0] - middle[0], *middle, 2 * places[-1] - middle[-1]])


def _ticks(axis: Any, places: np.ndarray, values: Sequence[float]) -> None:
    """The values at every place, or at every second, third, ... if there are many."""
    each = -(-len(values) // _TICKS)
    axis.set_ticks(places[::each], [f"{value:.3g}" for value in values[::each]])
