"""Looped models with the states of gradient descent, and without u and the rest of A."""

from collections.abc import Mapping, Sequence

import torch

from ...incontext import (
    LABELS,
    InContextFolder,
    InContextModel,
    Mechanism,
    intervene,
    mechanism,
)
from ...runs import Experiment, Scale
from ..findings import Findings
from ..interventions import RULE, SEED_RANGE, Subject, findings
from ..seeds import grouped
from ..study import Analysis
from .optimum import CLOSE, weights_of
from .settings import UNKNOWN, cell, run, task

CELLS = ((20, 2), (100, 5))
PROMPTS = 10_000


def runs(scale: Scale) -> Sequence[Experiment]:
    return [run(scale, *each, seed) for each in CELLS for seed in SEED_RANGE]


def descent(model: InContextModel) -> Mechanism:
    """A = a I with the mean of A's diagonal, and u = 0."""
    found = weights_of(model).preconditioner
    eye = torch.eye(found.shape[1], dtype=found.dtype)
    step = found.diagonal(dim1=1, dim2=2).mean() * eye[None]
    return mechanism(model, {"the step": ("layers.0.a", step)}, iterate=LABELS)


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    subjects = []
    for (points, loops), row in grouped(folders, cell).items():
        law = task(points)
        prompts = law.draw(0, 0, PROMPTS, purpose="measure", dtype=torch.float64)
        models = [folder.model().double() for folder in row]
        subjects.append(
            Subject(
                name=f"n = {points}, {loops} loops",
                algorithm="gradient descent",
                found=[intervene(each, descent(each), law, prompts) for each in models],
                tolerance=CLOSE,
            )
        )
    return findings("N12", subjects)


INTERVENTIONS = Analysis(
    name="gatmiry2024-interventions",
    title="States of gradient descent in place of a loop's",
    section="3, theorem 3.2",
    runs=runs,
    analyse=analyse,
    note=f"d = 10, Sigma = I. {UNKNOWN} The runs of gatmiry2024-optimum of two cells, with a third "
    "seed. Descent has the mean of A's diagonal as its step; the rest of A and u are what it does "
    f"not use. Tolerance: 2%, as there. {RULE}",
)
