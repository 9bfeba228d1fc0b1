"""A constructed network as an ordinary torch module."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..core import InputError
from ..evaluation import Solver
from ..models.hooked import HookedPass, Hooks
from ..problems import Problem
from .layer import LayerModule, named_blocks
from .spec import Port, Spec
from .summary import Summary, summarise

# Shapes: B batch, w width, n tokens.


@dataclass(frozen=True, eq=False, slots=True)
class TracedLayer:
    """The residual stream after a layer (0: the input), as named blocks [B, rows, n]."""

    layer: int
    blocks: dict[str, Float[Tensor, "B r n"]]

    def __getitem__(self, name: str) -> Float[Tensor, "B r n"]:
        return self.blocks[name]


class NetworkOptions(TypedDict, total=False):
    """How a network is run; every constructor hands these on to `Network`."""

    dense: bool
    exact: bool
    dtype: torch.dtype


class Network(nn.Module):
    """Runs a `Spec` on batches of matrices, in float64 unless told otherwise.

    The weights are buffers, not parameters: they are computed, not trained. By default the network
    is run as the products that its blocks mean; `dense=True` multiplies the full w x w matrices
    instead, with the same result up to the order of summation. `exact=True` replaces each ReLU
    approximation of a scalar function by the function itself, to tell the algebra's error from the
    approximation's.
    """

    def __init__(
        self,
        spec: Spec,
        *,
        dense: bool = False,
        exact: bool = False,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        self.spec = spec
        self.dense = dense
        self.exact = exact
        self.dtype = dtype
        self._layers = nn.ModuleList()
        built: dict[int, LayerModule] = {}
        for layer in spec.layers:  # a layer that is used twice is one module: shared weights
            if id(layer) not in built:
                built[id(layer)] = LayerModule(layer, spec, dense, exact, dtype)
            self._layers.append(built[id(layer)])
        for name, constant in spec.constants.items():
            self.register_buffer(f"constant_{name}", torch.as_tensor(constant, dtype=dtype))

    @property
    def depth(self) -> int:
        """Layers that an input passes."""
        return len(self._layers)

    def summary(self) -> Summary:
        """Layers, heads, width, parameters; what each layer does; the theorem's counts beside."""
        return summarise(self.spec, exact=self.exact)

    def as_solver(self, problem: str | Problem | None = None, name: str | None = None) -> Solver:
        """This network on the bench of trained ones and LAPACK: for `evaluate` and `solve`.

        `problem` is a name or an object; by default the problem that the network was made for.
        """
        from .solver import as_solver  # which is about networks

        return as_solver(self, problem, name)

    def forward(self, *inputs: Any) -> Tensor:
        """The output for inputs of the shapes in `spec.inputs`, or batches [B, ...] of them."""
        state, batched = self.start(*inputs)
        for layer in self._layers:
            state = layer(state)
        return self.read(state, batched)

    def trace(self, *inputs: Any) -> list[TracedLayer]:
        """The residual stream before the first layer and after each, as named blocks."""
        state, _ = self.start(*inputs)
        return [self._named(number, state) for number, state in enumerate(self.states(state))]

    def run_with_cache(self, *inputs: Any) -> tuple[Tensor, dict[str, Tensor]]:
        """The output, and activations by name, for `forward`'s inputs; tokens are rows here.

        | name                                  | shape        |                                   |
        |---------------------------------------|--------------|-----------------------------------|
        | `blocks.{name}`                       | [B, n, r]    | rows of the state at the start    |
        | `layers.{i}.resid_pre`, `.resid_post` | [B, n, w]    | the state before, after the layer |
        | `layers.{i}.attn.pattern`             | [B, H, n, n] | asking, read; scores, no softmax  |
        | `layers.{i}.attn.z`                   | [B, H, n, w] | what each head adds               |
        | `layers.{i}.attn.out`                 | [B, n, w]    | what attention adds               |
        | `layers.{i}.linear.out`               | [B, n, w]    | of a linear map beside attention  |
        | `layers.{i}.mlp.out`                  | [B, n, w]    | what the ReLU network adds        |
        | `layers.{i}.blocks.{name}`            | [B, n, r]    | rows of the state after the layer |

        A layer has the names of its parts; `summary().blocks` has those of the blocks.
        """
        run = HookedPass()
        return self._hooked(inputs, run), run.cache

    def run_with_hooks(self, *inputs: Any, hooks: Hooks) -> Tensor:
        """The output where some activations are replaced, by the names of `run_with_cache`.

        A hook takes an activation and gives another of its shape, or None to leave it. Raises
        `InputError` for a name that this network lacks.
        """
        run = HookedPass(hooks)
        output = self._hooked(inputs, run)
        run.finish()
        return output

    def _hooked(self, inputs: tuple[Any, ...], run: HookedPass) -> Tensor:
        state, batched = self.start(*inputs)
        state = named_blocks(state, self.spec.layout, run)
        for i, layer in enumerate(self._layers):
            state = layer(state, run.within(f"layers.{i}"))
        return self.read(state, batched)

    def run_layers(
        self,
        state: Float[Tensor, "B w n"],
        first: int,
        last: int | None = None,
        *,
        hooks: Hooks | None = None,
    ) -> Float[Tensor, "B w n"]:
        """The state after layers `first` to `last` (which is left out; by default all that follow).

        `hooks` are those of `run_with_hooks`, for activations of these layers; `read` takes the
        output from the last state.
        """
        run = HookedPass(hooks or {})
        for i, layer in enumerate(self._layers[first:last], start=first):
            state = layer(state, run.within(f"layers.{i}"))
        run.finish()
        return state

    def states(self, state: Float[Tensor, "B w n"]) -> Iterator[Float[Tensor, "B w n"]]:
        """A state, and what it becomes after each layer."""
        yield state
        for layer in self._layers:
            state = layer(state)
            yield state

    def _named(self, number: int, state: Tensor) -> TracedLayer:
        blocks = {name: state[:, rows.slice] for name, rows in self.spec.layout.items()}
        return TracedLayer(number, blocks)

    def start(self, *inputs: Any) -> tuple[Float[Tensor, "B w n"], bool]:
        """The state before the first layer, and whether the inputs were batches."""
        if self.spec.prepare is not None:
            if self.spec.given:
                inputs = tuple(self._all_checked(self.spec.given, inputs))
            inputs = self.spec.prepare(*inputs)
        return self.place(*inputs)

    def place(self, *inputs: Any) -> tuple[Float[Tensor, "B w n"], bool]:
        """The same for what `spec.prepare` gives: every matrix in its rows, nothing computed."""
        ports = self.spec.inputs
        tensors = self._all_checked(ports, inputs)
        batched = any(t.ndim > len(p.shape) for p, t in zip(ports, tensors, strict=True))
        sizes = {t.shape[0] for p, t in zip(ports, tensors, strict=True) if t.ndim > len(p.shape)}
        return self.filled(tensors, sizes.pop() if sizes else 1), batched

    def filled(self, tensors: Sequence[Tensor], size: int) -> Float[Tensor, "B w n"]:
        """The state of `size` inputs that were checked."""
        state = torch.zeros(size, self.spec.layout.width, self.spec.tokens, dtype=self.dtype)
        for name in self.spec.constants:
            rows, constant = self.spec.layout[name], getattr(self, f"constant_{name}")
            beside = (0, self.spec.tokens - constant.shape[-1])
            over = (rows.start, self.spec.layout.width - rows.stop)
            state = state + F.pad(constant, (*beside, *over))
        for port, tensor in zip(self.spec.inputs, tensors, strict=True):
            state = state + self._placed(port, tensor)  # no two have a cell in common
        return state

    def _all_checked(self, ports: tuple[Port, ...], inputs: tuple[Any, ...]) -> list[Tensor]:
        if len(inputs) < len(ports) and all(port.optional for port in ports[len(inputs) :]):
            ports = ports[: len(inputs)]
        if len(inputs) != len(ports):
            names = ", ".join(port.name for port in ports)
            raise InputError(f"{self.spec.name} takes {names}; {len(inputs)} inputs were given")
        tensors = [self._checked(port, x) for port, x in zip(ports, inputs, strict=True)]
        tokens = {
            port.name: tensor.shape[tensor.ndim - len(port.shape)]
            for port, tensor in zip(ports, tensors, strict=True)
            if port.shorter
        }
        if len(set(tokens.values())) > 1:
            each = ", ".join(f"{name} has {count}" for name, count in tokens.items())
            raise InputError(f"inputs differ in their number of tokens: {each}")
        sizes = {t.shape[0] for p, t in zip(ports, tensors, strict=True) if t.ndim > len(p.shape)}
        if len(sizes) > 1:
            raise InputError(f"inputs have different batch sizes {sorted(sizes)}")
        return tensors

    def _checked(self, port: Port, value: Any) -> Tensor:
        try:
            known = isinstance(value, Tensor | np.ndarray)
            tensor = torch.as_tensor(value if known else np.array(value))
            tensor = tensor.to(self.dtype)
        except (TypeError, ValueError, RuntimeError):
            raise InputError(f"{port.name} is not an array of numbers") from None
        shape = tuple(tensor.shape)[-len(port.shape) :]
        extra = tensor.ndim - len(port.shape)
        fits = extra in (0, 1) and len(shape) == len(port.shape)
        if port.shorter and fits and shape[0] > port.shape[0]:
            raise InputError(
                f"{port.name} has {shape[0]} tokens, but {self.spec.name} was compiled for at most "
                f"{port.shape[0]}; compile it for more"
            )
        exact = shape[1:] == port.shape[1:] if port.shorter else shape == port.shape
        if not fits or not exact:
            raise InputError(
                f"{port.name} has shape {tuple(tensor.shape)}, but {self.spec.name} was compiled "
                f"for {port.shape} (or a batch of them)"
            )
        if not torch.isfinite(tensor).all():
            raise InputError(f"{port.name} holds a nan or inf; give numbers")
        return tensor

    def _placed(self, port: Port, tensor: Tensor) -> Float[Tensor, "b w n"]:
        """A state that holds an input in its place, and zeros."""
        rows, tokens = self.spec.layout[port.block], self.spec.tokens
        if tensor.ndim == len(port.shape):
            tensor = tensor[None]
        if len(port.shape) == 1:
            tensor = tensor[:, :, None] if port.transposed else tensor[:, None, :]
        elif port.transposed:
            tensor = tensor.mT
        height, width = tensor.shape[1:]
        if port.repeated:
            tensor, first, width = tensor.expand(-1, -1, tokens), 0, tokens
        else:
            first = port.column
        below = self.spec.layout.width - rows.start - height
        return F.pad(port.sign * tensor, (first, tokens - first - width, rows.start, below))

    def read(self, state: Float[Tensor, "B w n"], batched: bool = True) -> Tensor:
        """The output in a state."""
        port = self.spec.output
        rows = self.spec.layout[port.block]
        shape = port.shape if len(port.shape) == 2 else (1, *port.shape) if port.shape else (1, 1)
        if port.transposed:
            shape = shape[::-1]
        height, width = shape
        out = (
            port.sign
            * state[:, rows.start : rows.start + height, port.column : port.column + width]
        )
        if port.transposed:
            out = out.mT
        out = out.reshape(out.shape[0], *port.shape)
        return out if batched else out[0]
