"""Activations of a network by name, recorded while it runs.

Recording hangs on torch's own hooks: the network runs the same operations with it, and none more
without it. Attention weights, which the fused attention of torch never forms, are computed a second
time from the queries and keys.

Shapes: B batch, G input positions, T output positions, Q asking and K read positions, D width,
H heads, E head width, F hidden units, V output vocabulary. Names are those of TransformerLens where
it has them; `Model.run_with_cache` lists them.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from .base import Model
from .direct import DirectTransformer
from .layers import CrossAttention, DecoderLayer, EncoderLayer, SelfAttention, split_heads
from .recurrent import RecurrentSeq2Seq
from .seq2seq import Seq2Seq, teacher_forced
from .transformer import Seq2SeqTransformer

Cache = dict[str, Tensor]

_SEQ2SEQ = {
    "encoder.embed": "encoder_embedding",
    "encoder.out": "encoder_norm",
    "decoder.embed": "decoder_embedding",
    "decoder.out": "decoder_norm",
}
_POINTS: dict[type[Model], dict[str, str]] = {
    Seq2SeqTransformer: _SEQ2SEQ,
    RecurrentSeq2Seq: {**_SEQ2SEQ, "encoder.out": "encoder", "decoder.out": "decoder"},
    DirectTransformer: {
        "encoder.embed": "input_norm",
        "encoder.out": "encoder_norm",
        "decoder.out": "decoder_norm",
    },
}
"""Modules whose output has a name, beside those of the layers."""


@torch.no_grad()
def run_with_cache(
    model: Model, inputs: Int[Tensor, "B L"], max_length: int, padded: bool = False
) -> tuple[Int[Tensor, "B T"], Cache]:
    """See `Model.run_with_cache`."""
    if not isinstance(model, Seq2Seq):
        with recorded(model) as cache:
            answer = model.answer(inputs, max_length, padded)
        return answer, cache
    # Decoding keeps keys and values of earlier steps; all steps at once is one pass to record.
    answer = model.answer(inputs, max_length, padded)
    with recorded(model) as cache:
        logits = model(inputs, teacher_forced(answer, False)[0], padded=padded)
    return answer, {**cache, "logits": logits}


@contextmanager
def recorded(model: Model) -> Iterator[Cache]:
    """Record what `model` computes within the `with` block; a second run there overwrites."""
    cache: Cache = {}
    with ExitStack() as hooks:
        for kind, points in _POINTS.items():
            if isinstance(model, kind):
                for name, attribute in points.items():
                    hook = partial(_keep, cache, name)
                    hooks.enter_context(_hooked(getattr(model, attribute), hook))
        for side in ("encoder", "decoder"):
            layers = getattr(model, f"{side}_layers", ())
            if isinstance(layers, nn.ModuleList):
                _Side(side, cache).hook(layers, hooks)
        yield cache


@contextmanager
def _hooked(module: nn.Module, hook: Callable[..., None]) -> Iterator[None]:
    handle = module.register_forward_hook(hook, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def _keep(
    cache: Cache, name: str, module: nn.Module, args: Any, kwargs: dict[str, Any], output: Any
) -> None:
    found = output[0] if isinstance(module, nn.RNNBase) else output
    if isinstance(found, PackedSequence):
        found = pad_packed_sequence(found, batch_first=True)[0]
    cache[name] = found.detach()


class _Side:
    """The layers of an encoder or a decoder, which may be run several times."""

    def __init__(self, side: str, cache: Cache) -> None:
        self.side = side
        self.cache = cache
        self.number = -1
        """Of the layer that runs, counted over all loops."""

    def hook(self, layers: nn.ModuleList, hooks: ExitStack) -> None:
        for layer in layers:
            assert isinstance(layer, EncoderLayer | DecoderLayer)
            handle = layer.register_forward_pre_hook(self._begin)
            hooks.callback(handle.remove)
            parts: list[tuple[nn.Module, Callable[..., None]]] = [
                (layer, partial(self._keep, "resid_post")),
                (layer.attention, self._self_attention),
                (layer.feed_forward, partial(self._keep, "mlp.out")),
                (layer.feed_forward.activation, partial(self._keep, "mlp.hidden")),
            ]
            if isinstance(layer, DecoderLayer):
                parts.append((layer.cross, self._cross_attention))
            if layer.gate is not None:
                parts.append((layer.gate, self._gate))
            for module, hook in parts:
                hooks.enter_context(_hooked(module, hook))

    def _put(self, name: str, value: Tensor) -> None:
        self.cache[f"{self.side}.{self.number}.{name}"] = value.detach()

    def _begin(self, layer: nn.Module, args: tuple[Any, ...]) -> None:
        self.number += 1
        self._put("resid_pre", args[0])

    def _keep(self, name: str, module: nn.Module, args: Any, kwargs: Any, output: Tensor) -> None:
        self._put(name, output)

    def _gate(self, module: nn.Module, args: Any, kwargs: Any, output: Tensor) -> None:
        self._put("gate", output)

    def _self_attention(
        self, module: SelfAttention, args: tuple[Any, ...], kwargs: dict[str, Any], output: Tensor
    ) -> None:
        q, k, v = split_heads(module.qkv(args[0]), 3, module.heads).unbind(0)
        mask = args[1] if len(args) > 1 else None
        if kwargs.get("causal"):
            length = args[0].shape[1]
            mask = torch.ones(length, length, dtype=torch.bool, device=args[0].device).tril()
        self._attention("attn", q, k, v, mask, output)

    def _cross_attention(
        self, module: CrossAttention, args: tuple[Any, ...], kwargs: Any, output: Tensor
    ) -> None:
        x_BTD, memory_2BHLE, mask = args
        q_BHTE = split_heads(module.q(x_BTD), 1, module.heads)[0]
        k_BHLE, v_BHLE = memory_2BHLE.unbind(0)
        self._attention("cross", q_BHTE, k_BHLE, v_BHLE, mask, output)

    def _attention(
        self,
        name: str,
        q_BHQE: Tensor,
        k_BHKE: Tensor,
        v_BHKE: Tensor,
        mask: Tensor | None,
        output: Tensor,
    ) -> None:
        scores_BHQK = q_BHQE @ k_BHKE.mT * q_BHQE.shape[-1] ** -0.5
        if mask is not None:
            scores_BHQK = scores_BHQK.masked_fill(~mask, -torch.inf)
        self._put(f"{name}.q", q_BHQE)
        self._put(f"{name}.k", k_BHKE)
        self._put(f"{name}.v", v_BHKE)
        self._put(f"{name}.pattern", scores_BHQK.softmax(-1))
        self._put(f"{name}.out", output)
