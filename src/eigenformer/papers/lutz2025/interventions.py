"""Networks for block completion with the states of the iteration that they are said to find."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ...incontext import (
    BlockAttentionModel,
    InContextFolder,
    InContextModel,
    Mechanism,
    intervene,
    mechanism,
)
from ...runs import Experiment, Scale
from ..findings import Findings
from ..interventions import RULE, SEED_RANGE, Subject, findings
from ..study import Analysis
from . import settings
from .settings import SIZES, run_name, task
from .study import TEST_MATRICES

CONDITION, LAYERS = 10.0, 3
TOLERANCE = 0.1


def runs(scale: Scale) -> Sequence[Experiment]:
    names = [run_name("scalar", CONDITION, LAYERS, seed) for seed in SEED_RANGE]
    return [run for run in settings.runs(scale) if run.name in names]


def second_order(model: InContextModel) -> Mechanism:
    """Each layer multiplies A, and with it B, by I - a A A^T or so, and takes C along.

    Scores are products of the columns of A alone; the last layer moves only what is read.
    """
    model = BlockAttentionModel.of(model)
    weights = model.state_dict()
    used = {}
    for layer in range(model.depth):
        scores, values = f"layers.{layer}.score", f"layers.{layer}.value"
        used[f"the scores of A in layer {layer + 1}"] = scores, _column(weights[scores], 0)
        used[f"the step of D in layer {layer + 1}"] = values, _column(weights[values], 1)
        if layer < model.depth - 1:
            used[f"the step of A in layer {layer + 1}"] = values, _column(weights[values], 0)
    return mechanism(model, used, iterate=slice(-model.missing, None))


def _column(values: Tensor, place: int) -> Tensor:
    found = torch.zeros_like(values)
    found[:, place] = values[:, place]
    return found


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    law = task(SIZES[scale], CONDITION)
    test = law.draw(0, 0, TEST_MATRICES, purpose="test of study", dtype=torch.float64)
    models = [folder.model().double() for folder in folders.values()]
    subject = Subject(
        name=f"{LAYERS} layers, condition {CONDITION:g}",
        algorithm="a second-order iteration",
        found=[intervene(each, second_order(each), law, test) for each in models],
        tolerance=TOLERANCE,
    )
    return findings("N15", [subject])


INTERVENTIONS = Analysis(
    name="lutz2025-interventions",
    title="States of a second-order iteration in place of a trained layer's",
    section="abstract",
    runs=runs,
    analyse=analyse,
    note="Runs of lutz2025-completion whose weights are multiples of the identity on each block. "
    "The iteration has scores from A alone, multiplies A and B by a polynomial in A A^T, which is "
    "what makes it one of second order, and takes C and D along; the scores of C are what it "
    f"does not use. Tolerance: 10%. {RULE}",
)
