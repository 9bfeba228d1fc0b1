"""Studies of Giannou et al. (2024): settings, what is measured, and how verdicts are reached."""

import math

import numpy as np
import pytest
import torch
from tiny_studies import there_and_back

from eigenformer.incontext.algorithms import Newton
from eigenformer.papers.giannou2024 import (
    constructions,
    layer_norm,
    logistic,
    regression,
    settings,
)


def test_the_papers_curriculum_and_rate_are_the_authors() -> None:
    config = regression.runs("paper")[0].config
    assert config.optimizer.rate * config.optimizer.schedule.floor == 5e-5
    stages = [config.curriculum.at(config.task, step) for step in (0, 5000, 40_000)]
    assert [stage.points for stage in stages] == [10, 15, 50]
    assert [stage.active for stage in stages] == [2, 3, None]


# What is measured.


def test_measured_prompts_have_many_covariances() -> None:
    (part,) = settings.measured(settings.task("laptop", 5.0), parts=1, laws=20, size=40)
    powers = part.x.reshape(20, -1).square().mean(dim=1)
    assert part.x.shape == (800, 26, 5)
    assert powers.max() > 5 * powers.min()


def test_relative_loss_does_not_see_the_unit() -> None:
    batches = settings.measured(settings.task("laptop", 5.0), parts=1)
    scaled = [
        type(b)(
            x=10 * b.x,
            y=10 * b.y,
            query=10 * b.query,
            target=10 * b.target,
            weights=b.weights,
            noise=b.noise,
        )
        for b in batches
    ]
    losses = settings.step_losses(Newton(order=3), batches, 4)
    np.testing.assert_allclose(losses, settings.step_losses(Newton(order=3), scaled, 4), rtol=1e-9)
    assert losses[0] < 1 and losses[4] < 0.1 * losses[0]


def test_responses_are_asked_for_prompts_with_one_w() -> None:
    batches = settings.measured(settings.task("laptop", 5.0), parts=1)
    prompts = layer_norm._sharing(batches, 9)
    assert prompts.x.shape == (9, 26, 5)
    torch.testing.assert_close(prompts.y, (prompts.x * prompts.weights[:, None]).sum(dim=2))
    torch.testing.assert_close(prompts.target, (prompts.query * prompts.weights).sum(dim=1))


def test_problems_have_the_condition_number_asked_for() -> None:
    a, _, _ = constructions.problems(4, 16, 300.0, 5, "test")
    np.testing.assert_allclose(np.linalg.cond(a.swapaxes(1, 2) @ a), 300.0, rtol=1e-9)


# Verdicts.

ORDERS = {
    (k, order): [10.0 ** (-order * s / 2) for s in range(7)]
    for k in (5.0, 10.0)
    for order in (2, 3)
}


def trained(factor: float, last: float) -> dict[tuple[float, int], list[float]]:
    """Losses `factor` times order 2's up to 4 layers, and `last` times 4 layers' with 6."""
    losses = {}
    for condition in (5.0, 10.0):
        for layers in (1, 2, 3, 4):
            base = ORDERS[condition, 2][layers] * factor
            losses[condition, layers] = [0.99 * base, base, 1.01 * base]
        losses[condition, 6] = [last * value for value in losses[condition, 4]]
    return losses


@pytest.mark.parametrize(
    ("factor", "last", "state", "words"),
    [
        (0.5, 0.9, "holds", "Gains stop"),
        (0.5, 0.1, "fails", "Gains do not stop"),
        (2.0, 0.9, "fails", "worse than order 2"),
        (1e-3, 0.9, "fails", "better than order 3"),
    ],
)
def test_verdict_between_orders(factor: float, last: float, state: str, words: str) -> None:
    found = regression.verdict(trained(factor, last), ORDERS)
    assert found.state == state and words in found.sentence
    assert not found.would_decide


def test_verdict_between_orders_is_open_where_seeds_disagree() -> None:
    losses = trained(0.5, 0.9)
    losses[5.0, 6] = [
        value * factor for value, factor in zip(losses[5.0, 4], (0.1, 0.9, 3.0), strict=True)
    ]
    found = regression.verdict(losses, ORDERS)
    assert found.state == "undecided" and "hours" in found.would_decide


NORM, PLAIN = layer_norm.NORM, layer_norm.PLAIN


@pytest.mark.parametrize(
    ("plain", "deep", "state"),
    [(2.0, 3.0, "holds"), (0.5, 3.0, "fails"), (2.0, 0.3, "fails")],
)
def test_verdict_on_layer_norm(plain: float, deep: float, state: str) -> None:
    wobble = np.array([0.99, 1.0, 1.01])
    inside = {(PLAIN, 3): list(plain * wobble), (NORM, 3): [1.0, 1.0, 1.0]}
    outside = {
        (NORM, 1): [2.0, 2.0, 2.0],
        (NORM, 3): [1.0, 1.0, 1.0],
        (NORM, 5): list(deep * wobble),
    }
    assert layer_norm.verdict(inside, outside).state == state


def test_verdict_on_layer_norm_is_open_where_seeds_disagree() -> None:
    inside = {(PLAIN, 3): [0.5, 1.0, 3.0], (NORM, 3): [1.0, 1.0, 1.0]}
    outside = {(NORM, 1): [1.0, 1.0, 1.0], (NORM, 5): [3.0, 3.0, 3.1]}
    found = layer_norm.verdict(inside, outside)
    assert found.state == "undecided" and found.would_decide


def test_logistic_numbers_say_which_construction_has_the_same_loss() -> None:
    found = {n.name: n for n in logistic.numbers({2: [0.05, 0.05]}, [1.0, 0.4, 0.04, 1e-4])}
    same = found["layers of the construction for the loss of 2 trained layers"]
    assert same.value == 2 * (6 + 6)  # two steps, k = 6 at mu = 0.1
    assert found["squared distance, 2 layers"].reference == 0.4


def counted(**changes: float) -> constructions.Counted:
    given = {
        "layers": 2,
        "heads": 2,
        "width": 20,
        "claimed_layers": 2,
        "claimed_width": 20,
        "error": 1e-15,
    }
    return constructions.Counted(name="network", **{**given, **changes})


@pytest.mark.parametrize("wrong", [{"layers": 3}, {"heads": 3}, {"width": 21}, {"error": 1e-9}])
def test_verdict_on_counts(wrong: dict[str, float]) -> None:
    assert constructions.judged_counts([counted()]).state == "holds"
    assert constructions.judged_counts([counted(), counted(**wrong)]).state == "fails"


@pytest.mark.parametrize(
    ("per_doubling", "added", "state"), [(2.0, 2, "holds"), (3.0, 2, "fails"), (2.0, 6, "fails")]
)
def test_verdict_on_depth(per_doubling: float, added: int, state: str) -> None:
    steps = [round(per_doubling * math.log2(k)) for k in constructions.KAPPAS]
    depths = {1e-2: steps, 1e-8: [step + added for step in steps]}
    assert constructions.judged_depth([counted()], depths).state == state


def test_verdict_on_depth_is_open_where_the_network_was_too_short() -> None:
    depths = {1e-2: [5, 6, 7, 8, 9], 1e-8: [7, 8, 9, 10, None]}
    assert constructions.judged_depth([counted()], depths).state == "undecided"


@pytest.mark.parametrize(("power", "state"), [(2.0, "holds"), (1.0, "fails")])
def test_verdict_on_logistic_knots(power: float, state: str) -> None:
    errors = [float(knots) ** -power for knots in constructions.KNOTS]
    assert constructions.judged_logistic([counted()], {0.1: errors}).state == state


# The constructions themselves, small: the closed forms of derivations.md, sections 1b to 1d.


def test_constructed_networks_measure_as_the_theory_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constructions, "KAPPAS", (10.0, 100.0, 1000.0))
    monkeypatch.setattr(constructions, "ACCURACIES", (1e-2, 1e-8))
    monkeypatch.setattr(constructions, "KNOTS", (32, 64))
    monkeypatch.setattr(constructions, "PROBLEMS", 5)
    findings = constructions.analyse("laptop", {})
    assert {name: each.state for name, each in findings.verdicts.items()} == {
        "N01": "holds",
        "N02": "holds",
        "N03": "holds",
    }
    assert there_and_back(findings) == findings
    slopes = [n.value for n in findings.numbers if n.name.startswith("slope of the steps")]
    assert all(abs(slope - 2) < 0.3 for slope in slopes)
