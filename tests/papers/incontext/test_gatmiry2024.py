"""Studies of Gatmiry et al. (2024): settings, the best step, more loops, verdicts."""

from pathlib import Path

import pytest
import torch
from tiny_studies import trained

from eigenformer.incontext import (
    InContextFolder,
    LinearAttention,
    LinearAttentionModel,
    Prompts,
    Regression,
    RunConfig,
)
from eigenformer.papers.gatmiry2024 import loops, optimum, settings


def test_runs_are_looped_models_that_train_a_and_u_on_isotropic_prompts() -> None:
    runs = settings.runs("paper", settings.CELLS)
    assert {(n, count) for n, count in settings.CELLS} >= {
        (n, count) for n in (20, 100) for count in (1, 2, 5)
    }
    for run in runs:
        assert isinstance(run.config.task, Regression)
        assert run.config.task.dim == 10
        model = run.config.model.build(run.config.task)
        assert isinstance(model, LinearAttentionModel)
        assert {name: tuple(p.shape) for name, p in model.named_parameters()} == {
            "layers.0.a": (1, 10, 10),
            "layers.0.u": (1, 10),
        }


def test_both_studies_use_the_same_runs() -> None:
    names = {run.name: run.config for run in optimum.OPTIMUM.planned("laptop")}
    for run in loops.LOOPING.planned("laptop"):
        assert names[run.name] == run.config


def test_best_steps_are_the_known_ones() -> None:
    best = optimum.best_steps(draws=2000)
    for (points, count), (a, loss) in optimum.TABLE.items():
        found = best[points, count]
        # The table has two digits and 600 draws, whose tails move a of five loops by 3%.
        assert found.rates[0] == pytest.approx(a, rel=0.05, abs=0.005)
        assert found.loss / 10 == pytest.approx(loss, rel=0.15)
        if count == 1:
            assert found.rates[0] == pytest.approx(points / (points + 11), rel=0.01)


def _folder(tmp_path: Path, count: int, points: int = 20) -> InContextFolder:
    config = RunConfig(
        task=settings.task(points),
        model=LinearAttention(layers=count, form="row", looped=True),
        steps=1,
        batch=8,
        snapshots=(0,),
    )
    return trained(config, tmp_path / f"{points}-{count}")


def test_dominance_at_zero_is_that_of_the_closed_form(tmp_path: Path) -> None:
    # At A = 0: loss = d, gradient = -2 L Sigma (long prompts), so 16 (2L)^2 d / d^((2L - 1)/L).
    folder = _folder(tmp_path, count=2, points=200)
    (found,) = optimum.dominance(folder, 2, least=0.1).items()
    loss, ratio = found
    assert loss == pytest.approx(10, rel=0.2)
    assert ratio == pytest.approx(16 * 16 * 10 / 10**1.5, rel=0.3)


def test_dominance_leaves_out_losses_near_the_least(tmp_path: Path) -> None:
    assert optimum.dominance(_folder(tmp_path, 2), 2, least=5.0) == {}


def test_trained_reads_off_the_weights() -> None:
    model = LinearAttention(layers=2, form="row", looped=True).build(settings.task(20)).double()
    assert isinstance(model, LinearAttentionModel)
    weights = dict(model.named_parameters())
    with torch.no_grad():
        weights["layers.0.a"].copy_(0.5 * torch.eye(10)[None])
        weights["layers.0.u"].copy_(torch.tensor([[3.0, 4.0, *[0.0] * 8]]))
    found = optimum.trained(model.requires_grad_(False))
    assert (found.a, found.u) == pytest.approx((0.5, 5.0))
    assert found.off == pytest.approx(0.0, abs=1e-12)


def test_out_of_distribution_prompts_have_the_law_that_they_name() -> None:
    batch = loops.looped_task(20, "smaller eigenvalues").draw(0, 0, 4000, dtype=torch.float64)
    assert isinstance(batch, Prompts)
    # The mean eigenvalue is 0.625, and the label's variance is d whatever Sigma is.
    assert float(batch.query.square().mean()) == pytest.approx(0.625, rel=0.02)
    assert float(batch.target.square().mean()) == pytest.approx(10, rel=0.1)


def test_the_learned_step_is_judged_against_the_best() -> None:
    goal = {(20, 1): 0.645, (20, 2): 0.63}

    def state(first: list[float], second: list[float]) -> str:
        return optimum.verdict({(20, 1): first, (20, 2): second}, goal).state

    assert state([0.645, 0.65], [0.63, 0.625]) == "holds"
    assert state([0.645, 0.66], [0.63, 0.625]) == "undecided"
    assert state([0.665, 0.66], [0.63, 0.625]) == "fails"


def _curve(law: str, after: float) -> loops.Curve:
    return loops.Curve(points=20, trained=1, law=law, losses=[[1.0, 0.5, after]])


def test_more_loops_are_judged_where_eigenvalues_are_no_larger_than_in_training() -> None:
    judged, not_judged = _curve("in distribution", 0.4), _curve("larger ones too", 9.0)
    assert loops.verdict([judged, not_judged]).state == "holds"
    mixed = [_curve("in distribution", 0.4), _curve("smaller eigenvalues", 0.6)]
    assert loops.verdict(mixed).state == "undecided"
    assert loops.verdict([_curve("in distribution", 0.6)]).state == "fails"
    assert _curve("in distribution", 0.4).best == 2
