"""The large models of appendix D.3: a deep encoder or decoder beside one of a single layer."""

from dataclasses import dataclass

from ...models import StackConfig
from .full_size import divisible

SHALLOW = StackConfig(layers=1, width=512, heads=8)
"""The other side of every large model."""


@dataclass(frozen=True, kw_only=True)
class LargeModel:
    """A depth, with the sizes of the deep side that were tried."""

    name: str
    base: StackConfig

    @property
    def wider(self) -> StackConfig:
        """Half again as wide, which `heads` may still divide."""
        return self._stack(3 * self.base.width // 2, self.base.heads)

    @property
    def more_heads(self) -> StackConfig:
        """Half again as many heads; the width is the nearest that these divide."""
        return self._stack(self.base.width, 3 * self.base.heads // 2)

    def _stack(self, width: int, heads: int) -> StackConfig:
        return StackConfig(layers=self.base.layers, width=divisible(width, heads), heads=heads)


def _model(name: str, layers: int, width: int, heads: int) -> LargeModel:
    return LargeModel(name=name, base=StackConfig(layers=layers, width=width, heads=heads))


LARGE_MODELS = (
    _model("Small", 6, 512, 8),
    _model("Medium", 8, 640, 10),
    _model("Large", 12, 768, 12),
    _model("Extra-large", 24, 1024, 16),
)
