"""Studies of Ahn et al. (2024): settings, losses with outliers, how the verdict is reached."""

import dataclasses
from pathlib import Path

import pytest
import torch
from tiny_studies import shrunk, there_and_back, trained

from eigenformer.incontext import (
    HeavyTailed,
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


def test_paper_scale_has_the_authors_settings() -> None:
    runs = OPTIMISATION.planned("paper")
    assert len(runs) == 3 * 2 * 6
    rates = set()
    for run in runs:
        config = run.config
        task, model, optimizer = config.task, config.model, config.optimizer
        assert isinstance(task, Regression) and isinstance(model, LinearAttention)
        assert (task.dim, model.layers, model.init_std, model.form) == (5, 3, 0.05, "full")
        assert (config.batch, config.steps, config.reuse) == (1000, 10_000, 1)
        assert (optimizer.momentum, optimizer.betas, optimizer.clip) == (0.9, (0.9, 0.9), 1.0)
        assert {750, 1250} <= set(config.snapshots)
        heavy = isinstance(task.covariates, HeavyTailed)
        if isinstance(task.covariates, HeavyTailed):
            assert (task.covariates.shape, task.covariates.scale) == (0.1, 10.0)
        rates.add((task.points, heavy, optimizer.kind, optimizer.rate))
    assert rates == {
        (20, False, "sgd", 0.02),
        (20, False, "adam", 0.02),
        (5, False, "sgd", 0.01),
        (5, False, "adam", 0.005),
        (20, True, "sgd", 0.02),
        (20, True, "adam", 0.02),
    }


def test_sgd_and_adam_of_a_seed_see_the_same_prompts() -> None:
    runs = {run.name: run.config for run in OPTIMISATION.planned("laptop")}
    sgd = runs[settings.run_name("gaussian-5", "sgd", 0.02, 1)]
    adam = runs[settings.run_name("gaussian-5", "adam", 0.02, 1)]
    assert sgd == dataclasses.replace(adam, optimizer=sgd.optimizer)


def test_findings_of_tiny_runs_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = dataclasses.replace(
        settings.SIZES["laptop"],
        seeds=1,
        rates={name: {kind: (0.005,) for kind in settings.KINDS} for name in NAMES},
    )
    monkeypatch.setitem(settings.SIZES, "laptop", size)
    from eigenformer.papers.ahn2024 import optimisation

    monkeypatch.setattr(optimisation, "NOISE_SAMPLES", 10)
    monkeypatch.setattr(optimisation, "HESSIAN_PROMPTS", 8)
    folders = shrunk(OPTIMISATION.planned("laptop"), tmp_path)
    findings = OPTIMISATION.analyse("laptop", folders)
    assert there_and_back(findings) == findings
    assert {line.label for line in findings.panels[2].lines} == set(settings.NAMES.values())


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


def test_the_claim_holds_if_all_three_parts_do() -> None:
    finding = verdict(FAR, TAILS, LARGER)
    assert finding.state == "holds"
    assert "3.00 to 5.00" in finding.sentence


@pytest.mark.parametrize(
    ("losses", "tails", "conditions"),
    [
        ({**FAR, "gaussian-5": (0.5, 0.9)}, TAILS, LARGER),
        (FAR, {**TAILS, "heavy-tailed": (2.0, 4.0)}, LARGER),
        (FAR, TAILS, {name: [[0.5, 0.6, 0.55]] for name in NAMES}),
    ],
    ids=["Adam behind", "light tails", "smaller condition numbers"],
)
def test_the_claim_fails_if_a_part_does(losses, tails, conditions) -> None:
    assert verdict(losses, tails, conditions).state == "fails"


@pytest.mark.parametrize(
    ("losses", "tails", "conditions"),
    [
        ({**FAR, "gaussian-5": (1.2, 4.0)}, TAILS, LARGER),
        (FAR, {**TAILS, "heavy-tailed": (5.5, 40.0)}, LARGER),
        (FAR, TAILS, {**LARGER, "gaussian-20": [[0.01, 50.0, 3.0]]}),
    ],
    ids=["Adam ahead, not far", "tails that overlap", "seeds far apart"],
)
def test_otherwise_it_is_undecided_and_says_what_would_decide(losses, tails, conditions) -> None:
    finding = verdict(losses, tails, conditions)
    assert finding.state == "undecided" and "prompts" in finding.would_decide
