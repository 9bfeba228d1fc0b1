"""The size of a stack of layers."""

from dataclasses import dataclass

from ..core import InputError, at_least
from ..core.checks import MOST_LAYERS, MOST_WIDTH


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """The size of an encoder or a decoder."""

    layers: int
    width: int
    heads: int
    hidden: int | None = None
    """Hidden units of each feed-forward block; None means 4 width."""

    def __post_init__(self) -> None:
        at_least(1, MOST_LAYERS, layers=self.layers)
        at_least(1, MOST_WIDTH, width=self.width, heads=self.heads)
        if self.width % self.heads:
            raise InputError(
                f"width {self.width} cannot be split into {self.heads} heads; "
                "give a width that heads divides"
            )
        at_least(1, 4 * MOST_WIDTH, hidden=self.hidden)

    @property
    def feed_forward_width(self) -> int:
        return 4 * self.width if self.hidden is None else self.hidden
