"""Activations of a constructed network by name, alike to those of trained ones.

Attention here is linear, so its patterns are the scores themselves: rows do not sum to 1.
"""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .blocks import Rows, apply, span
from .parts import Head, Layer

if TYPE_CHECKING:
    from .network import Network


def run_with_cache(network: "Network", *inputs: Any) -> tuple[Tensor, dict[str, Tensor]]:
    """See `Network.run_with_cache`."""
    state, batched = network.start(*inputs)
    cache: dict[str, Tensor] = {}
    states = list(network.states(state))
    for i, layer in enumerate(network.spec.layers):
        before, after = states[i], states[i + 1]
        found = {"resid_pre": before.mT}
        attended = torch.zeros_like(before)
        if layer.heads:
            found["attn.pattern"] = torch.stack(
                [_scores(layer, head, before).mT for head in layer.heads], dim=1
            )
            for head, scores in zip(layer.heads, found["attn.pattern"].unbind(1), strict=True):
                rows = span(head.value)
                value = apply(head.value, before, rows)
                attended[:, rows.slice] += layer.scale * (value @ scores.mT)
            found["attn.out"] = attended.mT
        moved = torch.zeros_like(before)
        if layer.linear:
            rows = span(layer.linear)
            moved[:, rows.slice] = apply(layer.linear, before, rows)
            found["linear.out"] = moved.mT
        if layer.units and not layer.normalised:
            found["mlp.out"] = (after - before - attended - moved).mT
        found["resid_post"] = after.mT
        cache |= {f"layers.{i}.{name}": value for name, value in found.items()}
    return network.read(states[-1], batched), cache


def _scores(layer: Layer, head: Head, state: Tensor) -> Tensor:
    """What each token (columns) takes of each (rows) [B, n, n]; 0 for tokens that are masked."""
    inner = Rows(0, max(span(head.key).stop, span(head.query).stop))
    scores = apply(head.key, state, inner).mT @ apply(head.query, state, inner)
    if layer.scores == "relu":
        scores = scores.relu()
    if layer.masked_keys:
        scores = scores.clone()
        scores[:, -layer.masked_keys :] = 0.0
    return scores
