"""Tasks, training and the matching of layers with steps (derivations.md, section 2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from ...incontext import (
    Curriculum,
    Evaluation,
    Gaussian,
    InContextFolder,
    Optimizer,
    Prompts,
    Regression,
    RunConfig,
    TransformerModel,
    gpt,
)
from ...incontext.algorithms import GradientDescent, Newton
from ...incontext.measures import fit_readouts, model_errors, prefix_errors, similarity
from ...runs import Experiment, Scale
from ...training import ScheduleConfig
from ..findings import HeatMap, Panel
from ..seeds import RELATIVE, curve, panel

Data = Literal["isotropic", "ill-conditioned"]
CONDITION = 100.0
"""The larger half of the covariance's eigenvalues over the other, when ill-conditioned."""
CITED = "Fu et al. (2024)"
SEEDS: dict[Scale, tuple[int, ...]] = {"laptop": (0, 1), "paper": (0,)}
SEQUENCES = 320
NEWTON_STEPS = 25
DESCENT_STEPS = 4096
DESCENT_RATE = 0.01
"""Of gradient descent on the sum of squares."""
SLACK = 1e-3
"""Steps whose similarities are this close to the best match as well; the first of them counts."""


def task(scale: Scale, data: Data) -> Regression:
    """Covariances have trace d; an ill-conditioned one has a basis of its own in each prompt."""
    dim, points = (20, 40) if scale == "paper" else (3, 8)
    if data == "isotropic":
        return Regression(dim=dim, points=points)
    large = dim // 2
    low = dim / (CONDITION * large + dim - large)
    spectrum = (CONDITION * low,) * large + (low,) * (dim - large)
    return Regression(
        dim=dim, points=points, covariates=Gaussian(spectrum=spectrum, basis="prompt")
    )


def run(scale: Scale, data: Data, seed: int) -> Experiment:
    return Experiment(name=f"{data}-seed-{seed}", config=_config(scale, data, seed))


def _config(scale: Scale, data: Data, seed: int) -> RunConfig:
    if scale == "paper":
        return RunConfig(
            task=task(scale, data),
            model=gpt(layers=12, embedding=256, heads=8),
            optimizer=Optimizer(rate=1e-4),
            steps=500_001,
            batch=64,
            seed=seed,
            curriculum=Curriculum(dims=5, points=10, every=2000, more_dims=1, more_points=2),
            evaluation=Evaluation(every=10_000),
        )
    return RunConfig(
        task=task(scale, data),
        model=gpt(layers=4, embedding=32, heads=2),
        optimizer=Optimizer(
            rate=2e-3,
            clip=1.0,
            schedule=ScheduleConfig(warmup_steps=200, shape="cosine", falls="from-start"),
        ),
        steps=5000,
        batch=64,
        seed=seed,
        evaluation=Evaluation(every=1000, size=1000),
    )


def small_part(scale: Scale) -> float:
    """The part of the targets' mean square in the directions of small variance."""
    covariates = task(scale, "ill-conditioned").covariates
    assert isinstance(covariates, Gaussian) and covariates.spectrum is not None
    values = covariates.spectrum
    return sum(v for v in values if v == min(values)) / sum(values)


@dataclass(frozen=True, eq=False, kw_only=True)
class Matched:
    """Layers of a model beside the steps of two algorithms, on the same sequences."""

    newton: Float[Tensor, "L S"]
    """SimE of each layer, the embedding first, with each step."""
    descent: Float[Tensor, "L T"]
    losses: Float[Tensor, " L"]
    """Of the read-outs at the query, over the mean square of the targets."""
    newton_losses: Float[Tensor, " S"]
    descent_losses: Float[Tensor, " T"]

    @property
    def newton_steps(self) -> list[int]:
        """The step that each layer matches best."""
        return first_match(self.newton).tolist()

    @property
    def descent_steps(self) -> list[int]:
        return first_match(self.descent).tolist()


def matched(prompts_of: Regression, folder: InContextFolder) -> Matched:
    """Layers are read by least-squares probes."""
    model = TransformerModel.of(folder.model()).double()
    prompts = prompts_of.draw(0, 0, SEQUENCES, purpose="measure", dtype=torch.float64)
    readouts = fit_readouts(model, prompts_of)
    layers = model_errors(readouts.predictions(prompts), prompts)
    newton = prefix_errors(Newton(order=2, start="frobenius"), prompts, NEWTON_STEPS)
    descent = descent_errors(prompts, DESCENT_RATE, DESCENT_STEPS)
    power = prompts.target.square().mean()
    final = [errors[:, :, -1].square().mean(dim=1) / power for errors in (layers, newton, descent)]
    return Matched(
        newton=similarity(layers, newton),
        descent=similarity(layers, descent),
        losses=final[0],
        newton_losses=final[1],
        descent_losses=final[2],
    )


def descent_errors(prompts: Prompts, rate: float, steps: int) -> Float[Tensor, "S B n"]:
    """As `prefix_errors` of gradient descent on the sum of squares, so not divided by the pairs."""
    return prefix_errors(lambda pairs: GradientDescent(rate=rate * pairs), prompts, steps)


def first_match(heat: Float[Tensor, "A S"]) -> Int64[Tensor, " A"]:
    """The first step that is within `SLACK` of the best: converged iterates are all alike."""
    best = heat.max(dim=1, keepdim=True).values
    return (heat >= best - SLACK).int().argmax(dim=1)


def heat_maps(found: Matched, newton: str, descent: str) -> tuple[HeatMap, HeatMap]:
    """Similarities with either algorithm's steps, under these titles."""
    return (
        _heat_map(newton, found.newton, range(NEWTON_STEPS + 1), "Newton's iteration"),
        _heat_map(descent, found.descent, doublings(DESCENT_STEPS), "gradient descent"),
    )


def _heat_map(title: str, heat: Float[Tensor, "A S"], steps: Sequence[int], name: str) -> HeatMap:
    """Layers 1 and on, and the steps chosen; the best of these is marked."""
    shown = heat[1:, list(steps)]
    return HeatMap(
        title=title,
        row="layer",
        column=f"steps of {name}",
        rows=tuple(float(layer) for layer in range(1, len(heat))),
        columns=tuple(float(step) for step in steps),
        values=tuple(tuple(row) for row in shown.tolist()),
        value="similarity of errors",
        marked=tuple(first_match(shown).tolist()),
        log_columns=max(steps) > 100,
        note=f"{SEQUENCES} sequences, first seed; the mark is the best match.",
    )


def loss_panel(title: str, found: Matched) -> Panel:
    """Losses at the query by layers, and by steps of either algorithm."""
    newton, descent = found.newton_losses.tolist(), found.descent_losses.tolist()
    lines = (
        curve("read-outs of the layers", dict(enumerate(found.losses[1:].tolist(), 1)), "model"),
        curve("Newton's iteration", dict(enumerate(newton[1:], 1))),
        curve("gradient descent", {step: descent[step] for step in doublings(DESCENT_STEPS)}),
    )
    return panel(title, "layers, or steps", RELATIVE, lines, log="xy", note="First seed.")


def doublings(most: int) -> list[int]:
    """1, 2, 4, .. up to `most`."""
    return [2**k for k in range(most.bit_length())]
