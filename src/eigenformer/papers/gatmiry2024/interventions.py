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
PROMPTS = 1000


def runs(scale: Scale) -> Sequence[Experiment]:
    return [run(scale, *each, seed) for each in CELLS for seed in SEED_RANGE]


def descent(model: InContextModel, *, turning: bool = False) -> Mechanism:
    """A = a I with the mean of A's diagonal, and u = 0; if `turning`, A's antisymmetric part too.

    That part turns what is left of w while it shrinks, which no multiple of I does.
    """
    found = weights_of(model).preconditioner
    eye = torch.eye(found.shape[1], dtype=found.dtype)
    used = {"the step": ("layers.0.a", found.diagonal(dim1=1, dim2=2).mean() * eye[None])}
    if turning:
        used["the antisymmetric part of A"] = "layers.0.a", (found - found.mT) / 2
    return mechanism(model, used, iterate=LABELS)


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    subjects = []
    for (points, loops), row in grouped(folders, cell).items():
        law = task(points)
        prompts = law.draw(0, 0, PROMPTS, purpose="measure", dtype=torch.float64)
        models = [folder.model().double() for folder in row]
        for turning in (False, True):
            known = [descent(each, turning=turning) for each in models]
            subjects.append(
                Subject(
                    name=f"n = {points}, {loops} loops",
                    algorithm="gradient descent that turns" if turning else "gradient descent",
                    found=[
                        intervene(each, one, law, prompts)
                        for each, one in zip(models, known, strict=True)
                    ],
                    tolerance=CLOSE,
                    judged=not turning,
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
    "not use. To compare with, the same with A's antisymmetric part, which lowered the loss in a "
    f"pilot. Tolerance: 2%, as there. {RULE}",
)
