"""Constructed networks as models to train: the weights of a theorem where training may start.

A constructed layer adds scale sum_h V_h Z M f((K_h Z)^T (Q_h Z)) + R Z. Here each of its heads is
P_h = scale V_h and Q_h = K_h^T Q_h, all of whose entries, zeros too, are parameters.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ...construct import CATALOGUE, Network
from ...construct.blocks import dense, unit_length
from ...construct.parts import Layer
from ...construct.spec import Port, Spec
from ...core import InputError
from ...models.hooked import HookedPass
from ..batches import Batch, Graphs, Prompts
from ..tasks import Task
from .attention import attend, column_tokens
from .base import ARCHITECTURES, Architecture, InContextModel, Step


def from_construction(net: Network) -> "ConstructedModel":
    """A trainable model with the weights, and so the outputs, of a constructed network.

    Networks of attention, linear maps and normalisation that read prompts (x, y, query) or graphs
    (incidence, demands) can be had: gradient descent, preconditioned, looped, GD++, potentials,
    embedding, heat kernel, eigenvectors. One with ReLU units is refused. Layers that share weights
    keep sharing them. The input map stays as it is, refusals included; `guard=False` there for
    weights that training may take beyond stability.
    """
    return ConstructedModel(net)


@final
@dataclass(frozen=True, kw_only=True)
class Constructed(Architecture):
    """The network `entry` of `construct.CATALOGUE`, for tasks of its shapes."""

    entry: str = "gd++"

    def __post_init__(self) -> None:
        CATALOGUE.item(self.entry)

    def module(self, task: Task) -> "ConstructedModel":
        return from_construction(CATALOGUE.get(self.entry).build()).float()


class ConstructedModel(InContextModel):
    """Runs a constructed network with weights of its own; made by `from_construction`."""

    columns = True

    def __init__(self, net: Network) -> None:
        super().__init__()
        spec = net.spec
        self.name = spec.name
        self.kind = _kind(spec)
        self._frame = [Network(replace(spec, stages=()), dtype=net.dtype)]
        # In a list, for its constants are no weights of this model.
        distinct = list({id(layer): layer for layer in spec.layers}.values())
        self.layers = nn.ModuleList(_LayerWeights(layer, spec, net.dtype) for layer in distinct)
        numbers = {id(layer): number for number, layer in enumerate(distinct)}
        self.order = tuple(numbers[id(layer)] for layer in spec.layers)
        """Which of `layers` runs first, second, ..."""
        self.depth = len(self.order)

    def layer(self, number: int) -> "_LayerWeights":
        """The weights of layer `number` from 0, in the order in which they run."""
        found = self.layers[self.order[number]]
        assert isinstance(found, _LayerWeights)
        return found

    def matrices(self) -> list[tuple[Float[Tensor, "h w w"], Float[Tensor, "h w w"]]]:
        """P and Q of each layer, in the order in which they run."""
        return [(layer.p, layer.q) for layer in map(self.layer, range(self.depth))]

    def start(self, batch: Batch) -> Float[Tensor, "B w n"]:
        """The state that the network's input map makes of a batch."""
        (frame,) = self._frame
        if self.kind == "graphs":
            graphs = Graphs.of(batch, self.name)
            state, _ = frame.start(graphs.incidence, graphs.demands)
        else:
            prompts = Prompts.of(batch, self.name)
            wide = len(_given(frame.spec)[1].shape) == 2
            y = prompts.y[:, :, None] if wide else prompts.y
            state, _ = frame.start(prompts.x, y, prompts.query)
        return state.to(self.layer(0).p)

    def steps(self, batch: Batch, layers: int) -> Iterator[Step]:
        return map(self.layer, range(layers))

    def read(self, state: Float[Tensor, "B w n"]) -> Float[Tensor, "B ..."]:
        (frame,) = self._frame
        found = frame.read(state)
        return found[:, 0] if found.shape[1:] == (1,) else found


class _LayerWeights(nn.Module):
    """P, Q [h, w, w] and R [w, w] of a constructed layer."""

    def __init__(self, layer: Layer, spec: Spec, dtype: torch.dtype) -> None:
        super().__init__()
        if layer.units:
            raise InputError(
                f"{spec.name} has a layer with ReLU units, which models of this room lack; give a "
                "network of attention alone"
            )
        width = spec.layout.width
        self.scores = layer.scores
        self.keys = spec.tokens - layer.masked_keys
        self.normalised = [spec.layout[name].slice for name in layer.normalised]
        heads = layer.heads
        p = [layer.scale * dense(head.value, width) for head in heads]
        q = [dense(head.key, width).T @ dense(head.query, width) for head in heads]
        self.p = nn.Parameter(_stacked(p, width, dtype))
        self.q = nn.Parameter(_stacked(q, width, dtype))
        self.r = None
        if layer.linear:
            self.r = nn.Parameter(torch.as_tensor(dense(layer.linear, width), dtype=dtype))

    def forward(
        self, state: Float[Tensor, "B w n"], run: HookedPass | None = None
    ) -> Float[Tensor, "B w n"]:
        new = state + attend(state, self.p, self.q, keys=self.keys, scores=self.scores, run=run)
        if self.r is not None:
            new = new + column_tokens(run, "linear.out", self.r @ state)
        for rows in self.normalised:
            unit = unit_length(new[:, rows], dim=2)
            new = torch.cat([new[:, : rows.start], unit, new[:, rows.stop :]], dim=1)
        return new


def _stacked(matrices: list[np.ndarray], width: int, dtype: torch.dtype) -> Float[Tensor, "h w w"]:
    if not matrices:
        return torch.zeros(1, width, width, dtype=dtype)
    return torch.as_tensor(np.stack(matrices), dtype=dtype)


def _given(spec: Spec) -> tuple[Port, ...]:
    return spec.given or spec.inputs


def _kind(spec: Spec) -> str:
    """Which batches fit the network's inputs: "graphs" or "prompts"."""
    ports = _given(spec)
    if len(ports) == 2 and ports[0].name == "incidence":
        return "graphs"
    dims = [len(port.shape) for port in ports]
    if dims in ([2, 1, 1], [2, 2, 1]) and (dims[1] == 1 or ports[1].shape[1] == 1):
        return "prompts"
    names = ", ".join(f"{port.name} {list(port.shape)}" for port in ports)
    raise InputError(
        f"{spec.name} takes {names}; only networks that read prompts (x [n, d], y [n], query [d]) "
        "or graphs (incidence, demands) can be trained here"
    )


ARCHITECTURES.register("constructed", Constructed)
