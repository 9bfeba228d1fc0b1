"""Theorems 4.1 and 5.1 without training: what any layer computes, and how fast GD++ converges.

A layer maps every token z = (x, y) to z + sum_h P_h G Q_h z, G = sum z z^T over the context. So the
tokens of layer l are T_l z_0 with one matrix a prompt, T_l = [M u; -w^T a], and the query, whose y
starts at 0, is (M x, -w . x): Theorem 4.1.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ...construct.algorithms.gd_plus_plus import (
    draw_conditioned,
    lstsq_reference,
    newton_schulz_descent,
)
from ...core import rng
from ...incontext import InContextFolder, LinearAttention, LinearAttentionModel, Prompts, Regression
from ...incontext.models.forms import Diagonal, Form
from ...runs import Scale
from ..findings import Findings, Number
from ..seeds import curve, panel
from ..study import Analysis

DIM, POINTS, LAYERS, PROMPTS = 10, 20, 3, 200
CONDITIONS = (10.0, 100.0, 1000.0, 10_000.0)
DEPTHS = range(2, 19)
SOLVED = 1e-12
"""The relative error to which layers are counted."""


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    errors = {condition: gd_plus_plus_errors(condition) for condition in CONDITIONS}
    convergence = panel(
        "GD++ with Newton and Schulz's steps: error by depth",
        "layers",
        "|prediction - least squares| / (||x|| ||w||)",
        [
            curve(f"condition number {c:g}", dict(zip(DEPTHS, errors[c], strict=True)), "model")
            for c in CONDITIONS
        ],
        log="y",
        note=f"Largest of 100 prompts with {DIM} features and 50 pairs; float64.",
    )
    needed = [first_below(errors[condition], SOLVED) for condition in CONDITIONS]
    offset = needed[0] - np.log(CONDITIONS[0]) / np.log(2.25)
    theory = {c: float(np.log(c) / np.log(2.25) + offset) for c in CONDITIONS}
    depth = panel(
        f"Layers of GD++ to a relative error of {SOLVED:g}",
        "condition number of X^T X",
        "layers",
        [
            curve("GD++", dict(zip(CONDITIONS, map(float, needed), strict=True)), "model"),
            curve("log kappa / log(9/4) + constant", theory, "theory"),
        ],
        log="x",
    )
    numbers = [
        Number(
            name=f"layers of GD++ to an error of {SOLVED:g}, condition number {condition:g}",
            value=float(layers),
            reference=float(np.ceil(np.log(condition) / np.log(2.25) + 5)) + 1,
            source="the rule log kappa / log(9/4) + 5, and the last layer",
        )
        for condition, layers in zip(CONDITIONS, needed, strict=True)
    ]
    return Findings(panels=(convergence, depth), numbers=(*_identities(), *numbers), verdicts={})


def _identities() -> tuple[Number, ...]:
    task = Regression(dim=DIM, points=POINTS, noise=(0.0, 5.0), noise_law="range")
    prompts = task.draw(0, 0, PROMPTS, purpose="structure", dtype=torch.float64)
    errors = {
        "Theorem 4.1: tokens after each of 3 full layers against T_l z, relative": structure_error(
            _model(task, "full"), prompts
        ),
        "tokens after each of 3 diagonal layers against the update of four numbers": diagonal_error(
            _model(task, "diagonal"), prompts
        ),
    }
    source = "the bound asked for in float64"
    return tuple(
        Number(name=name, value=error, reference=1e-12, source=source)
        for name, error in errors.items()
    )


def _model(task: Regression, form: Form) -> LinearAttentionModel:
    options = LinearAttention(layers=LAYERS, heads=2, form=form, init_std=0.3)
    return options.build(task, 0).double().requires_grad_(False)


def token_maps(model: LinearAttentionModel, prompts: Prompts) -> list[Float[Tensor, "B w w"]]:
    """T_0 .. T_L by their recursion, which looks at no token but those of the context at layer 0.

    T_(l+1) = (I + sum_h P_h G_l Q_h) T_l,  G_l = T_l G_0 T_l^T,  G_0 the context's mean (or sum)
    of z z^T. Blocks [M u; -w^T a].
    """
    context = torch.cat([prompts.x, prompts.y[:, :, None]], dim=2)
    start = context.mT @ context
    if model.architecture.mean:
        start = start / context.shape[1]
    eye = torch.eye(context.shape[2], dtype=context.dtype)
    found = [eye.expand(len(context), -1, -1)]
    for p, q in model.matrices():
        moments = found[-1] @ start @ found[-1].mT
        update = torch.einsum("hij,bjk,hkl->bil", p, moments, q)
        found.append((eye + update) @ found[-1])
    return found


def structure_error(model: LinearAttentionModel, prompts: Prompts) -> float:
    """The largest difference over layers, tokens and prompts, relative to the layer's largest."""
    tokens = prompts.state
    pairs = zip(model.states(prompts), token_maps(model, prompts), strict=True)
    return max(_apart(state, found @ tokens) for state, found in pairs)


def diagonal_error(model: LinearAttentionModel, prompts: Prompts) -> float:
    """The same for diagonal layers, whose heads act through four numbers in all.

    x <- x + w_xx S x + w_xy y alpha,   y <- y + w_yx alpha . x + w_yy lambda y
    with S, alpha, lambda the context's means (or sums) of x x^T, y x, y^2.
    """
    x, y = prompts.state[:, :-1], prompts.state[:, -1:]
    n = prompts.x.shape[1]
    scale = 1 / n if model.architecture.mean else 1.0
    worst = 0.0
    for number, state in enumerate(model.states(prompts)):
        worst = max(worst, _apart(state, torch.cat([x, y], dim=1)))
        if number == len(model.matrices()):
            break
        (w_xx, w_xy), (w_yx, w_yy) = Diagonal.of(model.layer(number)).products
        context, labels = x[:, :, :n], y[:, :, :n]
        second = scale * context @ context.mT
        alpha = scale * context @ labels.mT
        energy = scale * labels @ labels.mT
        x, y = (
            x + w_xx * second @ x + w_xy * alpha @ y,
            y + w_yx * alpha.mT @ x + w_yy * energy @ y,
        )
    return worst


def _apart(found: Float[Tensor, "B w t"], expected: Float[Tensor, "B w t"]) -> float:
    return float((found - expected).abs().max() / expected.abs().max())


def gd_plus_plus_errors(condition: float) -> tuple[float, ...]:
    """The largest relative error at each of `DEPTHS`: Theorem 5.1's, against least squares."""
    x, y, query = draw_conditioned(rng(0, "gd++", int(condition)), 100, 50, DIM, condition)
    exact = lstsq_reference(x, y, query)
    w = (np.linalg.pinv(x) @ y[:, :, None])[:, :, 0]
    size = np.linalg.norm(query, axis=1) * np.linalg.norm(w, axis=1)
    found = []
    for depth in DEPTHS:
        net = newton_schulz_descent(DIM, 50, depth, condition=condition, guard=False)
        error = np.abs(net(x, y, query).numpy() - exact) / size
        # Equal to the last bit would have no place on a logarithmic axis.
        found.append(max(float(error.max()), 1e-17))
    return tuple(found)


def first_below(errors: Sequence[float], bound: float) -> int:
    """The fewest layers, of `DEPTHS`, with an error below the bound."""
    return next(d for d, error in zip(DEPTHS, errors, strict=True) if error < bound)


STRUCTURE = Analysis(
    name="vladymyrov2024-structure",
    title="The form of a linear transformer's layers, and the depth of GD++",
    section="4, Theorem 4.1; 5, Theorem 5.1",
    analyse=analyse,
    note="No training: random weights and constructed ones; the same at both scales.",
)
