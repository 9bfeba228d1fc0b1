"""Where the coefficients of matrices stand among the positions of a network's layers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the coefficients of a matrix stand among the positions of a stack, row by row."""

    first: int
    """Position of the first coefficient."""
    each: int
    """Positions of a coefficient."""

    def of(self, count: int) -> slice:
        return slice(self.first, self.end(count))

    def end(self, count: int) -> int:
        """The position after those of `count` coefficients."""
        return self.first + count * self.each


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """The coefficients of the input, of the answer as it is asked for, and as it is read back."""

    inputs: Places
    asks: Places
    reads: Places
