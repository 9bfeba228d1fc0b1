"""Runs: resumed bit for bit, the same from the same configuration, and able to learn."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from eigenformer.core import InputError
from eigenformer.incontext import (
    Curriculum,
    Evaluation,
    LinearAttention,
    LinearAttentionModel,
    Optimizer,
    Prompts,
    Regression,
    RunConfig,
    Uniform,
    load_run,
)
from eigenformer.training import ScheduleConfig, Trainer, fit, train

TASK = Regression(dim=2, points=5)


def config(**changes: Any) -> RunConfig:
    options: dict[str, Any] = {
        "task": TASK,
        "model": LinearAttention(layers=2, init_std=0.1),
        "steps": 120,
        "batch": 16,
        "reuse": 3,
        "evaluation": Evaluation(every=50, size=50),
        "snapshots": (0, 60, 120),
    }
    return RunConfig(**{**options, **changes})


def test_the_folder_says_what_it_holds(tmp_path: Path) -> None:
    run = config()
    train(run, tmp_path / "run")
    folder = load_run(tmp_path / "run")
    assert folder.config() == run
    assert folder.snapshots() == (0, 60, 120)
    assert list(folder.test_losses()) == [0, 50, 100, 120]
    text = folder.metrics_file.read_text()
    assert {json.loads(line)["kind"] for line in text.splitlines()} == {
        "train",
        "evaluation",
    }
    batches = [TASK.draw(0, i, n, purpose="test") for i, n in enumerate([13, 13, 12, 12])]
    model = folder.model()
    errors = torch.cat([TASK.errors(model(batch), batch) for batch in batches])
    assert folder.test_losses()[120] == pytest.approx(float(errors.double().mean()), rel=1e-6)
    with pytest.raises(InputError, match="has no snapshot of step 7; it has 0, 60, 120"):
        folder.model(7)
    with pytest.raises(InputError, match="is not a run folder"):
        load_run(tmp_path)


def test_a_batch_is_used_again_as_often_as_asked() -> None:
    trainer = Trainer(config(reuse=3))
    seen = []
    for share, _ in zip(trainer.batches(), range(7), strict=False):
        seen.append(share.data.batch)
        trainer.step(share)
    for step, batch in enumerate(seen):
        expected = TASK.draw(0, step // 3, 16)
        assert isinstance(batch, Prompts)
        assert isinstance(expected, Prompts)
        assert torch.equal(batch.x, expected.x)


def test_a_curriculum_grows_to_the_task() -> None:
    task = Regression(dim=4, points=9)
    curriculum = Curriculum(dims=2, points=4, every=10, more_dims=1, more_points=3)
    stages = [curriculum.at(task, step) for step in (0, 9, 10, 20, 30)]
    assert [(s.points, s.active) for s in stages if isinstance(s, Regression)] == [
        (4, 2),
        (4, 2),
        (7, 3),
        (9, None),
        (9, None),
    ]
    assert stages[-1] == task
    trainer = Trainer(config(task=task, curriculum=curriculum, reuse=100))
    shapes = []
    for share, _ in zip(trainer.batches(), range(21), strict=False):
        drawn = share.data.batch
        assert isinstance(drawn, Prompts)
        shapes.append((drawn.x.shape[1], int((drawn.x != 0).any(dim=1).any(dim=0).sum())))
        trainer.step(share)
    assert shapes == [(4, 2)] * 10 + [(7, 3)] * 10 + [(9, 4)]


@pytest.mark.parametrize("each", [False, True])
def test_clipping_shortens_the_gradient(each: bool) -> None:
    options = Optimizer(kind="sgd", rate=1.0, momentum=0.0, clip=1e-3, clip_each=each)
    trainer = Trainer(config(optimizer=options, model=LinearAttention(init_std=1.0)))
    before = [p.detach().clone() for p in trainer.parameters]
    trainer.step(next(trainer.batches()))
    assert trainer.gradient_norm > 1e-2
    moves = torch.stack(
        [(p.detach() - b).norm() for p, b in zip(trainer.parameters, before, strict=True)]
    )
    expected = torch.full_like(moves, 1e-3) if each else None
    if expected is not None:
        torch.testing.assert_close(moves, expected, rtol=1e-2, atol=0)
    else:
        assert float(moves.norm()) == pytest.approx(1e-3, rel=1e-2)


def test_the_rate_follows_its_schedule() -> None:
    schedule = ScheduleConfig(warmup_steps=4, shape="constant")
    trainer = Trainer(config(optimizer=Optimizer(schedule=schedule, halve_every=10)))
    multiples = []
    for share, _ in zip(trainer.batches(), range(25), strict=False):
        multiples.append(trainer.rate_multiple())
        trainer.step(share)
    assert multiples == [0.25, 0.5, 0.75] + [1.0] * 7 + [0.5] * 10 + [0.25] * 5


def test_one_layer_learns_the_best_step_of_gradient_descent() -> None:
    """eta = 6.06 and a loss of 0.2062 = 0.5 MSE: derivations.md, section 3."""
    task = Regression(dim=10, points=10, covariates=Uniform())
    run = RunConfig(
        task=task,
        model=LinearAttention(form="step", init_std=1.0),
        steps=200,
        batch=500,
        optimizer=Optimizer(rate=0.2, betas=(0.9, 0.99), halve_every=50),
    )
    model = fit(run)
    assert isinstance(model, LinearAttentionModel)
    eta = float(model.layer(0).preconditioner[0, 0, 0].detach())  # type: ignore[operator, union-attr, index]
    assert eta == pytest.approx(6.06, rel=0.03)
    test = task.draw(0, 0, 40_000, purpose="test")
    assert float(task.loss(model(test), test).detach()) / 2 == pytest.approx(0.2062, rel=0.02)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: config(steps=0), "steps is 0; give a positive number"),
        (lambda: config(snapshots=(121,)), "snapshots has 121; give steps from 0 to 120"),
        (lambda: Optimizer(rate=-1.0), "rate is -1.0; give a positive number"),
        (lambda: Optimizer(betas=(0.9, 1.0)), "betas.1 is 1.0; give a number from 0 below 1"),
        (lambda: Optimizer(momentum=1.0), "momentum is 1.0; give a number from"),
        (lambda: Optimizer(clip=0.0), "clip is 0.0; give a positive number"),
        (lambda: Optimizer(weight_decay=-0.1), "weight_decay is -0.1; give at least 0"),
        (lambda: Curriculum(every=0), "every is 0; give a positive number"),
    ],
)
def test_mistakes_are_named(make: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        make()  # type: ignore[operator]
