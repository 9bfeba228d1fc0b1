"""What the graph transformers are trained on, and how (derivations.md, section 8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...incontext import (
    Evaluation,
    FromRichardson,
    GraphTask,
    GraphTransformer,
    Optimizer,
    RunConfig,
)
from ...runs import Experiment, Scale
from ...training import ScheduleConfig

Quantity = Literal["potentials", "embedding", "heat"]
QUANTITIES: dict[Quantity, str] = {
    "potentials": "electric potentials",
    "embedding": "resistive embedding",
    "heat": "heat kernel",
}
WARM_DEPTH = 4
"""Layers of the construction that training starts from, at the laptop's scale."""
_PAPER_STEPS = {1: 3100, 3: 6100, 5: 10_100, 7: 14_100, 9: 40_100}
"""By depth."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """What differs between the scales."""

    depths: dict[Quantity, tuple[int, ...]]
    seeds: int
    forms: tuple[Literal["full", "masked", "scalar"], ...]
    """The first is the one that the verdict is about."""
    graphs: tuple[Literal["skip-ring", "complete"], ...]


SIZES: dict[Scale, Size] = {
    "laptop": Size(
        depths={
            # From Phi = 0 one scalar layer can only copy Psi, with a factor that the loss ignores.
            "potentials": (2, 3, 4),
            "embedding": (1, 2, 3, 4),
            "heat": (1, 2, 3, 4),
        },
        seeds=2,
        forms=("scalar",),
        graphs=("skip-ring",),
    ),
    "paper": Size(
        depths={quantity: tuple(_PAPER_STEPS) for quantity in QUANTITIES},
        seeds=3,
        forms=("full", "masked"),
        graphs=("skip-ring", "complete"),
    ),
}


def task(quantity: Quantity, graph: Literal["skip-ring", "complete"] = "skip-ring") -> GraphTask:
    """10 nodes and 10 demands; entries of B are +-exp(U(-1, 1)); the heat kernel's time is 0.5."""
    return GraphTask(quantity=quantity, graph=graph, nodes=10, demands=10, spread=1.0, time=0.5)


def run_name(form: str, graph: str, depth: int, seed: int) -> str:
    """Such as "scalar-skip-ring-3-layers-seed-0"."""
    return f"{form}-{graph}-{depth}-layers-seed-{seed}"


def warm_name(seed: int) -> str:
    return f"warm-seed-{seed}"


def runs(quantity: Quantity, scale: Scale) -> Sequence[Experiment]:
    size = SIZES[scale]
    found = []
    for form in size.forms:
        for graph in size.graphs:
            for depth in size.depths[quantity]:
                for seed in range(size.seeds):
                    make = _laptop if scale == "laptop" else _paper
                    config = make(task(quantity, graph), form, depth, seed)
                    found.append(Experiment(name=run_name(form, graph, depth, seed), config=config))
    if quantity == "potentials" and scale == "laptop":
        found += [
            Experiment(name=warm_name(seed), config=_warm(seed)) for seed in range(size.seeds)
        ]
    return found


def _paper(
    problem: GraphTask, form: Literal["full", "masked", "scalar"], depth: int, seed: int
) -> RunConfig:
    steps = _PAPER_STEPS[depth]
    return RunConfig(
        task=problem,
        model=GraphTransformer(layers=depth, form=form, normalise="blocks", start="zero"),
        optimizer=Optimizer(
            kind="adamw",
            rate=0.02 / depth,
            betas=(0.9, 0.99),
            weight_decay=0.01,
            clip=1.0,
            halve_every=steps // 5,
        ),
        steps=steps,
        batch=10_000,
        reuse=10,
        seed=seed,
    )


def _laptop(
    problem: GraphTask, form: Literal["full", "masked", "scalar"], depth: int, seed: int
) -> RunConfig:
    return RunConfig(
        task=problem,
        model=GraphTransformer(
            layers=depth,
            form=form,
            normalise="blocks",
            # Phi_0 as in the construction, so that equal depth is an equal number of steps.
            start="zero" if problem.quantity == "potentials" else "demands",
            init_std=0.1,
        ),
        optimizer=_short(0.03 if problem.quantity == "potentials" else 0.02),
        steps=400,
        batch=64,
        seed=seed,
        evaluation=Evaluation(every=400, size=500),
    )


def _warm(seed: int) -> RunConfig:
    return RunConfig(
        task=task("potentials"),
        model=FromRichardson(layers=WARM_DEPTH),
        optimizer=_short(0.003),
        steps=300,
        batch=64,
        seed=seed,
        evaluation=Evaluation(every=300, size=500),
    )


def _short(rate: float) -> Optimizer:
    return Optimizer(
        kind="adamw",
        rate=rate,
        betas=(0.9, 0.99),
        clip=1.0,
        schedule=ScheduleConfig(warmup_steps=0, shape="cosine"),
    )
