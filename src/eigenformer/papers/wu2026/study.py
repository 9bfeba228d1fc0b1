"""Loops of a trained network against steps of the power method: `-power`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cosine_similarity

from ...incontext import (
    Components,
    InContextFolder,
    InContextModel,
    Principal,
    PrincipalAttentionModel,
)
from ...incontext.measures import distance_from_identity
from ...incontext.tasks.principal import power_iterates
from ...runs import Scale
from ..findings import Finding, Findings, Number, Panel
from ..judging import answer, finding
from ..seeds import RANGE, curve, geometric_mean, line, number, panel, spread
from ..study import Analysis
from .settings import GOALS, KINDS, SIZES, Goal, Kind, PowerSize, run_name, runs, task

RATIOS = (0.6, 0.75, 0.9)
"""lambda_2 / lambda_1 of the matrices that iterates are compared on."""
TEST_MATRICES = 2000
_LONGER = 4
"""Loops at test time over those of training."""
_ALIKE = 0.99
"""Mean cosine with the power method's iterate, at every loop."""
_RATE = 0.05
"""By how much the factor of an iteration may differ from the power method's."""
_GUIDED = 10.0
"""Loss without the norm over that with it, of those that are guided."""
_SEEDS = 3


@dataclass(frozen=True, kw_only=True)
class Iterates:
    """Iterates of a network beside those of the power method, loop by loop, at one ratio."""

    cosines: tuple[float, ...]
    """Mean cosine with the power method's iterate, from loop 0 on."""
    tangents: tuple[float, ...]
    """Geometric mean of the tangent of the angle to the eigenvector."""
    power: tuple[float, ...]
    """The power method's tangents."""

    def rate(self, first: int, last: int) -> float:
        """The factor of the tangent in a loop, over the power method's, between two loops."""
        found, wanted = (
            (values[last] / values[first]) ** (1 / (last - first))
            for values in (self.tangents, self.power)
        )
        return float(found / wanted)


def iteration(model: InContextModel, batch: Components, loops: int) -> Iterates:
    found = model.by_layer(batch, loops)
    power = power_iterates(batch.covariance, batch.start, loops)
    return Iterates(
        cosines=tuple(
            float(cosine_similarity(a, b, dim=1).mean()) for a, b in zip(found, power, strict=True)
        ),
        tangents=tuple(_tangent(each, batch.target) for each in found),
        power=tuple(_tangent(each, batch.target) for each in power),
    )


def is_power_method(found: Mapping[float, Iterates], trained: int) -> bool:
    """Iterates alike at every loop, and as quick between the loops of training and twice those."""
    return all(
        min(each.cosines) >= _ALIKE and abs(each.rate(trained, 2 * trained) - 1) < _RATE
        for each in found.values()
    )


def _tangent(found: Float[Tensor, "B d"], target: Float[Tensor, "B d"]) -> float:
    along = (found * target).sum(dim=1).abs()
    across = (found - (found * target).sum(dim=1, keepdim=True) * target).norm(dim=1)
    tiny = torch.finfo(found.dtype).tiny
    return float((across.clamp_min(tiny) / along.clamp_min(tiny)).log().mean().exp())


@dataclass(frozen=True, kw_only=True)
class LoopedNetwork:
    """A trained network."""

    errors: tuple[float, ...]
    """Mean squared distance to the eigenvector by loops, on the law of training."""
    loss: float
    """What it was trained to make small, in as many loops."""
    iterations: dict[float, Iterates]
    """By ratio."""
    c: float = 0.0
    """The mean of W's diagonal."""
    rest: float = 0.0
    """The relative distance of W from c I."""


@torch.no_grad()
def measured(model: InContextModel, size: PowerSize, goal: Goal) -> LoopedNetwork:
    model, loops = model.double(), _LONGER * size.loops
    component, own = task(size, "component"), task(size, goal)
    batch = _draw(component)
    weights = PrincipalAttentionModel.of(model).score
    return LoopedNetwork(
        c=float(weights.diagonal().mean()),
        rest=float(distance_from_identity(weights)),
        errors=tuple(float(component.loss(each, batch)) for each in model.by_layer(batch, loops)),
        loss=float(own.loss(model(_draw(own)), _draw(own))),
        iterations={
            ratio: iteration(model, _draw(replace(component, ratio=(ratio, ratio))), loops)
            for ratio in RATIOS
        },
    )


def _draw(problem: Principal) -> Components:
    return problem.draw(0, 0, TEST_MATRICES, purpose="test of study", dtype=torch.float64)


Networks = Mapping[tuple[Goal, Kind], Sequence[LoopedNetwork]]


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    size = SIZES[scale]
    found = {
        (goal, kind): [
            measured(folders[run_name(goal, kind, seed)].model(), size, goal)
            for seed in range(size.seeds)
        ]
        for goal in GOALS
        for kind in KINDS
    }
    return Findings(
        panels=(_errors(found, size), _angles(found, size), _cosines(found, size)),
        numbers=tuple(_numbers(found, size)),
        verdicts={"N19": learns(found, size.loops)},
    )


def learns(found: Networks, loops: int) -> Finding:
    """With the norm it is the power method; without it more loops don't help, however long trained.

    Holds if so in every seed, of enough seeds, and if guidance by one iteration does not help
    without the norm either. Fails if without it twice the loops of training are better than with
    it in every seed: what was reached can be reached.
    """
    norm = found["component", "norm"]
    alike = [is_power_method(each.iterations, loops) for each in norm]
    least = min(min(one.cosines) for each in norm for one in each.iterations.values())
    rates = [one.rate(loops, 2 * loops) for each in norm for one in each.iterations.values()]
    plain = [each for kind in KINDS if kind != "norm" for each in found["component", kind]]
    gains = [each.errors[2 * loops] / each.errors[loops] for each in plain]
    guided = [
        without.loss / with_norm.loss
        for kind in KINDS
        if kind != "norm"
        for without, with_norm in zip(found["iterate", kind], found["iterate", "norm"], strict=True)
    ]
    better = [
        min(each.errors[2 * loops] for each in pair) < one.errors[2 * loops]
        for one, *pair in zip(
            norm, found["component", "plain"], found["component", "plain-twice"], strict=True
        )
    ]
    sentence = (
        f"With the norm: least mean cosine with the power method's iterate up to "
        f"{_LONGER * loops} loops {least:.4f}, factor of the angle in a loop over the power "
        f"method's {spread(rates, '.3f')}. Without it: error at {2 * loops} loops over that at the "
        f"{loops} of training {min(gains):.3g} or more; guided by an iteration, {min(guided):.2g} "
        f"times the loss with the norm or more. Each at both lengths of training."
    )
    enough = len(norm) >= _SEEDS
    yes = all(alike) and min(gains) >= 1 and min(guided) > _GUIDED and enough
    return finding(
        answer(yes, all(better) and enough),
        sentence,
        f"{_SEEDS} seeds or more, and longer training with the norm, from which iterates come "
        "closer",
        "Without the norm a network has the smaller error: it was reached.",
    )


_NAMES: dict[tuple[Goal, Kind], str] = {
    ("component", "norm"): "with norm",
    ("component", "plain"): "without",
    ("component", "plain-twice"): "without, twice as long",
    ("iterate", "norm"): "with norm, guided",
    ("iterate", "plain"): "without, guided",
    ("iterate", "plain-twice"): "without, guided, twice as long",
}


def _errors(found: Networks, size: PowerSize) -> Panel:
    batch = _draw(task(size, "component"))
    power = power_iterates(batch.covariance, batch.start, _LONGER * size.loops)
    shown = 2 * size.loops + 1  # beyond, those without a norm grow out of the picture
    lines = [
        line(
            _NAMES[key],
            dict(enumerate(zip(*(each.errors[:shown] for each in found[key]), strict=True))),
            centre=geometric_mean,
        )
        for key in (("component", "norm"), ("component", "plain"))
    ]
    errors = [float((each - batch.target).square().sum(dim=1).mean()) for each in power[:shown]]
    return panel(
        f"Distance to the eigenvector, {size.loops} loops in training",
        "loops, or iterations",
        "mean squared distance",
        [*lines, curve("power method", errors)],
        log="y",
        note=f"On the law of training. {RANGE}",
    )


def _angles(found: Networks, size: PowerSize) -> Panel:
    norm = found["component", "norm"]
    lines = []
    for ratio in RATIOS:
        each = [one.iterations[ratio] for one in norm]
        lines += [
            line(
                f"with norm, {ratio:g}",
                dict(enumerate(zip(*(one.tangents for one in each), strict=True))),
                centre=geometric_mean,
            ),
            curve(f"power method, {ratio:g}", each[0].power),
        ]
    return panel(
        "Angle to the eigenvector, by lambda_2 / lambda_1",
        "loops, or iterations",
        "tangent of the angle, geometric mean",
        lines,
        log="y",
        note=f"Trained with {size.loops} loops and ratios from {size.ratio[0]:g} to "
        f"{size.ratio[1]:g}. {RANGE}",
    )


def _cosines(found: Networks, size: PowerSize) -> Panel:
    ratio = RATIOS[1]
    lines = [
        line(
            _NAMES[key],
            {
                loop: [max(1 - each.iterations[ratio].cosines[loop], 1e-12) for each in row]
                for loop in range(1, _LONGER * size.loops + 1)
            },
            centre=geometric_mean,
        )
        for key, row in found.items()
        if key[1] != "plain-twice"
    ]
    return panel(
        f"Distance from the power method's iterates, lambda_2 / lambda_1 = {ratio:g}",
        "loops",
        "1 - mean cosine",
        lines,
        log="y",
        note=RANGE,
    )


def _numbers(found: Networks, size: PowerSize) -> list[Number]:
    loops = size.loops
    norm = found["component", "norm"]
    numbers = [
        number(
            f"factor of the angle in a loop, loops {loops} to {2 * loops}, ratio {ratio:g}",
            [_factor(one.iterations[ratio].tangents, loops) for one in norm],
            reference=_factor(norm[0].iterations[ratio].power, loops),
            source="power method on the same matrices",
        )
        for ratio in RATIOS
    ]
    numbers += [
        number(
            f"least mean cosine with the iterate, {_NAMES[key]}",
            [min(min(one.cosines) for one in each.iterations.values()) for each in row],
        )
        for key, row in found.items()
    ]
    numbers += [
        number(
            f"loss after training, {_NAMES[key]}",
            [each.loss for each in row],
        )
        for key, row in found.items()
    ]
    for key in (("component", "norm"), ("iterate", "norm")):
        name, row = _NAMES[key], found[key]
        numbers += [
            number(f"c, {name}", [each.c for each in row]),
            number(f"distance of W from c I, {name}", [each.rest for each in row], reference=0.0),
        ]
    numbers.append(Number(name=f"least loss of a multiple of iterate {loops}", value=_scaled(size)))
    return numbers


def _factor(tangents: Sequence[float], loops: int) -> float:
    return float((tangents[2 * loops] / tangents[loops]) ** (1 / loops))


def _scaled(size: PowerSize) -> float:
    """Of a S^L z with the best a: the power method's direction, and lengths that no norm mends."""
    batch = _draw(task(size, "component"))
    image = torch.linalg.matrix_power(batch.covariance, size.loops) @ batch.start[:, :, None]
    image = image[:, :, 0]
    best = (image * batch.target).sum() / image.square().sum()
    return float((best * image - batch.target).square().sum(dim=1).mean())


POWER = Analysis(
    name="wu2026-power",
    title="Looped linear attention on principal components, with and without norm",
    section="abstract",
    runs=runs,
    analyse=analyse,
    note="z <- norm(z + S W z) with S the covariance of the prompt's points, W trained from small "
    "entries by gradient descent with momentum; the norm divides by the length. d = 6, ratios of "
    "the two largest eigenvalues from 0.2 to 0.8, four loops in training and up to sixteen at test "
    "time. Guided: one loop, trained on one power iteration in place of the eigenvector. Bounds "
    "and sizes were fixed on runs of seeds 100 and 101.",
)
