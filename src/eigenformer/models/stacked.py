"""What the configurations of models with an encoder and a decoder share."""

from dataclasses import dataclass

from .base import ModelConfig
from .stack import StackConfig


@dataclass(frozen=True, kw_only=True)
class StackedConfig(ModelConfig):
    """An encoder and a decoder of attention layers."""

    encoder: StackConfig
    decoder: StackConfig

    @property
    def stacks(self) -> tuple[StackConfig, ...]:
        return self.encoder, self.decoder

    def describe(self) -> str:
        a, b = self.stacks
        width, heads = (
            f"{x}" if x == y else f"{x}/{y}" for x, y in ((a.width, b.width), (a.heads, b.heads))
        )
        plural = "" if heads == "1" else "s"
        return f"{a.layers}/{b.layers} layers, width {width}, {heads} head{plural}"
