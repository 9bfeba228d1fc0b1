"""Draws docs/images/sizes.png: what the models of any size reach, from their own evaluations.

python docs/make_sizes.py
"""

from pathlib import Path

from eigenformer.core.plot import COLOURS, plain, pyplot, save
from eigenformer.papers.charton2022.reported import reported
from eigenformer.zoo import shipped_model, shipped_models

PICTURE = Path(__file__).parent / "images" / "sizes.png"
PROBLEMS = ("eigenvectors", "inverse", "svd")
TOLERANCE = "0.01"


def main() -> None:
    """A line a model: percent right within 1%, by size; crosses for the paper's token models."""
    figure, axes = pyplot().subplots(figsize=(8, 3.6), layout="constrained")
    colours = (COLOURS[0], COLOURS[1], COLOURS[3])
    for problem, colour, marker, width in zip(PROBLEMS, colours, "osD", (5, 3, 1), strict=True):
        model = shipped_model(shipped_models()[f"{problem}-any"])
        sizes, shares = [], []
        for dims, result in model.by_size.items():
            sizes.append(int(dims.split("x")[0]))
            shares.append(100 * result["accuracy"][result["score"]][TOLERANCE]["value"])
        label = f"{problem}: {model.parameters:,} weights, {model.examples:,} examples"
        axes.plot(sizes, shares, marker + "-", color=colour, label=label, lw=width, ms=4 + width)
        theirs = reported(problem, "5x5")
        if theirs is not None and TOLERANCE in theirs.accuracy:
            side, accuracy = int(theirs.dims.split("x")[0]), theirs.accuracy[TOLERANCE]
            axes.plot([side], [accuracy], "X", color=colour, markersize=9)
            axes.annotate(
                f"{problem}, Charton 2022",
                (side, accuracy),
                xytext=(9, -3),
                textcoords="offset points",
                color=colour,
                fontsize=9,
            )
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{n}x{n}" for n in sizes])
    axes.minorticks_off()
    axes.set_ylim(0, 105)
    axes.set_ylabel("right within 1%, %")
    axes.legend(loc="lower right", fontsize=9, frameon=False)
    plain(axes)
    save(figure, PICTURE)


if __name__ == "__main__":
    main()
