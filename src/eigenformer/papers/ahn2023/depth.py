"""Depths 1 to 4 against gradient descent, plain and preconditioned; Theorem 4's form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from ...incontext import InContextFolder, LinearAttention, Prompts, RunConfig
from ...incontext.algorithms import GDPlusPlus, GradientDescent, RegressionAlgorithm, best_rate
from ...runs import Experiment, Scale
from ..findings import Finding, Findings
from ..judging import answer, finding
from ..scalars import best_schedule, eigenvalues
from ..seeds import RANGE, grouped, line, number, panel
from ..sides import mean
from ..study import Analysis
from .settings import ISOTROPIC, TASK, config, covariance, held_out, seeds

DEPTHS = (1, 2, 3, 4)
PROMPTS = 20_000
CLOSE = 0.01
"""At depth 1, where no model can be below preconditioned descent: how far above it may be."""


def runs(scale: Scale) -> Sequence[Experiment]:
    return [
        Experiment(name=f"{layers}-layers-seed-{seed}", config=_config(scale, layers, seed))
        for layers in DEPTHS
        for seed in seeds(scale)
    ]


def _config(scale: Scale, layers: int, seed: int) -> RunConfig:
    model = LinearAttention(layers=layers, form="sparse")
    if scale == "laptop":
        return config(scale, seed, model, steps=1000, batch=4096)
    return config(
        scale,
        seed,
        model,
        steps=20_000,
        batch=20_000,
        kind="adamw",
        betas=(0.99, 0.9),
        halve_every=4000,
    )


@dataclass(frozen=True, kw_only=True)
class LayersCompared:
    """A model beside algorithms of as many steps, on the same prompts: mean squared errors."""

    model: float
    gd: float
    """Descent at the best constant rate."""
    preconditioned: float
    """The same, preconditioned by Sigma^-1."""
    plus: float
    """GD++ preconditioned by Sigma^-1, the best scalars for each step: Theorem 4's form."""
    margins: tuple[float, float]
    """Each of the two descents' errors less the model's, in standard errors of the mean."""


def whiten(prompts: Prompts, sigma: Float[Tensor, "d d"]) -> Prompts:
    """x -> Sigma^(-1/2) x, w -> Sigma^(1/2) w: the same labels, with isotropic inputs."""
    values, vectors = torch.linalg.eigh(sigma)
    root = (vectors * values.sqrt()) @ vectors.T
    inverse = (vectors / values.sqrt()) @ vectors.T
    return replace(
        prompts,
        x=prompts.x @ inverse,
        query=prompts.query @ inverse,
        weights=prompts.weights @ root,
    )


def compare(folder: InContextFolder, plus: Mapping[int, GDPlusPlus]) -> LayersCompared:
    """`plus`: by depth."""
    seed, depth = folder.config().seed, LinearAttention.of(folder.config().model).layers
    sigma = covariance(TASK, seed)
    tune = held_out(TASK, seed, PROMPTS, purpose="tune")
    prompts = held_out(TASK, seed, PROMPTS)
    inverse = torch.linalg.inv(sigma)
    gd = GradientDescent(rate=best_rate(tune, depth))
    preconditioned = GradientDescent(rate=best_rate(tune, depth, inverse), preconditioner=inverse)
    model = TASK.errors(folder.model().double()(prompts), prompts)
    rivals = [_errors(gd, prompts, depth), _errors(preconditioned, prompts, depth)]
    margins = [
        float(difference.mean() / difference.std()) * len(difference) ** 0.5
        for difference in (rival - model for rival in rivals)
    ]
    return LayersCompared(
        model=float(model.mean()),
        gd=float(rivals[0].mean()),
        preconditioned=float(rivals[1].mean()),
        plus=float(_errors(plus[depth], whiten(prompts, sigma), depth).mean()),
        margins=(margins[0], margins[1]),
    )


def _errors(algorithm: RegressionAlgorithm, prompts: Prompts, steps: int) -> Float[Tensor, " B"]:
    return TASK.errors(algorithm.predictions(prompts, steps)[-1], prompts)


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    values = eigenvalues(ISOTROPIC)
    plus = {depth: GDPlusPlus(rates=best_schedule(values, depth, "gd++").pairs) for depth in DEPTHS}
    depths = grouped(folders, lambda run: LinearAttention.of(run.model).layers)
    found = {depth: [compare(folder, plus) for folder in row] for depth, row in depths.items()}
    labels = {
        "model": "trained linear transformer",
        "gd": "GD",
        "preconditioned": "GD preconditioned by Sigma^-1",
        "plus": "GD++ preconditioned by Sigma^-1, best scalars",
    }
    lines = [
        line(
            label,
            {depth: [getattr(each, name) for each in row] for depth, row in found.items()},
            "model" if name == "model" else "algorithm",
        )
        for name, label in labels.items()
    ]
    by_depth = panel(
        "Loss by depth",
        "layers, or steps",
        "mean squared error",
        lines,
        log="y",
        note=f"{RANGE} Each has a covariance of its own. GD: the best constant rate on other "
        "prompts.",
    )
    numbers = tuple(
        number(
            f"mean squared error, depth {depth}",
            [each.model for each in row],
            reference=_mean(row, "plus"),
            source="GD++ preconditioned by Sigma^-1, best scalars, same prompts",
        )
        for depth, row in found.items()
    )
    return Findings(panels=(by_depth,), numbers=numbers, verdicts={"N09": verdict(found)})


def verdict(found: Mapping[int, Sequence[LayersCompared]]) -> Finding:
    """Holds if every model of depth 2 to 4 is below both descents, and those of depth 1 beside one.

    Below: by two standard errors of the paired differences. At depth 1 the best model is
    preconditioned descent at its best rate (Theorem 1 in whitened coordinates), so no model is
    below; it must be below plain descent and at most 1% above the preconditioned one. Fails if at
    some depth every seed is above one of them by two standard errors, and at depth 1 by 1%.
    """
    good, bad = [], []
    for depth, row in found.items():
        for each in row:
            ratio = each.model / each.preconditioned
            below = min(each.margins) > 2
            tied = each.margins[0] > 2 and ratio <= 1 + CLOSE
            good.append(tied if depth == 1 else below)
        above = [
            min(each.margins) < -2
            and (depth > 1 or each.model > (1 + CLOSE) * min(each.gd, each.preconditioned))
            for each in row
        ]
        bad.append(all(above))
    parts = [
        f"depth {depth}: {_mean(row, 'model'):.4f} (GD {_mean(row, 'gd'):.4f}, preconditioned "
        f"{_mean(row, 'preconditioned'):.4f})"
        for depth, row in found.items()
    ]
    sentence = (
        f"Mean squared errors over {len(next(iter(found.values())))} seeds: {'; '.join(parts)}. "
        "At depth 1 preconditioned descent is the best that there is, so a tie is all there can be."
    )
    return finding(
        answer(all(good), any(bad)),
        sentence,
        "The paper's 20,000 steps of 20,000 prompts: 400 million prompts a model, up to 2 hours "
        "each on one core.",
    )


def _mean(row: Sequence[LayersCompared], name: str) -> float:
    return mean([getattr(each, name) for each in row])


DEPTH = Analysis(
    name="ahn2023-depth",
    title="Linear transformers of depth 1 to 4 beat both gradient descents",
    section="5, theorem 4",
    runs=runs,
    analyse=analyse,
    note="Form (11) of the paper, as its code trains: A and B of each layer. At the laptop's scale "
    "4 million prompts a model, each batch used once, and a cosine to 0. Verdict: below both at "
    "depths 2 to 4 in every seed; at depth 1 within 1% of preconditioned descent, which is the "
    "minimiser there.",
)
