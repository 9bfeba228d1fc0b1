"""Activations of a network by name: what is recorded or replaced while it runs.

This hangs on torch's own hooks: the network runs the same operations with it, and none more without
it. Attention weights, which the fused attention of torch never forms, are computed beside it from
queries and keys, and take its place only where a hook changes them.

Shapes: B batch, G input positions, T output positions, Q asking and K read positions, D width,
H heads, E head width, F hidden units, V output vocabulary. Names are those of TransformerLens where
it has them; `Model.run_with_cache` lists them.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from .hooked import HookedPass
from .layers import Attend, DecoderLayer, EncoderLayer

HouseLayer = EncoderLayer | DecoderLayer


@contextmanager
def hooked(model: nn.Module, points: Mapping[str, nn.Module], run: HookedPass) -> Iterator[None]:
    """Within the `with` block, `run` meets what `model` computes.

    Names are those of `points`, modules whose output has one, and those of the layers of this
    package: layers in a list `blocks` are `blocks.0`, ..., those in `encoder_layers` `encoder.0`,
    ..., in the order in which they run, from loop to loop.
    """
    with ExitStack() as hooks:
        for name, module in points.items():
            _on_output(module, partial(_point, run, name), hooks)
        for name, layers in _stacks(model).items():
            _RunningLayers(name, run).hook(layers, hooks)
        yield


def _stacks(model: nn.Module) -> dict[str, list[HouseLayer]]:
    """The layers by what their names begin with."""
    found: dict[str, list[HouseLayer]] = {}
    for path, part in model.named_modules():
        if isinstance(part, HouseLayer):
            parent, _, last = path.rpartition(".")
            name = parent if last.isdigit() else path
            found.setdefault(name.removesuffix("_layers"), []).append(part)
    return found


def _on_output(module: nn.Module, hook: Callable[..., Any], hooks: ExitStack) -> None:
    hooks.callback(module.register_forward_hook(hook).remove)


def _point(run: HookedPass, name: str, module: nn.Module, args: Any, output: Any) -> Any:
    if isinstance(output, Tensor):
        return run(name, output)
    if not isinstance(module, nn.RNNBase):
        # Recurrent states [N, B, H], P of them: as [B, P, N, H].
        changed = run.changed(name, lambda: torch.stack(output).movedim(2, 0))
        return None if changed is None else tuple(changed.movedim(0, 2).unbind(0))
    states, last = output
    if isinstance(states, PackedSequence):  # of an encoder, whose last states alone are read on
        run(name, pad_packed_sequence(states, batch_first=True)[0])
        return None
    return run(name, states), last


class _RunningLayers:
    """Layers that run one after the other, perhaps several times."""

    def __init__(self, name: str, run: HookedPass) -> None:
        self.name = name
        self.run = run
        self.number = -1
        """Of the layer that runs, counted over all loops."""

    def hook(self, layers: list[HouseLayer], hooks: ExitStack) -> None:
        for layer in layers:
            hooks.callback(layer.register_forward_pre_hook(self._begin).remove)
            outputs: dict[str, nn.Module] = {
                "resid_post": layer,
                "attn.out": layer.attention,
                "mlp.out": layer.feed_forward,
                "mlp.hidden": layer.feed_forward.activation,
            }
            attention = {"attn": layer.attention.attend}
            if layer.gate is not None:
                outputs["gate"] = layer.gate
            if isinstance(layer, DecoderLayer):
                outputs["cross.out"] = layer.cross
                attention["cross"] = layer.cross.attend
            for name, module in outputs.items():
                _on_output(module, partial(self._output, name), hooks)
            for kind, attend in attention.items():
                asking = attend.register_forward_pre_hook(partial(self._asks, kind))
                hooks.callback(asking.remove)
                _on_output(attend, partial(self._attends, kind), hooks)

    def _name(self, part: str) -> str:
        return f"{self.name}.{self.number}.{part}"

    def _begin(self, layer: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.number += 1
        return self.run(self._name("resid_pre"), args[0]), *args[1:]

    def _output(self, part: str, module: nn.Module, args: Any, output: Tensor) -> Tensor:
        return self.run(self._name(part), output)

    def _asks(self, kind: str, module: Attend, args: tuple[Any, ...]) -> tuple[Any, ...]:
        *qkv, mask, causal = args
        parts = zip("qkv", qkv, strict=True)
        return *(self.run(self._name(f"{kind}.{name}"), part) for name, part in parts), mask, causal

    def _attends(self, kind: str, module: Attend, args: tuple[Any, ...], z_BHQE: Tensor) -> Tensor:
        q_BHQE, k_BHKE, v_BHKE, mask, causal = args
        form = partial(module.pattern, q_BHQE, k_BHKE, mask, causal)
        pattern_BHQK = self.run.changed(self._name(f"{kind}.pattern"), form)
        if pattern_BHQK is not None:
            z_BHQE = pattern_BHQK @ v_BHKE
        return self.run(self._name(f"{kind}.z"), z_BHQE)
