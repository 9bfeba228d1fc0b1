"""Where models fail: condition numbers of right and of wrong answers, and accuracy by them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...core import InputError
from ...core.plot import COLOURS, plain, pyplot, save
from .failures import FailureRecord, Predictor

_RIGHT, _WRONG = COLOURS[1], COLOURS[3]
# What is drawn of a predictor: its axis, and what is taken off so that a log axis can show it.
_AXES = {
    "basis_condition": ("condition number of the predicted basis, less 1", 1.0),
    "condition": ("condition number of the input", 0.0),
}


def plot_failures(records: Sequence[FailureRecord], path: Path) -> None:
    """Draw a row for each record. Needs matplotlib.

    Left, the condition numbers (of the predicted bases where there are such, else of the inputs) of
    right and of wrong answers, each as shares of their own, with the threshold that separates them
    best; the outermost bins hold what lies beyond. Right, accuracy by the input's condition number,
    in tenths of the test set.
    """
    if not records:
        raise InputError("there is no record of failures to draw; give at least one")
    for record in records:
        if not record.predictors or not record.profile:
            raise InputError(
                f"the answers of {record.model} have no condition numbers to draw; "
                "give models that decompose or invert"
            )
    plt = pyplot()
    figure, grid = plt.subplots(
        len(records),
        2,
        figsize=(9, 2.7 * len(records)),
        width_ratios=(3, 2),
        squeeze=False,
        layout="constrained",
    )
    for (left, right), record in zip(grid, records, strict=True):
        name = next(name for name in _AXES if name in record.predictors)
        _histogram(left, name, record.predictors[name])
        _profile(right, record)
        left.set_title(_title(record, name), loc="left", fontsize="small")
    handles, _ = grid[0, 0].get_legend_handles_labels()
    save(figure, path, handles)


def _title(record: FailureRecord, name: str) -> str:
    wrong = record.right.n - record.right.count
    first = f"{record.model}: {wrong:,} of {record.n:,} wrong at {100 * record.tolerance:g}%"
    found = record.predictors[name].separation
    if found is None:
        return first
    below, above = found.successes_below.value, found.failures_above.value
    return (
        f"{first}\n{100 * below:.1f}% of the right are below {found.threshold:.4g}, "
        f"{100 * above:.1f}% of the wrong above"
    )


def _ends(first: float, last: float) -> Any:
    """Powers of ten; the outermost bins hold what lies beyond, down to 0 where `first` is cut."""
    from matplotlib.ticker import FuncFormatter, LogFormatterMathtext

    powers = LogFormatterMathtext()

    def text(x: float, place: int) -> str:
        if np.isclose(x, first, atol=0):
            return "0"
        return f"{powers(x, place)}+" if np.isclose(x, last, atol=0) else str(powers(x, place))

    return FuncFormatter(text)


def _histogram(axes: Any, name: str, predictor: Predictor) -> None:
    label, offset = _AXES[name]
    edges = np.array(predictor.edges) - offset
    tallest = 0.0
    for counts, colour, kind in (
        (predictor.successes, _RIGHT, "right answers"),
        (predictor.failures, _WRONG, "wrong answers"),
    ):
        shares = 100 * np.array(counts) / max(1, sum(counts))
        tallest = max(tallest, shares.max())
        axes.stairs(shares, edges, fill=True, color=colour, alpha=0.45, label=kind)
        axes.stairs(shares, edges, color=colour, linewidth=1)
    found = predictor.separation
    if found is not None:
        at = np.clip(found.threshold - offset, edges[0], edges[-1])
        axes.axvline(at, color="#333", linestyle=":", linewidth=1.2)
    axes.set_xscale("log")
    axes.set_xlim(edges[0], edges[-1])
    axes.xaxis.set_major_formatter(_ends(edges[0] if offset else 0.0, edges[-1]))
    axes.set_ylim(0, 1.05 * tallest)
    axes.set_xlabel(label)
    axes.set_ylabel("share in a bin, %")
    plain(axes)


def _profile(axes: Any, record: FailureRecord) -> None:
    """Bars of equal width, as the groups are of equal size, with 95% intervals."""
    places = np.arange(len(record.profile)) + 0.5
    values = np.array([group.right.value for group in record.profile])
    low, high = np.array([group.right.interval for group in record.profile]).T
    axes.bar(places, 100 * values, width=0.85, color=COLOURS[0], alpha=0.75)
    axes.errorbar(
        places,
        100 * values,
        yerr=100 * np.maximum([values - low, high - values], 0.0),
        fmt="none",
        ecolor="#333",
        elinewidth=1,
    )
    ends = [group.high for group in record.profile[:-1]]
    axes.set_xticks(np.arange(1, len(ends) + 1), [f"{end:.2g}" for end in ends], fontsize="small")
    axes.set_xlim(0, len(record.profile))
    axes.set_ylim(0, 102)
    axes.set_xlabel("condition number of the input, in tenths")
    axes.set_ylabel("right answers, %")
    plain(axes)
