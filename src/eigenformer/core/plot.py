"""What all figures share: colours, and matplotlib where it is installed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .errors import InputError

COLOURS = ("#1b4965", "#2a9d8f", "#e9a03b", "#d1495b")
MORE_COLOURS = (*COLOURS, "#7b5ea7", "#5c9bd1", "#8c5a3c", "#7d8f2a")
"""For figures of many lines."""


def pyplot() -> Any:
    """matplotlib's pyplot, drawing into files; an `InputError` if it is not installed."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot as found
    except ImportError:
        raise InputError("figures need matplotlib: pip install 'eigenformer[plot]'") from None
    return found


def plain(*all_axes: Any) -> None:
    """Take away what does not show data."""
    for axes in all_axes:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", alpha=0.25)


def save(figure: Any, path: Path, handles: Sequence[Any] = ()) -> None:
    """Write a figure to a file, with a legend of `handles` beneath it, and let it go."""
    if handles:
        figure.legend(
            handles=handles,
            frameon=False,
            fontsize="small",
            ncols=len(handles),
            loc="outside lower center",
        )
    figure.savefig(path, dpi="figure" if path.suffix == ".svg" else 150)
    pyplot().close(figure)
