"""Learned weights as an algorithm: their program, and how far it is from the network."""

import numpy as np
import torch

from ..core import rng
from ..ensembles import Conditioned, Matrices
from ..models import Numbers, Question
from ..models.bilinear import BilinearModel
from ..models.blocks import BlockModel
from .block_findings import WITHIN, right
from .parts import FactTable, Insight
from .programs import (
    ProgramMatch,
    compare_bilinear,
    compare_blocks,
    factor_names,
    gate_hooks,
    held_gates,
    written,
)
from .spectra import matrices, once

_SAME = 1e-6
"""Two networks that differ by less than this, relative to the answer, are called the same."""


def terms(model: BilinearModel) -> Insight:
    """The learned coefficient of each term, as a sum and as a compiled network."""
    names, compared = factor_names(model), compare_bilinear(model)
    weights = model.weights.detach().double().tolist()
    pairs = zip(model.config.terms, weights, strict=True)
    rows = tuple((" ".join(names[i] for i in term), weight) for term, weight in pairs)
    says = (
        f"The answer is {written(model)}; the other terms have died out."
        if len(rows) > 1
        else f"The answer is {written(model)}: only one term has the answer's shape.",
        *_agreement(compared),
    )
    return Insight(
        name="terms",
        title="The learned sum",
        says=says,
        grid=FactTable(columns=("term", "weight"), rows=rows, format=".9g"),
        facts=_facts(compared),
    )


def program_of_blocks(model: BlockModel) -> Insight:
    """What the gates do, and the polynomial that is left where they are held."""
    gates, compared = held_gates(model), compare_blocks(model)
    rows: list[tuple[str, float, float, float]] = []
    single, lost = once(model), 0.0
    sets = {f"{n}x{n}": matrices(500, n, "explain-heads") for n in (5, 10, 20)}
    for condition in (10.0, 100.0):
        ensemble = Conditioned(dims="10x10", condition=condition)
        drawn = ensemble.draw(rng(0, "explain-conditioned"), 500).values
        sets[f"10x10, condition {condition:g}"] = drawn
    for label, a in sets.items():
        question = Question.of("values", Matrices.of(a), None, False)
        free, cache = single.run_with_cache(question, 0)
        assert isinstance(free, Numbers)  # it answers in numbers
        held = single.run_with_hooks(question, gate_hooks(gates), 0)
        last = model.config.layers - 1
        spread = torch.stack([cache[f"pass.0.layer.{i}.gates"].flatten(1) for i in range(last + 1)])
        change = (spread.std(1) / spread.median(1).values.abs().clamp_min(0.05)).mean()
        shares = right(model, a, free.values), right(model, a, held.values)
        lost = max(lost, shares[0] - shares[1])
        rows.append((label, *shares, 100 * float(change)))
    summary = compared.network.summary()
    says = [
        f"The gates are functions of norms, which the language of programs does not have. Held at "
        f"their medians over 10x10 matrices they cost up to {lost:.1f} points within "
        f"{100 * WITHIN:g}%: most of what was learned is one odd polynomial for all matrices.",
        f"That polynomial is a matrix program: {summary.layers} layers of up to {summary.heads} "
        f"heads, width {summary.width} at 5x5.",
        *_agreement(compared),
    ]
    label, free_share, held_share, _ = max(rows, key=lambda row: row[2] - row[1])
    if held_share > free_share + 5:
        says.append(
            f"For {label} held gates are the better ones ({held_share:.0f}% against "
            f"{free_share:.0f}%): singular values spread evenly over decades are not what the "
            "gates were trained on, and they misread them."
        )
    columns = ("matrices", "right, one pass, %", "with gates held, %", "spread of gates, %")
    return Insight(
        name="program",
        title="Written out: the network as a matrix program",
        says=tuple(says),
        grid=FactTable(columns=columns, rows=tuple(rows), format=".1f"),
        facts={**_facts(compared), "gates": [np.asarray(gate).tolist() for gate in gates]},
    )


def _agreement(compared: ProgramMatch) -> tuple[str, ...]:
    verdict = "they are the same" if compared.error < _SAME else "they are NOT the same"
    return (
        f"Compiled by `construct` and run beside the learned network on {compared.count:,} "
        f"matrices of U[-10, 10], answers differ by at most {compared.error:.1e} of their norm: "
        f"{verdict} to {_SAME:g}.",
    )


def _facts(compared: ProgramMatch) -> dict[str, float | int]:
    return {"program_error": compared.error, "program_matrices": compared.count}
