"""The matrix products of training, counted from formulas: no model is built, no step is made.

Two operations a multiplication and addition. Letters: G encoder positions, T decoder positions,
K decided tokens, D encoder width, d decoder width, h hidden units, V output vocabulary; all of one
example.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from ..core import content_hash, to_json
from ..encodings import PAD, Task
from ..models import (
    DirectConfig,
    ModelConfig,
    RecurrentConfig,
    StackConfig,
    TransformerConfig,
    UniversalConfig,
)
from ..models.recurrent import fused_flops
from ..training import TrainConfig

_ORTHOGONALISATION_STEPS = 5
_SAMPLE = 64
_VALUE_FEATURES = 65  # see `models.values.ValueEmbedding`
_MATRICES_A_LAYER = 6
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


@dataclass(frozen=True, kw_only=True)
class Products:
    """What a model's matrix products cost."""

    forward: float
    """Operations of an example's forward pass."""
    matrices: tuple[Matrix, ...]
    """Shapes that Muon orthogonalises."""
    depth: float
    """Layers that wait for one another; of recurrent ones, for each token."""


def products(config: TrainConfig) -> Products:
    """Of one example of a run's task; what has the same key is counted once in a process."""
    batch = min(config.batch_size, _SAMPLE)
    key = content_hash([to_json(config.model), to_json(config.task), batch])
    if key not in _known:
        _known[key] = _count(config.model, config.task, batch)
    return _known[key]


_known: dict[str, Products] = {}


def training_flops(config: TrainConfig) -> tuple[float, float]:
    """Operations an example: of the forward and backward passes, and of Muon's share of a step.

    A backward pass is twice a forward pass. A step of Newton-Schulz on an m x n matrix (m <= n) is
    two products of 2 m^2 n and one of 2 m^3.
    """
    found = products(config)
    muon = 0.0
    if config.optimizer.kind == "muon":
        for shape in found.matrices:
            m, n = min(shape), max(shape)
            muon += _ORTHOGONALISATION_STEPS * (4.0 * m * m * n + 2.0 * m**3)
    return 3 * found.forward, muon / config.batch_size


def sizes(task: Task, batch: int) -> Sizes:
    """From `batch` examples that no run uses."""
    found = task.examples(0, "cost", 0, batch)
    return Sizes(
        inputs=found.input_ids.shape[1],
        outputs=found.output_ids.shape[1],
        decided=float((found.output_ids != PAD).sum(1).mean()),
    )


def _count(model: ModelConfig, task: Task, batch: int) -> Products:
    length = sizes(task, batch)
    if isinstance(model, TransformerConfig):
        return _transformer(model, task, length)
    if isinstance(model, DirectConfig):
        return _direct(model, task, length)
    if isinstance(model, RecurrentConfig):
        return _recurrent(model, task, length)
    return _counted(model, task)


def _transformer(model: TransformerConfig, task: Task, length: Sizes) -> Products:
    encoder, decoder = model.encoder, model.decoder
    loops, gated = (1, 1), False
    if isinstance(model, UniversalConfig):
        loops, gated = (model.encoder_loops, model.decoder_loops), model.gating == "copy"
    positions = length.inputs
    if model.sum_coefficients:
        prefix = task.encoder.prefix
        positions = prefix + (length.inputs - prefix) // task.encoder.tokens_per_number
    gates = [gated and count > 1 for count in loops]
    forward = loops[0] * _encoder(encoder, positions, gates[0])
    forward += loops[1] * _decoder(decoder, length.outputs, positions, gates[1])
    forward += _cross(decoder, encoder.width, positions)
    forward += 2 * length.decided * decoder.width * len(task.decoder.vocabulary)
    return Products(
        forward=forward,
        matrices=(
            *_encoder_matrices(encoder, gates[0]),
            *_decoder_matrices(decoder, encoder.width, gates[1]),
        ),
        depth=loops[0] * encoder.layers + loops[1] * decoder.layers,
    )


def _direct(model: DirectConfig, task: Task, length: Sizes) -> Products:
    encoder, decoder, reads, writes = model.encoder, model.decoder, task.encoder, task.decoder
    inputs = (length.inputs - reads.prefix) // reads.tokens_per_number
    outputs = (length.outputs - 1 - writes.prefix) // writes.tokens_per_number
    decided = (length.decided - 1 - writes.prefix) / writes.tokens_per_number
    forward = _encoder(encoder, inputs) + _decoder(decoder, outputs, inputs)
    forward += _cross(decoder, encoder.width, inputs)
    if model.embedding == "value":
        forward += 2 * inputs * _VALUE_FEATURES * encoder.width
    forward += 2 * encoder.width * sum(map(len, writes.header))
    forward += 2 * decided * decoder.width * sum(map(len, writes.slots))
    # A map for each mantissa token that is chosen after the tokens before it (see `DirectConfig`).
    mantissa = writes.token_numbers().mantissa
    mantissas = sum(not np.isnan(mantissa[slot.start]) for slot in writes.slots)
    followers = mantissas - (mantissas == len(writes.slots))
    forward += 2 * decided * followers * decoder.width**2
    matrices = [
        *_encoder_matrices(encoder),
        *_decoder_matrices(decoder, encoder.width),
        *[(decoder.width, decoder.width)] * followers,
    ]
    return Products(
        forward=forward, matrices=tuple(matrices), depth=encoder.layers + decoder.layers
    )


def _recurrent(model: RecurrentConfig, task: Task, length: Sizes) -> Products:
    gates = {"lstm": 4, "gru": 3}[model.cell]
    matrices: list[Matrix] = []
    forward = 0.0
    for layers, positions in (
        (model.encoder_layers, length.inputs),
        (model.decoder_layers, length.outputs),
    ):
        for layer in range(layers):
            width = model.hidden if layer else model.embedding
            matrices += [(model.hidden, width), (model.hidden, model.hidden)] * gates
            forward += 2 * positions * gates * model.hidden * (width + model.hidden)
    matrices.append((model.embedding, model.hidden))
    words = len(task.decoder.vocabulary)
    forward += 2 * length.decided * model.embedding * (model.hidden + words)
    depth = model.encoder_layers * length.inputs + model.decoder_layers * length.outputs
    return Products(forward=forward, matrices=tuple(matrices), depth=depth)


def _encoder(size: StackConfig, positions: int, gate: bool = False) -> float:
    """Of all layers. In multiplications a position has 4 D^2 for queries, keys, values and output,
    2 G D for attention, 2 D h for the feed-forward block."""
    feed_forward = (1 + gate) * 2 * size.width * size.feed_forward_width
    each = 4 * size.width**2 + feed_forward + 2 * positions * size.width
    return 2.0 * size.layers * positions * each


def _decoder(size: StackConfig, positions: int, memory: int, gate: bool = False) -> float:
    """As of the encoder, and queries and output of attention to `memory` positions."""
    across = 2 * size.width**2 + 2 * memory * size.width
    return _encoder(size, positions, gate) + 2.0 * size.layers * positions * across


def _cross(size: StackConfig, width: int, memory: int) -> float:
    """Keys and values of the encoder's positions, made once a layer."""
    return 2.0 * size.layers * memory * 2 * size.width * width


def _encoder_matrices(size: StackConfig, gate: bool = False) -> Iterator[Matrix]:
    for _ in range(size.layers):
        yield from [(size.width, size.width)] * 4
        yield from [(size.width, size.feed_forward_width)] * (2 + 2 * gate)


def _decoder_matrices(size: StackConfig, width: int, gate: bool = False) -> Iterator[Matrix]:
    yield from _encoder_matrices(size, gate)
    for _ in range(size.layers):
        yield from [(size.width, size.width)] * 2
        yield from [(size.width, width)] * 2


def _counted(model: ModelConfig, task: Task) -> Products:
    """Of a model that there is no formula for: built, and counted on one example."""
    built = model.build(task.encoder, task.decoder, seed=0)
    found = task.examples(0, "cost", 0, 1)
    with (
        sdpa_kernel(SDPBackend.MATH),
        FlopCounterMode(display=False, custom_mapping=fused_flops()) as counter,
        torch.no_grad(),
    ):
        built.choices(torch.from_numpy(found.input_ids), torch.from_numpy(found.output_ids))
    matrices = [
        (part.shape[0], part.shape[1])
        for weight, parts in built.layer_matrices()
        for part in weight.chunk(parts)
    ]
    return Products(
        forward=float(counter.get_total_flops()),
        matrices=tuple(matrices),
        depth=len(matrices) / _MATRICES_A_LAYER,
    )
