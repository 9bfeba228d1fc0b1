"""Nearest neighbours, rank correlations and differences of proportions, with their intervals."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ...core import InputError, rng
from ...evaluation import Proportion


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number with its 95% interval."""

    value: float
    low: float
    high: float


def nearest(
    points: Float64[np.ndarray, "B K"], others: Iterable[Float64[np.ndarray, "_ K"]]
) -> tuple[Float64[np.ndarray, " B"], Float64[np.ndarray, "B K"]]:
    """For each point the nearest of `others`, given in blocks: its Euclidean distance, and itself.

    As `scipy.spatial.cKDTree(others).query(points)`, without holding all of them.
    """
    best = np.full(len(points), np.inf)
    neighbours = np.full(points.shape, np.nan)
    for block in others:
        if not len(block):
            continue
        # |p - q|^2 = |p|^2 - 2 p.q + |q|^2 finds the neighbour fast; where p is close to q it
        # cancels, so the distance itself comes from their difference.
        squares = np.einsum("bk,bk->b", block, block)
        found = block[(squares - 2 * (points @ block.T)).argmin(axis=1)]
        distance = np.linalg.norm(points - found, axis=1)
        closer = distance < best
        best[closer], neighbours[closer] = distance[closer], found[closer]
    return best, neighbours


def ranks(values: Float64[np.ndarray, " B"]) -> Float64[np.ndarray, " B"]:
    """Ranks from 1; equal values share the mean of theirs (`scipy.stats.rankdata`)."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], np.float64)


def spearman(a: Float64[np.ndarray, " B"], b: Float64[np.ndarray, " B"]) -> float:
    """Spearman's rank correlation; 0 where one side has a single value."""
    x, y = (ranks(side) - (len(side) + 1) / 2 for side in (a, b))
    size = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / size if size else 0.0


def rank_correlations(
    first: Float64[np.ndarray, " B"],
    second: Float64[np.ndarray, " B"],
    target: Float64[np.ndarray, " B"],
    seed: int = 0,
    resamples: int = 1000,
) -> tuple[Estimate, Estimate, Estimate]:
    """Spearman's of `first` and of `second` with `target`, and their difference.

    95% intervals: percentiles over bootstrap resamples, the same for all three.
    """
    if resamples < 100:
        raise InputError(f"resamples is {resamples}; give at least 100 for a 95% interval")
    generator = rng(seed, "bootstrap")
    found = np.empty((resamples, 3))
    for row in found:
        rows = generator.integers(0, len(target), len(target))
        row[0] = spearman(first[rows], target[rows])
        row[1] = spearman(second[rows], target[rows])
        row[2] = row[0] - row[1]
    low, high = np.quantile(found, (0.025, 0.975), axis=0)
    a, b = spearman(first, target), spearman(second, target)
    values = (a, b, a - b)
    one, two, three = (
        Estimate(value=value, low=float(low[i]), high=float(high[i]))
        for i, value in enumerate(values)
    )
    return one, two, three


def difference(a: Proportion, b: Proportion) -> Estimate:
    """a - b for independent samples, with Newcombe's interval (1998, method 10).

    `statsmodels.stats.proportion.confint_proportions_2indep(..., method="newcomb")`.
    """
    (low_a, high_a), (low_b, high_b) = a.interval, b.interval
    value = a.value - b.value
    return Estimate(
        value=value,
        low=value - math.hypot(a.value - low_a, high_b - b.value),
        high=value + math.hypot(high_a - a.value, b.value - low_b),
    )
