"""Preconditioned gradient descent, one layer a step (Ahn et al. 2023, Lemma 1), and looped.

    Z <- Z + (1/n) P Z M (Z^T Q_l Z),    P = [0 0; 0 1],    Q_l = -[A_l 0; 0 0],    M = diag(I_n, 0)

is y_j -= (1/n) sum_i y_i x_i^T A_l x_j. The y_i are residuals, so the query's y is -w_l . x_q with

    w_0 = 0,    w_{l+1} = w_l - A_l^T grad R(w_l),    R(w) = 1/(2n) sum_i (w . x_i - y_i)^2

(A_l^T, which Lemma 1 does not say, as it takes A_l symmetric: derivations.md, section 4.) Looped:
one layer, its weights used again and again (Gatmiry et al. 2024).
"""

from collections.abc import Sequence
from functools import partial
from typing import Unpack

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from ...core import InputError, at_least
from ...core import rng as stream
from ..blocks import Move
from ..catalogue import Construction
from ..network import Network, NetworkOptions
from ..parts import Layer
from ..spec import Stage
from .prompts import MEAN_NOTE, Prompt, draw_regression, finite
from .spectra import refuse


def preconditioned_gradient_descent(
    dim: int,
    tokens: int,
    preconditioners: Sequence[Float64[np.ndarray, "dim dim"]] | Float64[np.ndarray, "L dim dim"],
    **options: Unpack[NetworkOptions],
) -> Network:
    """Prediction w_L . x_q after one step with each A_l of `preconditioners` [L, dim, dim].

    Inputs x [n, dim], y [n], query [dim] (or batches), n <= `tokens`; output one number. A_l stands
    in Q_l as in the source, so a step is w <- w - A_l^T grad R(w); A_l = eta I is gradient descent.

    L layers, 1 head, width dim + 1, tokens + 1 columns. Any A_l are accepted, those beyond
    stability too: a good schedule of few steps has them.
    Source: Ahn et al. 2023, Lemma 1; derivations.md, section 4.
    """
    prompt = Prompt(dim=dim, tokens=tokens)
    layers = tuple(_layer(prompt, matrix) for matrix in preconditioners)
    if not layers:
        raise InputError("preconditioners is empty; give one matrix a layer")

    return prompt.network(
        "preconditioned_gradient_descent",
        Stage(layers=layers),
        prepare=prompt.mean,
        notes=(MEAN_NOTE,),
        **options,
    )


def looped_gradient_descent(
    dim: int,
    tokens: int,
    loops: int,
    preconditioner: Float64[np.ndarray, "dim dim"] | float = 1.0,
    *,
    guard: bool = True,
    **options: Unpack[NetworkOptions],
) -> Network:
    """`preconditioned_gradient_descent` with one layer that runs `loops` times: shared weights.

    A number for `preconditioner` is that multiple of I. Inputs for which the loop diverges, with an
    eigenvalue of I - A^T (1/n) X^T X outside the unit circle, are refused unless `guard` is False.
    Source: Gatmiry et al. 2024 (u = 0); derivations.md, section 7.
    """
    prompt = Prompt(dim=dim, tokens=tokens)
    at_least(1, loops=loops)
    matrix = (
        preconditioner * np.eye(dim) if isinstance(preconditioner, (int, float)) else preconditioner
    )
    layer = _layer(prompt, matrix)

    def prepare(x: Tensor, y: Tensor, query: Tensor) -> tuple[Tensor, ...]:
        x, y, query = prompt.mean(x, y, query)
        if guard and loops > 1:
            sigma = x.mT @ x / tokens
            step = torch.as_tensor(matrix, dtype=x.dtype).mT @ sigma
            factor = torch.linalg.eigvals(torch.eye(dim, dtype=x.dtype) - step).abs().amax(-1)
            refuse(
                # Directions without data have 1, up to rounding that grows with dim.
                factor > 1 + 100 * dim * torch.finfo(x.dtype).eps,
                factor,
                "the loop diverges: an error grows by the factor {} each time; scale the "
                "preconditioner down, or guard=False to watch it",
            )
        return x, y, query

    return prompt.network(
        "looped_gradient_descent",
        Stage(layers=(layer,), repeat=loops),
        prepare=prepare,
        notes=("one layer, its weights shared by all loops", MEAN_NOTE),
        layers="1, looped",
        **options,
    )


def _layer(prompt: Prompt, matrix: Float64[np.ndarray, "dim dim"]) -> Layer:
    matrix = np.asarray(matrix, dtype=float)
    if matrix.shape != (prompt.dim, prompt.dim):
        raise InputError(
            f"a preconditioner has shape {matrix.shape}; it must be ({prompt.dim}, {prompt.dim})"
        )
    finite("a preconditioner", matrix)
    return prompt.layer(Move(prompt.y, prompt.y), query=-matrix, scale=1 / prompt.tokens)


def preconditioned_reference(
    x: Float64[np.ndarray, "B n d"],
    y: Float64[np.ndarray, "B n"],
    query: Float64[np.ndarray, "B d"],
    *,
    preconditioners: Sequence[Float64[np.ndarray, "d d"]] | Float64[np.ndarray, "L d d"],
) -> Float64[np.ndarray, " B"]:
    """w <- w - A_l^T grad R(w) in NumPy for each A_l, then w . x_q."""
    w = np.zeros(query.shape)
    for matrix in preconditioners:
        residual = np.einsum("bnd,bd->bn", x, w) - y
        gradient = np.einsum("bn,bnd->bd", residual, x) / x.shape[1]
        w = w - gradient @ matrix
    return np.asarray(np.einsum("bd,bd->b", w, query))


_MATRICES = 0.2 * np.eye(5) + 0.03 * stream(0, "preconditioners").normal(size=(6, 5, 5))
"""Preconditioners that are neither symmetric nor unstable."""
_entry = partial(Construction, draw=draw_regression, layers=6, heads=1, width=6, error=3.3e-15)
_entry(
    summary="preconditioned gradient descent, a matrix A_l for each of 6 layers",
    source="Ahn et al. 2023, Lemma 1",
    build=lambda: preconditioned_gradient_descent(5, 20, _MATRICES),
    reference=partial(preconditioned_reference, preconditioners=_MATRICES),
    theorem={"layers": "1 a step = 6", "heads": "1", "width": "d + 1 = 6"},
).register("preconditioned-gd")
_entry(
    summary="preconditioned gradient descent by one layer, looped 6 times",
    source="Gatmiry et al. 2024; Ahn et al. 2023, Lemma 1",
    build=lambda: looped_gradient_descent(5, 20, 6, _MATRICES[0]),
    reference=partial(preconditioned_reference, preconditioners=[_MATRICES[0]] * 6),
    theorem={"layers": "1, run 6 times", "heads": "1", "width": "d + 1 = 6"},
).register("looped-gd")
