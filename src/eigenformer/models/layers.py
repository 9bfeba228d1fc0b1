"""The parts of a transformer: linear maps, attention, feed-forward blocks, layers.

Shapes: B batch, L input positions, T output positions, S positions attended to, D width,
H heads, E head width (D = H E), 2 or 3 stacked keys/values or queries/keys/values.

Weights are left uninitialised here; `initialise.py` fills them all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .cpu import linear
from .stack import StackConfig


@dataclass(frozen=True)
class Memory:
    """What was read, for what answers: states, and which of them are not padding (None: all)."""

    hidden_BGD: Tensor
    mask_B11G: Tensor | None


class Linear(nn.Module):
    """x W^T + b, like `torch.nn.Linear`, but uninitialised and computed by `cpu.linear`.

    `parts` maps of the same size are fused into one, their outputs one after the other.
    """

    def __init__(self, inputs: int, outputs: int, parts: int = 1) -> None:
        super().__init__()
        self.parts = parts
        outputs *= parts
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.bias = nn.Parameter(torch.empty(outputs))

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, self.weight, self.bias)


def layer_matrices(module: nn.Module) -> Iterator[tuple[nn.Parameter, int]]:
    """The weight of each linear map in the stacks of `module`, and how many maps it fuses."""
    stacks = [part for part in module.modules() if isinstance(part, nn.ModuleList | nn.Sequential)]
    for part in dict.fromkeys(part for stack in stacks for part in stack.modules()):
        if isinstance(part, Linear | nn.Linear):
            yield part.get_parameter("weight"), part.parts if isinstance(part, Linear) else 1


def split_heads(x_BLnD: Tensor, count: int, heads: int) -> Tensor:
    """Split the stacked outputs of a fused projection into [count, B, H, L, E], a view."""
    batch, length, _ = x_BLnD.shape
    return x_BLnD.view(batch, length, count, heads, -1).permute(2, 0, 3, 1, 4)


class Attend(nn.Module):
    """softmax(q k^T / sqrt(E)) v of each head: a part of its own so that it can be looked into."""

    def forward(
        self, q_BHTE: Tensor, k_BHSE: Tensor, v_BHSE: Tensor, mask: Tensor | None, causal: bool
    ) -> Tensor:
        """[B, H, T, E]. True in `mask` means attend; `causal` masks what comes later."""
        z_BHTE: Tensor = F.scaled_dot_product_attention(
            q_BHTE, k_BHSE, v_BHSE, attn_mask=mask, is_causal=causal
        )
        return z_BHTE

    def pattern(self, q_BHTE: Tensor, k_BHSE: Tensor, mask: Tensor | None, causal: bool) -> Tensor:
        """The weights [B, H, T, S] that `forward` never forms; rows sum to 1."""
        scores_BHTS: Tensor = q_BHTE @ k_BHSE.mT * q_BHTE.shape[-1] ** -0.5
        if causal:
            mask = torch.ones(scores_BHTS.shape[2:], dtype=torch.bool, device=q_BHTE.device).tril()
        if mask is not None:
            scores_BHTS = scores_BHTS.masked_fill(~mask, -torch.inf)
        return scores_BHTS.softmax(-1)


def _joined(y_BHTE: Tensor) -> Tensor:
    """The heads side by side again: [B, T, D]."""
    return y_BHTE.transpose(1, 2).flatten(2)


class SelfAttention(nn.Module):
    """Multi-head attention of a sequence to itself: 4 D (D + 1) parameters."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = Linear(width, width, parts=3)
        self.attend = Attend()
        self.out = Linear(width, width)

    def forward(self, x_BLD: Tensor, mask: Tensor | None = None, causal: bool = False) -> Tensor:
        q_BHLE, k_BHLE, v_BHLE = split_heads(self.qkv(x_BLD), 3, self.heads).unbind(0)
        y_BLD: Tensor = self.out(_joined(self.attend(q_BHLE, k_BHLE, v_BHLE, mask, causal)))
        return y_BLD

    def step(self, x_B1D: Tensor, position: int, cache_2BHTE: Tensor) -> Tensor:
        """One position of causal attention; writes its key and value into the cache."""
        qkv_3BH1E = split_heads(self.qkv(x_B1D), 3, self.heads)
        cache_2BHTE[:, :, :, position : position + 1] = qkv_3BH1E[1:]
        k_BHSE, v_BHSE = cache_2BHTE[:, :, :, : position + 1].unbind(0)
        y_B1D: Tensor = self.out(_joined(self.attend(qkv_3BH1E[0], k_BHSE, v_BHSE, None, False)))
        return y_B1D


class CrossAttention(nn.Module):
    """Attention of the decoder (width D) to the encoder (width De): 2 D (D + De + 2) parameters."""

    def __init__(self, width: int, heads: int, memory_width: int) -> None:
        super().__init__()
        self.heads = heads
        self.q = Linear(width, width)
        self.kv = Linear(memory_width, width, parts=2)
        self.attend = Attend()
        self.out = Linear(width, width)

    def keys_values(self, memory_BLDe: Tensor) -> Tensor:
        """[2, B, H, L, E]; the same for every output position, so a decoder computes it once."""
        return split_heads(self.kv(memory_BLDe), 2, self.heads)

    def forward(self, x_BTD: Tensor, memory_2BHLE: Tensor, mask: Tensor | None) -> Tensor:
        k_BHLE, v_BHLE = memory_2BHLE.unbind(0)
        q_BHTE = split_heads(self.q(x_BTD), 1, self.heads)[0]
        y_BTD: Tensor = self.out(_joined(self.attend(q_BHTE, k_BHLE, v_BHLE, mask, False)))
        return y_BTD


class FeedForward(nn.Module):
    """Two linear maps with a ReLU or GELU between."""

    def __init__(self, width: int, hidden: int, activation: Literal["relu", "gelu"]) -> None:
        super().__init__()
        self.up = Linear(width, hidden)
        self.down = Linear(hidden, width)
        self.activation: nn.Module = {"relu": nn.ReLU, "gelu": nn.GELU}[activation]()

    def forward(self, x_BLD: Tensor) -> Tensor:
        y_BLD: Tensor = self.down(self.activation(self.up(x_BLD)))
        return y_BLD


class Gate(FeedForward):
    """A feed-forward block whose output is a share of each coordinate, between 0 and 1."""

    def forward(self, x_BLD: Tensor) -> Tensor:
        return super().forward(x_BLD).sigmoid()


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, each with a residual and a layer norm before or after.

    `gated`: see `_finish`.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        hidden: int,
        activation: Literal["relu", "gelu"],
        norm: Literal["post", "pre"],
        epsilon: float,
        gated: bool = False,
    ) -> None:
        super().__init__()
        self.pre = norm == "pre"
        self.attention = SelfAttention(width, heads)
        self.attention_norm = nn.LayerNorm(width, eps=epsilon)
        self.feed_forward = FeedForward(width, hidden, activation)
        self.feed_forward_norm = nn.LayerNorm(width, eps=epsilon)
        self.gate = Gate(width, hidden, activation) if gated else None

    def forward(self, x_BLD: Tensor, mask: Tensor | None) -> Tensor:
        if self.pre:
            attended_BLD = x_BLD + self.attention(self.attention_norm(x_BLD), mask)
        else:
            attended_BLD = self.attention_norm(x_BLD + self.attention(x_BLD, mask))
        return _finish(self, x_BLD, attended_BLD)


class DecoderLayer(nn.Module):
    """Self-attention (causal unless told), cross-attention and feed-forward.

    With `query_layer_input` the queries of the cross-attention are the layer's input, as in the
    LAWT code (facebookresearch/LAWT, model/transformer.py), not the self-attention's output.
    `gated`: see `_finish`.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        hidden: int,
        memory_width: int,
        activation: Literal["relu", "gelu"],
        norm: Literal["post", "pre"],
        epsilon: float,
        query_layer_input: bool = False,
        causal: bool = True,
        gated: bool = False,
    ) -> None:
        super().__init__()
        self.pre = norm == "pre"
        self.query_layer_input = query_layer_input
        self.causal = causal
        self.attention = SelfAttention(width, heads)
        self.attention_norm = nn.LayerNorm(width, eps=epsilon)
        self.cross = CrossAttention(width, heads, memory_width)
        self.cross_norm = nn.LayerNorm(width, eps=epsilon)
        self.feed_forward = FeedForward(width, hidden, activation)
        self.feed_forward_norm = nn.LayerNorm(width, eps=epsilon)
        self.gate = Gate(width, hidden, activation) if gated else None

    def forward(
        self,
        x_BTD: Tensor,
        memory_2BHLE: Tensor,
        mask: Tensor | None,
        own_mask: Tensor | None = None,
    ) -> Tensor:
        """`memory_2BHLE` is `self.cross.keys_values` and `mask` its mask.

        `own_mask` is for layers that are not causal.
        """
        h_BTD = self.attention_norm(x_BTD) if self.pre else x_BTD
        attended_BTD: Tensor = self.attention(h_BTD, own_mask, causal=self.causal)
        return self._rest(x_BTD, attended_BTD, memory_2BHLE, mask)

    def step(
        self,
        x_B1D: Tensor,
        position: int,
        cache_2BHTE: Tensor,
        memory_2BHLE: Tensor,
        mask: Tensor | None,
    ) -> Tensor:
        """`forward` for the one position `position`, given the earlier ones in the cache."""
        h_B1D = self.attention_norm(x_B1D) if self.pre else x_B1D
        attended_B1D = self.attention.step(h_B1D, position, cache_2BHTE)
        return self._rest(x_B1D, attended_B1D, memory_2BHLE, mask)

    def _rest(
        self,
        input_BTD: Tensor,
        attended_BTD: Tensor,
        memory_2BHLE: Tensor,
        mask: Tensor | None,
    ) -> Tensor:
        x_BTD: Tensor = input_BTD + attended_BTD
        if self.pre:
            query_BTD = self.cross_norm(input_BTD if self.query_layer_input else x_BTD)
            x_BTD = x_BTD + self.cross(query_BTD, memory_2BHLE, mask)
        else:
            x_BTD = self.attention_norm(x_BTD)
            query_BTD = input_BTD if self.query_layer_input else x_BTD
            x_BTD = self.cross_norm(x_BTD + self.cross(query_BTD, memory_2BHLE, mask))
        return _finish(self, input_BTD, x_BTD)


def _finish(layer: EncoderLayer | DecoderLayer, input_BLD: Tensor, x_BLD: Tensor) -> Tensor:
    """The feed-forward block that ends a layer, after its attention made x of its input.

    With a gate the layer's output is g * new + (1 - g) * input, elementwise; g is the gate's
    output, which reads what the feed-forward block reads.
    """
    read_BLD = layer.feed_forward_norm(x_BLD) if layer.pre else x_BLD
    new_BLD: Tensor = x_BLD + layer.feed_forward(read_BLD)
    if not layer.pre:
        new_BLD = layer.feed_forward_norm(new_BLD)
    if layer.gate is None:
        return new_BLD
    open_BLD: Tensor = layer.gate(read_BLD)
    return input_BLD + open_BLD * (new_BLD - input_BLD)


def encoder_stack(
    size: StackConfig,
    activation: Literal["relu", "gelu"],
    norm: Literal["post", "pre"],
    epsilon: float,
    gated: bool = False,
) -> nn.ModuleList:
    """`EncoderLayer`s of one size."""
    sizes = (size.width, size.heads, size.feed_forward_width)
    return nn.ModuleList(
        EncoderLayer(*sizes, activation, norm, epsilon, gated) for _ in range(size.layers)
    )


def decoder_stack(
    size: StackConfig,
    memory_width: int,
    activation: Literal["relu", "gelu"],
    norm: Literal["post", "pre"],
    epsilon: float,
    **options: bool,
) -> nn.ModuleList:
    """`DecoderLayer`s of one size, for what an encoder of `memory_width` reads."""
    sizes = (size.width, size.heads, size.feed_forward_width, memory_width)
    return nn.ModuleList(
        DecoderLayer(*sizes, activation, norm, epsilon, **options) for _ in range(size.layers)
    )
