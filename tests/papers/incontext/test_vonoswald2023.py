"""Studies of von Oswald et al. (2023): measures against closed forms, verdicts."""

import dataclasses

import numpy as np
import pytest
import torch

from eigenformer.core import InputError
from eigenformer.incontext import LinearAttention, LinearAttentionModel
from eigenformer.incontext.algorithms import GradientDescent
from eigenformer.incontext.measures import Alignment
from eigenformer.papers.vonoswald2023 import deeper, one_layer, settings

RATE, BEST = 6.06, 0.2062  # derivations.md, section 3


@pytest.fixture
def few_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_layer, "PROMPTS", 200)


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


def test_one_layer_is_judged_by_loss_and_cosine() -> None:
    def state(losses: list[float], cosines: list[float]) -> str:
        return one_layer.verdict(losses, cosines, BEST).state

    assert state([0.2063, 0.2080], [0.999, 0.995]) == "holds"
    assert state([0.2063, 0.2090], [0.999, 0.995]) == "undecided"
    assert state([0.2063, 0.2063], [0.98, 0.98]) == "fails"
    assert one_layer.verdict([0.2063, 0.3], [1.0, 1.0], BEST).would_decide


def _measured(losses: list[float], *, layers: int = 2, looped: bool = True) -> deeper.DepthResult:
    like = Alignment(cosine=0.9, sensitivity_difference=0.1, prediction_difference=0.1)
    return deeper.DepthResult(
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
