"""What a model's matrix products cost, from formulas: no model is built, no step is made.

Two operations a multiplication and addition. Letters: G encoder positions, T decoder positions,
D encoder width, d decoder width, h hidden units; all of one example. Each family adds up its own
(`ModelConfig.products`); those of stacks of layers are here.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from ..encodings import PAD, Task
from .stack import StackConfig

Matrix = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Tokens of an example of a task, found by drawing some."""

    inputs: int
    """Padded to the longest of a batch, as the outputs."""
    outputs: int
    """With <eos>."""
    decided: float
    """Output tokens that are not padding, on average."""

    @staticmethod
    def of(task: Task, batch: int) -> "Sizes":
        """From `batch` examples that no run uses."""
        found = task.examples(0, "cost", 0, batch)
        return Sizes(
            inputs=found.input_ids.shape[1],
            outputs=found.output_ids.shape[1],
            decided=float((found.output_ids != PAD).sum(1).mean()),
        )


@dataclass(frozen=True, kw_only=True)
class Products:
    """What a model's matrix products cost."""

    forward: float
    """Operations of an example's forward pass."""
    matrices: tuple[Matrix, ...]
    """Shapes that Muon orthogonalises."""
    depth: float = 0.0
    """Layers that wait for one another."""
    steps: float = 0.0
    """The same of recurrent layers, for each token."""
    of_data: float = 0.0
    """The part of `forward` that is products with numbers of the input, which need no gradient."""

    def more(
        self, forward: float, matrices: Sequence[Matrix] = (), of_data: float = 0.0
    ) -> "Products":
        """With what a family has beside its stacks."""
        return replace(
            self,
            forward=self.forward + forward + of_data,
            matrices=(*self.matrices, *matrices),
            of_data=self.of_data + of_data,
        )


def stack_products(
    stacks: tuple[StackConfig, ...],
    inputs: float,
    outputs: float,
    loops: tuple[int, int] = (1, 1),
    gated: tuple[bool, bool] = (False, False),
) -> Products:
    """Of an encoder over `inputs` positions and a decoder over `outputs`.

    In multiplications a position has 4 D^2 for queries, keys, values and output, 2 G D for
    attention, 2 D h for the feed-forward block and as much for a gate; a decoder's has 2 d^2 and
    2 G d more for its attention to the encoder, whose keys and values are made once.
    """
    encoder, decoder = stacks
    across = 2 * decoder.width**2 + 2 * inputs * decoder.width
    return Products(
        forward=2.0 * loops[0] * encoder.layers * inputs * _each(encoder, inputs, gated[0])
        + 2.0 * loops[1] * decoder.layers * outputs * (_each(decoder, outputs, gated[1]) + across)
        + 2.0 * decoder.layers * inputs * 2 * decoder.width * encoder.width,
        matrices=(*_matrices(encoder, gated[0]), *_matrices(decoder, gated[1], encoder.width)),
        depth=loops[0] * encoder.layers + loops[1] * decoder.layers,
    )


def _each(size: StackConfig, positions: float, gate: bool) -> float:
    feed_forward = (1 + gate) * 2 * size.width * size.feed_forward_width
    return 4 * size.width**2 + feed_forward + 2 * positions * size.width


def _matrices(size: StackConfig, gate: bool, memory: int | None = None) -> list[Matrix]:
    """Of all layers; those of a decoder attend to states of width `memory` too."""
    layer = [(size.width, size.width)] * (4 if memory is None else 6)
    layer += [(size.width, size.feed_forward_width)] * (2 + 2 * gate)
    layer += [] if memory is None else [(size.width, memory)] * 2
    return layer * size.layers


@contextmanager
def counted_flops() -> Iterator[FlopCounterMode]:
    """Counts the matrix products of what runs within, in `get_total_flops`."""
    counter = FlopCounterMode(display=False, custom_mapping=_fused_flops())
    with ExitStack() as settings:
        # The counter knows the products of attention written out, not the CPU's fused attention.
        settings.enter_context(sdpa_kernel(SDPBackend.MATH))
        yield settings.enter_context(counter)


def _fused_flops() -> dict[Any, Callable[..., int]]:
    """What the counter must be told of an LSTM on a CPU.

    There each layer is one fused operation, which it passes over as if it cost nothing; GRUs are
    made of products that it knows.
    """
    return {
        torch.ops.aten.mkldnn_rnn_layer: _fused_forward,
        torch.ops.aten.mkldnn_rnn_layer_backward: lambda *shapes, **_: 2 * _fused_forward(*shapes),
    }


def _fused_forward(
    inputs: Sequence[int], weight: Sequence[int], recurrent: Sequence[int], *_: Any, **__: Any
) -> int:
    """From shapes [T, B, D], [4H, D] and [4H, H]."""
    return 2 * math.prod(inputs[:2]) * (math.prod(weight) + math.prod(recurrent))
