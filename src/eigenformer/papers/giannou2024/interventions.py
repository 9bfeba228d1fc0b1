"""Trained linear self-attention with the states of Newton's iteration in place of its own."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from ...incontext import (
    LABELS,
    Batch,
    InContextFolder,
    InContextModel,
    Mechanism,
    Newton,
    Prompts,
    gd_plus_plus,
    intervene,
)
from ...incontext.batches import read_prediction
from ...incontext.models.base import Step
from ...models.hooked import HookedPass
from ...runs import Experiment, Scale
from ..findings import Findings
from ..interventions import RULE, SEED_RANGE, Subject, findings
from ..study import Analysis
from . import regression
from .settings import measured, task

CONDITION, LAYERS = 5.0, 2
ORDERS = (2, 3)
TOLERANCE = 0.1


class NewtonLayers(InContextModel):
    """Newton's iteration of an order as layers on the prompt: what is left of the labels.

    w_k+1 = M_k+1 X^T y is w_k + G_k X^T (y - X w_k), G_k = M_k sum_(m < order - 1) (I - S M_k)^m,
    so that a step goes on from any w; the first, from w = 0, has G = M_1. Covariates stay.
    """

    columns = True

    def __init__(self, order: int, depth: int) -> None:
        super().__init__()
        self.order, self.depth = order, depth

    def start(self, batch: Batch) -> Float[Tensor, "B w tokens"]:
        return Prompts.of(batch, "Newton's iteration").state

    def steps(self, batch: Batch, layers: int) -> Iterator[Step]:
        x = Prompts.of(batch, "Newton's iteration").x
        gram = x.mT @ x
        eye = torch.eye(gram.shape[1], dtype=gram.dtype)
        inverses = Newton(order=self.order).inverses(gram, layers)
        yield partial(_descend, inverses[1])
        for inverse in inverses[1:-1]:
            total = eye.expand_as(gram)
            for _ in range(self.order - 2):
                total = eye + (eye - gram @ inverse) @ total
            yield partial(_descend, inverse @ total)

    def read(self, state: Float[Tensor, "B w tokens"]) -> Float[Tensor, " B"]:
        return read_prediction(state)


def _descend(
    preconditioner: Float[Tensor, "B d d"],
    state: Float[Tensor, "B w tokens"],
    run: HookedPass | None = None,
) -> Float[Tensor, "B w tokens"]:
    x, left = state[:, :-1], state[:, -1:]
    moved = preconditioner @ (x[:, :, :-1] @ left[:, :, :-1].mT)
    return torch.cat([x, left - moved.mT @ x], dim=1)


def runs(scale: Scale) -> Sequence[Experiment]:
    return [regression.run(scale, CONDITION, LAYERS, seed) for seed in SEED_RANGE]


def newton(order: int) -> Mechanism:
    """What else is in a state than the labels is left as it is, for Newton's M_k is nowhere."""
    algorithm = NewtonLayers(order, LAYERS)
    return Mechanism(algorithm=algorithm, iterate=LABELS, carried=False)


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    law = task(scale, CONDITION)
    (prompts,) = measured(law, parts=1, laws=100)
    models = [folder.model().double() for folder in folders.values()]
    known = {f"Newton's iteration of order {order}": newton(order) for order in ORDERS}
    name = f"{LAYERS} layers, condition {CONDITION:g}"
    subjects = [
        Subject(
            name=name,
            algorithm=algorithm,
            found=[intervene(each, mechanism, law, prompts) for each in models],
            tolerance=TOLERANCE,
        )
        for algorithm, mechanism in known.items()
    ]
    subjects.append(
        Subject(
            name=name,
            algorithm="GD++",
            found=[intervene(each, gd_plus_plus(each), law, prompts) for each in models],
            tolerance=TOLERANCE,
            judged=False,
        )
    )
    return findings("N04", subjects)


STUDY = Analysis(
    name="giannou2024-interventions",
    title="States of Newton's iteration in place of a trained layer's",
    section="6, figure 8",
    runs=runs,
    analyse=analyse,
    scales=("laptop",),
    note="Runs of giannou2024-regression. A step of Newton's iteration goes on from what is left "
    "of the labels, y - w . x; of the state these alone are replaced. The claim passes if one of "
    "the two orders does. GD++ with the model's own scalars, as in vonoswald2023-interventions, is "
    f"there to compare with. Tolerance: 10%. {RULE}",
)
