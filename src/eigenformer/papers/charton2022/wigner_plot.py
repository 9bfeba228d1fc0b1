"""Eigenvalue histograms of symmetric random matrices beside Wigner's semicircle."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...core.plot import COLOURS, plain, pyplot, save
from .wigner import Spectrum, semicircle

_NAMES = {"gaussian": "Gaussian", "laplace": "Laplace"}


def plot_spectra(spectra: Sequence[Spectrum], path: Path) -> None:
    """Draw a panel for each law (rows) and size (columns) among `spectra`. Needs matplotlib.

    The panels of a size share their axes: the standard deviations are equal, the shapes need not
    be. Each gives its standard deviation with the standard error; the ticks are the ends of the
    semicircle.
    """
    plt = pyplot()
    laws = list(dict.fromkeys(one.law for one in spectra))
    dims = list(dict.fromkeys(one.dim for one in spectra))
    figure, grid = plt.subplots(
        len(laws),
        len(dims),
        figsize=(2.6 * len(dims), 1.9 * len(laws) + 0.5),
        sharex="col",
        sharey="col",
        squeeze=False,
        layout="constrained",
    )
    for one in spectra:
        _panel(grid[laws.index(one.law), dims.index(one.dim)], one)
    for axes, dim in zip(grid[0], dims, strict=True):
        theory = next(one.theory for one in spectra if one.dim == dim)
        axes.set_title(f"{dim}x{dim}, σ√n = {theory:.3f}", loc="left", fontsize="medium")
        axes.margins(y=0.12)
    for axes, law in zip(grid[:, 0], laws, strict=True):
        axes.set_ylabel(f"{_NAMES.get(law, law)} coefficients")
    for axes in grid[-1]:
        axes.set_xlabel("eigenvalue")
    handles = [
        plt.Rectangle((0, 0), 1, 1, color=COLOURS[1], alpha=0.6, label="eigenvalues, density"),
        plt.Line2D([], [], color=COLOURS[0], linewidth=1.3, label="Wigner's semicircle"),
    ]
    save(figure, path, handles)


def _panel(axes: Any, one: Spectrum) -> None:
    axes.stairs(one.density, one.edges, fill=True, color=COLOURS[1], alpha=0.6)
    # The ends of the semicircle are vertical: points must lie close there.
    x = 2 * one.theory * np.sin(np.linspace(-np.pi / 2, np.pi / 2, 201))
    axes.plot(x, semicircle(x, one.theory), color=COLOURS[0], linewidth=1.3)
    axes.text(
        0.01,
        0.97,
        f"{one.std:.3f}\n± {one.std_error:.3f}",
        transform=axes.transAxes,
        va="top",
        fontsize="small",
    )
    axes.set_yticks([])
    axes.set_xlim(one.edges[0], one.edges[-1])
    axes.set_xticks([-2 * one.theory, 0, 2 * one.theory])
    axes.xaxis.set_major_formatter("{x:.3g}")
    plain(axes)
    axes.spines["left"].set_visible(False)
