"""The power method in loops: the task, a network that is it, one that is not, the verdict."""

from dataclasses import replace

import pytest
import torch

import eigenformer as ef
from eigenformer.incontext import Principal, PrincipalAttention, PrincipalAttentionModel
from eigenformer.incontext.tasks.principal import power_iterates
from eigenformer.papers.wu2026.settings import GOALS, KINDS
from eigenformer.papers.wu2026.study import (
    RATIOS,
    Iterates,
    LoopedNetwork,
    is_power_method,
    iteration,
    learns,
)

TASK = Principal(dim=4)


def network(weights: torch.Tensor, *, norm: bool = True) -> PrincipalAttentionModel:
    model = PrincipalAttention(layers=3, norm=norm).build(TASK).double().requires_grad_(False)
    model.score.copy_(weights)
    return model


def compared(model: PrincipalAttentionModel) -> dict[float, Iterates]:
    return {
        ratio: iteration(
            model,
            replace(TASK, ratio=(ratio, ratio)).draw(0, 0, 200, dtype=torch.float64),
            12,
        )
        for ratio in RATIOS
    }


def test_the_task_is_what_lapack_says() -> None:
    batch = replace(TASK, ratio=(0.7, 0.7)).draw(0, 0, 50, dtype=torch.float64)
    values, vectors = torch.linalg.eigh(batch.covariance)
    torch.testing.assert_close(values[:, 2] / values[:, 3], torch.full((50,), 0.7).double())
    along = (vectors[:, :, 3] * batch.target).sum(dim=1).abs()
    torch.testing.assert_close(along, torch.ones(50).double())
    assert ((batch.start * batch.target).sum(dim=1) > 0).all()
    # So many iterations that they arrive, from either side.
    last = power_iterates(batch.covariance, batch.start, 200)[-1]
    torch.testing.assert_close(last, batch.target, atol=1e-8, rtol=0)
    guided = replace(TASK, iterations=3).draw(0, 0, 50, dtype=torch.float64)
    power = power_iterates(guided.covariance, guided.start, 3)[-1]
    torch.testing.assert_close(guided.target, power)
    with pytest.raises(ef.InputError, match="ratio is"):
        Principal(ratio=(0.5, 1.2))
    with pytest.raises(ef.InputError, match=r"the points have 4 features, and the model was .* 3"):
        PrincipalAttention().build(Principal(dim=3))(TASK.draw(0, 0, 2))


def test_a_network_that_is_the_power_method_is_recognised() -> None:
    """z + S W z with W = c I is an iteration for S + I/c."""
    model = network(1e4 * torch.eye(4))
    assert is_power_method(compared(model), 3)
    batch = TASK.draw(1, 0, 20, dtype=torch.float64)
    shifted = batch.covariance + torch.eye(4).double() / 5
    for found, wanted in zip(
        network(5 * torch.eye(4)).by_layer(batch, 7),
        power_iterates(shifted, batch.start, 7),
        strict=True,
    ):
        torch.testing.assert_close(found, wanted)


def test_one_that_is_not_is_refused() -> None:
    torch.manual_seed(0)
    eye = torch.eye(4)
    assert not is_power_method(compared(network(torch.randn(4, 4))), 3)
    assert not is_power_method(compared(network(-3 * eye)), 3)
    # The right limit, and too slow.
    assert not is_power_method(compared(network(0.5 * eye)), 3)
    # The right rate, and another limit.
    assert not is_power_method(compared(network(1e4 * (eye + 0.3 * torch.randn(4, 4)))), 3)


def measured(
    iterations: dict[float, Iterates], errors: tuple[float, ...], loss: float
) -> LoopedNetwork:
    return LoopedNetwork(errors=errors, loss=loss, iterations=iterations)


def test_the_verdict_needs_both_halves_and_seeds() -> None:
    right, wrong = compared(network(1e4 * torch.eye(4))), compared(network(torch.randn(4, 4)))
    falls, grows = tuple(0.5**i for i in range(13)), tuple(1.5**i for i in range(13))

    def verdict(norm: LoopedNetwork, plain: LoopedNetwork, guided: float, seeds: int = 3) -> str:
        found = {
            (goal, kind): [
                (norm if kind == "norm" else plain)
                if goal == "component"
                else measured(right, falls, 0.01 if kind == "norm" else guided)
            ]
            * seeds
            for goal in GOALS
            for kind in KINDS
        }
        return learns(found, 3).state

    good, bad = measured(right, falls, 0.1), measured(wrong, grows, 1.0)
    assert verdict(good, bad, 0.3) == "holds"
    assert verdict(good, bad, 0.3, seeds=2) == "undecided"
    assert verdict(good, bad, 0.05) == "undecided"
    assert verdict(bad, bad, 0.3) == "undecided"
    assert verdict(good, measured(wrong, falls, 0.1), 0.3) == "undecided"
    best = tuple(0.1**i for i in range(13))
    assert verdict(good, measured(right, best, 0.1), 0.3) == "fails"
