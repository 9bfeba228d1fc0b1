"""Studies of Fu et al. (2024): settings, the matching of layers with steps, verdicts."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from eigenformer.incontext import Regression
from eigenformer.incontext.algorithms import Newton
from eigenformer.incontext.measures import prefix_errors
from eigenformer.incontext.measures import similarity as likeness
from eigenformer.papers.fu2024 import ill_conditioned, settings, similarity


def test_the_papers_curriculum_and_spectrum_are_the_authors() -> None:
    config = ill_conditioned.runs("paper")[1].config
    stages = [config.curriculum.at(config.task, step) for step in (0, 2000, 30_000)]
    # Points of the paper count the query: 11, 13, .., 41.
    assert [stage.points + 1 for stage in stages] == [11, 13, 41]
    assert [stage.active for stage in stages] == [5, 6, None]
    values = np.array(config.task.covariates.spectrum)
    np.testing.assert_allclose(values[:10] / values[10:], 100.0)
    np.testing.assert_allclose(values.sum(), 20.0)
    assert settings.small_part("paper") == pytest.approx(1 / 101)


# Matching.


def test_descent_is_on_the_sum_of_squares() -> None:
    prompts = Regression(dim=3, points=5).draw(0, 0, 4, dtype=torch.float64)
    errors = settings.descent_errors(prompts, 0.01, 2)
    w = torch.zeros(4, 3, dtype=torch.float64)
    x, y = prompts.x[:, :4], prompts.y[:, :4]
    for _ in range(2):
        residual = (x * w[:, None]).sum(dim=2) - y
        w = w - 0.01 * (x * residual[:, :, None]).sum(dim=1)
    # The next label after four pairs is y_5.
    expected = (w * prompts.x[:, 4]).sum(dim=1) - prompts.y[:, 4]
    torch.testing.assert_close(errors[2, :, 3], expected)


def test_newtons_steps_need_exponentially_many_of_descent() -> None:
    """Residuals are (1 - a l^2)^(2^k) and (1 - b l)^j at an eigenvalue l of X^T X.

    So j grows like l 2^k: by 1 doubling a step for one eigenvalue, and by half a doubling if the
    largest l that is not yet solved decides, l^2 ~ 2^-k.
    """
    prompts = Regression(dim=4, points=10).draw(0, 0, 200, dtype=torch.float64)
    newton = prefix_errors(Newton(start="frobenius"), prompts, 8)[2:]
    descent = settings.descent_errors(prompts, 0.01, 1024)
    steps = settings.first_match(likeness(newton, descent)).double()
    assert (steps[1:] > steps[:-1]).all()
    rate = float(np.polyfit(range(len(steps)), np.log2(steps.numpy()), 1)[0])
    assert 0.45 < rate < 1.05


def test_the_first_of_equal_matches_counts() -> None:
    heat = torch.tensor([[0.1, 0.9, 0.9005, 0.9004], [0.2, 0.3, 0.4, 0.1]])
    assert settings.first_match(heat).tolist() == [1, 2]


def test_doublings() -> None:
    assert settings.doublings(20) == [1, 2, 4, 8, 16]


# Verdicts.


def made_up(newton: list[int], descent: list[int], best: float = 0.99) -> settings.Matched:
    """Layers, the embedding first, that match these steps with the similarity `best`."""

    def heat(steps: list[int], most: int) -> torch.Tensor:
        found = torch.zeros(len(steps), most + 1)
        found[range(len(steps)), steps] = best
        return found

    return settings.Matched(
        newton=heat(newton, 25),
        descent=heat(descent, 4096),
        losses=torch.ones(len(newton)),
        newton_losses=torch.ones(26),
        descent_losses=torch.ones(4097),
    )


@pytest.mark.parametrize(
    ("newton", "descent", "state"),
    [
        ([0, 3, 6, 9, 12], [0, 4, 30, 250, 2000], "holds"),
        ([0, 3, 6, 9, 12], [0, 100, 200, 300, 400], "fails"),
        ([0, 3, 6, 5, 12], [0, 4, 30, 250, 2000], "undecided"),
        ([0, 12, 12, 12, 12], [0, 4, 30, 250, 2000], "undecided"),
    ],
)
def test_verdict_on_growth(newton: list[int], descent: list[int], state: str) -> None:
    assert similarity.verdict(made_up(newton, descent)).state == state


def test_layers_that_resemble_nothing_decide_nothing() -> None:
    found = similarity.verdict(made_up([0, 3, 6, 9, 12], [0, 4, 30, 250, 2000], best=0.5))
    assert found.state == "undecided" and "not at this size" in found.sentence


def test_seeds_have_to_agree() -> None:
    holds = similarity.verdict(made_up([0, 3, 6, 9, 12], [0, 4, 30, 250, 2000]))
    fails = similarity.verdict(made_up([0, 3, 6, 9, 12], [0, 100, 200, 300, 400]))
    assert similarity.together([holds, holds]).state == "holds"
    both = similarity.together([holds, fails])
    assert both.state == "undecided" and "hours" in both.would_decide


GOOD = ill_conditioned.Last(similarity=0.97, newton=20, descent=2000, loss=1e-4)


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, "holds"),
        ({"newton": 40, "descent": 4000}, "fails"),
        ({"descent": 100}, "fails"),
        ({"similarity": 0.5}, "undecided"),
        ({"loss": 0.009}, "undecided"),
    ],
)
def test_verdict_on_ill_conditioned_data(change: dict[str, float], state: str) -> None:
    ill = replace(GOOD, **change)
    found = ill_conditioned.verdict([GOOD, GOOD], [ill, ill], small=0.01)
    assert found.state == state
    assert bool(found.would_decide) == (state == "undecided")
