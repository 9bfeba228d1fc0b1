"""When measured numbers differ: intervals of accuracies, Welch's test over training seeds."""

import math
from collections.abc import Sequence

from ..runs.readings import Measured, Unit

ONE_SEED_GAP = 0.20
"""With one training run a side, a difference of accuracies counts only from here on."""
ONE_SEED_RATIO = 2.0
"""The same for numbers of examples."""
SEEDS = 3
"""Training runs a side from which on their spread is known well enough to judge by."""
# Two-sided 95% quantiles of Student's t with 1, 2, ... degrees of freedom.
_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


def above(values: Sequence[Measured], bound: float) -> bool | None:
    """Whether a population proportion is at least `bound`: by the 95% intervals of every value.

    None if some interval contains the bound, or nothing was measured.
    """
    lows = [v.low if v.low is not None else v.value for v in values]
    highs = [v.high if v.high is not None else v.value for v in values]
    if values and min(lows) >= bound:
        return True
    if values and max(highs) < bound:
        return False
    return None


def larger(a: Sequence[Measured], b: Sequence[Measured]) -> bool | None:
    """Whether trained models `a` are better than `b`: True, False (worse), None (not decided).

    Values are accuracies. With three training seeds a side or more, by the 95% interval of the
    difference of means (Welch); with fewer, only if every a and every b are more than 20 points
    apart.
    """
    x, y = _of_unit(a, "accuracy"), _of_unit(b, "accuracy")
    if not x or not y:
        return None
    if min(len(x), len(y)) < SEEDS:
        if min(x) - max(y) > ONE_SEED_GAP:
            return True
        return False if min(y) - max(x) > ONE_SEED_GAP else None
    difference = mean(x) - mean(y)
    half = welch_half_width(x, y)
    if abs(difference) <= half:
        return None
    return difference > 0


def fewer(a: Sequence[Measured], b: Sequence[Measured]) -> bool | None:
    """Whether trained models `a` need fewer examples than `b`: True, False (more), None.

    With three training seeds a side or more, by the 95% interval of the difference of mean
    logarithms (Welch); with fewer, only if every a and every b differ by a factor of two. Values
    that are lower bounds count as such: a side that has any needs no fewer.
    """
    x, y = ([math.log(max(value, 1.0)) for value in _of_unit(side, "examples")] for side in (a, b))
    if not x or not y:
        return None
    if min(len(x), len(y)) < SEEDS:
        gap = math.log(ONE_SEED_RATIO)
        less, more = min(y) - max(x) >= gap, min(x) - max(y) >= gap
    else:
        difference, half = mean(y) - mean(x), welch_half_width(x, y)
        less, more = difference > half, -difference > half
    if less and not any(value.at_least for value in a):
        return True
    return False if more and not any(value.at_least for value in b) else None


def _of_unit(values: Sequence[Measured], unit: Unit) -> list[float]:
    wrong = [value.unit for value in values if value.unit != unit]
    if wrong:
        raise ValueError(f"values of unit {wrong[0]} are compared as {unit}")
    return [value.value for value in values]


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def mean_half_width(values: Sequence[float]) -> float:
    """Half the 95% interval of a mean, of two values or more (Student's t)."""
    freedom = len(values) - 1
    return _quantile(freedom) * math.sqrt(_variance_of_mean(values))


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95% interval of a mean (Student's t); of one value everything."""
    half = mean_half_width(values) if len(values) > 1 else math.inf
    return mean(values) - half, mean(values) + half


def welch_half_width(x: Sequence[float], y: Sequence[float]) -> float:
    """Half the 95% interval of the difference of two means with unequal variances (Welch 1947).

    The same as `scipy.stats.ttest_ind(x, y, equal_var=False).confidence_interval()`, with degrees
    of freedom rounded down.
    """
    u, v = _variance_of_mean(x), _variance_of_mean(y)
    if u + v == 0:
        return 0.0
    freedom = (u + v) ** 2 / (u**2 / (len(x) - 1) + v**2 / (len(y) - 1))
    return _quantile(freedom) * math.sqrt(u + v)


def _quantile(freedom: float) -> float:
    """For degrees of freedom beyond the table the last one's, which is larger."""
    whole = math.floor(freedom + 1e-9)  # 3.9999999999 is a 4
    return _T95[min(max(whole, 1), len(_T95)) - 1]


def _variance_of_mean(values: Sequence[float]) -> float:
    centre = mean(values)
    return sum((v - centre) ** 2 for v in values) / (len(values) - 1) / len(values)
