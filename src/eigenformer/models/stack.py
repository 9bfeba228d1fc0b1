"""The size of a stack of layers."""

from dataclasses import dataclass

from ..core import InputError


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """The size of an encoder or a decoder."""

    layers: int
    width: int
    heads: int
    hidden: int | None = None
    """Hidden units of each feed-forward block; None means 4 width."""

    def __post_init__(self) -> None:
        for name in ("layers", "width", "heads"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; give at least 1")
        if self.width % self.heads:
            raise InputError(
                f"width {self.width} cannot be split into {self.heads} heads; "
                "give a width that heads divides"
            )
        if self.hidden is not None and self.hidden < 1:
            raise InputError(f"hidden is {self.hidden}; give at least 1, or None for 4 width")

    @property
    def feed_forward_width(self) -> int:
        return 4 * self.width if self.hidden is None else self.hidden
