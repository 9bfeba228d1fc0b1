"""Three layers with the states of preconditioned descent, and without parts of A."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from ...incontext import (
    LABELS,
    InContextFolder,
    InContextModel,
    Mechanism,
    changed,
    intervene,
    mechanism,
)
from ...incontext.measures import whitened
from ...runs import Scale
from ..findings import Findings
from ..interventions import RULE, Subject, findings
from ..study import Analysis
from .preconditioner import LAYERS, PROMPTS, preconditioners, runs
from .settings import TASK, covariance, held_out

TOLERANCE = 0.05


def preconditioned_descent(model: InContextModel, sigma: Float[Tensor, "d d"]) -> Mechanism:
    """A_l = r_l Sigma^-1, r_l the mean of the diagonal of Sigma^(1/2) A_l Sigma^(1/2)."""
    found = preconditioners(model)
    inverse, eye = torch.linalg.inv(sigma), torch.eye(len(sigma), dtype=sigma.dtype)
    steps, plain = (_means(matrices) for matrices in (whitened(found, sigma), found))
    names = [f"layers.{layer}.a" for layer in range(model.depth)]
    used = {
        f"the step of layer {layer + 1}": (name, (step * inverse)[None])
        for layer, (name, step) in enumerate(zip(names, steps, strict=True))
    }
    by_identity = changed(
        model, {name: (step * eye)[None] for name, step in zip(names, plain, strict=True)}
    )
    made = mechanism(model, used, iterate=LABELS)
    without = {**made.without, "the preconditioner (A_l a multiple of I)": by_identity}
    return replace(made, without=without)


def _means(matrices: Float[Tensor, "L d d"]) -> Float[Tensor, " L"]:
    return matrices.diagonal(dim1=1, dim2=2).mean(dim=1)


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    found = []
    for folder in folders.values():
        model, seed = folder.model().double(), folder.config().seed
        known = preconditioned_descent(model, covariance(TASK, seed))
        found.append(intervene(model, known, TASK, held_out(TASK, seed, PROMPTS)))
    subject = Subject(
        name=f"{LAYERS} layers",
        algorithm="descent preconditioned by the inverse covariance",
        found=found,
        tolerance=TOLERANCE,
    )
    return findings("N09", [subject])


INTERVENTIONS = Analysis(
    name="ahn2023-interventions",
    title="States of preconditioned descent in place of a trained layer's",
    section="5, theorem 3",
    runs=runs,
    analyse=analyse,
    note="The runs of ahn2023-preconditioner, which train A_l alone: what descent does not use is "
    "the part of A_l that is no multiple of Sigma^-1, and it must need that it is Sigma^-1 and not "
    f"I. Tolerance: 5%. {RULE}",
)
