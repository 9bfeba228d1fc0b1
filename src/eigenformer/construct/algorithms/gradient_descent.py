"""Gradient descent on least squares, one layer a step (von Oswald et al. 2023, Proposition 1).

    L(W) = 1/(2n) sum_i |W x_i - y_i|^2,    W <- W - eta grad L(W)

One head, K = Q = [I 0; 0 0], V = [0 0; W0 -I], P = (eta/n) I, the query not a key:

    y_j += (eta/n) sum_i (W0 x_i - y_i) x_i^T x_j = -dW x_j

so targets become the residuals of W0 + dW, and the query's y, which starts at -W0 x_q, becomes
-(W0 + dW) x_q. The next step needs the same weights: W0 x_i - (y_i - dW x_i) is its residual.
"""

from collections.abc import Sequence
from functools import partial
from typing import Unpack

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from ...core import InputError, at_least
from ..blocks import Move
from ..catalogue import Construction
from ..network import Network, NetworkOptions
from ..parts import Layer
from ..spec import Stage
from .prompts import MEAN_NOTE, Prompt, draw_regression, finite
from .spectra import gram_eigenvalues, positive, refuse


def gradient_descent(
    dim: int,
    tokens: int,
    eta: float | Sequence[float],
    steps: int = 1,
    *,
    outputs: int = 1,
    initial: Float64[np.ndarray, "outputs dim"] | None = None,
    guard: bool = True,
    **options: Unpack[NetworkOptions],
) -> Network:
    """Prediction W x_q after `steps` steps of gradient descent from W0 = `initial` (0 if left out).

    Inputs x [n, dim], y [n, outputs], query [dim] (or batches), n <= `tokens`; output [outputs],
    which is minus the y of the query token. `eta` is one step size or one a step.

    1 layer a step, 1 head, width dim + outputs, tokens + 1 columns; with one `eta` all layers share
    their weights. A W0 other than 0 needs -W0 x_q in the query's token, from the input map.

    An `eta` at or beyond 2 / lambda_max of (1/n) X^T X makes repeated steps diverge; such inputs
    are refused unless `guard` is False. One step, or a schedule of sizes, is never refused.
    Source: von Oswald et al. 2023, Proposition 1; derivations.md, section 3.
    """
    prompt = Prompt(dim=dim, tokens=tokens, outputs=outputs)
    at_least(1, steps=steps)
    constant = isinstance(eta, (int, float))
    etas = [float(eta)] * steps if isinstance(eta, (int, float)) else [float(e) for e in eta]
    if not etas or (len(etas) != steps and steps != 1):
        raise InputError(f"eta has {len(etas)} step sizes for {steps} steps; give one a step")
    finite("eta", np.array(etas))
    if initial is not None:
        initial = np.asarray(initial, dtype=float)
        if initial.shape != (outputs, dim):
            raise InputError(
                f"initial has shape {initial.shape}; W0 must be [outputs, dim] = ({outputs}, {dim})"
            )
        finite("initial", initial)

    def layer(step: float) -> Layer:
        value = [Move(prompt.y, prompt.y, -step / tokens)]
        if initial is not None:
            value.append(Move(prompt.y, prompt.x, step / tokens * initial))
        return prompt.layer(*value)

    def prepare(x: Tensor, y: Tensor, query: Tensor) -> tuple[Tensor, ...]:
        x, y, query = prompt.mean(x, y, query)
        if guard and constant and len(etas) > 1:
            limit = 2 / positive(gram_eigenvalues(x)[..., -1] / tokens)
            refuse(
                etas[0] >= limit,
                limit,
                f"eta = {etas[0]:.6g} is at or beyond 2 / lambda_max((1/n) X^T X) = {{}}: "
                "repeated steps diverge; take a smaller eta, or guard=False to watch it",
            )
        if initial is None:
            return x, y, query
        return x, y, query, -query @ torch.as_tensor(initial, dtype=query.dtype).mT

    if constant:
        stage = Stage(layers=(layer(etas[0]),), repeat=len(etas))
    else:
        stage = Stage(layers=tuple(layer(step) for step in etas))
    guess = initial is not None
    return prompt.network(
        "gradient_descent",
        stage,
        prepare=prepare,
        notes=("the input map puts -W0 x_q into the query's y",) * guess + (MEAN_NOTE,),
        width="dx + dy",
        guess=guess,
        **options,
    )


def gradient_descent_reference(
    x: Float64[np.ndarray, "B n d"],
    y: Float64[np.ndarray, "B n dy"],
    query: Float64[np.ndarray, "B d"],
    *,
    etas: Sequence[float],
    initial: Float64[np.ndarray, "dy d"] | None = None,
) -> Float64[np.ndarray, "B dy"]:
    """Gradient descent in NumPy, one step for each of `etas`, then W x_q."""
    batch, count, dim = x.shape
    w = np.zeros((batch, y.shape[2], dim))
    if initial is not None:
        w += initial
    for eta in etas:
        residual = x @ w.swapaxes(1, 2) - y
        w = w - eta / count * residual.swapaxes(1, 2) @ x
    return np.asarray(np.einsum("boi,bi->bo", w, query))


_ETA = 0.3
_INITIAL = np.array([[0.5, -1.0, 0.0, 2.0, 0.25], [-0.75, 0.1, 1.5, 0.0, -0.3]])


def _draw(rng: np.random.Generator, batch: int) -> tuple[np.ndarray, ...]:
    x, y, query = draw_regression(rng, batch)
    _, other, _ = draw_regression(rng, batch)
    return x, np.stack([y, other], axis=2), query


Construction(
    summary="one step of gradient descent from any W0",
    source="von Oswald et al. 2023, Proposition 1",
    build=lambda: gradient_descent(5, 20, _ETA, outputs=2, initial=_INITIAL),
    draw=_draw,
    reference=partial(gradient_descent_reference, etas=[_ETA], initial=_INITIAL),
    layers=1,
    heads=1,
    width=7,
    error=1.4e-14,
    theorem={"layers": "1", "heads": "1", "width": "dx + dy = 7"},
).register("gd-step")
