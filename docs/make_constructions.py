"""Runs docs/constructions.md: fills in what its code and commands print, and draws its figures.

    python docs/make_constructions.py

page.py says how a page is run. Needs matplotlib.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from page import fill

import eigenformer as ef
from eigenformer import cli
from eigenformer.cli.bench_polish import conditioned
from eigenformer.construct.algorithms.logistic import damped_newton, draw_problems, logistic_newton
from eigenformer.construct.algorithms.logistic_error import step_error
from eigenformer.reports import write_figure

matplotlib.use("Agg")
from matplotlib import pyplot as plt

HERE = Path(__file__).parent
PAGE = HERE / "constructions.md"
IMAGES = HERE / "images"
BLUE, GREEN, YELLOW, RED = "#1b4965", "#2a9d8f", "#e9a03b", "#d1495b"
MU = 0.1


def newton(path: Path) -> None:
    cli.main(["construct", "plot", "newton", "--output", str(path)])


def polishing(path: Path) -> None:
    """Residuals of 1,000 answers of the shipped 2x2 model, step by step."""
    model = ef.load("inverse-2x2")
    matrices = model.problem.draw(ef.rng(2026, "polish"), 1000, model.task.ensemble).values
    started = "from A$^T$/||A||$^2$, their answers being too far off"
    labels = ("Newton steps (layers)", "||I - A X||")
    _residuals(path, model, matrices, started, labels, widths=(1, 1.6))


def polishing_eigenvectors(path: Path) -> None:
    """The same of 10x10 eigenvectors, of matrices with condition numbers up to 1e6."""
    model = ef.load("eigenvectors-any")
    matrices = conditioned(ef.rng(2026, "polish"), 1000, 10, 1e6, symmetric=True)
    labels = ("steps of Ogita and Aishima", "||off-diagonal of X$^T$ A X|| / ||A||")
    started = "from scratch, as the guard doubts"
    _residuals(path, model, matrices, started, labels, widths=(2, 1))


def _residuals(
    path: Path,
    model: ef.Solver,
    matrices: np.ndarray,
    started: str,
    labels: tuple[str, str],
    widths: tuple[float, float],
) -> None:
    solution = ef.polish(model).solve(matrices)
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 3.8), width_ratios=widths, sharey=True, layout="constrained"
    )
    kinds = (
        (left, solution.contracting & ~solution.restarted, BLUE, "from the model's answer"),
        (right, solution.restarted, RED, started),
    )
    for axes, chosen, colour, title in kinds:
        # The last value stays: an answer that is done is done.
        curves = [row[~np.isnan(row)] for row in solution.residuals[chosen]]
        longest = max(map(len, curves))
        table = np.array([[*row, *[row[-1]] * (longest - len(row))] for row in curves])
        table = np.maximum(table, 1e-17)
        axes.plot(table.T, color=colour, alpha=max(0.05, 4 / len(table)), linewidth=0.8)
        axes.plot(np.median(table, axis=0), color=colour, linewidth=2.5)
        axes.set_title(f"{chosen.sum()} {title}", loc="left", fontsize="medium")
        axes.set_xlabel(labels[0])
        axes.xaxis.get_major_locator().set_params(integer=True)
    left.set_ylabel(labels[1])
    finish(figure, path, left, right)


def knots(path: Path) -> None:
    """One logistic step: the error of the ReLU network, and the bound on it."""
    counts = (32, 64, 128, 256, 512)
    features, labels, x = draw_problems(ef.rng(0, "knots"), 100)
    exact = damped_newton(features, labels, x, MU)
    measured, predicted = [], []
    for count in counts:
        network = logistic_newton(5, 26, MU, knots=count)
        found = network(features, labels, x).numpy()
        measured.append(np.linalg.norm(found - exact, axis=1).max())
        predicted.append(step_error(features, labels, x, MU, knots=count).step.max())
    figure, axes = plt.subplots(figsize=(5.5, 3.8), layout="constrained")
    axes.plot(counts, predicted, ":", color=BLUE, label="predicted bound")
    axes.plot(counts, measured, "o-", color=BLUE, label="measured, largest of 100")
    ideal = measured[0] * (counts[0] / np.array(counts)) ** 2
    axes.plot(counts, ideal, color="#999", linewidth=0.8, label="slope -2")
    axes.set_xscale("log", base=2)
    axes.set_xticks(counts, map(str, counts))
    axes.set_xlabel("knots of each scalar function")
    axes.set_ylabel("error of a step")
    axes.legend(frameon=False, fontsize="small")
    finish(figure, path, axes)


def loops(path: Path) -> None:
    """Fifteen looped logistic steps from zero: the distance to the minimum."""
    problem = ef.problems.get("logistic_regression", mu=MU)
    features, labels, _ = draw_problems(ef.rng(1, "loops"), 100)
    inputs = np.concatenate([features, labels[:, :, None]], axis=2)
    minimum = problem.solve(inputs)[:, :, 0]
    figure, axes = plt.subplots(figsize=(5.5, 3.8), layout="constrained")
    settings: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("32 knots", YELLOW, {"knots": 32}),
        ("128 knots", GREEN, {"knots": 128}),
        ("512 knots", BLUE, {"knots": 512}),
        ("exact functions", "#555", {"exact": True}),
    )
    for label, colour, options in settings:
        network = logistic_newton(5, 26, MU, **options)
        x = torch.zeros(100, 5, dtype=torch.float64)
        errors = []
        for step in range(16):
            x = x if step == 0 else network(features, labels, x)
            errors.append(np.linalg.norm(x.numpy() - minimum, axis=1).max())
        axes.plot(np.maximum(errors, 1e-16), "o-", color=colour, label=label, markersize=3)
    axes.set_xlabel(f"steps of {network.depth} layers")
    axes.set_ylabel("distance to the minimum, largest of 100")
    axes.legend(frameon=False, fontsize="small")
    finish(figure, path, axes)


def jacobi(path: Path) -> None:
    """What is off the diagonal after each sweep: eigenvectors, and the SVD."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
    kinds = (
        ("eigenvectors", ef.construct.eigenvectors, 3),
        ("SVD", lambda n: ef.construct.svd(n, n), 4),
    )
    for place, (title, make, layers) in zip(axes, kinds, strict=True):
        for size, colour in ((5, BLUE), (10, RED)):
            a = ef.ensembles.get("iid-uniform", dims=size).sample(
                ef.rng(3, title), 200, symmetric=layers == 3
            )
            graded = ef.ensembles.get("conditioned", dims=size, condition=1e8).sample(
                ef.rng(4, title), 200, symmetric=layers == 3
            )
            network = make(size)
            sweep = layers * (size - 1 + size % 2)
            for inputs, style, kind in ((a, "-", "uniform"), (graded, "--", "condition 1e8")):
                state, _ = network.start(inputs)
                off = []
                for number, after in enumerate(network.states(state)):
                    if number % sweep == (1 if number else 0) and number < network.depth - 1:
                        s = after[:, network.spec.layout["S"].slice].numpy()
                        rest = np.linalg.norm(s * (1 - np.eye(size)), axis=(1, 2))
                        off.append(rest / np.linalg.norm(s, axis=(1, 2)))
                largest = np.maximum([values.max() for values in off], 1e-17)
                place.plot(largest, style, color=colour, label=f"{size}x{size}, {kind}")
        place.set_title(title, loc="left", fontsize="medium")
        place.set_xlabel(f"sweeps of {layers} layers a round")
    axes[0].set_ylabel("off the diagonal, largest of 200")
    axes[1].legend(frameon=False, fontsize="small")
    finish(figure, path, *axes)


def finish(figure: Any, path: Path, *all_axes: Any) -> None:
    for axes in all_axes:
        axes.set_yscale("log")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", alpha=0.25)
    figure.savefig(path, dpi=150)
    plt.close(figure)


FIGURES: dict[str, Callable[[Path], None]] = {
    "newton.png": newton,
    "polish.png": polishing,
    "polish-eigenvectors.png": polishing_eigenvectors,
    "logistic-knots.png": knots,
    "logistic-loops.png": loops,
}


def main() -> None:
    for name, draw in FIGURES.items():
        draw(IMAGES / name)
    write_figure(jacobi, IMAGES, "jacobi")
    fill(PAGE)


if __name__ == "__main__":
    main()
