"""Examples or FLOPs that were needed, and their ratios, where some are known from below only."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Amount:
    """A number, or a lower bound on it (right-censored, in the words of statistics)."""

    value: float
    at_least: bool = False

    def times(self, factor: float) -> "Amount":
        return Amount(self.value * factor, self.at_least)

    def over(self, other: "Amount") -> "Amount | None":
        """The ratio to an amount that is known; None if `other` is only a bound."""
        return None if other.at_least else Amount(self.value / other.value, self.at_least)


def median(amounts: Sequence[Amount]) -> Amount:
    """The middle one, the larger of the two middle ones; bounds count as larger than any number."""
    ordered = sorted(amounts, key=lambda amount: (amount.at_least, amount.value))
    return ordered[len(ordered) // 2]
