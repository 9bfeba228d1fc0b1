"""Telling failures from successes by one number, such as a condition number."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from ...core import InputError
from ...evaluation import Proportion

LARGEST = 1 / float(np.finfo(np.float64).eps)
"""Where condition numbers end: a matrix beyond is singular in float64."""
_SHARE = 0.98
"""Of successes and failures, in the paper."""


@dataclass(frozen=True, kw_only=True)
class Separation:
    """A threshold: what lies below is expected to succeed, the rest to fail.

    The shares are of the same matrices that the threshold was chosen on, as in the paper.
    """

    threshold: float
    """The one with the largest `smaller`; of several, the lowest."""
    successes_below: Proportion
    failures_above: Proportion
    """Of the failures, those at the threshold or above."""
    successes_98: float
    """The least value that 98% of the successes do not exceed."""
    failures_98: float
    """The greatest value that 98% of the failures reach."""

    @property
    def smaller(self) -> float:
        """The smaller of the two shares: 0.98 separates 98% of successes from 98% of failures."""
        return min(self.successes_below.value, self.failures_above.value)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Matrices of similar condition number."""

    low: float
    """Least condition number among them."""
    high: float
    right: Proportion


def separation(
    successes: Float64[np.ndarray, " S"], failures: Float64[np.ndarray, " F"]
) -> Separation | None:
    """The best threshold between the values of successes and those of failures.

    None if there are no successes or no failures. Values that are not finite are an `InputError`.
    """
    if not (np.isfinite(successes).all() and np.isfinite(failures).all()):
        raise InputError("a value to separate is not finite; cut values off, as at LARGEST")
    if not len(successes) or not len(failures):
        return None
    successes, failures = np.sort(successes), np.sort(failures)
    thresholds = np.unique(np.concatenate([successes, failures]))
    below = np.searchsorted(successes, thresholds)
    above = len(failures) - np.searchsorted(failures, thresholds)
    best = int(np.minimum(below / len(successes), above / len(failures)).argmax())
    return Separation(
        threshold=float(thresholds[best]),
        successes_below=Proportion(count=int(below[best]), n=len(successes)),
        failures_above=Proportion(count=int(above[best]), n=len(failures)),
        successes_98=float(np.quantile(successes, _SHARE, method="inverted_cdf")),
        failures_98=-float(np.quantile(-failures, _SHARE, method="inverted_cdf")),
    )


def condition_profile(
    condition: Float64[np.ndarray, " B"], right: Bool[np.ndarray, " B"], groups: int = 10
) -> tuple[Group, ...]:
    """Accuracy by condition number: matrices in order of it, in equal parts, deciles by default.

    The parts differ by at most one matrix; there are no empty ones.
    """
    if groups < 1:
        raise InputError(f"groups is {groups}; give at least 1")
    order = np.argsort(condition, kind="stable")
    return tuple(
        Group(
            low=float(condition[part[0]]),
            high=float(condition[part[-1]]),
            right=Proportion(count=int(right[part].sum()), n=len(part)),
        )
        for part in np.array_split(order, groups)
        if len(part)
    )
