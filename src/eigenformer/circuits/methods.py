"""Methods that find out from runs of a network which of its components the answer depends on.

A method is a function (circuit, inputs, others) -> effects: [C], one for each component in the
order of `circuit.truth.components`; or [C, C + 1], one for each pair of a sender and a receiver,
the last receiver being the answer, and zero where the sender runs no earlier. A component then
counts by the largest effect of its pairs. It may run the network as it likes, and look at
everything of the components but `inside` and at nothing of the truth's edges. Register your own in
`METHODS`, in a file for `--plugin`.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from ..core import Registry
from .circuit import Circuit, Inputs
from .truth import Component

# Shapes: B inputs, C components, P pairs, n tokens, w width, H heads of a layer.

Method = Callable[[Circuit, Inputs, Inputs], Float64[np.ndarray, "..."]]
METHODS: Registry[Float64[np.ndarray, "..."]] = Registry("circuit method", homes=(__name__,))
ROWS = 4096
"""Runs of the network in one batch."""


def patching(circuit: Circuit, inputs: Inputs, others: Inputs) -> Float64[np.ndarray, " C"]:
    """Activation patching: a component's output on other inputs takes the place of its own.

    The effect is the change of the answer, relative to the answer. (Resample ablation, or
    interchange: Geiger et al. 2021; Heimersheim and Nanda 2024.)
    """
    return replaced(circuit, inputs, circuit.outputs(*others))


def replaced(
    circuit: Circuit, inputs: Inputs, values: list[Tensor]
) -> Float64[np.ndarray, " C"]:
    """The effect of each component's output being `values` [B, n, w], one component at a time."""
    answer, count = circuit.network(*inputs), len(inputs[0])
    found = []
    parts = circuit.truth.components
    for some in _parts(len(parts), ROWS // count):
        hooks: dict[str, Callable[[Tensor], Tensor]] = {}
        for place, number in enumerate(some):
            part, rows = parts[number], slice(place * count, (place + 1) * count)
            before = hooks.get(part.hook, _same)
            hooks[part.hook] = _written(before, rows, part, values[number])
        run = circuit.run_with_hooks(*_repeated(inputs, len(some)), hooks=hooks)
        found.append(effects(answer, run.unflatten(0, (len(some), count))))
    return np.concatenate(found)


def paths(circuit: Circuit, inputs: Inputs, others: Inputs) -> Float64[np.ndarray, "C R"]:
    """Path ablation: what one component reads of another one's output is taken away, nothing else.

    The receiver's output is computed from the state less the sender's output, and put into a run
    where all else is as it was. (Path patching: Wang et al. 2022; Goldowsky-Dill et al. 2023; with
    zeros in place of a resampled output.)
    """
    del others
    parts, outputs = circuit.truth.components, circuit.outputs(*inputs)
    answer, count = circuit.network(*inputs), len(inputs[0])
    found = np.zeros((len(parts), len(parts) + 1))
    pairs = [
        (sender, receiver)
        for receiver in range(len(parts))
        for sender in range(receiver)
        if parts[receiver].after(parts[sender])
    ]
    for some in _parts(len(pairs), ROWS // (2 * count)):
        chosen = [pairs[i] for i in some]
        hooks = _Without(circuit, chosen, outputs, count).hooks()
        run = circuit.run_with_hooks(*_repeated(inputs, 2 * len(chosen)), hooks=hooks)
        run = run.unflatten(0, (len(chosen), 2, count))[:, 1]
        found[tuple(np.array(chosen).T)] = effects(answer, run)
    last = f"layers.{circuit.depth - 1}.resid_post"
    for some in _parts(len(parts), ROWS // count):
        taken = torch.cat([outputs[number] for number in some])
        hook = {last: lambda state, taken=taken: state - taken}
        run = circuit.run_with_hooks(*_repeated(inputs, len(some)), hooks=hook)
        found[some, -1] = effects(answer, run.unflatten(0, (len(some), count)))
    return found


class _Without:
    """Hooks for runs of pairs (sender, receiver), two for each input.

    In the first run, a shadow that nobody reads the answer of, the state of the receiver's layer
    lacks the sender's output; what the receiver makes of that is put into the second.
    """

    def __init__(
        self, circuit: Circuit, pairs: list[tuple[int, int]], outputs: list[Tensor], count: int
    ) -> None:
        self.parts = circuit.truth.components
        self.pairs, self.outputs, self.count = pairs, outputs, count
        self.found: dict[str, list[tuple[int, Component, int]]] = {}
        for place, (sender, receiver) in enumerate(pairs):
            part = self.parts[receiver]
            layer = f"layers.{part.layer}"
            names = {f"{layer}.resid_pre", part.hook}
            if part.kind == "feed-forward":  # reads what attention did not see as missing
                names |= {f"{layer}.{name}" for name in ("attn.z", "linear.out")}
            for name in names:
                self.found.setdefault(name, []).append((place, part, sender))
        kinds = {part.hook for part in self.parts}
        self.found = {
            name: places
            for name, places in self.found.items()
            if name in kinds or name.endswith("resid_pre")
        }

    def hooks(self) -> dict[str, Callable[[Tensor], Tensor]]:
        return {
            name: (lambda value, name=name, places=places: self._hook(name, value, places))
            for name, places in self.found.items()
        }

    def _hook(self, name: str, value: Tensor, places: list[tuple[int, Component, int]]) -> Tensor:
        runs = value.unflatten(0, (len(self.pairs), 2, self.count))
        for place, receiver, number in places:
            shadow, real = runs[place]
            sender = self.parts[number]
            beside = sender.layer == receiver.layer
            if name.endswith("resid_pre"):
                if not beside:
                    shadow -= self.outputs[number]
            elif name == receiver.hook:
                _part_of(real, receiver)[:] = _part_of(shadow, receiver)
            else:  # attention is as it was, less a sender that is part of it
                shadow[:] = real
                if beside and sender.hook == name:
                    _part_of(shadow, sender)[:] = 0.0
        return value


def _part_of(value: Tensor, part: Component) -> Tensor:
    """A component's own output within an activation."""
    return value[:, part.index] if part.kind == "head" else value


def effects(answer: Tensor, changed: Tensor) -> Float64[np.ndarray, " K"]:
    """The change of answers [K, B, ...], relative to the answer [B, ...]: the mean over inputs.

    At most 1 for each input; 1 too where the run has no finite answer.
    """
    difference = (changed - answer).reshape(*changed.shape[:2], -1).norm(dim=2)
    relative = difference / answer.reshape(len(answer), -1).norm(dim=1).clamp_min(1e-300)
    return np.asarray(relative.nan_to_num(1.0, 1.0).clamp_max(1.0).mean(dim=1))


def _written(
    before: Callable[[Tensor], Tensor], rows: slice, part: Component, value: Tensor
) -> Callable[[Tensor], Tensor]:
    def hook(activation: Tensor) -> Tensor:
        activation = before(activation)
        _part_of(activation[rows], part)[:] = value
        return activation

    return hook


def _same(activation: Tensor) -> Tensor:
    return activation


def _repeated(inputs: Inputs, times: int) -> Inputs:
    return tuple(np.concatenate([value] * times) for value in inputs)


def _parts(count: int, size: int) -> Iterator[list[int]]:
    """0, ..., count - 1 in runs of at most `size`, which is at least 1."""
    size = max(1, size)
    for start in range(0, count, size):
        yield list(range(start, min(count, start + size)))


METHODS.register("patching", patching)
METHODS.register("paths", paths)
