"""Every family of models and its variants: what must hold for all of them."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from short_training import check_training
from torch import Tensor, nn
from torch.nn import functional as F

from eigenformer import encodings, models
from eigenformer.core import from_json, to_json
from eigenformer.encodings import with_eos
from eigenformer.ensembles import Matrices
from eigenformer.models import Model, ModelConfig, Question, StackConfig

P1000 = encodings.get("P1000")
PRE = {"norm": "pre", "embedding": "number"}
STACK = {"encoder": StackConfig(layers=2, width=32, heads=2)}
STACK["decoder"] = StackConfig(layers=1, width=48, heads=4)
LOOPED = {**STACK, "encoder_loops": 3, "decoder_loops": 2, "embedding": "number"}
CELLS = {"encoder_layers": 2, "decoder_layers": 3, "embedding": 16, "hidden": 24}
FAMILIES: dict[str, tuple[str, dict[str, Any], float]] = {
    "direct": ("direct", STACK, 939.231235),
    "direct, tokens": ("direct", {**STACK, "embedding": "number"}, -230.789218),
    "transformer": ("transformer", STACK, 2848.001817),
    "transformer, pre": ("transformer", {**STACK, **PRE}, 201.073009),
    "universal": ("universal", LOOPED, 162.795604),
    "universal, copy": ("universal", {**LOOPED, "gating": "copy"}, -428.733654),
    "universal, act": ("universal", {**LOOPED, "gating": "act"}, 404.602596),
    "lawt": ("lawt", {**STACK, "other_words": 5}, 1626.771833),
    "lstm": ("recurrent", CELLS, -958.958547),
    "gru": ("recurrent", {**CELLS, "cell": "gru", "embedding_init": "number"}, -41.793223),
}
"""What is built, and the `fingerprint` of version 1c6776e for seed 7."""


def fingerprint(model: nn.Module) -> float:
    """A sum over all numbers of the model in which each counts differently."""
    total = 0.0
    for i, tensor in enumerate(model.state_dict().values()):
        places = torch.arange(tensor.numel(), dtype=torch.float64)
        total += (1 + i) * float(tensor.double().flatten() @ torch.cos(places))
    return total


def config(family: str) -> ModelConfig:
    name, fields, _ = FAMILIES[family]
    made: ModelConfig = models.get(name, **fields)
    return made


@pytest.mark.parametrize("family", FAMILIES)
def test_a_seed_gives_the_weights_that_it_always_gave(family: str) -> None:
    before = torch.get_rng_state()
    model = config(family).build(P1000, encodings.get("FP3"), seed=7)
    assert math.isclose(fingerprint(model), FAMILIES[family][2], abs_tol=0.01)
    assert torch.equal(before, torch.get_rng_state())


def test_every_family_is_among_them() -> None:
    known = {name: models.item(name).__module__ for name in models.names()}
    ours = {name for name, module in known.items() if module.startswith("eigenformer.models.")}
    assert {name for name, _, _ in FAMILIES.values()} == ours


@pytest.mark.parametrize("family", FAMILIES)
def test_it_is_registered_and_survives_json(family: str) -> None:
    made = config(family)
    assert to_json(made)["name"] == FAMILIES[family][0]
    assert from_json(ModelConfig, to_json(made)) == made


def loss(model: Model) -> Tensor:
    """Of three examples of several sizes."""
    rng = np.random.default_rng(0)
    rows, columns = np.array([2, 1, 3]), np.array([2, 3, 1])
    values = rng.uniform(-9, 9, (3, 3, 3))
    matrices = Matrices(values, rows, columns)
    values[~matrices.mask()] = 0
    ids = P1000.encode(matrices)
    truth = torch.from_numpy(with_eos(P1000.encode(Matrices(values[::-1], rows, columns))))
    question = Question(torch.from_numpy(ids), padded=True)
    return model.loss(
        question,
        truth,
        lambda found: F.cross_entropy(found.logits, found.targets - found.first, reduction="sum"),
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_every_parameter_learns_and_float64_agrees(family: str) -> None:
    model = config(family).build(P1000, P1000, seed=0)
    single = loss(model)
    single.backward()
    unmoved = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert unmoved == []
    torch.testing.assert_close(loss(model.double()).float(), single, rtol=1e-5, atol=0)


TRAINED = ("universal", "universal, copy", "universal, act", "lawt", "lstm", "gru")
"""Those that other tests do not train."""


@pytest.mark.parametrize("family", TRAINED)
def test_it_trains_and_resumes(family: str, tmp_path: Path) -> None:
    check_training(config(family), tmp_path / "run")
