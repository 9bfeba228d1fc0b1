"""Studies of Vladymyrov et al. (2024): the form of layers, baselines, the verdict."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from tiny_studies import there_and_back

from eigenformer.core import InputError
from eigenformer.incontext import LinearAttention, LinearAttentionModel, Prompts, Regression
from eigenformer.incontext.algorithms import Ridge
from eigenformer.papers.vladymyrov2024 import STRUCTURE
from eigenformer.papers.vladymyrov2024.mixed_noise import Compared, compared, verdict
from eigenformer.papers.vladymyrov2024.ridge import TunedRidge, tuned_ridge
from eigenformer.papers.vladymyrov2024.structure import (
    diagonal_error,
    first_below,
    gd_plus_plus_errors,
    structure_error,
    token_maps,
)

NOISY = Regression(dim=3, points=8, noise=(0.0, 5.0), noise_law="range")
EXCESS = {
    "DIAG": 0.2,
    "DIAG beside FULL": 0.3,
    "FULL": 0.2,
    "ConstRR": 0.6,
    "AdaRR": 0.3,
    "TunedRR": 0.2,
}
BELOW, NEAR, ABOVE = (
    Compared(low=-0.5, high=-0.3),
    Compared(low=-0.1, high=0.1),
    Compared(low=0.3, high=0.5),
)


def prompts(task: Regression = NOISY, size: int = 50) -> Prompts:
    found = task.draw(0, 0, size, dtype=torch.float64)
    assert isinstance(found, Prompts)
    return found


def random_model(form, *, mean: bool) -> LinearAttentionModel:
    options = LinearAttention(layers=3, heads=2, form=form, mean=mean, init_std=0.2)
    model = options.build(NOISY, 1).double().requires_grad_(False)
    assert isinstance(model, LinearAttentionModel)
    return model


# Theorem 4.1.


@pytest.mark.parametrize("mean", [True, False])
def test_tokens_of_each_layer_are_a_linear_map_of_those_of_the_first(mean: bool) -> None:
    # By regression, without the recursion: one matrix a prompt maps context and query alike.
    model, batch = random_model("full", mean=mean), prompts()
    tokens = batch.state
    for state in model.states(batch):
        fitted = torch.linalg.lstsq(tokens.mT, state.mT).solution.mT
        assert (fitted @ tokens - state).abs().max() < 1e-12 * state.abs().max()
    assert structure_error(model, batch) < 1e-12


def test_the_query_starts_without_a_label_so_its_answer_is_minus_w_x() -> None:
    model, batch = random_model("full", mean=True), prompts()
    w = token_maps(model, batch)[-1][:, -1, :-1]
    # The prediction is minus the query's slot.
    expected = -(w * batch.query).sum(dim=1)
    torch.testing.assert_close(model(batch), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("mean", [True, False])
@pytest.mark.parametrize("form", ["diagonal", "gd++"])
def test_diagonal_layers_act_through_four_numbers(form, mean: bool) -> None:
    assert diagonal_error(random_model(form, mean=mean), prompts()) < 1e-12


def test_a_layer_of_another_form_is_not_taken_for_a_diagonal_one() -> None:
    with pytest.raises(InputError, match="this needs a Diagonal, and got a Full"):
        diagonal_error(random_model("full", mean=True), prompts())


def test_gd_plus_plus_needs_the_same_layers_more_for_each_factor_of_the_condition_number() -> None:
    needed = [first_below(gd_plus_plus_errors(c), 1e-12) for c in (10.0, 1e3)]
    assert abs(needed[1] - needed[0] - np.log(100) / np.log(2.25)) <= 1


def test_convergence_of_gd_plus_plus_is_quadratic_in_the_end() -> None:
    errors = gd_plus_plus_errors(100.0)
    last = [e for e in errors if 1e-13 < e < 1e-2]
    assert len(last) >= 2
    for before, after in pairwise(last):
        assert after < 10 * before**2 + 1e-13


def test_findings_of_the_structure_can_be_kept() -> None:
    findings = STRUCTURE.analyse("laptop", {})
    assert there_and_back(findings) == findings
    assert all(number.value < 1e-12 for number in findings.numbers[:2])


# The baseline.


def test_without_a_bound_tuned_ridge_is_adaptive_ridge() -> None:
    batch = prompts()
    expected = Ridge(strength="adaptive").predictions(batch, 0)[0]
    torch.testing.assert_close(TunedRidge().predictions(batch), expected, rtol=1e-9, atol=1e-9)


def test_its_answer_is_numpys() -> None:
    batch = prompts(size=4)
    found = TunedRidge(multiplier=2.0, bound=3.0).predictions(batch)
    for i in range(4):
        x, y, query = (t[i].numpy() for t in (batch.x, batch.y, batch.query))
        (residual,) = np.linalg.lstsq(x, y)[1]
        strength = 2.0 * min(residual / 5, 3.0)
        # Ridge regression is least squares with rows sqrt(s) I and labels 0 below.
        wide = np.vstack([x, np.sqrt(strength) * np.eye(3)])
        w = np.linalg.lstsq(wide, np.append(y, np.zeros(3)))[0]
        assert float(found[i]) == pytest.approx(query @ w, rel=1e-9)


def test_tuning_does_not_lose_against_adaptive_ridge_where_it_is_tuned() -> None:
    batch = prompts(size=500)

    def loss(ridge: TunedRidge) -> float:
        return float((ridge.predictions(batch) - batch.target).square().mean())

    assert loss(tuned_ridge(batch)) <= loss(TunedRidge())


# Findings and the verdict.


def test_intervals_of_differences_hold_the_true_mean_about_19_times_in_20() -> None:
    generator = torch.Generator().manual_seed(0)
    inside = 0
    for _ in range(400):
        a, b = torch.randn(2, 200, generator=generator)
        found = compared(a + 0.3, b)
        inside += found.low <= 0.3 <= found.high
    assert 360 <= inside <= 395


def decided(**changes):
    given = {
        "depths": {"full": 3, "diagonal": 5},
        "excess": EXCESS,
        "against_constant": BELOW,
        "against_tuned": BELOW,
        "against_full": BELOW,
        "in_full": True,
    }
    return verdict(**{**given, **changes})


def test_the_claim_holds_if_all_three_parts_do() -> None:
    assert decided().state == "holds"
    assert "at 3 layers DIAG 0.300, FULL 0.200" in decided().sentence


@pytest.mark.parametrize("part", ["against_constant", "against_tuned", "against_full"])
def test_the_claim_fails_if_one_does_and_an_interval_around_the_bound_decides_nothing(
    part: str,
) -> None:
    assert decided(**{part: ABOVE}).state == "fails"
    finding = decided(**{part: NEAR})
    assert finding.state == "undecided" and finding.would_decide


def test_short_training_cannot_refute_the_match_with_tuned_ridge() -> None:
    finding = decided(against_tuned=ABOVE, in_full=False)
    assert finding.state == "undecided" and "matches TunedRR: no" in finding.sentence


def test_full_transformers_behind_constant_ridge_are_no_measure_of_diagonal_ones() -> None:
    assert decided(excess={**EXCESS, "FULL": 0.7}).state == "undecided"
