"""Attention on states with a token a column, as the papers on linear attention write it.

    update = sum_h P_h Z M f(Z^T Q_h Z),    M = diag(1 .. 1, 0): some last columns are no keys

With f the identity it is (sum_h P_h G Q_h) Z with the moments G = Z M Z^T [w, w]: n w^2 + h w^3
products in place of h (n w^2 + n^2 w), which is less for prompts that are longer than wide.
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

# Shapes: B batch, h heads, w rows, n columns.

Scores = Literal["linear", "relu", "softmax"]


def attend(
    state: Float[Tensor, "B w n"],
    p: Float[Tensor, "h w w"],
    q: Float[Tensor, "h w w"],
    *,
    keys: int,
    scores: Scores = "linear",
) -> Float[Tensor, "B w n"]:
    """The update that attention adds; only the first `keys` columns are keys."""
    seen = state[:, :, :keys]
    heads, width, columns = len(p), state.shape[1], state.shape[2]
    by_moments = (columns + heads * width) * width <= heads * columns * (width + columns)
    if scores == "linear" and by_moments:
        update: Tensor = moved(seen @ seen.mT, p, q) @ state
        return update
    total = torch.zeros_like(state)
    for p_h, q_h in zip(p, q, strict=True):
        products = seen.mT @ (q_h @ state)
        if scores != "linear":
            products = products.relu() if scores == "relu" else products.softmax(dim=1)
        total = total + (p_h @ seen) @ products
    return total


def moved(
    moments: Float[Tensor, "B w w"], p: Float[Tensor, "h w w"], q: Float[Tensor, "h w w"]
) -> Float[Tensor, "B w w"]:
    """sum_h P_h G Q_h for symmetric G: the matrix that linear attention moves a state by."""
    # G Q_h is one product of [B w, w] and [w, w], which a batch of [w, w] products is not.
    right = [moments @ q_h for q_h in q]
    if len(right) == 1:
        total: Tensor = p[0] @ right[0]
        return total
    return torch.stack([p_h @ part for p_h, part in zip(p, right, strict=True)]).sum(dim=0)
