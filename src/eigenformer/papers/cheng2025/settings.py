"""What the graph transformers are trained on, and how (derivations.md, section 8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...incontext import (
    Architecture,
    Evaluation,
    FromRichardson,
    GraphTask,
    GraphTransformer,
    Optimizer,
    RunConfig,
)
from ...runs import Experiment, Scale
from ..seeds import COSINE

Quantity = Literal["potentials", "embedding", "heat"]
Form = Literal["full", "masked", "scalar"]
Graph = Literal["skip-ring", "complete"]
QUANTITIES: dict[Quantity, str] = {
    "potentials": "electric potentials",
    "embedding": "resistive embedding",
    "heat": "heat kernel",
}
WARM_DEPTH = 4
"""Layers of the construction that training starts from, at the laptop's scale."""
_STEPS = 1600
"""At the laptop's scale; with 400 the embedding lagged at 3 and 4 layers (docs/log.md)."""
_PAPER_STEPS = {1: 3100, 3: 6100, 5: 10_100, 7: 14_100, 9: 40_100}
"""By depth."""


@dataclass(frozen=True, kw_only=True)
class GraphSize:
    """What differs between the scales."""

    depths: dict[Quantity, tuple[int, ...]]
    seeds: int
    forms: tuple[Form, ...]
    """The first is the one that the verdict is about."""
    graphs: tuple[Graph, ...]


SIZES: dict[Scale, GraphSize] = {
    "laptop": GraphSize(
        depths={
            # From Phi = 0 one scalar layer can only copy Psi, with a factor that the loss ignores.
            "potentials": (2, 3, 4),
            "embedding": (1, 2, 3, 4),
            "heat": (1, 2, 3, 4),
        },
        seeds=3,
        forms=("scalar",),
        graphs=("skip-ring",),
    ),
    "paper": GraphSize(
        depths={quantity: tuple(_PAPER_STEPS) for quantity in QUANTITIES},
        seeds=3,
        forms=("full", "masked"),
        graphs=("skip-ring", "complete"),
    ),
}


def task(quantity: Quantity, graph: Graph = "skip-ring") -> GraphTask:
    """10 nodes and 10 demands; entries of B are +-exp(U(-1, 1)); the heat kernel's time is 0.5."""
    return GraphTask(quantity=quantity, graph=graph, nodes=10, demands=10, spread=1.0, time=0.5)


def run_name(form: str, graph: str, depth: int, seed: int) -> str:
    """Such as "scalar-skip-ring-3-layers-seed-0"."""
    return f"{form}-{graph}-{depth}-layers-seed-{seed}"


def warm_name(seed: int) -> str:
    return f"warm-seed-{seed}"


def runs(quantity: Quantity, scale: Scale) -> Sequence[Experiment]:
    size = SIZES[scale]
    make = _laptop if scale == "laptop" else _paper
    found = [
        Experiment(
            name=run_name(form, graph, depth, seed),
            config=make(task(quantity, graph), form, depth, seed),
        )
        for form in size.forms
        for graph in size.graphs
        for depth in size.depths[quantity]
        for seed in range(size.seeds)
    ]
    if quantity == "potentials" and scale == "laptop":
        found += [
            Experiment(name=warm_name(seed), config=_warm(seed)) for seed in range(size.seeds)
        ]
    return found


def _paper(problem: GraphTask, form: Form, depth: int, seed: int) -> RunConfig:
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


def _laptop(problem: GraphTask, form: Form, depth: int, seed: int) -> RunConfig:
    potentials = problem.quantity == "potentials"
    # Phi_0 as in the construction, so that equal depth is an equal number of steps.
    start: Literal["zero", "demands"] = "zero" if potentials else "demands"
    model = GraphTransformer(layers=depth, form=form, normalise="blocks", start=start, init_std=0.1)
    return _short(problem, model, 0.03 if potentials else 0.02, _STEPS, seed)


def laptop_run(quantity: Quantity, depth: int, seed: int) -> Experiment:
    """One of the laptop's runs, of any seed."""
    name = run_name("scalar", "skip-ring", depth, seed)
    return Experiment(name=name, config=_laptop(task(quantity), "scalar", depth, seed))


def _warm(seed: int) -> RunConfig:
    return _short(task("potentials"), FromRichardson(layers=WARM_DEPTH), 0.003, 300, seed)


def _short(
    problem: GraphTask, model: Architecture, rate: float, steps: int, seed: int
) -> RunConfig:
    return RunConfig(
        task=problem,
        model=model,
        optimizer=Optimizer(kind="adamw", rate=rate, betas=(0.9, 0.99), clip=1.0, schedule=COSINE),
        steps=steps,
        batch=64,
        seed=seed,
        evaluation=Evaluation(every=steps, size=500),
    )
