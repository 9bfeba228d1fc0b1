"""Studies of Ahn et al. (2024): losses with outliers, how the verdict is reached."""

import dataclasses
from pathlib import Path

import pytest
import torch
from tiny_studies import trained

from eigenformer.incontext import (
    LinearAttention,
    Regression,
    RunConfig,
)
from eigenformer.papers.ahn2024 import OPTIMISATION, settings
from eigenformer.papers.ahn2024.optimisation import condition, final_loss, verdict

NAMES = ("gaussian-20", "gaussian-5", "heavy-tailed")
FAR = dict.fromkeys(NAMES, (3.0, 5.0))
TAILS = {"gaussian-20": (5.0, 6.0), "gaussian-5": (9.0, 20.0), "heavy-tailed": (8.0, 30.0)}
LARGER = {name: [[1.5, 1.6, 1.4], [1.9, 1.7, 2.0]] for name in NAMES}


def test_sgd_and_adam_of_a_seed_see_the_same_prompts() -> None:
    runs = {run.name: run.config for run in OPTIMISATION.planned("laptop")}
    sgd = runs[settings.run_name("gaussian-5", "sgd", 0.02, 1)]
    adam = runs[settings.run_name("gaussian-5", "adam", 0.02, 1)]
    assert sgd == dataclasses.replace(adam, optimizer=sgd.optimizer)


def test_one_outlier_among_the_last_evaluations_does_not_count() -> None:
    losses = {step: 1.0 for step in range(0, 20)} | {18: 1e9}
    assert final_loss(losses) == 1.0
    assert final_loss({0: 7.0, 1: 2.0}) == 2.0


def test_the_robust_condition_number_of_a_quadratic_is_that_of_its_matrix(tmp_path: Path) -> None:
    # With one layer of form "preconditioned" the prediction is linear in A, so the loss is a
    # quadratic whose Hessian is 2 E[g g^T], g = vec(moment x^T) / n.
    config = RunConfig(
        task=Regression(dim=2, points=4),
        model=LinearAttention(layers=1, form="preconditioned"),
        steps=1,
        batch=4,
        snapshots=(0,),
    )
    folder = trained(config, tmp_path / "run")
    batch = config.task.draw(0, 0, 256, purpose="hessian", dtype=torch.float64)
    moment = (batch.x * batch.y[:, :, None]).mean(dim=1)
    g = (batch.query[:, :, None] * moment[:, None, :]).flatten(1)
    values = torch.linalg.eigvalsh(g.T @ g)
    expected = float(values.max() / values.abs().median())
    assert condition(folder, 0) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("losses", "tails", "conditions", "state"),
    [
        ({}, {}, {}, "holds"),
        ({"gaussian-5": (0.5, 0.9)}, {}, {}, "fails"),
        ({}, {"heavy-tailed": (2.0, 4.0)}, {}, "fails"),
        ({}, {}, {name: [[0.5, 0.6, 0.55]] for name in NAMES}, "fails"),
        ({"gaussian-5": (1.2, 4.0)}, {}, {}, "undecided"),
        ({}, {"heavy-tailed": (5.5, 40.0)}, {}, "undecided"),
        ({}, {}, {"gaussian-20": [[0.01, 50.0, 3.0]]}, "undecided"),
    ],
    ids=[
        "all three parts",
        "Adam behind",
        "light tails",
        "smaller condition numbers",
        "Adam ahead, not far",
        "tails that overlap",
        "seeds far apart",
    ],
)
def test_the_claim_needs_all_three_parts(losses, tails, conditions, state: str) -> None:
    finding = verdict({**FAR, **losses}, {**TAILS, **tails}, {**LARGER, **conditions})
    assert finding.state == state
    assert "3.00 to 5.00" in finding.sentence
    assert ("prompts" in finding.would_decide) == (state == "undecided")
