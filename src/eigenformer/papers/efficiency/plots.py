"""How many examples recipes need: accuracy against examples, and what each lever brings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...core.plot import COLOURS, MORE_COLOURS, plain, pyplot, save
from .compare import Ablation, Comparison, Entry, accuracies
from .contestants import CONTESTANTS

_SHADES = {"0.05": 0.35, "0.02": 0.65, "0.01": 1.0}
"""How dark the bars of a tolerance are."""


def plot_efficiency(comparisons: Sequence[Comparison], path: Path) -> None:
    """Draw accuracy against examples, a panel a case, a line a run. Needs matplotlib.

    The dotted line is the target. Cases without a run have no panel.
    """
    plt = pyplot()
    comparisons = [c for c in comparisons if any(e.records for e in c.entries.values())]
    columns = min(2, len(comparisons))
    rows = -(-len(comparisons) // columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(9, 3 * rows), squeeze=False, sharey=True, layout="constrained"
    )
    panels = grid.flatten().tolist()
    for axes, comparison in zip(panels, comparisons, strict=False):
        _curves(axes, comparison)
    for axes in panels[len(comparisons) :]:
        axes.set_visible(False)
    for line in grid:
        line[0].set_ylabel("right answers, %")
    for axes in panels[-columns:]:
        axes.set_xlabel("training examples")
    handles = [
        plt.Line2D([], [], color=colour, label=name)
        for name, colour in _colours().items()
        if any(name in comparison.entries for comparison in comparisons)
    ]
    panels[0].legend(handles=handles, frameon=False, fontsize="small")
    save(figure, path)


def _colours() -> dict[str, str]:
    return dict(zip(CONTESTANTS, MORE_COLOURS, strict=False))


def _curves(axes: Any, comparison: Comparison) -> None:
    from matplotlib.ticker import EngFormatter, NullFormatter

    case = comparison.case
    axes.set_title(case.name, loc="left", fontsize="medium")
    axes.axhline(100 * case.target, color="#999", linestyle=":", linewidth=1)
    key = f"{case.tolerance:g}"
    for name, entry in comparison.entries.items():
        for record in entry.records.values():
            axes.plot(
                [point.examples for point in record.curve],
                [100 * point.accuracy[record.score][key] for point in record.curve],
                color=_colours()[name],
                linewidth=1.3,
            )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(EngFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(-2, 102)
    plain(axes)


def plot_ablations(ablation: Ablation, path: Path) -> None:
    """Draw final accuracies as bars, within 5, 2 and 1%: `fast` without each lever, and the paper's
    recipe with each alone. Needs matplotlib.

    A lever without a finished run has no bars. The lines are the recipes as they are.
    """
    plt = pyplot()
    names = [lever.name for lever in ablation.levers]
    figure, (left, right) = plt.subplots(
        1, 2, sharey=True, sharex=True, figsize=(9, 0.45 * len(names) + 1.2), layout="constrained"
    )
    _bars(left, names, ablation.without, ablation.fast, COLOURS[0])
    _bars(right, names, ablation.alone, ablation.nothing, COLOURS[3])
    left.set_title("fast without it", loc="left", fontsize="medium")
    right.set_title("paper-constant with it", loc="left", fontsize="medium")
    left.set_yticks(range(len(names)), names)
    left.invert_yaxis()
    left.set_xlim(0, 100)
    for axes in (left, right):
        axes.set_xlabel(f"right answers after {ablation.case.fast:,} examples, %")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="x", alpha=0.25)
    handles = [
        plt.Rectangle(
            (0, 0), 1, 1, color="#333", alpha=shade, label=f"within {100 * float(key):g}%"
        )
        for key, shade in _SHADES.items()
    ]
    save(figure, path, handles)


def _bars(axes: Any, names: list[str], found: dict[str, Entry], whole: Entry, colour: str) -> None:
    """Bars inside each other: what is within 1% is also within 2%."""
    for place, name in enumerate(names):
        values = accuracies(found[name]) if name in found else None
        if values is None:
            continue
        for key, shade in _SHADES.items():
            axes.barh(place, 100 * values[key], height=0.7, color=colour, alpha=shade)
    values = accuracies(whole)
    if values is not None:
        for key, shade in _SHADES.items():
            axes.axvline(100 * values[key], color="#333", alpha=shade, linewidth=1)
