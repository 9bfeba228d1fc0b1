"""Accuracy and loss against training examples."""

from collections.abc import Sequence
from pathlib import Path

from ..core.plot import COLOURS, plain, pyplot, save
from ..training import RunFolder, TokenFolder


def learning_curve(folders: Sequence[RunFolder], path: Path, title: str = "") -> None:
    """Draw the runs' accuracy at each tolerance, with 95% intervals, above their loss.

    Several runs share the axes, the first solid, the others dashed. Needs matplotlib.
    """
    plt = pyplot()
    from matplotlib.ticker import EngFormatter

    figure, (top, bottom) = plt.subplots(
        2, 1, sharex=True, figsize=(7, 5.6), height_ratios=(3, 1.4), layout="constrained"
    )
    for style, folder in zip(("-", "--", ":", "-."), folders, strict=False):
        options = TokenFolder(folder.path).config().evaluation
        found = folder.evaluations(options.tests[0].name)
        examples = list(found)
        for colour, tolerance in zip(COLOURS, options.tolerances, strict=False):
            scores = [e["accuracy"][options.score][f"{tolerance:g}"] for e in found.values()]
            label = f"within {100 * tolerance:g}%" if style == "-" else None
            top.plot(
                examples,
                [100 * s["value"] for s in scores],
                style,
                color=colour,
                marker="o",
                markersize=3,
                label=label,
            )
            top.fill_between(
                examples,
                [100 * s["low"] for s in scores],
                [100 * s["high"] for s in scores],
                color=colour,
                alpha=0.15,
                linewidth=0,
            )
        lines = [m for m in folder.metrics() if m["kind"] == "train" and m["loss"] is not None]
        bottom.plot([m["examples"] for m in lines], [m["loss"] for m in lines], style, color="#555")
    top.set_ylabel("right answers, %")
    top.set_ylim(-2, 102)
    top.legend(frameon=False, loc="upper left")
    bottom.set_ylabel("loss, nats a token")
    bottom.set_xlabel("training examples")
    bottom.set_xlim(left=0)
    bottom.xaxis.set_major_formatter(EngFormatter())
    plain(top, bottom)
    if title:
        top.set_title(title, loc="left")
    save(figure, path)
