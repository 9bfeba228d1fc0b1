"""Constructed networks in the weight layout of `nn.MultiheadAttention`, and as safetensors files.

Tokens become rows of E numbers, E the width padded so that each layer's heads divide it. A layer is
`self_attn` (in_proj_weight [3E, E], in_proj_bias, out_proj), `linear1` and `linear2`, as in
`nn.TransformerEncoderLayer`; biases are what the weights read from the row of ones. Attention is
our own: no softmax, and scores are not divided by sqrt(head_dim). What else a source's layer has
(key mask, ReLU scores, a factor on attention, a linear map, normalised rows) stands beside the
weights by name.
"""

import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional

from ..core import InputError, from_json, to_json
from ..core.serialize import write_atomically
from .blocks import Layout, dense, unit_length
from .feed_forward import feed_forward
from .network import Network
from .parts import Head, Layer
from .spec import Port, Spec

FORMAT = 1
"""Counts up when a file's layout changes."""
_KEY = "eigenformer.construct"
_SHARED = ("name", "tokens", "inputs", "output", "given", "notes", "theorem")
"""What a header says as the specification does."""

# Shapes: B batch, n tokens, E embedding, h heads, r rows of a head.


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What a layer has beyond the weights of a standard one."""

    masked_keys: int = 0
    scores: Literal["linear", "relu"] = "linear"
    scale: float = 1.0
    linear: bool = False
    """Whether there is a linear map beside attention, `residual.weight` [E, E]."""
    normalised: tuple[tuple[int, int], ...] = ()
    """(start, stop) of features of which each is normalised over the tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a file says beside its weights: enough to build the modules and to use them."""

    format: int
    name: str
    tokens: int
    blocks: tuple[str, ...]
    """The names of the blocks of features, in order."""
    sizes: tuple[int, ...]
    embedding: int
    heads: tuple[int, ...]
    """Of each distinct layer, as are `hidden` and `extras`."""
    hidden: tuple[int, ...]
    extras: tuple[Extras, ...]
    order: tuple[int, ...]
    """The distinct layer (from 0) that runs first, second, ..."""
    inputs: tuple[Port, ...]
    output: Port
    prepared: bool
    """Whether the network computes something from its inputs before the first layer."""
    given: tuple[Port, ...]
    """What it computes that from, where the network checks it."""
    notes: tuple[str, ...]
    theorem: dict[str, str]


class StandardLayer(nn.Module):
    """One layer on rows of tokens [B, n, E]; the modules hold the weights, attention is our own."""

    def __init__(
        self, embedding: int, heads: int, hidden: int, extras: Extras, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.heads = heads
        self.extras = extras
        self.self_attn = nn.MultiheadAttention(embedding, heads, batch_first=True, dtype=dtype)
        self.linear1 = nn.Linear(embedding, hidden, dtype=dtype) if hidden else None
        self.linear2 = nn.Linear(hidden, embedding, dtype=dtype) if hidden else None
        self.residual = (
            nn.Linear(embedding, embedding, bias=False, dtype=dtype) if extras.linear else None
        )
        self.requires_grad_(False)

    def forward(self, x: Float[Tensor, "B n E"]) -> Float[Tensor, "B n E"]:
        new = x + self._attention(x)
        if self.residual is not None:
            new = new + self.residual(x)
        if self.linear1 is not None and self.linear2 is not None:
            new = new + self.linear2(self.linear1(new).relu())
        for start, stop in self.extras.normalised:
            new[:, :, start:stop] = unit_length(new[:, :, start:stop], dim=1)
        return new

    def _attention(self, x: Float[Tensor, "B n E"]) -> Float[Tensor, "B n E"]:
        module, extras = self.self_attn, self.extras
        projected = functional.linear(x, module.in_proj_weight, module.in_proj_bias)
        query, key, value = (
            part.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)
            for part in projected.chunk(3, 2)
        )
        seen = x.shape[1] - extras.masked_keys
        key, value = key[:, :, :seen], value[:, :, :seen]
        if extras.scores == "relu":
            mixed = (query @ key.mT).relu() @ value
        elif seen <= key.shape[3]:  # as in Network
            mixed = (query @ key.mT) @ value
        else:
            mixed = query @ (key.mT @ value)
        out: Tensor = module.out_proj(mixed.transpose(1, 2).flatten(2))
        return extras.scale * out


class StandardNetwork(nn.Module):
    """A constructed network run from standard weights; made by `standard` or `load_standard`.

    Takes and gives what the constructed network does. `state_dict()` has `layers.i.self_attn...`
    for each distinct layer i; `header.order` says in which order they run.
    """

    def __init__(self, header: Header, frame: Network) -> None:
        super().__init__()
        self.header = header
        self.frame = frame
        """The same network without layers: it lays inputs out, and reads the output."""
        self.layers = nn.ModuleList(
            StandardLayer(header.embedding, heads, hidden, extras, frame.dtype)
            for heads, hidden, extras in zip(
                header.heads, header.hidden, header.extras, strict=True
            )
        )

    @property
    def depth(self) -> int:
        """Layers that an input passes."""
        return len(self.header.order)

    def forward(self, *inputs: Any) -> Tensor:
        """The output for inputs of the shapes in `header.inputs`, or batches of them."""
        if self.header.prepared and self.frame.spec.prepare is None:
            ports = [port.name for port in self.header.inputs]
            if len(inputs) != len(ports):
                raise InputError(
                    f"{self.header.name} starts from what its input map computes, which is code "
                    f"and not in the file: give {', '.join(ports)}, or load it with prepare="
                )
        state, batched = self.frame.start(*inputs)
        width = state.shape[1]
        rows = functional.pad(state.mT, (0, self.header.embedding - width))
        for number in self.header.order:
            rows = self.layers[number](rows)
        return self.frame.read(rows[:, :, :width].mT, batched)


def standard(network: Network) -> StandardNetwork:
    """The weights of `network` in the standard layout, in its dtype."""
    spec = network.spec
    distinct = list({id(layer): layer for layer in spec.layers}.values())
    if network.exact and any(layer.units for layer in distinct):
        raise InputError(
            f"{spec.name} was built with exact scalar functions, which no weights hold; build it "
            "without exact=True"
        )
    numbers = {id(layer): number for number, layer in enumerate(distinct)}
    parts = [_Weights(layer, spec) for layer in distinct]
    heads = tuple(max(1, len(layer.heads)) for layer in distinct)
    need = max(h * part.rank for h, part in zip(heads, parts, strict=True))
    multiple = math.lcm(*heads)
    embedding = multiple * -(-max(need, spec.layout.width) // multiple)
    header = Header(
        format=FORMAT,
        blocks=spec.layout.names,
        sizes=spec.layout.counts,
        embedding=embedding,
        heads=heads,
        hidden=tuple(len(part.up) for part in parts),
        extras=tuple(_extras(layer, spec) for layer in distinct),
        order=tuple(numbers[id(layer)] for layer in spec.layers),
        prepared=spec.prepare is not None,
        **{field: getattr(spec, field) for field in _SHARED},
    )
    frame = Network(replace(spec, stages=()), dtype=network.dtype)
    made = StandardNetwork(header, frame)
    for layer, part, count in zip(made.layers, parts, heads, strict=True):
        weights = part.padded(embedding, count)
        layer.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return made.eval()


def save_standard(network: Network | StandardNetwork, path: str | Path) -> None:
    """Write the standard weights of a network to a .safetensors file, with its header as JSON."""
    path = Path(path)
    if path.suffix != ".safetensors":
        raise InputError(f"{path} must end in .safetensors")
    made = standard(network) if isinstance(network, Network) else network
    # One key, as safetensors writes several in any order: the same network, the same file.
    metadata = {_KEY: json.dumps(to_json(made.header))}
    tensors = {name: tensor.contiguous() for name, tensor in made.state_dict().items()}
    write_atomically(path, save(tensors, metadata))


def load_standard(path: str | Path, prepare: Any = None) -> StandardNetwork:
    """The network in a file of `save_standard`: the same outputs, bit for bit.

    A file holds weights and no code. A network whose input map computes something (its summary says
    what) takes the map's results, unless `prepare` is that map (`network.spec.prepare`).
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError:
        raise InputError(f"{path} is not a safetensors file, or is damaged") from None
    if _KEY not in metadata:
        raise InputError(f"{path} holds no constructed network; save_standard writes one")
    fields = json.loads(metadata[_KEY])
    if fields.get("format") != FORMAT:
        raise InputError(
            f"{path} has format {fields.get('format')}, and this version reads {FORMAT}; "
            "write it again with save_standard"
        )
    header = from_json(Header, fields, "header")
    prefix = "frame.constant_"
    spec = Spec(
        layout=Layout(header.blocks, header.sizes),
        stages=(),
        constants={
            name.removeprefix(prefix): tensor.double().numpy()
            for name, tensor in tensors.items()
            if name.startswith(prefix)
        },
        prepare=prepare,
        **{field: getattr(header, field) for field in _SHARED},
    )
    dtype = next(iter(tensors.values())).dtype
    made = StandardNetwork(header, Network(spec, dtype=dtype))
    made.load_state_dict(tensors)
    return made.eval()


def _extras(layer: Layer, spec: Spec) -> Extras:
    blocks = (spec.layout[name] for name in layer.normalised)
    return Extras(
        masked_keys=layer.masked_keys,
        scores=layer.scores,
        scale=float(layer.scale),
        linear=bool(layer.linear),
        normalised=tuple((rows.start, rows.stop) for rows in blocks),
    )


class _Weights:
    """The weights of one layer before they are padded; exact, as no factor is split in two."""

    def __init__(self, layer: Layer, spec: Spec) -> None:
        width = spec.layout.width
        self.width = width
        self.heads = [_split(head, width) for head in layer.heads]
        self.one = _ones(spec)
        self.linear = dense(layer.linear, width) if layer.linear else None
        self.up, self.down = feed_forward(layer, spec)

    @property
    def rank(self) -> int:
        """Rows that the largest head needs."""
        return max((max(len(q), len(v)) for q, _, v, _ in self.heads), default=1)

    def padded(self, embedding: int, heads: int) -> dict[str, np.ndarray]:
        """The state dict of a `StandardLayer`."""
        width, size = self.width, embedding // heads
        beyond = (0, embedding - width)
        projection, out = np.zeros((3, embedding, embedding)), np.zeros((embedding, embedding))
        for number, (*projections, back) in enumerate(self.heads):
            rows = number * size
            for role, matrix in enumerate(projections):
                projection[role, rows : rows + len(matrix), :width] = matrix
            out[:width, rows : rows + back.shape[1]] = back
        weight, bias = self._biased(projection.reshape(3 * embedding, embedding))
        found = {
            "self_attn.in_proj_weight": weight,
            "self_attn.in_proj_bias": bias,
            "self_attn.out_proj.weight": out,
            "self_attn.out_proj.bias": np.zeros(embedding),
        }
        if self.linear is not None:
            found["residual.weight"] = np.pad(self.linear, beyond)
        if len(self.up):
            up = np.pad(self.up, ((0, 0), beyond))
            found["linear1.weight"], found["linear1.bias"] = self._biased(up)
            found["linear2.weight"] = np.pad(self.down, (beyond, (0, 0)))
            found["linear2.bias"] = np.zeros(embedding)
        return found

    def _biased(self, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Weight and bias, the bias being what the weight reads from the row of ones."""
        bias = np.zeros(len(weight))
        if self.one is not None:
            bias += weight[:, self.one]
            weight[:, self.one] = 0.0
        return weight, bias


def _split(head: Head, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Q, K, V and the way back of a head, each with only the rows that count."""
    query, key = dense(head.query, width), dense(head.key, width)
    used = query.any(axis=1) & key.any(axis=1)
    value = dense(head.value, width)
    written, read = value.any(axis=1), value.any(axis=0)
    identity = np.eye(width)
    if read.sum() < written.sum():
        return query[used], key[used], identity[read], value[:, read]
    return query[used], key[used], value[written], identity[:, written]


def _ones(spec: Spec) -> int | None:
    """The row that is 1 in every token and that no layer changes."""
    if "one" not in spec.constants or not np.all(spec.constants["one"][0] == 1.0):
        return None
    row = spec.layout["one"].start
    for layer in spec.layers:
        moves = [move for head in layer.heads for move in head.value] + list(layer.linear)
        written = any(move.into.start <= row < move.into.stop for move in moves)
        if written or any(unit.write[row] != 0 for unit in layer.units):
            return None
    return row
