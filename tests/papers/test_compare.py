"""Intervals that decide claims, against SciPy."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st

from eigenformer.papers import above, larger
from eigenformer.papers.sides import fewer, mean_half_width, welch_half_width
from eigenformer.runs import Measured

share = st.floats(0, 1)
# In thousandths and not all alike: SciPy warns of numbers that differ by rounding alone.
thousandths = st.integers(0, 1000).map(lambda n: n / 1000)
seeds = st.lists(thousandths, min_size=3, max_size=6).filter(lambda x: len(set(x)) > 1)
counts = st.lists(st.integers(100, 10_000_000), min_size=1, max_size=5)


def accuracies(values: list[float]) -> list[Measured]:
    return [Measured(value=value) for value in values]


def examples(values: list[int], at_least: bool = False) -> list[Measured]:
    return [Measured(value=v, unit="examples", at_least=at_least) for v in values]


@given(seeds, seeds)
def test_welch_is_scipys_with_degrees_of_freedom_rounded_down(
    x: list[float], y: list[float]
) -> None:
    found = scipy.stats.ttest_ind(x, y, equal_var=False)
    interval = found.confidence_interval()
    reference = float(interval.high - interval.low) / 2
    quantile = scipy.stats.t.ppf(0.975, found.df)
    rounded = scipy.stats.t.ppf(0.975, min(max(math.floor(found.df + 1e-9), 1), 10))
    assert welch_half_width(x, y) == pytest.approx(reference * rounded / quantile, rel=2e-3)
    # Never narrower, up to the four digits of its quantiles.
    assert welch_half_width(x, y) >= reference * (1 - 1e-3)


@given(st.lists(thousandths, min_size=2, max_size=11).filter(lambda x: len(set(x)) > 1))
def test_the_interval_of_a_mean_is_students(x: list[float]) -> None:
    low, high = scipy.stats.t.interval(0.95, len(x) - 1, np.mean(x), scipy.stats.sem(x))
    assert mean_half_width(x) == pytest.approx((high - low) / 2, rel=1e-3)


@given(seeds, seeds)
def test_larger_with_several_seeds_is_welchs_test(x: list[float], y: list[float]) -> None:
    found = larger(accuracies(x), accuracies(y))
    difference, half = np.mean(x) - np.mean(y), welch_half_width(x, y)
    assume(abs(abs(difference) - half) > 1e-9)
    assert found is (None if abs(difference) < half else bool(difference > 0))
    backwards = larger(accuracies(y), accuracies(x))
    assert backwards is (None if found is None else not found)


@given(st.lists(share, min_size=1, max_size=2), st.lists(share, min_size=1, max_size=5))
def test_few_seeds_decide_nothing(x: list[float], y: list[float]) -> None:
    assert larger(accuracies(x), accuracies(y)) is None
    assert larger(accuracies(y), accuracies(x)) is None


@given(counts, counts)
def test_fewer_examples_is_antisymmetric_and_blind_to_units(x: list[int], y: list[int]) -> None:
    found = fewer(examples(x), examples(y))
    assert fewer(examples(y), examples(x)) is (None if found is None else not found)
    logs = [[math.log(value) for value in side] for side in (x, y)]
    if min(len(x), len(y)) < 3:
        assert found is None
        return
    gap = abs(np.mean(logs[0]) - np.mean(logs[1])) - welch_half_width(*logs)
    assume(abs(gap) > 1e-9)
    thousands = [[1000 * value for value in side] for side in (x, y)]
    assert fewer(examples(thousands[0]), examples(thousands[1])) is found
    if found:
        assert np.mean(logs[0]) < np.mean(logs[1])


@given(counts, counts)
def test_a_bound_can_only_be_the_larger_one(x: list[int], y: list[int]) -> None:
    plain = fewer(examples(x), examples(y))
    beyond = min(len(x), len(y)) >= 3 and min(y) >= max(x)  # none of y within what all of x took
    assert fewer(examples(x), examples(y, at_least=True)) is (plain or beyond or None)
    swapped = fewer(examples(y, at_least=True), examples(x))
    assert swapped is (False if plain or beyond else None)
    assert fewer(examples(x, at_least=True), examples(y, at_least=True)) is None


def test_nothing_measured_decides_nothing() -> None:
    assert larger([], accuracies([0.5])) is None
    assert fewer(examples([5]), []) is None
    assert above([], 0.5) is None


def test_accuracies_and_examples_are_not_mixed_up() -> None:
    with pytest.raises(ValueError, match="unit examples are compared as accuracy"):
        larger(examples([5]), accuracies([0.5]))
    with pytest.raises(ValueError, match="unit accuracy are compared as examples"):
        fewer(examples([5]), accuracies([0.5]))


@given(st.lists(st.tuples(share, share), min_size=1, max_size=4), share)
def test_above_asks_the_whole_interval_of_every_value(
    ends: list[tuple[float, float]], bound: float
) -> None:
    values = [Measured(value=(a + b) / 2, low=min(a, b), high=max(a, b)) for a, b in ends]
    found = above(values, bound)
    assert (found is True) == all(min(pair) >= bound for pair in ends)
    assert (found is False) == all(max(pair) < bound for pair in ends)
