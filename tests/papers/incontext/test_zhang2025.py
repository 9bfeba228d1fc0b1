"""One drop or a staircase: the theory against integration and samples, drops, verdicts."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from eigenformer.incontext import Gaussian, LinearAttention, Regression
from eigenformer.incontext.models.forms import Form, KeyQuery
from eigenformer.papers.zhang2025.drops import staircase
from eigenformer.papers.zhang2025.settings import SIZES, looked_at
from eigenformer.papers.zhang2025.study import Course, one_drop, steps_down
from eigenformer.papers.zhang2025.theory import Prompted, TimeCourse, flow

PROMPTS = Prompted(spectrum=(2.0, 1.0, 0.5), points=9)
WHITE = Prompted(spectrum=(1.0, 1.0, 1.0), points=9)


def task(prompts: Prompted) -> Regression:
    return Regression(dim=3, points=9, covariates=Gaussian(spectrum=prompts.spectrum))


def weights(form: Form, std: float, seed: int = 0) -> KeyQuery:
    model = LinearAttention(heads=3, form=form, init_std=std).build(task(PROMPTS), seed)
    return KeyQuery.of(model.double().layer(0))


@pytest.mark.parametrize("form", ["merged", "rank-one"])
def test_moments_are_those_of_sampled_prompts(form: Form) -> None:
    """The loss and its gradient in every weight, as autograd has them on 40,000 prompts."""
    model = LinearAttention(heads=3, form=form, init_std=0.5).build(task(PROMPTS)).double()
    own, batch = KeyQuery.of(model.layer(0)), task(PROMPTS).draw(0, 0, 40_000).to(torch.float64)
    loss, exact = task(PROMPTS).loss(model(batch), batch), PROMPTS.loss(own.product)
    assert float(loss.detach()) == pytest.approx(float(exact.detach()), rel=0.06)
    parameters = list(own.parameters())
    sampled = torch.autograd.grad(loss, parameters)
    force = PROMPTS.force(own.product.detach())
    expected = torch.autograd.grad(own.product, parameters, -2 * force)
    for found, wanted in zip(sampled, expected, strict=True):
        assert (found - wanted).norm() < 0.12 * wanted.norm()
    (direct,) = torch.autograd.grad(PROMPTS.loss(product := own.product), product)
    torch.testing.assert_close(direct, -2 * force)


@pytest.mark.parametrize("balanced", [True, False])
def test_the_closed_form_is_the_flow(balanced: bool) -> None:
    """Weights along the identity: exactly. Any small ones: but for what they have beside it."""
    own = weights("merged", 0.01)
    times = np.linspace(0, 6, 40).tolist()
    if balanced:
        with torch.no_grad():
            own.key.copy_(own.value[:, None, None] * torch.eye(3) / 3**0.5)
    course = TimeCourse.of(own, WHITE.points)
    exact, closed = np.array(flow(own, WHITE, times)), np.array(course.losses(times))
    assert np.abs(exact - closed).max() < (1e-5 if balanced else 5e-3)
    assert closed[0] == pytest.approx(3, rel=1e-3) and closed[-1] == pytest.approx(course.least)
    assert course.losses([course.half])[0] == pytest.approx((3 + course.least) / 2)
    assert course.least == pytest.approx(WHITE.levels[-1])
    if balanced:  # then m is logistic
        grown = course.along * np.exp(2 * 3**0.5 * np.array(times)) / (2 * 3**0.5)
        m = grown / (1 + (1 + 4 / 9) * grown)
        np.testing.assert_allclose(closed, 3 - 6 * m + 3 * (1 + 4 / 9) * m**2, atol=1e-3)


def test_levels_are_where_the_flow_rests_and_the_authors_formula() -> None:
    total, found = sum(PROMPTS.spectrum), [sum(PROMPTS.spectrum)]
    for value in PROMPTS.spectrum:
        found.append(found[-1] - value / (1 + (1 + total / value) / PROMPTS.points))
    assert PROMPTS.levels == pytest.approx(found)
    for m in range(4):
        force = PROMPTS.force(PROMPTS.regression(m))
        assert float(force[:m].abs().sum()) < 1e-12
    # A layer of that M has that loss on samples.
    model = LinearAttention(heads=1, form="merged").build(task(PROMPTS)).double()
    own = KeyQuery.of(model.layer(0))
    with torch.no_grad():
        own.value.fill_(2.0)
        own.key.copy_(PROMPTS.regression(2) / 2)
        batch = task(PROMPTS).draw(1, 0, 40_000, dtype=torch.float64)
        loss = float(task(PROMPTS).loss(model(batch), batch))
    assert loss == pytest.approx(PROMPTS.levels[2], rel=0.05)


def curve(levels: list[float], at: list[float], width: float = 0.1) -> tuple[list[float], ...]:
    times = np.geomspace(1, 1000, 160)
    loss = np.full(160, float(levels[0]))
    for before, after, when in zip(levels, levels[1:], at, strict=False):
        loss += (after - before) / (1 + np.exp(-(np.log(times) - np.log(when)) / width))
    noise = 0.004 * np.sin(37 * np.arange(160))
    return times.tolist(), (loss + noise).tolist()


def test_drops_are_counted_and_noise_is_none() -> None:
    found = staircase(*curve([4, 2, 1, 0.6], [5, 30, 200]))
    assert found.drops == pytest.approx((5, 30, 200), rel=0.15)
    assert found.plateaus == pytest.approx((2, 1), abs=0.03)
    assert len(staircase(*curve([4, 1], [30])).drops) == 1
    # Two that run into each other are one.
    assert len(staircase(*curve([4, 2, 1], [29, 33])).drops) == 1


def course_of(times: list[float], losses: list[float], prompts: Prompted = PROMPTS) -> Course:
    return Course(
        prompts=prompts,
        times=(0.0, *times),
        losses=(losses[0], *losses),
        products=(),
        first=weights("merged", 0.01),
    )


def test_verdicts_ask_for_the_levels_and_for_seeds() -> None:
    right = course_of(*curve([*PROMPTS.levels], [5, 30, 200]))
    assert steps_down([right] * 3, PROMPTS).state == "holds"
    assert steps_down([right] * 2, PROMPTS).state == "undecided"
    off = course_of(*curve([3.5, 1.97, 1.5, 0.96], [5, 30, 200]))
    assert steps_down([right, right, off], PROMPTS).state == "undecided"
    short = course_of(*curve([*PROMPTS.levels[:3]], [5, 30]))
    assert steps_down([right, right, short], PROMPTS).state == "undecided"

    times = np.geomspace(0.1, 6, 160).tolist()
    closed = TimeCourse.of(weights("merged", 0.01), WHITE.points)
    timed = course_of(times, closed.losses(times), WHITE)
    late = course_of(times, closed.losses([time / 1.2 for time in times]), WHITE)
    single = course_of(*curve([3.5, 0.6], [30]))
    assert one_drop([timed] * 3, [single] * 3).state == "holds"
    assert one_drop([timed, timed, late], [single] * 3).state == "undecided"
    assert one_drop([timed] * 2, [single] * 2).state == "undecided"
    assert one_drop([timed] * 3, [single, single, right]).state == "undecided"
    assert one_drop([right] * 3, [right] * 3).state == "fails"


def test_looks_begin_at_the_start_and_end_at_the_end() -> None:
    for size in SIZES.values():
        for descent in size.training.values():
            steps = looked_at(size, descent)
            assert (steps[0], steps[-1]) == (0, descent.steps)
            assert looked_at(replace(size, looks=20), descent)[1] == descent.first
