"""One layer of linear self-attention against one step of gradient descent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from ...core import InputError
from ...incontext import InContextFolder, InContextModel, LinearAttentionModel, Prompts
from ...incontext.algorithms import GradientDescent, RegressionAlgorithm
from ...incontext.measures import Alignment, alignment
from ...incontext.models.forms import Full
from ...runs import Experiment, Scale
from ..findings import Finding, Findings, Panel
from ..judging import agreed, finding
from ..seeds import RANGE, curve, line, number, panel, spread
from ..study import Analysis
from .settings import PARAMETERS, SEEDS, TASK, config, optimum

FRACTIONS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
"""Of the training, after which the weights are looked at."""
INTERPOLATED_FROM = 0.1
"""Before that the weights are too small to be rescaled."""
FACTORS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
"""Of the inputs' range, and of w*, out of distribution."""
PROMPTS = 10_000
CLOSE, ALIGNED = 0.01, 0.99


def runs(scale: Scale) -> Sequence[Experiment]:
    steps = 1000 if scale == "laptop" else 5000
    looks = tuple(round(fraction * steps) for fraction in FRACTIONS)
    return [
        Experiment(
            name=f"seed-{seed}", config=config(scale, 1, seed, looped=False, snapshots=looks)
        )
        for seed in range(SEEDS[scale])
    ]


@dataclass(frozen=True, kw_only=True)
class Look:
    """A model at a step of its training."""

    excess: float
    """Half the mean squared error, less that of the best step of descent on the same prompts."""
    interpolated: float
    """The same of the mean of the two layers' weights."""
    alignment: Alignment


def held_out() -> Prompts:
    return TASK.draw(0, 0, PROMPTS, purpose="measure", dtype=torch.float64)


def half_loss(model: InContextModel, prompts: Prompts) -> float:
    with torch.no_grad():
        return float(TASK.loss(model(prompts), prompts)) / 2


def half_loss_of(algorithm: RegressionAlgorithm, prompts: Prompts, steps: int = 1) -> float:
    return float(TASK.loss(algorithm.predictions(prompts, steps)[-1], prompts)) / 2


def interpolated(model: InContextModel, rate: float, share: float = 0.5) -> LinearAttentionModel:
    """(1 - share) of the step of descent and `share` of the model, which is rescaled before.

    A layer (P c, Q / c) is the same for every c; c makes P's entry (y, y) 1, as that of descent is.
    """
    model = LinearAttentionModel.of(model)
    p, q = model.matrices()[0]
    d = model.dim
    scale = p[0, d, d]
    if scale == 0:
        raise InputError("P's entry (y, y) is 0, so the layer cannot be scaled to be averaged")
    step_p, step_q = torch.zeros_like(p), torch.zeros_like(q)
    step_p[0, d, d] = 1.0
    step_q[0, :d, :d] = -rate * torch.eye(d, dtype=q.dtype)
    found = model.architecture.build(TASK).to(p.dtype)
    layer = Full.of(found.layer(0))
    with torch.no_grad():
        layer.p.copy_((1 - share) * step_p + share * p / scale)
        layer.q.copy_((1 - share) * step_q + share * q * scale)
    return found.requires_grad_(False)


def scaled(prompts: Prompts, *, inputs: float = 1.0, weights: float = 1.0) -> Prompts:
    """The prompts of inputs and w* that are larger by these factors."""
    return replace(
        prompts,
        x=prompts.x * inputs,
        query=prompts.query * inputs,
        weights=prompts.weights * weights,
        y=prompts.y * inputs * weights,
        target=prompts.target * inputs * weights,
    )


def look(model: InContextModel, descent: GradientDescent, prompts: Prompts) -> Look:
    rate = descent.rate
    assert isinstance(rate, float)
    base = half_loss_of(descent, prompts)
    return Look(
        excess=half_loss(model, prompts) - base,
        interpolated=half_loss(interpolated(model, rate), prompts) - base,
        alignment=alignment(model, descent, prompts, step=1),
    )


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    rate, best = optimum()
    descent = GradientDescent(rate=rate)
    prompts = held_out()
    looks: dict[int, list[Look]] = {}
    for folder in folders.values():
        for step in folder.snapshots():
            model = folder.model(step).double()
            looks.setdefault(step, []).append(look(model, descent, prompts))
    last = max(looks)
    losses = [best + each.excess for each in looks[last]]
    alignments = [each.alignment for each in looks[last]]
    middle = [best + each.interpolated for each in looks[last]]
    numbers = (
        number("half the mean squared error, trained", losses, reference=best, source=_OPTIMUM),
        number("the same, mean of the weights of both", middle, reference=best, source=_OPTIMUM),
        number("cosine of the sensitivities", [a.cosine for a in alignments], reference=1.0),
        number(
            "difference of the sensitivities, L2", [a.sensitivity_difference for a in alignments]
        ),
        number("difference of the predictions, L2", [a.prediction_difference for a in alignments]),
    )
    models = [folder.model().double() for folder in folders.values()]
    return Findings(
        panels=(
            _training(looks, best, last),
            _alignment(looks),
            _out_of_distribution(models, descent, prompts),
        ),
        numbers=numbers,
        verdicts={"N08": verdict(losses, [a.cosine for a in alignments], best)},
    )


_OPTIMUM = "one step of gradient descent at the best rate, in closed form"


def verdict(losses: Sequence[float], cosines: Sequence[float], best: float) -> Finding:
    """Holds if every seed is within 1% of descent's loss with a cosine above 0.99."""
    good = [
        abs(loss - best) < CLOSE * best and cosine > ALIGNED
        for loss, cosine in zip(losses, cosines, strict=True)
    ]
    sentence = (
        f"Over {len(losses)} seeds a trained layer has half the mean squared error "
        f"{spread(losses)}, the best step of gradient descent {best:.4f}; the cosine of their "
        f"sensitivities is {spread(cosines)}."
    )
    return finding(
        agreed(good),
        sentence,
        "The paper's 5000 steps of 2048 prompts and 5 seeds: 51 million prompts, about five "
        "minutes of one core.",
    )


def _training(looks: Mapping[int, Sequence[Look]], best: float, last: int) -> Panel:
    trained = {step: [best + each.excess for each in found] for step, found in looks.items()}
    late = {
        step: [best + each.interpolated for each in found]
        for step, found in looks.items()
        if step >= INTERPOLATED_FROM * last
    }
    lines = (
        line("trained", trained),
        line("interpolated", late),
        curve("one step of GD, best rate", dict.fromkeys(looks, best), "theory"),
    )
    return panel(
        "Loss along training",
        "steps",
        "half the mean squared error",
        lines,
        note=f"{RANGE} On {PROMPTS} prompts, descent's own error on them taken off and its "
        "expectation put in its place. Interpolated: the mean of the trained weights, rescaled, "
        "and descent's.",
    )


def _alignment(looks: Mapping[int, Sequence[Look]]) -> Panel:
    names = {
        "cosine of sensitivities": "cosine",
        "difference of sensitivities": "sensitivity_difference",
        "difference of predictions": "prediction_difference",
    }
    lines = [
        line(
            label,
            {
                step: [getattr(each.alignment, name) for each in found]
                for step, found in looks.items()
            },
        )
        for label, name in names.items()
    ]
    y = "cosine, or L2 difference"
    return panel("Trained layer and one step of GD", "steps", y, lines, note=RANGE)


def _out_of_distribution(
    models: Sequence[InContextModel], descent: GradientDescent, prompts: Prompts
) -> Panel:
    changes = {
        "range of x": {factor: scaled(prompts, inputs=factor) for factor in FACTORS},
        "length of w": {factor: scaled(prompts, weights=factor) for factor in FACTORS},
    }
    lines = []
    for what, changed in changes.items():
        zero = {factor: float(each.target.square().mean()) / 2 for factor, each in changed.items()}
        trained = {
            factor: [half_loss(model, each) / zero[factor] for model in models]
            for factor, each in changed.items()
        }
        steps = {
            factor: half_loss_of(descent, each) / zero[factor] for factor, each in changed.items()
        }
        lines += [line(f"trained, {what}", trained), curve(f"GD, {what}", steps)]
    return panel(
        "Out of distribution",
        "factor on the range of x, or on w",
        "loss over that of predicting 0",
        lines,
        log="xy",
        note=f"{RANGE} Trained with factor 1.",
    )


ONE_LAYER = Analysis(
    name="vonoswald2023-one-layer",
    title="A trained layer of linear self-attention is a step of gradient descent",
    section="3",
    runs=runs,
    analyse=analyse,
    note="The paper's prompts; at the laptop's scale a tenth of its examples, with a higher rate "
    f"and a cosine to 0. {PARAMETERS} Verdict: every seed within 1% of the loss of the best step, "
    "with a cosine above 0.99.",
)
