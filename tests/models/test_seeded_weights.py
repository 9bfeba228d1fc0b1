"""A seed gives the same initial weights as it always did, in every family and variant."""

import math
from typing import Any

import pytest
import torch
from torch import nn

from eigenformer import encodings, models
from eigenformer.models import ModelConfig, StackConfig

PRE = {"norm": "pre", "embedding": "number"}
STACK = {"encoder": StackConfig(layers=2, width=32, heads=2)}
STACK["decoder"] = StackConfig(layers=1, width=48, heads=4)
LOOPED = {**STACK, "encoder_loops": 3, "decoder_loops": 2, "embedding": "number"}
CELLS = {"encoder_layers": 2, "decoder_layers": 3, "embedding": 16, "hidden": 24}
GRID = {"layers": 2, "width": 16}
FAMILIES: dict[str, tuple[str, dict[str, Any], float]] = {
    "direct": ("direct", STACK, 939.231235),
    "direct, tokens": ("direct", {**STACK, "embedding": "number"}, -230.789218),
    "grid": ("grid", {**GRID, "answer": "product", "operands": "halves"}, 96.394874),
    "grid, frames": ("grid", {**GRID, "answer": "frames", "square": False}, 2472.07258),
    "transformer": ("transformer", STACK, 2848.001817),
    "transformer, pre": ("transformer", {**STACK, **PRE}, 201.073009),
    "universal": ("universal", LOOPED, 162.795604),
    "universal, copy": ("universal", {**LOOPED, "gating": "copy"}, -428.733654),
    "universal, act": ("universal", {**LOOPED, "gating": "act"}, 404.602596),
    "lawt": ("lawt", {**STACK, "other_words": 5}, 1626.771833),
    "blocks": ("blocks", {"layers": 2}, 8.841508),
    "frames": ("frames", {}, 2.736572),
    "polar and frames": ("polar-frames", {}, 435.647477),
    "bilinear": ("bilinear", {}, -0.146795),
    "lstm": ("recurrent", CELLS, -958.958547),
    "gru": ("recurrent", {**CELLS, "cell": "gru", "embedding_init": "number"}, -41.793223),
}
"""What is built, and the `fingerprint` of version 1c6776e, or of the first with it, for seed 7."""


def fingerprint(model: nn.Module) -> float:
    """A sum over all numbers of the model in which each counts differently."""
    total = 0.0
    for i, tensor in enumerate(model.state_dict().values()):
        places = torch.arange(tensor.numel(), dtype=torch.float64)
        total += (1 + i) * float(tensor.double().flatten() @ torch.cos(places))
    return total


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_gives_the_weights_that_it_always_gave(family: str) -> None:
    name, fields, expected = FAMILIES[family]
    config: ModelConfig = models.get(name, **fields)
    before = torch.get_rng_state()
    model = config.build(encodings.get("P1000"), encodings.get("FP3"), seed=7)
    assert math.isclose(fingerprint(model), expected, abs_tol=0.01)
    assert torch.equal(before, torch.get_rng_state())


def test_every_family_is_among_them() -> None:
    known = {name: models.item(name).__module__ for name in models.names()}
    ours = {name for name, module in known.items() if module.startswith("eigenformer.models.")}
    assert {name for name, _, _ in FAMILIES.values()} == ours
