"""Two layers and more against gradient descent and GD++."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from ...incontext import InContextFolder, LinearAttention, Prompts, RunConfig
from ...incontext.algorithms import GDPlusPlus, GradientDescent
from ...incontext.measures import Alignment, alignment
from ...runs import Experiment, Scale
from ..findings import Finding, Findings, Number, Panel
from ..judging import answer, finding
from ..scalars import best_schedule, eigenvalues
from ..seeds import RANGE, curve, grouped, line, number, panel, spread
from ..study import Analysis
from .one_layer import half_loss, half_loss_of, held_out
from .settings import PARAMETERS, SEEDS, TASK, config

# (layers, looped)
KINDS: dict[Scale, tuple[tuple[int, bool], ...]] = {
    "laptop": ((2, True), (3, True), (2, False)),
    "paper": ((2, True), (2, False), (5, False)),
}
CLOSE = 0.05
"""How far above GD++ a model may be that is said to match it."""


def runs(scale: Scale) -> Sequence[Experiment]:
    return [
        Experiment(
            name=f"{kind_name(looped)}-{layers}-seed-{seed}",
            config=config(scale, layers, seed, looped=looped),
        )
        for layers, looped in KINDS[scale]
        for seed in range(SEEDS[scale])
    ]


@dataclass(frozen=True, kw_only=True)
class DepthResult:
    """Models of one kind, a value of each seed."""

    layers: int
    looped: bool
    losses: list[float]
    like_plus: list[Alignment]
    like_gd: list[Alignment]
    plus: float
    """Loss of GD++ on the same prompts, its scalars shared by all steps if the model is looped."""
    gd: float
    """Of descent with a rate for each step."""
    constant: float
    """Of descent at one rate."""


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    prompts = held_out()
    values = eigenvalues(TASK)
    found = [
        _measure(members, prompts, values, layers, looped)
        for (layers, looped), members in grouped(folders, of_kind).items()
    ]
    return Findings(
        panels=(_losses(found),),
        numbers=tuple(number for each in found for number in _numbers(each)),
        verdicts={"N08": verdict(found)},
    )


def _measure(
    folders: Sequence[InContextFolder],
    prompts: Prompts,
    values: Float[Tensor, "B d"],
    layers: int,
    looped: bool,
) -> DepthResult:
    """`values`: `eigenvalues` of the prompts' law, to choose the rivals' scalars with."""
    plus = GDPlusPlus(rates=best_schedule(values, layers, "gd++", shared=looped).pairs)
    gd = GradientDescent(rate=best_schedule(values, layers, "gd").rates)
    constant = GradientDescent(rate=best_schedule(values, layers, "gd", shared=True).rates)
    models = [folder.model().double() for folder in folders]
    return DepthResult(
        layers=layers,
        looped=looped,
        losses=[half_loss(model, prompts) for model in models],
        like_plus=[alignment(model, plus, prompts, step=layers) for model in models],
        like_gd=[alignment(model, gd, prompts, step=layers) for model in models],
        plus=half_loss_of(plus, prompts, layers),
        gd=half_loss_of(gd, prompts, layers),
        constant=half_loss_of(constant, prompts, layers),
    )


def verdict(found: Sequence[DepthResult]) -> Finding:
    """Holds if every kind is below descent, and the recurrent one of two layers matches GD++.

    Below descent: every seed, and descent with the best rate for each step. To match: every seed
    at most 5% above GD++ with the best scalars. Fails if a kind is above descent at a constant rate
    in every seed.
    """
    sentence = " ".join(
        f"{kind_name(each.looped).capitalize()} of {each.layers} layers: {spread(each.losses)}, "
        f"GD++ {each.plus:.4f}, GD {each.gd:.4f} ({each.constant:.4f} at a constant rate), cosine "
        f"of the sensitivities {_mean_cosine(each.like_plus):.3f} with GD++, "
        f"{_mean_cosine(each.like_gd):.3f} with GD."
        for each in found
    )
    above = any(min(each.losses) > each.constant for each in found)
    below = all(max(each.losses) < each.gd for each in found)
    pairs = [each for each in found if each.looped and each.layers == 2]
    matched = [max(each.losses) <= (1 + CLOSE) * each.plus for each in pairs]
    return finding(
        answer(bool(matched) and all([not above, below, *matched]), above),
        sentence,
        "The paper's runs, to 50,000 steps of 2048 prompts: 100 million prompts a model, about "
        "half an hour each on one core.",
    )


def _mean_cosine(found: Sequence[Alignment]) -> float:
    return math.fsum(each.cosine for each in found) / len(found)


def of_kind(run: RunConfig) -> tuple[int, bool]:
    model = LinearAttention.of(run.model)
    return model.layers, model.looped


def kind_name(looped: bool) -> str:
    return "recurrent" if looped else "separate"


def _numbers(each: DepthResult) -> list[Number]:
    name = f"{kind_name(each.looped)}, {each.layers} layers"
    source = "GD++ with the best scalars, same prompts"
    return [
        number(
            f"half the mean squared error, {name}", each.losses, reference=each.plus, source=source
        ),
        number(
            f"cosine of the sensitivities with GD++, {name}",
            [found.cosine for found in each.like_plus],
            reference=1.0,
        ),
        number(f"the same with GD, {name}", [found.cosine for found in each.like_gd]),
        number(
            f"difference of the predictions from GD++, L2, {name}",
            [found.prediction_difference for found in each.like_plus],
        ),
        number(
            f"the same from GD, {name}", [found.prediction_difference for found in each.like_gd]
        ),
    ]


def _losses(found: Sequence[DepthResult]) -> Panel:
    lines = []
    for looped in (True, False):
        kind = [each for each in found if each.looped == looped]
        if not kind:
            continue
        sharing = "shared scalars" if looped else "scalars for each layer"
        lines += [
            line(f"trained, {kind_name(looped)}", {each.layers: each.losses for each in kind}),
            curve(f"GD++, {sharing}", {each.layers: each.plus for each in kind}),
        ]
    depths = {each.layers: each for each in sorted(found, key=lambda each: each.layers)}
    lines += [
        curve("GD, constant rate", {n: each.constant for n, each in depths.items()}),
        curve("GD, a rate for each step", {n: each.gd for n, each in depths.items()}),
    ]
    note = f"{RANGE} All on the same prompts; scalars are the best in expectation."
    y = "half the mean squared error"
    return panel("Loss by depth", "layers, or steps", y, lines, log="y", note=note)


DEEPER = Analysis(
    name="vonoswald2023-deeper",
    title="Two layers and more beat gradient descent, and match GD++",
    section="3",
    runs=runs,
    analyse=analyse,
    note="The paper's prompts; at the laptop's scale up to three layers and 1.5 million prompts a "
    f"model. {PARAMETERS} GD++ has the scalars of least expected loss, found by a search, where "
    "the paper trains them. Verdict: every seed below GD with the best rate for each step, and "
    "every recurrent model of two layers at most 5% above GD++.",
)
