"""Which steps of Newton's iteration and of gradient descent the layers match, and how they grow."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from ...incontext import InContextFolder
from ...runs import Experiment, Scale
from ..findings import Finding, Findings, Number, Panel
from ..judging import answer, finding
from ..seeds import curve, panel
from ..study import Analysis
from .settings import CITED, SEEDS, Matched, heat_maps, loss_panel, matched, run, task

LIKE = 0.9
"""A layer counts where its best similarity with a step of Newton's iteration is at least this."""
FEWEST = 3
"""Layers that are needed to speak of growth."""
FIT = 0.9
"""R^2 of the line through steps over layers, at least."""


def runs(scale: Scale) -> Sequence[Experiment]:
    return [run(scale, "isotropic", seed) for seed in SEEDS[scale]]


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    found = [matched(task(scale, "isotropic"), folder) for folder in folders.values()]
    first = found[0]
    return Findings(
        panels=(_steps(found), loss_panel("Loss at the query", first)),
        maps=heat_maps(first, "Newton's iteration", "Gradient descent"),
        numbers=tuple(_numbers(found)),
        verdicts={"N06": together([verdict(each) for each in found])},
    )


def _steps(found: Sequence[Matched]) -> Panel:
    lines = [
        curve(
            f"{name}, seed {seed}",
            {layer: float(max(step, 1)) for layer, step in enumerate(steps) if layer > 0},
            "model",
        )
        for seed, each in enumerate(found)
        for name, steps in (
            ("Newton's iteration", each.newton_steps),
            ("gradient descent", each.descent_steps),
        )
    ]
    note = "Of equally good steps (within 0.001) the first."
    return panel("Best matching steps", "layer", "steps, at least 1", lines, log="y", note=note)


def _numbers(found: Sequence[Matched]) -> list[Number]:
    numbers = []
    for seed, each in enumerate(found):
        counted = _counted(each)
        if len(counted) >= FEWEST:
            slope, _ = _line(counted, [each.newton_steps[layer] for layer in counted])
            numbers.append(
                Number(
                    name=f"Newton steps a layer, seed {seed}",
                    value=slope,
                    reference=3.0,
                    source=f"{CITED}, layers 3 to 9 of 12",
                )
            )
        numbers.append(
            Number(
                name=f"best similarity of the last layer with Newton's iteration, seed {seed}",
                value=float(each.newton[-1].max()),
            )
        )
        numbers.append(
            Number(
                name=f"relative loss of the last layer at the query, seed {seed}",
                value=float(each.losses[-1]),
            )
        )
    return numbers


def _counted(found: Matched) -> list[int]:
    """The layers that resemble some step, without those after the last that brings new steps."""
    steps, best = found.newton_steps, found.newton.max(dim=1).values.tolist()
    end = steps.index(max(steps))
    return [layer for layer in range(1, end + 1) if best[layer] >= LIKE]


def _line(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Slope and R^2 of the least-squares line; R^2 is 0 where y is constant."""
    slope, constant = np.polyfit(x, y, 1)
    rest = np.asarray(y) - slope * np.asarray(x) - constant
    total = float(np.var(y))
    return float(slope), 1 - float(np.mean(rest**2)) / total if total > 0 else 0.0


def verdict(found: Matched) -> Finding:
    """One model's verdict, on the layers whose best similarity with Newton's iteration is >= 0.9.

    Holds if Newton's steps rise from layer to layer with R^2 >= 0.9 of a line, and descent's fit an
    exponential better than a line. Fails if Newton's steps do not rise, or if descent's fit a line
    better. Undecided with fewer than three such layers, or a worse line.
    """
    counted = _counted(found)
    newton = [found.newton_steps[layer] for layer in counted]
    descent = [found.descent_steps[layer] for layer in counted]
    pairs = ", ".join(
        f"{layer}: {k} and {j}" for layer, k, j in zip(counted, newton, descent, strict=True)
    )
    best = float(found.newton[-1].max())
    shown = f"the last layer's best similarity is {best:.3f}"
    if len(counted) < FEWEST:
        return finding(
            None,
            f"{len(counted)} layers resemble a step of Newton's iteration ({shown}), too few "
            "to see growth: not at this size.",
        )
    slope, fit = _line(counted, newton)
    _, straight = _line(counted, descent)
    _, exponential = _line(counted, np.log2(np.maximum(descent, 1)).tolist())
    rising = all(b > a for a, b in itertools.pairwise(newton))
    return finding(
        answer(
            rising and fit >= FIT and exponential > straight,
            newton[-1] <= newton[0] or exponential < straight,
        ),
        f"Layers match Newton's and descent's steps thus: {pairs}; {shown}. {slope:.1f} Newton "
        f"steps a layer (R^2 {fit:.2f}); for descent an exponential has R^2 {exponential:.2f}, "
        f"a line {straight:.2f}.",
    )


def together(found: Sequence[Finding]) -> Finding:
    """The state that all seeds share, else undecided."""
    states = {each.state for each in found}
    return finding(
        answer(states == {"holds"}, states == {"fails"}),
        " ".join(f"Seed {seed}: {each.sentence}" for seed, each in enumerate(found)),
        "A model of 12 layers and embedding 64 at d = 8 on 20 million sequences: about 20 hours "
        "of a core.",
    )


STUDY = Analysis(
    name="fu2024-similarity",
    title="Layers of a trained transformer as steps of Newton's iteration",
    section="4 and 5, similarity of errors",
    runs=runs,
    analyse=analyse,
    note=(
        "Laptop: d = 3, 8 pairs, 4 layers, embedding 32, 2 heads, 5000 steps of 64 sequences, two "
        "seeds, a rate of 2e-3 with a cosine and no curriculum; paper: d = 20, 40 pairs, 12 "
        "layers, embedding 256, 8 heads, 500,001 steps. Layers are read by least-squares probes, "
        "which the paper trains by SGD."
    ),
)
