"""Descent in the weights of linear attention: the components of P and Q that it uses."""

import torch
from jaxtyping import Float
from torch import Tensor

from ..models import InContextModel, LinearAttentionModel
from ..models.forms import Full
from .interventions import Mechanism, mechanism

LABELS = slice(-1, None)
"""The feature of a token of a prompt that holds its label, or what is left of it: y - w . x."""


def gd_plus_plus(model: InContextModel) -> Mechanism:
    """GD++ (of one layer: gradient descent) with the scalars of a model with all of P and Q.

    A layer uses P = diag(p_x I, p_y) and Q = diag(q_x I, 0), each scalar the mean of the model's
    entries, and the last one no p_x, which would change only what is not read.
    """
    model = LinearAttentionModel.of(model)
    d = model.dim
    used = {}
    for i in range(len(model.layers)):
        p, q = Full.of(model.layer(i)).matrices()
        used[f"p_y of layer {i + 1}"] = f"layers.{i}.p", _multiple(p, d, d + 1)
        used[f"q_x of layer {i + 1}"] = f"layers.{i}.q", _multiple(q, 0, d)
        if i < model.depth - 1:
            used[f"p_x of layer {i + 1}"] = f"layers.{i}.p", _multiple(p, 0, d)
    return mechanism(model, used, iterate=LABELS)


def _multiple(matrix: Float[Tensor, "h w w"], start: int, stop: int) -> Float[Tensor, "h w w"]:
    """The multiple of the identity on one block, and zeros."""
    found = torch.zeros_like(matrix)
    mean = matrix[:, range(start, stop), range(start, stop)].mean(dim=1, keepdim=True)
    found[:, range(start, stop), range(start, stop)] = mean
    return found
