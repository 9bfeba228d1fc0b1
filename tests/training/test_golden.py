"""Losses and weights of short runs, bit for bit those of the code before there was one loop."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from eigenformer import encodings, ensembles, problems
from eigenformer.encodings import Task
from eigenformer.incontext import (
    Curriculum,
    GraphTask,
    GraphTransformer,
    LinearAttention,
    Logistic,
    OneLayer,
    Optimizer,
    Patterns,
    Regression,
    RunConfig,
    Transformer,
    gpt,
)
from eigenformer.models import (
    DirectConfig,
    RecurrentConfig,
    StackConfig,
    TransformerConfig,
    UniversalConfig,
    tune_cpu,
)
from eigenformer.models.cpu import one_thread
from eigenformer.training import (
    EvaluationConfig,
    LossConfig,
    OptimizerConfig,
    Run,
    ScheduleConfig,
    TestSet,
    TrainConfig,
    Trainer,
)

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())
"""Made at commit 1c6776e: the sum of the losses after each of 12 steps, and the last weights."""
STACK = StackConfig(layers=1, width=32, heads=2)
ADAM, MUON = OptimizerConfig(rate=1e-3), OptimizerConfig(kind="muon", rate=2e-3)
SEQ2SEQ = TransformerConfig(encoder=STACK, decoder=STACK, max_positions=64)
REGRESSION = Regression(dim=4, points=8)


def tokens(problem: str, dims: str, encoder: str = "P1000", decoder: str = "P1000") -> Any:
    """A run's configuration, less its model."""
    return {
        "recipe": "golden",
        "task": Task(
            problem=problems.get(problem),
            ensemble=ensembles.get("iid-uniform", dims=dims),
            encoder=encodings.get(encoder),
            decoder=encodings.get(decoder),
        ),
        "examples": 640,
        "batch_size": 16,
        "schedule": ScheduleConfig(warmup_steps=4, falls="from-start"),
        "evaluation": EvaluationConfig(every=320, tests=(TestSet(size=50),)),
    }


RUNS: dict[str, Run] = {
    "direct": TrainConfig(
        **tokens("eigenvalues", "2-3"),
        model=DirectConfig(encoder=STACK, decoder=STACK),
        optimizer=MUON,
        loss=LossConfig(soft_width=0.01),
    ),
    "transformer": TrainConfig(
        **tokens("transpose", "2x2"),
        model=replace(SEQ2SEQ, norm="pre", embedding="number", sum_coefficients=True),
        optimizer=MUON,
        loss=LossConfig(soft_width=0.01),
    ),
    "transformer-paper": TrainConfig(
        **tokens("inverse", "2x2", "FP15"), model=SEQ2SEQ, optimizer=ADAM
    ),
    "universal": TrainConfig(
        **tokens("add", "2x2"),
        model=UniversalConfig(
            encoder=STACK, decoder=STACK, max_positions=64, encoder_loops=2, gating="act"
        ),
        optimizer=ADAM,
    ),
    "recurrent": TrainConfig(
        **tokens("add", "2x2", "P10", "P10"),
        model=RecurrentConfig(encoder_layers=1, decoder_layers=1, embedding=16, hidden=16),
        optimizer=ADAM,
    ),
    "linear-attention": RunConfig(
        task=REGRESSION,
        model=LinearAttention(layers=2, init_std=0.1),
        batch=16,
        reuse=3,
        steps=40,
        curriculum=Curriculum(dims=2, points=4, every=4, more_dims=1, more_points=2),
        optimizer=Optimizer(rate=0.01, clip=0.1, clip_each=True, halve_every=5),
    ),
    "gpt": RunConfig(
        task=REGRESSION,
        model=gpt(layers=1, embedding=16, heads=2),
        batch=16,
        steps=40,
        optimizer=Optimizer(
            kind="adamw", clip=1.0, schedule=ScheduleConfig(warmup_steps=4, falls="from-start")
        ),
    ),
    "logistic": RunConfig(
        task=Logistic(dim=3, points=6),
        model=Transformer(layers=2, embedding=16, heads=2),
        batch=16,
        steps=40,
        optimizer=Optimizer(kind="sgd", rate=0.01),
    ),
    "graph": RunConfig(task=GraphTask(), model=GraphTransformer(), batch=8, steps=40),
    "one-layer": RunConfig(task=Patterns(), model=OneLayer(), batch=16, steps=40),
}


@pytest.fixture
def as_it_was() -> Iterator[None]:
    with one_thread():
        tune_cpu()
        yield


def digest(weights: dict[str, Tensor]) -> str:
    found = hashlib.sha256()
    for name in sorted(weights):
        found.update(name.encode())
        found.update(weights[name].detach().contiguous().numpy().tobytes())
    return found.hexdigest()[:16]


@pytest.mark.usefixtures("as_it_was")
@pytest.mark.parametrize("name", RUNS)
def test_losses_are_those_of_before(name: str) -> None:
    expected = GOLDEN["runs"][name]
    trainer = Trainer(RUNS[name])
    sums = []
    for share, _ in zip(trainer.batches(), expected["sums"], strict=False):
        trainer.step(share)
        sums.append(float(trainer.loss_sum))
    there = (torch.backends.cpu.get_cpu_capability(), torch.__version__)
    if there == (GOLDEN["cpu"], GOLDEN["torch"]):
        assert [total.hex() for total in sums] == expected["sums"]
        assert digest(trainer.weights()) == expected["weights"]
    else:  # other processors and versions round otherwise
        assert sums == pytest.approx([float.fromhex(total) for total in expected["sums"]], rel=2e-3)
