"""A training of four steps, interrupted after two."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from eigenformer import encodings, ensembles, problems
from eigenformer.core import from_json, rng, to_json
from eigenformer.encodings import Task
from eigenformer.evaluation import TrainedSolver
from eigenformer.models import ModelConfig
from eigenformer.training import (
    EvaluationConfig,
    Execution,
    OptimizerConfig,
    ScheduleConfig,
    TestSet,
    TrainConfig,
    train,
)
from eigenformer.zoo.load import load

QUIET = Execution(workers=0, quiet=True, device="cpu")


def short_config(model: ModelConfig, dims: str = "2-3", **changes: Any) -> TrainConfig:
    """With `dims` of several sizes the batches are padded."""
    fields: dict[str, Any] = {
        "recipe": "short",
        "task": Task(
            problem=problems.get("transpose"),
            ensemble=ensembles.get("iid-uniform", dims=dims),
            encoder=encodings.get("P1000"),
            decoder=encodings.get("P1000"),
        ),
        "model": model,
        "optimizer": OptimizerConfig(kind="muon", rate=1e-3),
        "schedule": ScheduleConfig(warmup_steps=1),
        "evaluation": EvaluationConfig(every=16, tests=(TestSet(size=8),)),
        "examples": 32,
        "batch_size": 8,
    }
    return TrainConfig(**{**fields, **changes})


def check_training(model: ModelConfig, folder: Path) -> None:
    """Train; lose the last state and go on: the same weights, and they load and answer."""
    config = short_config(model)
    run = train(config, folder, QUIET)
    device = torch.device("cpu")
    straight, _ = run.load_state(device)
    assert straight.progress["step"] == 4 and straight.progress["skipped"] == 0
    begun = config.model.build(config.task.encoder, config.task.decoder, config.seed).state_dict()
    for name, weight in begun.items():
        assert not torch.equal(straight.tensors[f"model/{name}"], weight), name

    for file in sorted((folder / "state").glob("*4.*")):
        file.unlink()
    assert run.load_state(device)[0].progress["step"] == 2
    run.save_status("running")
    train(config, folder, QUIET)
    resumed, _ = run.load_state(device)
    # The size of the metrics' file depends on how the times in it are written.
    assert {**resumed.progress, "metrics_size": 0} == {**straight.progress, "metrics_size": 0}
    assert resumed.tensors.keys() == straight.tensors.keys()
    for name, tensor in resumed.tensors.items():
        assert torch.equal(tensor, straight.tensors[name]), name

    assert run.config() == from_json(TrainConfig, to_json(config)) == config
    task = config.task
    model = config.model.build(task.encoder, task.decoder, seed=7)
    model.load_state_dict(run.load_model())
    inputs = task.problem.draw(rng(0), 20, task.ensemble)
    found = load(str(folder))
    assert isinstance(found, TrainedSolver)
    assert np.array_equal(found.tokens(inputs), TrainedSolver(model, task).tokens(inputs))
