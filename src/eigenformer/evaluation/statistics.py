"""Intervals for proportions."""

import math


def binomial_interval(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's score interval for a proportion; 95% by default.

    The same as `statsmodels.stats.proportion.proportion_confint(..., method="wilson")`.
    """
    if trials == 0:
        return 0.0, 1.0
    p = successes / trials
    centre = (p + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials**2))
    # Its ends at none and all are exact, and rounding would miss them by a last digit.
    low = centre - half if successes else 0.0
    return max(0.0, low), min(1.0, centre + half) if successes < trials else 1.0
