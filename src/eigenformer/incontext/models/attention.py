"""Attention on states with a token a column, as the papers on linear attention write it.

    update = sum_h P_h Z M f(Z^T Q_h Z),    M = diag(1 .. 1, 0): some last columns are no keys

With f the identity it is (sum_h P_h G Q_h) Z with the moments G = Z M Z^T [w, w]: n w^2 + h w^3
products in place of h (n w^2 + n^2 w), which is less for prompts that are longer than wide.
"""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ...models.hooked import HookedPass

# Shapes: B batch, h heads, w rows, n columns.

Scores = Literal["linear", "relu", "softmax"]


def attend(
    state: Float[Tensor, "B w n"],
    p: Float[Tensor, "h w w"],
    q: Float[Tensor, "h w w"],
    *,
    keys: int,
    scores: Scores = "linear",
    run: HookedPass | None = None,
) -> Float[Tensor, "B w n"]:
    """The update that attention adds; only the first `keys` columns are keys.

    With `run`, patterns, each head's part and their sum go through that pass.
    """
    if run is None:
        return _update(state, p, q, keys, scores)
    pattern = run.changed("attn.pattern", lambda: _pattern(state, q, keys, scores))

    def parts() -> Float[Tensor, "B h n w"]:
        taken = _pattern(state, q, keys, scores) if pattern is None else pattern
        return taken @ (state.mT[:, None] @ p.mT)

    z = run.changed("attn.z", parts)
    if z is None and pattern is None:
        return column_tokens(run, "attn.out", _update(state, p, q, keys, scores))
    return run("attn.out", (parts() if z is None else z).sum(dim=1)).mT


def column_tokens(
    run: HookedPass | None, name: str, value: Float[Tensor, "B w n"]
) -> Float[Tensor, "B w n"]:
    """An activation with a token a column, through a pass (if any) where tokens are rows."""
    return value if run is None else run(name, value.mT).mT


def _pattern(
    state: Float[Tensor, "B w n"], q: Float[Tensor, "h w w"], keys: int, scores: Scores
) -> Float[Tensor, "B h n n"]:
    """What each token (rows) takes of each (columns)."""
    products = (state.mT[:, None, :keys] @ q @ state[:, None]).mT
    if scores != "linear":
        products = products.relu() if scores == "relu" else products.softmax(dim=3)
    return functional.pad(products, (0, state.shape[2] - keys))


def _update(
    state: Float[Tensor, "B w n"],
    p: Float[Tensor, "h w w"],
    q: Float[Tensor, "h w w"],
    keys: int,
    scores: Scores,
) -> Float[Tensor, "B w n"]:
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
