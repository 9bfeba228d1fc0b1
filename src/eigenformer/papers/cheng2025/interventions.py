"""Trained layers for the heat kernel with the states of the construction in place of theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from ...incontext import InContextFolder, InContextModel, Mechanism, intervene, mechanism
from ...runs import Experiment, Scale
from ..findings import Findings
from ..interventions import RULE, SEED_RANGE, Subject, findings
from ..study import Analysis
from .settings import laptop_run, task
from .study import NO_WORSE, TEST_GRAPHS

LAYERS = 2


def runs(scale: Scale) -> Sequence[Experiment]:
    return [laptop_run("heat", LAYERS, seed) for seed in SEED_RANGE]


def euler(model: InContextModel) -> Mechanism:
    """Phi <- r Phi - c Phi L with the model's own r and c; edges and demands stay as they are."""
    weights = model.state_dict()
    used = {}
    for layer in range(model.depth):
        for what, name, place in (("scores", "q", 0), ("step", "p", 2), ("multiple", "r", 2)):
            full = f"layers.{layer}.{name}"
            part = torch.zeros_like(weights[full])
            part[..., place] = weights[full][..., place]
            used[f"the {what} of layer {layer + 1}"] = full, part
    made = mechanism(model, used, iterate=slice(-task("heat").demands, None))
    # Of r and c the ratio counts: r may be anything.
    without = {what: each for what, each in made.without.items() if "multiple" not in what}
    return replace(made, without=without)


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    law = task("heat")
    graphs = law.draw(0, 0, TEST_GRAPHS, purpose="test", dtype=torch.float64)
    models = [folder.model().double() for folder in folders.values()]
    subject = Subject(
        name=f"heat kernel, {LAYERS} layers",
        algorithm="steps of 1 - c L",
        found=[intervene(each, euler(each), law, graphs) for each in models],
        tolerance=NO_WORSE - 1,
    )
    return findings("N13", [subject])


INTERVENTIONS = Analysis(
    name="cheng2025-interventions",
    title="States of the construction for the heat kernel in place of a trained layer's",
    section="4",
    runs=runs,
    analyse=analyse,
    scales=("laptop",),
    note="Two layers of cheng2025-heat. The construction multiplies Phi by "
    "1 - time L / layers in each; here by r - c L with the model's own r and c, and what moves the "
    f"edges or the demands is what it does not use. Tolerance: 10%, as there. {RULE}",
)
