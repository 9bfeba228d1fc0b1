"""Layer norm in and far out of distribution, by depth, and the response to one coordinate."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ...incontext import InContextFolder, InContextModel, Prompts, RunConfig, Transformer
from ...incontext.algorithms import Newton
from ...incontext.measures import response
from ...runs import Experiment, Scale
from ..findings import Finding, Findings, Kind, Line, Number, Panel
from ..judging import answer, finding, together
from ..seeds import curve, geometric_mean, number, panel
from ..study import Analysis
from .settings import (
    SEEDS,
    UNITS,
    by_depth,
    laptop_config,
    log_interval,
    measured,
    model_loss,
    paper_config,
    step_losses,
    task,
)

PLAIN, NORM = "linear self-attention", "with layer norm"
FAR = 100 / 14.9
"""Half-widths of the paper's two ranges of the coordinate: far, and 99% of what is trained on."""
VALUES = 41
SHOWN = 64
"""Prompts that share w* in the measure of the response."""


@dataclass(frozen=True, kw_only=True)
class NormSize:
    """What differs between the scales."""

    conditions: tuple[float, ...]
    depths: dict[str, tuple[int, ...]]


SIZES: dict[Scale, NormSize] = {
    "laptop": NormSize(conditions=(5.0,), depths={PLAIN: (3,), NORM: (1, 3, 5)}),
    "paper": NormSize(
        conditions=(5.0, 10.0, 20.0, 50.0, 100.0),
        depths={PLAIN: (1, 2, 3, 4, 5, 6), NORM: (1, 2, 3, 4, 5, 7, 10, 12)},
    ),
}
_SHORT = {PLAIN: "plain", NORM: "norm"}

Losses = Mapping[tuple[str, int], Sequence[float]]
"""By model and layers: a relative loss a seed."""


def runs(scale: Scale) -> Sequence[Experiment]:
    size = SIZES[scale]
    return [
        Experiment(name=_name(*case), config=_config(scale, *case))
        for condition, kind in itertools.product(size.conditions, size.depths)
        for case in itertools.product([condition], [kind], size.depths[kind], SEEDS[scale])
    ]


def _config(scale: Scale, condition: float, kind: str, layers: int, seed: int) -> RunConfig:
    norm = kind == NORM
    if scale == "paper":
        return paper_config(condition, layers, norm=norm)
    clip = None if norm else 10.0
    model = Transformer(layers=layers, embedding=16, heads=2, norm=norm, clip=clip, init_std=0.1)
    prompts = task(scale, condition)
    return laptop_config(prompts, model, rate=5e-3, steps=1200, batch=128, seed=seed)


def _name(condition: float, kind: str, layers: int, seed: int) -> str:
    return f"condition-{condition:g}-{_SHORT[kind]}-layers-{layers}-seed-{seed}"


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    size = SIZES[scale]
    condition = size.conditions[0]
    batches = measured(task(scale, condition))
    edge = _edge(batches)
    shown = _sharing(batches, SHOWN)
    values = torch.linspace(-FAR * edge, FAR * edge, VALUES, dtype=torch.float64)
    inside: dict[tuple[str, int], list[float]] = {}
    outside: dict[tuple[str, int], list[float]] = {}
    curves: dict[int, Tensor] = {}
    for kind, depths in size.depths.items():
        for layers, seed in itertools.product(depths, SEEDS[scale]):
            model = folders[_name(condition, kind, layers, seed)].model().double()
            inside.setdefault((kind, layers), []).append(model_loss(model, batches))
            far, curve = _far_loss(model, shown, values, edge)
            outside.setdefault((kind, layers), []).append(far)
            if kind == NORM and seed == SEEDS[scale][0]:
                curves[layers] = curve
    deepest = max(layers for _, layers in inside)
    newton = {order: step_losses(Newton(order=order), batches, deepest) for order in (2, 3)}
    return Findings(
        panels=(
            by_depth("In distribution", _by_kind(inside), newton),
            by_depth("Far out of distribution", _by_kind(outside), {}),
            _responses(values, shown, curves),
        ),
        numbers=(
            *_numbers("in distribution", inside),
            *_numbers("far out of distribution", outside),
            Number(name="edge of the distribution: 99% of |x_1| are below", value=edge),
        ),
        verdicts={"N05": verdict(inside, outside)},
    )


def _edge(batches: Sequence[Prompts]) -> float:
    return float(torch.cat([batch.query[:, 0] for batch in batches]).abs().quantile(0.99))


def _sharing(batches: Sequence[Prompts], count: int) -> Prompts:
    """Prompts of several covariances whose labels are made anew with one w*, which is all ones."""
    x, query = torch.cat([b.x for b in batches]), torch.cat([b.query for b in batches])
    chosen = torch.linspace(0, len(x) - 1, count).long()
    x, query = x[chosen], query[chosen]
    w = torch.ones_like(query)
    return Prompts(
        x=x, y=x.sum(dim=2), query=query, target=query.sum(dim=1), weights=w, noise=w[:, 0] * 0
    )


def _far_loss(
    model: InContextModel, prompts: Prompts, values: Float[Tensor, " V"], edge: float
) -> tuple[float, Float[Tensor, " V"]]:
    """The relative error beyond the edge, and the mean response to the first coordinate."""
    found = response(model, prompts, values)
    truth = values[:, None] * prompts.weights[:, 0] + (prompts.target - prompts.query[:, 0])
    far = values.abs() > edge
    error = (found - truth)[far].square().mean() / truth[far].square().mean()
    return float(error), found.mean(dim=1)


def _by_kind(losses: Losses) -> dict[str, dict[int, Sequence[float]]]:
    return {
        kind: {layers: values for (name, layers), values in losses.items() if name == kind}
        for kind in (PLAIN, NORM)
    }


def _responses(
    values: Float[Tensor, " V"], prompts: Prompts, curves: Mapping[int, Float[Tensor, " V"]]
) -> Panel:
    truth = values + float((prompts.target - prompts.query[:, 0]).mean())

    def drawn(label: str, answers: Float[Tensor, " V"], kind: Kind) -> Line:
        return curve(label, dict(zip(values.tolist(), answers.tolist(), strict=True)), kind)

    lines = [drawn(f"{n} layers with layer norm", found, "model") for n, found in curves.items()]
    lines.append(drawn("truth", truth, "theory"))
    return panel(
        "Response to one coordinate of the query",
        "first coordinate of the query",
        "mean prediction",
        lines,
        note=f"First seed, {SHOWN} prompts with one w*, all ones.",
    )


def _numbers(where: str, losses: Losses) -> list[Number]:
    return [
        number(f"loss of {layers} layers, {kind}, {where}", values, centre=geometric_mean)
        for (kind, layers), values in losses.items()
    ]


def verdict(inside: Losses, outside: Losses) -> Finding:
    """Both halves, by 95% intervals of log ratios paired by seed.

    Layer norm helps: its loss is lower than the plain model's at every depth that both have. Depth
    hurts far out: the deepest model with norm has a larger loss there than the best shallower one.
    """
    shared = sorted(
        {n for kind, n in inside if kind == PLAIN} & {n for k, n in inside if k == NORM}
    )
    helps = _sign([log_interval(inside[PLAIN, n], inside[NORM, n]) for n in shared])
    depths = sorted(layers for kind, layers in outside if kind == NORM)
    deepest = depths[-1]
    best = min(depths[:-1], key=lambda layers: geometric_mean(outside[NORM, layers]))
    hurts = _sign([log_interval(outside[NORM, deepest], outside[NORM, best])])
    at = shared[-1]
    said = {True: "helps", False: "does not help", None: "makes no clear difference"}
    far = {True: "hurts", False: "helps", None: "makes no clear difference"}
    sentence = (
        f"In distribution layer norm {said[helps]}: at {at} layers the relative loss is "
        f"{geometric_mean(inside[NORM, at]):.2g} with it and "
        f"{geometric_mean(inside[PLAIN, at]):.2g} without. Far out of distribution depth "
        f"{far[hurts]}: {geometric_mean(outside[NORM, deepest]):.2g} with {deepest} layers, "
        f"{geometric_mean(outside[NORM, best]):.2g} with {best}, of {len(outside[NORM, best])} "
        "seeds each."
    )
    more = "Five more seeds: 3.1 million examples, 0.3 hours of a core."
    return finding(together((helps, hurts)), sentence, more)


def _sign(intervals: Sequence[tuple[float, float]]) -> bool | None:
    """Whether all of these are above 0 (True), or some are below it (False)."""
    positive = bool(intervals) and all(low > 0 for low, _ in intervals)
    return answer(positive, any(high < 0 for _, high in intervals))


STUDY = Analysis(
    name="giannou2024-layer-norm",
    title="Layer norm in and far out of distribution, by depth",
    section="6, figure 9",
    runs=runs,
    analyse=analyse,
    note=(
        "Laptop: d = 5 and 26 points, condition number 5 only, embedding 16 with 2 heads, three "
        "seeds, 1200 steps of 128 prompts, at most 5 layers (paper: 12), without curriculum. "
        "Weights begin with a standard deviation of 0.1 (the authors' 0.02; of 0.1 and 0.2, tried "
        "for 300 steps with layer norm, 0.1 was better). Far is 100 / 14.9 times the range that "
        "holds 99% of the coordinate, as in the paper. " + UNITS
    ),
)
