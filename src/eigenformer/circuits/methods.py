"""Methods that find out from runs of a network which of its components the answer depends on.

A method is a function (circuit, inputs, others) -> effects: [C], one for each component in the
order of `circuit.truth.components`; or [C, C + 1], one for each pair of a sender and a receiver,
the last receiver being the answer, and zero where the sender runs no earlier. A component then
counts by the largest effect of its pairs. It may run the network as it likes, and look at
everything of the components but `inside` and at nothing of the truth's edges. Register your own in
`METHODS`, in a file for `--plugin`.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from ..core import Registry
from ..models.hooked import Hook
from .circuit import Circuit, Inputs
from .truth import Component

# Shapes: B inputs, C components, P pairs, n tokens, w width, H heads of a layer.

Method = Callable[[Circuit, Inputs, Inputs], Float64[np.ndarray, "..."]]
METHODS: Registry[Float64[np.ndarray, "..."]] = Registry("circuit method", homes=(__name__,))
ROWS = 1024
"""Runs of the network in one batch."""
ROUNDING = 1e-13
"""An output that changes by less, relative to its largest entry, is taken for the same."""


def patching(circuit: Circuit, inputs: Inputs, others: Inputs) -> Float64[np.ndarray, " C"]:
    """Activation patching: a component's output on other inputs takes the place of its own.

    The effect is the change of the answer, relative to the answer. (Resample ablation, or
    interchange: Geiger et al. 2021; Heimersheim and Nanda 2024.)
    """
    return replaced(circuit, inputs, circuit.outputs(*others))


def replaced(circuit: Circuit, inputs: Inputs, values: list[Tensor]) -> Float64[np.ndarray, " C"]:
    """The effect of each component's output being `values` [B, n, w], one component at a time."""
    answer, count = circuit.network(*inputs), len(inputs[0])
    found = []
    parts = circuit.truth.components
    for some in _parts(len(parts), ROWS // count):
        hooks: dict[str, Hook] = {}
        for place, number in enumerate(some):
            _put(hooks, parts[number], _slot(place, count), values[number])
        run = circuit.run_with_hooks(*_repeated(inputs, len(some)), hooks=hooks)
        found.append(effects(answer, run))
    return np.concatenate(found)


def paths(circuit: Circuit, inputs: Inputs, others: Inputs) -> Float64[np.ndarray, "C R"]:
    """Path ablation: what one component reads of another one's output is taken away, nothing else.

    The receiver's output is computed from the state less the sender's output, and put into a run
    where all else is as it was. (Path patching: Wang et al. 2022; Goldowsky-Dill et al. 2023; with
    zeros in place of a resampled output.)
    """
    del others
    network, parts = circuit.network, circuit.truth.components
    answer, cache = network.run_with_cache(*inputs)
    outputs = circuit.outputs_in(cache)
    found = np.zeros((len(parts), len(parts) + 1))
    for layer in range(network.depth):
        before = cache[f"layers.{layer}.resid_pre"]
        pairs = list(_without_senders(circuit, layer, before, outputs))
        for some in _parts(len(pairs), ROWS // len(before)):
            hooks: dict[str, Hook] = {}
            for place, number in enumerate(some):
                _, receiver, output = pairs[number]
                _put(hooks, parts[receiver], _slot(place, len(before)), output)
            state = before.repeat(len(some), 1, 1).mT
            run = network.read(network.run_layers(state, layer, hooks=hooks))
            at = [pairs[number][:2] for number in some]
            found[tuple(np.array(at).T)] = effects(answer, run)
    final = cache[f"layers.{network.depth - 1}.resid_post"]
    for number, output in enumerate(outputs):
        found[number, -1] = effects(answer, network.read((final - output).mT))[0]
    return found


def _without_senders(
    circuit: Circuit, layer: int, before: Tensor, outputs: list[Tensor]
) -> Iterator[tuple[int, int, Tensor]]:
    """(sender, receiver, its output without what it reads of the sender) for a layer's receivers.

    Pairs whose receiver's output stays the same are left out.
    """
    parts, count = circuit.truth.components, len(before)
    here = [number for number, part in enumerate(parts) if part.layer == layer]
    for late in (False, True):
        receivers = [number for number in here if (parts[number].kind == "feed-forward") == late]
        if not receivers:
            continue
        senders = [n for n in range(len(parts)) if parts[receivers[0]].after(parts[n])]
        for some in _parts(len(senders), ROWS // count):
            chosen = [senders[i] for i in some]
            states, hooks = [], dict[str, Hook]()
            for place, sender in enumerate(chosen):
                states.append(before if sender in here else before - outputs[sender])
                for other in here if late else ():  # what it reads is else as it was
                    if other not in receivers:
                        output = torch.zeros_like(before) if other == sender else outputs[other]
                        _put(hooks, parts[other], _slot(place, count), output)
            caught: dict[str, Tensor] = {}
            for receiver in receivers:
                hook = parts[receiver].hook
                hooks[hook] = partial(_catch, caught, hook)
            circuit.network.run_layers(torch.cat(states).mT, layer, layer + 1, hooks=hooks)
            for receiver in receivers:
                caught_here = _part_of(caught[parts[receiver].hook], parts[receiver])
                normal = outputs[receiver]
                for place, sender in enumerate(chosen):
                    output = caught_here[_slot(place, count)]
                    if (output - normal).abs().max() > ROUNDING * normal.abs().max():
                        yield sender, receiver, output


def _catch(caught: dict[str, Tensor], name: str, activation: Tensor) -> None:
    caught[name] = activation


def _part_of(value: Tensor, part: Component) -> Tensor:
    """A component's own output within an activation."""
    return value[:, part.index] if part.kind == "head" else value


def effects(answer: Tensor, changed: Tensor) -> Float64[np.ndarray, " K"]:
    """The change of answers [K B, ...], relative to the answer [B, ...]: the mean over inputs.

    At most 1 for each input; 1 too where the run has no finite answer.
    """
    answer = answer.reshape(len(answer), -1)
    difference = (changed.reshape(-1, *answer.shape) - answer).norm(dim=2)
    relative = difference / answer.norm(dim=1).clamp_min(1e-300)
    return np.asarray(relative.nan_to_num(1.0, 1.0).clamp_max(1.0).mean(dim=1))


def _put(hooks: dict[str, Hook], part: Component, rows: slice, output: Tensor) -> None:
    """Let `hooks` replace a component's output in some rows of a batch."""
    before = hooks.get(part.hook)

    def hook(activation: Tensor) -> Tensor:
        if before is not None:
            activation = cast(Tensor, before(activation))
        _part_of(activation[rows], part)[:] = output
        return activation

    hooks[part.hook] = hook


def _slot(place: int, count: int) -> slice:
    return slice(place * count, (place + 1) * count)


def _repeated(inputs: Inputs, times: int) -> Inputs:
    return tuple(np.concatenate([value] * times) for value in inputs)


def _parts(count: int, size: int) -> Iterator[list[int]]:
    """0, ..., count - 1 in runs of at most `size`, which is at least 1."""
    size = max(1, size)
    for start in range(0, count, size):
        yield list(range(start, min(count, start + size)))


METHODS.register("patching", patching)
METHODS.register("paths", paths)
