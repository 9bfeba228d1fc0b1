"""Transformers that predict the weights of logistic regression beside damped Newton's iterates."""

import itertools
from collections.abc import Mapping, Sequence

from ...construct.algorithms.logistic import inverse_steps_for
from ...incontext import InContextFolder, Logistic, Optimizer, RunConfig, Transformer
from ...incontext.algorithms import DampedNewton
from ...incontext.measures import loss_by_layer, loss_by_step
from ...runs import Experiment, Scale
from ..findings import Findings, Number
from ..seeds import INTERVALS, curve, geometric_mean, grouped, line, number, panel
from ..study import Analysis
from .settings import SEEDS as ALL_SEEDS
from .settings import laptop_config

MU = 0.1
LAYERS: dict[Scale, tuple[int, ...]] = {"laptop": (1, 2, 3), "paper": (1, 6, 12, 15, 20, 40)}
SEEDS: dict[Scale, tuple[int, ...]] = {"laptop": (0, 1), "paper": ALL_SEEDS["paper"]}
STEPS = 8
STRETCH = 13
"""Layers a damped Newton step, 11 + 2k with k = 1, in the paper's figure."""
SIZE = 2000
"""Prompts to measure on."""

Losses = Mapping[int, Sequence[float]]
"""By layers: ||w - w^||^2 a seed."""


def task(scale: Scale) -> Logistic:
    """The paper's code does not bound the covariates; the theorem, and our laptop, do."""
    if scale == "paper":
        return Logistic(dim=5, points=26, mu=MU, bounded=False)
    return Logistic(dim=3, points=12, mu=MU)


def runs(scale: Scale) -> Sequence[Experiment]:
    return [
        Experiment(name=f"layers-{layers}-seed-{seed}", config=_config(scale, layers, seed))
        for layers, seed in itertools.product(LAYERS[scale], SEEDS[scale])
    ]


def _config(scale: Scale, layers: int, seed: int) -> RunConfig:
    model = Transformer(
        layers=layers,
        embedding=32,
        heads=4,
        scores="softmax",
        norm=True,
        mlp="relu",
        positions=True,
        init_std=0.02 if scale == "paper" else 0.1,
    )
    if scale == "laptop":
        return laptop_config(task(scale), model, rate=2e-3, steps=1000, batch=128, seed=seed)
    return RunConfig(
        task=task(scale),
        model=model,
        optimizer=Optimizer(rate=1e-4),
        steps=1000,
        batch=2000,
        seed=seed,
    )


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    prompts = task(scale)
    newton = loss_by_step(DampedNewton(mu=MU), prompts, STEPS, size=SIZE).tolist()
    losses = {
        layers: [
            float(loss_by_layer(folder.model().double(), prompts, size=SIZE)[-1]) for folder in row
        ]
        for layers, row in grouped(folders, lambda run: Transformer.of(run.model).layers).items()
    }
    stretched = {STRETCH * step: loss for step, loss in enumerate(newton)}
    lines = (
        line("trained transformer", losses, centre=geometric_mean),
        curve(f"damped Newton, {STRETCH} layers a step", stretched),
    )
    found = panel(
        "Logistic regression",
        "layers",
        "squared distance to the minimiser",
        lines,
        log="y",
        note=f"{INTERVALS} Damped Newton starts from 0.",
    )
    return Findings(panels=(found,), numbers=tuple(numbers(losses, newton)), verdicts={})


def numbers(losses: Losses, newton: Sequence[float]) -> list[Number]:
    """Losses beside Newton's after one step, and the layers in which a construction has as low."""
    a_step = inverse_steps_for(MU) + 6
    found = []
    for layers, values in losses.items():
        loss = geometric_mean(values)
        found.append(
            number(
                f"squared distance, {layers} layers",
                values,
                reference=newton[1],
                source="one step of damped Newton from 0 on the same prompts",
                centre=geometric_mean,
            )
        )
        steps = next((step for step, each in enumerate(newton) if each <= loss), None)
        if steps is not None:
            found.append(
                Number(
                    name=f"layers of the construction for the loss of {layers} trained layers",
                    value=float(steps * a_step),
                    source=f"{steps} damped Newton steps of k + 6 = {a_step} layers",
                )
            )
    return found


STUDY = Analysis(
    name="giannou2024-logistic",
    title="Trained transformers for logistic regression beside damped Newton",
    section="6, figures 1 and 7",
    runs=runs,
    analyse=analyse,
    note=(
        "Laptop: d = 3 and 12 examples in place of 5 and 26, examples scaled to length 1 at most "
        "(the authors' code does not scale), embedding 32, two seeds, 1 to 3 layers, 1000 steps of "
        "128 prompts with a rate of 0.002, weights that begin with a standard deviation of 0.1 "
        "(0.02 was ten times worse after 300). Softmax, layer norm, ReLU networks and positions "
        "are those of the authors' code; the paper's scale has the text's d, embedding and mu, and "
        "a rate of 1e-4, as none is given. No claim is judged: the finding, that few trained "
        "layers do what the construction needs many for, is in the numbers."
    ),
)
