"""Studies of von Oswald et al. (2023): settings, measures against closed forms, verdicts."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_studies import shrunk, there_and_back

from eigenformer.core import InputError
from eigenformer.incontext import LinearAttention, LinearAttentionModel, Uniform
from eigenformer.incontext.algorithms import GradientDescent
from eigenformer.incontext.measures import Alignment
from eigenformer.papers import Analysis
from eigenformer.papers.vonoswald2023 import PAPER, deeper, one_layer, settings

RATE, BEST = 6.06, 0.2062  # derivations.md, section 3


@pytest.fixture
def few_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measures on few prompts, scalars from few draws."""
    monkeypatch.setattr(one_layer, "PROMPTS", 200)
    every = deeper.eigenvalues
    monkeypatch.setattr(deeper, "eigenvalues", lambda task: every(task, size=200))


def test_paper_scale_has_the_authors_settings() -> None:
    for run in [*one_layer.runs("paper"), *deeper.runs("paper")]:
        config = run.config
        assert config.task == settings.TASK
        assert (settings.TASK.dim, settings.TASK.points) == (10, 10)
        assert settings.TASK.covariates == Uniform(width=1.0)
        model = config.model
        assert isinstance(model, LinearAttention)
        assert model.init_std == 0.002 / model.layers
        deep = model.layers > 3
        assert config.optimizer.rate == (5e-4 if deep else 1e-3)
        assert config.optimizer.clip == (1e-3 if model.layers <= 2 else 10.0)
        assert model.clip == (10.0 if deep else None)
        assert config.batch == 2048
        assert config.steps == (5000 if model.looped or model.layers == 1 else 50_000)


def test_the_best_step_in_closed_form() -> None:
    rate, loss = settings.optimum()
    assert rate == pytest.approx(RATE, abs=0.005)
    assert loss == pytest.approx(BEST, abs=5e-5)
    # An independent simulation in NumPy.
    rng = np.random.default_rng(0)
    x = rng.uniform(-0.5, 0.5, (20_000, 10, 10))
    s = np.einsum("bni,bnj->bij", x, x) / 10
    residual = np.eye(10) - rate * s
    losses = np.square(residual).sum(axis=(1, 2)) / 24
    assert loss == pytest.approx(losses.mean(), abs=4 * losses.std() / len(losses) ** 0.5)
    for other in (0.9 * rate, 1.1 * rate):
        assert np.square(np.eye(10) - other * s).sum(axis=(1, 2)).mean() / 24 > losses.mean()


def _layer(p_scale: float) -> LinearAttentionModel:
    """One step of descent at rate 2 as a full layer, P multiplied and Q divided by a number."""
    model = LinearAttention(layers=1).build(settings.TASK).double().requires_grad_(False)
    assert isinstance(model, LinearAttentionModel)
    p, q = (part for part in model.layer(0).parameters())
    p.zero_()
    q.zero_()
    p[0, 10, 10] = p_scale
    q[0, :10, :10] = -2.0 / p_scale * torch.eye(10, dtype=torch.float64)
    return model


@pytest.mark.usefixtures("few_prompts")
@pytest.mark.parametrize("p_scale", [1.0, -3.0])
def test_weights_are_rescaled_before_they_are_averaged(p_scale: float) -> None:
    prompts = one_layer.held_out()
    between = one_layer.interpolated(_layer(p_scale), rate=4.0, share=0.5)
    # (P, Q) of descent at rates 2 and 4 average to descent at rate 3.
    expected = GradientDescent(rate=3.0).predictions(prompts, 1)[-1]
    torch.testing.assert_close(between(prompts), expected, rtol=1e-12, atol=1e-12)


def test_a_layer_that_cannot_be_rescaled_is_refused() -> None:
    model = _layer(1.0)
    next(model.layer(0).parameters()).zero_()
    with pytest.raises(InputError, match="entry \\(y, y\\) is 0"):
        one_layer.interpolated(model, rate=1.0)


@pytest.mark.usefixtures("few_prompts")
def test_scaled_prompts_have_the_labels_of_their_inputs() -> None:
    prompts = one_layer.scaled(one_layer.held_out(), inputs=2.0, weights=3.0)
    y = torch.einsum("bnd,bd->bn", prompts.x, prompts.weights)
    torch.testing.assert_close(prompts.y, y)
    target = (prompts.query * prompts.weights).sum(dim=1)
    torch.testing.assert_close(prompts.target, target)
    assert float(prompts.x.abs().max()) == pytest.approx(1.0, abs=0.01)


@pytest.mark.usefixtures("few_prompts")
@pytest.mark.parametrize("study", PAPER.studies.values(), ids=lambda study: study.name)
def test_findings_of_tiny_runs_serialise(study: Analysis, tmp_path: Path) -> None:
    runs = [run for run in study.planned("laptop") if run.name.endswith("seed-0")]
    findings = study.analyse("laptop", shrunk(runs, tmp_path))
    assert there_and_back(findings) == findings
    # Two steps of training teach nothing, and that must be seen.
    assert findings.verdicts["N08"].state != "holds"
    values = [number.value for number in findings.numbers]
    assert np.isfinite(values).all()


def test_one_layer_is_judged_by_loss_and_cosine() -> None:
    def state(losses: list[float], cosines: list[float]) -> str:
        return one_layer.verdict(losses, cosines, BEST).state

    assert state([0.2063, 0.2080], [0.999, 0.995]) == "holds"
    assert state([0.2063, 0.2090], [0.999, 0.995]) == "undecided"
    assert state([0.2063, 0.2063], [0.98, 0.98]) == "fails"
    assert one_layer.verdict([0.2063, 0.3], [1.0, 1.0], BEST).would_decide


def _measured(losses: list[float], *, layers: int = 2, looped: bool = True) -> deeper.Measured:
    like = Alignment(cosine=0.9, sensitivity_difference=0.1, prediction_difference=0.1)
    return deeper.Measured(
        layers=layers,
        looped=looped,
        losses=losses,
        like_plus=[like],
        like_gd=[like],
        plus=0.10,
        gd=0.14,
        constant=0.16,
    )


def test_deeper_models_are_judged_by_both_rivals() -> None:
    matched = _measured([0.101, 0.104])
    assert deeper.verdict([matched]).state == "holds"
    assert deeper.verdict([_measured([0.101, 0.106])]).state == "undecided"
    above = _measured([0.15, 0.13], looped=False)
    assert deeper.verdict([matched, above]).state == "undecided"
    assert (
        deeper.verdict([matched, dataclasses.replace(above, losses=[0.2, 0.17])]).state == "fails"
    )
    assert deeper.verdict([_measured([0.13], looped=False)]).state == "undecided"
