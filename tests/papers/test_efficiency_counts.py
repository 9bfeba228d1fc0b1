"""Counting: first reached and still held, bounds, their medians, minima, means and ratios."""

import statistics

import pytest
from efficiency_examples import record
from hypothesis import given
from hypothesis import strategies as st

from eigenformer.papers.efficiency import Amount, geometric_mean
from eigenformer.papers.efficiency.amounts import median, smallest

TRUE = st.lists(st.integers(1, 1000).map(float), min_size=1, max_size=7)
"""What runs would need if they ran forever."""


def seen(true: list[float], limits: list[float]) -> list[Amount]:
    """What is known of `true` from runs of limited length."""
    return [
        Amount(limit, at_least=True) if value > limit else Amount(value)
        for value, limit in zip(true, limits, strict=True)
    ]


def test_the_count_is_taken_where_the_target_is_first_reached() -> None:
    assert record([0.1, 0.49, 0.5, 0.8]).needed == Amount(300)
    # In between it may be lost again.
    assert record([0.1, 0.5, 0.4, 0.8]).needed == Amount(200)


@pytest.mark.parametrize("curve", [[0.1, 0.2], [0.1, 0.9, 0.49]])
def test_a_target_not_reached_or_not_held_is_a_bound(curve: list[float]) -> None:
    run = record(curve)
    assert run.needed == Amount(100 * len(curve), at_least=True)
    assert run.reached_at == (200 if max(curve) > 0.5 else None)


@pytest.mark.parametrize(("state", "running"), [("running", True), ("diverged", False)])
def test_only_a_finished_run_counts(state: str, running: bool) -> None:
    run = record([0.1, 0.9], state=state)
    assert run.needed == Amount(200, at_least=True, running=running)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_a_count_splits_the_curve(curve: list[float]) -> None:
    needed = record(curve).needed
    before = int(needed.value) // 100 - 1
    if needed.at_least:
        assert before == len(curve) - 1
        assert curve[-1] < 0.5
    else:
        assert max(curve[:before], default=0.0) < 0.5 <= min(curve[before], curve[-1])


@given(TRUE, st.integers(1, 1000).map(float))
def test_a_median_of_runs_of_one_length(true: list[float], limit: float) -> None:
    found = median(seen(true, [limit] * len(true)))
    whole = statistics.median_high(true)
    assert found.value == limit < whole if found.at_least else found.value == whole


@given(st.lists(st.tuples(*[st.integers(1, 1000).map(float)] * 2), min_size=1, max_size=7))
def test_the_smallest_of_runs_of_any_length(runs: list[tuple[float, float]]) -> None:
    true, limits = [value for value, _ in runs], [limit for _, limit in runs]
    found = smallest(seen(true, limits))
    assert found.value < min(true) if found.at_least else found.value == min(true)


@given(TRUE, st.integers(1, 1000).map(float))
def test_a_geometric_mean_of_bounds_is_a_bound(true: list[float], limit: float) -> None:
    found = geometric_mean(seen(true, [limit] * len(true)))
    whole = statistics.geometric_mean(true)
    assert found.at_least == any(value > limit for value in true)
    if found.at_least:
        assert found.value < whole
    else:
        assert found.value == pytest.approx(whole)


def test_a_mean_with_a_running_member_may_still_grow() -> None:
    amounts = [Amount(2), Amount(8, at_least=True, running=True)]
    found = geometric_mean(amounts)
    assert found.value == pytest.approx(4)
    assert found.at_least
    assert found.running


def test_ratios() -> None:
    assert Amount(30).over(Amount(4)) == Amount(7.5)
    bound = Amount(30, at_least=True, running=True)
    assert bound.over(Amount(4)) == Amount(7.5, at_least=True, running=True)
    assert Amount(30).over(Amount(4, at_least=True)) is None
