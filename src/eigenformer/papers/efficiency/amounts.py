"""Examples or FLOPs that were needed, and their ratios, where some are known from below only."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Amount:
    """A number, or a lower bound on it (right-censored, in the words of statistics)."""

    value: float
    at_least: bool = False
    running: bool = False
    """The bound still grows: the run has not used up what it is allowed."""

    def times(self, factor: float) -> "Amount":
        return Amount(self.value * factor, self.at_least, self.running)

    def over(self, other: "Amount") -> "Amount | None":
        """The ratio to an amount that is known; None if `other` is only a bound."""
        if other.at_least:
            return None
        return Amount(self.value / other.value, self.at_least, self.running)


def median(amounts: Sequence[Amount]) -> Amount:
    """The middle one, the larger of the two middle ones; bounds count as larger than any number."""
    ordered = sorted(amounts, key=lambda amount: (amount.at_least, amount.value))
    return ordered[len(ordered) // 2]


def smallest(amounts: Sequence[Amount]) -> Amount:
    """The smallest of several, itself only bounded where a bound lies below every known number."""
    return min(amounts, key=lambda amount: (amount.value, amount.at_least))


def geometric_mean(amounts: Sequence[Amount]) -> Amount:
    """Bounds enter as their bounds, and the mean is then one too."""
    logs = [math.log(amount.value) for amount in amounts]
    return Amount(
        math.exp(math.fsum(logs) / len(logs)),
        any(amount.at_least for amount in amounts),
        any(amount.running for amount in amounts),
    )
