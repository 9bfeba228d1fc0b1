"""What a frame model learned: by which angles it turns, how fast, and what each feature is for."""

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from ..core import rng
from ..core.plot import COLOURS, MORE_COLOURS, plain, pyplot, save
from ..models.frames import FrameModel, pair_features
from .parts import Cell, FactTable, Insight, Sketch
from .rules import (
    Rule,
    RuledLayer,
    constant,
    frozen,
    jacobi,
    learned,
    oja,
    path,
    psi_of,
    qr_flow,
    qr_iteration,
)

COUNT = 300
LOOPS = 14
STEPS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0)
"""Step sizes that are tried for the flows; the best is shown."""
_BINS = np.linspace(0, 1, 21)
_SETTLED = 1e-3
"""Off the diagonal, as a share: below, only the tail of the convergence is left."""


def frame_findings(model: FrameModel, *, positive: bool = False) -> tuple[Insight, ...]:
    """`positive`: on matrices (A^T A)^(1/2), as behind a polar factor."""
    draw = partial(symmetric, positive=positive)
    return (angle(model, draw(10)), convergence(model, draw(10)), ablations(model, draw))


def symmetric(n: int, count: int = COUNT, *, positive: bool = False) -> Float64[Tensor, "B n n"]:
    """A + A^T, or (A^T A)^(1/2), for A of coefficients U[-10, 10]; ||.||_F = n^(1/2)."""
    a = torch.from_numpy(rng(0, "explain-frames").uniform(-10, 10, (count, n, n)))
    if positive:
        _, s, vt = torch.linalg.svd(a)
        a = (vt.mT * s[:, None]) @ vt
    else:
        a = a + a.mT
    unit: Tensor = a / torch.linalg.matrix_norm(a)[:, None, None] * n**0.5
    return unit


def lone_pairs(
    gap: Float64[Tensor, " N"], coupling: Float64[Tensor, " N"]
) -> Float64[Tensor, "N 2 2"]:
    """[[gap / 2, coupling], [coupling, -gap / 2]]."""
    g = torch.zeros(len(gap), 2, 2, dtype=torch.float64)
    g[:, 0, 0], g[:, 1, 1] = gap / 2, -gap / 2
    g[:, 0, 1] = g[:, 1, 0] = coupling
    return g


@torch.no_grad()
def degrees(rule: Rule, g: Float64[Tensor, "N 2 2"]) -> Float64[np.ndarray, " N"]:
    """By how much a rule turns the two columns of a lone pair."""
    angles: np.ndarray = np.degrees(np.arctan(rule.mixing(g)[:, 0].abs().numpy()))
    return angles


@dataclass(frozen=True, kw_only=True, eq=False)
class Psi:
    """psi against u = |G_ij| / (|gap| + |G_ij|)."""

    u: Float64[np.ndarray, " N"]
    alone: Float64[np.ndarray, " N"]
    exact: Float64[np.ndarray, " N"]
    """Jacobi's tan(theta) / u."""
    crowded: dict[int, Float64[np.ndarray, " bins"]]
    """The median in each bin of u, by loop, in 10x10 matrices."""


@torch.no_grad()
def measured_psi(model: FrameModel, a: Float64[Tensor, "B n n"]) -> Psi:
    u = torch.linspace(0.005, 1, 200, dtype=torch.float64)
    g = lone_pairs(1 - u, u)
    features, _ = pair_features(g)
    exact = np.tan(np.radians(degrees(jacobi(), g)))
    crowded = {}
    for loop, scores in enumerate(path(model.layer, a, 6)):
        if loop in (0, 2, 4, 6):
            seen = pair_features(scores)[0]
            values, place = psi_of(model, seen).flatten().numpy(), seen[0].flatten().numpy()
            bins = [values[(place >= low) & (place < high)] for low, high in pairwise(_BINS)]
            crowded[loop] = np.array([np.median(v) if len(v) >= 20 else np.nan for v in bins])
    return Psi(
        u=u.numpy(),
        alone=psi_of(model, features)[:, 0].numpy(),
        exact=exact / u.numpy(),
        crowded=crowded,
    )


def angle(model: FrameModel, a: Float64[Tensor, "B n n"]) -> Insight:
    """The learned angle beside Jacobi's and the flows', over (gap, coupling)."""
    psi = measured_psi(model, a)
    shown = (0.02, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0)
    at = torch.tensor(shown, dtype=torch.float64)
    g = lone_pairs(1 - at, at)
    table = [degrees(rule, g) for rule in (learned(model), jacobi(), constant())]
    crowd = [[psi.crowded[k][min(19, int(20 * u))] for u in shown] for k in (0, 2, 4)]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            u,
            *(float(column[i]) for column in table),
            float(table[0][i] / table[1][i]),
            *(float(line[i]) for line in crowd),
        )
        for i, u in enumerate(shown)
    )
    error = np.abs(psi.alone * psi.u - psi.exact * psi.u)
    small = psi.u < 0.15
    first, late = psi.crowded[0], psi.crowded[4]
    says = (
        f"For a lone pair the learned tangent is psi u; it differs from Jacobi's by at most "
        f"{error.max():.2f} over all ratios of coupling to gap, and by {error[small].max():.3f} "
        "where u < 0.15. It never saw an angle.",
        f"At u = 1, where the two values are equal, Jacobi turns by 45 degrees and the network by "
        f"{float(table[0][-1]):.0f}.",
        f"In a 10x10 matrix it turns less: psi has a median of {np.nanmedian(first):.2f} over u in "
        f"the first loop, where all pairs disturb each other, and of {np.nanmedian(late):.2f} in "
        "the fifth.",
        "The QR flow and Oja's rule turn by the coupling and not by the gap: what they do at one u "
        "depends on the scale.",
    )
    columns = ("u", "learned", "Jacobi", "psi = 1", "learned / Jacobi")
    return Insight(
        name="angle",
        title="The angle of a pair, in degrees, beside Jacobi's; psi in a crowd",
        says=says,
        grid=FactTable(columns=(*columns, "psi, loop 0", "loop 2", "loop 4"), rows=rows),
        sketch=Sketch(
            alt="The learned angle against u beside Jacobi's, psi in a crowd loop by loop, and "
            "maps of the learned angle, of Jacobi's and of the QR flow's over gap and coupling.",
            draw=partial(_draw_angle, model, psi),
        ),
        facts={"largest_difference_of_tangent": float(error.max())},
    )


def off_diagonal(g: Float64[Tensor, "B n n"]) -> Float64[np.ndarray, " B"]:
    """||what is off the diagonal||_F / ||all||_F."""
    off = g - torch.diag_embed(g.diagonal(dim1=1, dim2=2))
    share: np.ndarray = (torch.linalg.matrix_norm(off) / torch.linalg.matrix_norm(g)).numpy()
    return share


def shares(
    layer: RuledLayer, a: Float64[Tensor, "B n n"], loops: int
) -> Float64[np.ndarray, "T B"]:
    return np.stack([off_diagonal(g) for g in path(layer, a, loops)])


def convergence(model: FrameModel, a: Float64[Tensor, "B n n"]) -> Insight:
    """What is off the diagonal after each loop, beside other rules in the same layer."""
    rules = [learned(model), jacobi(), constant()]
    medians: dict[str, Float64[np.ndarray, " T"]] = {}
    whole = shares(RuledLayer(model, rules[0]), a, LOOPS)
    for rule in rules:
        medians[rule.name] = np.median(shares(RuledLayer(model, rule), a, LOOPS), axis=1)
    for flow in (qr_flow, oja):
        tried = [
            np.median(shares(RuledLayer(model, flow(step)), a, LOOPS), axis=1) for step in STEPS
        ]
        best = int(np.argmin([curve[-1] for curve in tried]))
        medians[f"{flow(1.0).name}, step {STEPS[best]:g}"] = tried[best]
    steps = np.stack([off_diagonal(g) for g in qr_iteration(a, LOOPS)])
    medians["QR iteration"] = np.median(steps, axis=1)
    curve = medians["learned"]
    order = _order(whole)
    tail = curve[(curve < _SETTLED)]
    factor = float((tail[-1] / tail[0]) ** (1 / (len(tail) - 1))) if len(tail) > 1 else None
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (loop, *(float(line[loop]) for line in medians.values())) for loop in range(LOOPS + 1)
    )
    says = []
    if order is not None:
        says.append(
            f"Between 0.2 and {_SETTLED:g} off the diagonal a loop takes e to about e^{order:.1f} "
            "(slope over matrices and loops)."
        )
    if factor is not None:
        says.append(
            f"Below {_SETTLED:g}, where `solve` stops, the learned rule is only linear, a factor "
            f"{factor:.2f} a loop: psi isn't quite 1 there, as training did not ask for more. "
            "Jacobi's angle and psi = 1 go on quadratically."
        )
    first = {name: _first_below(line, _SETTLED) for name, line in medians.items()}
    says.append(
        f"Loops until the median is below {_SETTLED:g}: "
        + ", ".join(
            f"{name} {n if n is not None else f'over {LOOPS}'}" for name, n in first.items()
        )
        + "."
    )
    return Insight(
        name="convergence",
        title="What is off the diagonal after each loop, medians, 10x10",
        says=tuple(says),
        grid=FactTable(columns=("loop", *medians), rows=rows, format=".1e"),
        sketch=Sketch(
            alt="The share off the diagonal against loops for the learned rule, Jacobi's angle, "
            "psi = 1, the QR flow, Oja's rule and the QR iteration.",
            draw=partial(_draw_convergence, medians),
        ),
        facts={"order": order, "tail_factor": factor},
    )


def _order(whole: Float64[np.ndarray, "T B"]) -> float | None:
    """The slope of log(after a loop) against log(before), while it matters."""
    before, after = whole[:-1].ravel(), whole[1:].ravel()
    chosen = (before < 0.2) & (before > _SETTLED) & (after > 1e-14)
    if chosen.sum() < 50:
        return None
    return float(np.polyfit(np.log(before[chosen]), np.log(after[chosen]), 1)[0])


def _first_below(curve: Float64[np.ndarray, " T"], level: float) -> int | None:
    below = np.flatnonzero(curve < level)
    return int(below[0]) if len(below) else None


def ablations(model: FrameModel, draw: "partial[Tensor]") -> Insight:
    """What psi is for, and each thing that it sees: how many matrices are diagonal in time."""
    features = []
    for g in path(model.layer, draw(10), 6):
        features.append(pair_features(g)[0].flatten(1))
    means = torch.cat(features, 1).mean(1).tolist()
    rules = [learned(model), jacobi(), constant(), *(frozen(model, i, means) for i in range(5))]
    sets = [(5, 5), (10, 7), (20, 14)]
    share: dict[str, list[float]] = {}
    for rule in rules:
        share[rule.name] = []
        for n, loops in sets:
            *_, g = path(RuledLayer(model, rule), draw(n, 100 if n == 20 else COUNT), loops)
            on = g.diagonal(dim1=1, dim2=2).abs().sum(1)
            done = g.abs().sum((1, 2)) < 1.01 * on
            share[rule.name].append(100 * float(done.double().mean()))
    whole, plain_one = share[rules[0].name], share[rules[2].name]
    frozen_ones = [rule.name for rule in rules[3:]]
    drops = {
        name: max(a - b for a, b in zip(whole, share[name], strict=True)) for name in frozen_ones
    }
    most, least = max(drops, key=drops.__getitem__), min(drops, key=drops.__getitem__)
    says = [
        "Diagonal: sum |G_ij| off the diagonal below 1% of that on it. 'without' a feature: "
        "psi sees its mean over 10x10 matrices instead.",
        f"A constant psi of 1, nothing learned, is right for {plain_one[0]:.0f}% at 5x5 but "
        f"{plain_one[2]:.0f}% at 20x20 (learned: {whole[2]:.0f}%): what is learned is how to turn "
        "many pairs at once.",
        f"The feature that matters most is '{most.removeprefix('without ')}' (up to "
        f"{drops[most]:.0f} points), the least '{least.removeprefix('without ')}' "
        f"({max(drops[least], 0.0):.0f}).",
    ]
    better = max(frozen_ones, key=lambda name: share[name][2])
    if share[better][2] > whole[2] + 5:
        says.append(
            f"At 20x20 the network is better {better} by {share[better][2] - whole[2]:.0f} "
            "points: what it learned to read from that feature on smaller matrices misleads it "
            "there."
        )
    rows: tuple[tuple[Cell, ...], ...] = tuple((name, *line) for name, line in share.items())
    columns = ("rule", *(f"{n}x{n} in {loops} loops" for n, loops in sets))
    return Insight(
        name="ablations",
        title="What psi needs to see: % of matrices that are diagonal in time",
        says=tuple(says),
        grid=FactTable(columns=columns, rows=rows, format=".1f"),
    )


def _draw_angle(model: FrameModel, psi: Psi, file: Path) -> None:
    plt = pyplot()
    figure = plt.figure(figsize=(9.6, 6.6), layout="constrained")
    grid = figure.add_gridspec(2, 6)
    left, right = figure.add_subplot(grid[0, :3]), figure.add_subplot(grid[0, 3:])
    u = torch.from_numpy(psi.u)
    pairs = lone_pairs(1 - u, u)
    lines = (
        (learned(model), COLOURS[3], 2.4),
        (jacobi("Jacobi's"), COLOURS[0], 1.4),
        (constant(), COLOURS[1], 1.4),
    )
    for rule, colour, width in lines:
        left.plot(psi.u, degrees(rule, pairs), color=colour, linewidth=width, label=rule.name)
    for size, style in ((0.5, "--"), (1.0, ":")):
        # Of a pair with values this far apart: the flow knows the coupling only.
        label = f"QR flow, gap {size:g}"
        flow = lone_pairs(torch.full_like(u, size), size * u / (1 - u).clamp_min(1e-6))
        left.plot(psi.u, degrees(qr_flow(1.0), flow), style, color=COLOURS[2], label=label)
    left.set_ylim(0, 60)
    left.set_ylabel("angle of a lone pair, degrees")
    left.legend(frameon=False, fontsize="small", loc="upper left")
    right.plot(psi.u, psi.exact, color=COLOURS[0], linewidth=1.4, label="Jacobi's")
    right.plot(psi.u, psi.alone, color=COLOURS[3], linewidth=2.4, label="lone pair")
    middle, colours = (_BINS[:-1] + _BINS[1:]) / 2, (COLOURS[1], COLOURS[2], *MORE_COLOURS[4:6])
    for (loop, values), colour in zip(psi.crowded.items(), colours, strict=True):
        right.plot(middle, values, ".-", color=colour, linewidth=1, label=f"10x10, loop {loop}")
    right.set_ylabel("psi")
    right.set_ylim(-0.4, 1.8)
    right.legend(frameon=False, fontsize="small", ncols=2, loc="upper right")
    for axes in (left, right):
        axes.set_xlabel("u = |coupling| / (|gap| + |coupling|)")
    plain(left, right)
    gap, coupling = torch.meshgrid(
        torch.linspace(-1, 1, 81, dtype=torch.float64),
        torch.linspace(0.002, 1, 81, dtype=torch.float64),
        indexing="xy",
    )
    flat = lone_pairs(gap.flatten(), coupling.flatten())
    panels = (
        (learned(model), "learned"),
        (jacobi(), "Jacobi's"),
        (qr_flow(1.0), "QR flow, step 1"),
    )
    drawn = []
    for place, (rule, title) in enumerate(panels):
        axes = figure.add_subplot(grid[1, 2 * place : 2 * place + 2])
        shown = degrees(rule, flat).reshape(81, 81)
        image = axes.imshow(
            shown,
            origin="lower",
            extent=(-1, 1, 0, 1),
            aspect="auto",
            vmin=0,
            vmax=45,
            cmap="viridis",
        )
        axes.contour(gap, coupling, shown, levels=(10, 20, 30, 40), colors="white", linewidths=0.6)
        axes.set_title(title, loc="left", fontsize="medium")
        axes.set_xlabel("gap")
        drawn.append(axes)
    drawn[0].set_ylabel("coupling")
    figure.colorbar(image, ax=drawn, label="degrees", shrink=0.9)
    save(figure, file)


def _draw_convergence(medians: dict[str, Float64[np.ndarray, " T"]], file: Path) -> None:
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    colours = (COLOURS[3], COLOURS[0], COLOURS[1], COLOURS[2], *MORE_COLOURS[4:6])
    for (name, curve), colour in zip(medians.items(), colours, strict=True):
        wide = 2.4 if name == "learned" else 1.4
        axes.plot(np.maximum(curve, 1e-17), color=colour, linewidth=wide, label=name)
    axes.axhline(_SETTLED, color="#999999", linewidth=0.8, linestyle=":", zorder=0)
    axes.set_yscale("log")
    axes.set_ylim(1e-14, 3)
    axes.set_xlabel("loops")
    axes.set_ylabel("share off the diagonal, median")
    axes.legend(frameon=False, fontsize="small", loc="lower left")
    plain(axes)
    save(figure, file)
