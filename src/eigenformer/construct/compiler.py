"""Matrix programs compiled to networks.

    program -> traced expressions -> normal form -> times -> schedule -> rows -> layers

Every pass is a function of the one before, and prints: `print(net.compiled.schedule)`. Where two
schedules are possible both are made, and the one of fewer layers, rows and heads is kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..core import InputError, unknown
from .allocate import Allocation, RowsInUse, allocate
from .emit import Emitted, emit, least_tokens
from .expression import Shape
from .network import Network
from .normalise import Normal, normalise
from .program import Program, Traced, trace
from .schedule import Schedule, schedule
from .spec import Port, Spec
from .timing import Policy, Timing

TRIAL = 3
"""Repetitions for which policies are compared."""
LARGE = 3000
"""Atoms from which on only one policy is tried, to keep compiling a matter of seconds."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Compiled:
    """What every pass made of a program."""

    source: Program | Callable[..., Any]
    traced: Traced
    normal: Normal
    timing: Timing
    schedule: Schedule
    allocation: Allocation
    emitted: Emitted
    spec: Spec
    draw: Callable[[np.random.Generator, int], Mapping[str, np.ndarray]] | None = None
    """Inputs that `check` compares on, where independent entries make no sense."""

    def __str__(self) -> str:
        passes = (self.traced, self.normal, self.timing, self.schedule, self.allocation)
        return "\n\n".join(map(str, passes))


class CompiledNetwork(Network):
    """A network that remembers the program that it was compiled from."""

    def __init__(
        self,
        compiled: Compiled,
        *,
        dense: bool = False,
        exact: bool = False,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__(compiled.spec, dense=dense, exact=exact, dtype=dtype)
        self.compiled = compiled


def compile(
    source: Program | Callable[..., Any],
    shapes: Mapping[str, Shape],
    repeat: int = 1,
    feed: Mapping[str, str] | None = None,
    keep: tuple[str, ...] | None = None,
    symmetric: tuple[str, ...] = (),
    tokens: int | None = None,
    *,
    dense: bool = False,
    exact: bool = False,
    dtype: torch.dtype = torch.float64,
) -> CompiledNetwork:
    """A network that runs a matrix program `repeat` times: `net(*symbols)` -> its result.

    `shapes` gives (rows, columns) of every symbol; `feed` names the symbols that a result replaces
    before the program is repeated ({"X": "result"}; a program may return a dict of named results).
    Inputs named in `symmetric` are promised to be so, which saves their transposes.

    The state is one block of rows for each symbol, scratch, and constants. A network leaves its
    inputs as they were, but for fed symbols, which hold the result, and scratch at zero: its state
    is a legal input, so it can be looped. With `keep` only the inputs named there are kept, and
    scratch is left as it is, which may save rows. `tokens` asks for more token columns than needed.

    The result equals `interpret(source, ...)` up to rounding and, without `exact`, with scalar
    functions replaced by their ReLU form. Source: Giannou et al. 2024, section 3 (the layer) and
    Lemma 4.1 (the network that Newton's step compiles to); derivations.md, section 0.
    """
    compiled = compiled_program(
        source, shapes, repeat=repeat, feed=feed, keep=keep, symmetric=symmetric, tokens=tokens
    )
    return CompiledNetwork(compiled, dense=dense, exact=exact, dtype=dtype)


def compiled_program(
    source: Program | Callable[..., Any],
    shapes: Mapping[str, Shape],
    *,
    repeat: int = 1,
    feed: Mapping[str, str] | None = None,
    keep: tuple[str, ...] | None = None,
    symmetric: tuple[str, ...] = (),
    tokens: int | None = None,
    policy: Policy | None = None,
) -> Compiled:
    """Every pass of `compile`, without the module at the end; under the best policy, or a given."""
    traced = trace(source, shapes, repeat, feed, symmetric)
    for name in keep or ():
        if name not in traced.symbols:
            raise unknown(f"symbol of {traced.name}", name, traced.symbols)
    if policy is not None:
        return _passes(source, normalise(traced), policy, keep, tokens)
    trial = replace(traced, repeat=min(repeat, TRIAL))
    normal = normalise(trial)
    candidates = [_passes(source, normal, Policy(), keep, None)]
    mattered = sorted(candidates[0].timing.mattered) if len(normal.graph.atoms) < LARGE else []
    for choices in list(product((True, False), repeat=len(mattered)))[1:]:
        other = Policy(**dict(zip(mattered, choices, strict=True)))
        candidates.append(_passes(source, normal, other, keep, None))
    best = min(candidates, key=_size)
    if trial.repeat < repeat:
        normal = normalise(traced)
    if trial.repeat < repeat or tokens is not None:
        best = _passes(source, normal, best.timing.policy, keep, tokens)
    return best


def _passes(
    source: Program | Callable[..., Any],
    normal: Normal,
    policy: Policy,
    keep: tuple[str, ...] | None,
    tokens: int | None,
) -> Compiled:
    timing = Timing(normal.graph, policy)
    plan = schedule(normal, timing)
    try:
        allocation = allocate(plan, keep)
    except RowsInUse:
        plan = schedule(normal, timing, spill=True)
        allocation = allocate(plan, keep)
    least = least_tokens(allocation)
    if tokens is not None and tokens < least:
        raise InputError(f"tokens is {tokens}, but {normal.traced.name} takes {least} columns")
    emitted = emit(allocation, tokens)
    return Compiled(
        source=source,
        traced=normal.traced,
        normal=normal,
        timing=timing,
        schedule=plan,
        allocation=allocation,
        emitted=emitted,
        spec=_spec(allocation, emitted),
    )


def _size(compiled: Compiled) -> tuple[int, int, int, int, int]:
    """Layers, rows, heads in a layer, heads, hidden units: the less, the better."""
    layers = compiled.spec.layers
    heads = [len(layer.heads) for layer in layers]
    hidden = sum(layer.hidden for layer in layers)
    return len(layers), compiled.spec.layout.width, max(heads, default=0), sum(heads), hidden


def _spec(allocation: Allocation, emitted: Emitted) -> Spec:
    traced = allocation.schedule.normal.traced
    where = {stay.value: block.name for block in allocation.blocks for stay in block.stays}
    answer = allocation.schedule.answers[traced.answer]
    symmetric = tuple(sorted(traced.symmetric))
    return Spec(
        name=traced.name,
        layout=emitted.layout,
        tokens=emitted.tokens,
        stages=emitted.stages,
        inputs=tuple(
            Port(name=name, shape=shape, block=name) for name, shape in traced.shapes.items()
        ),
        output=Port(name=traced.answer, shape=answer.shape, block=where[answer]),
        constants=emitted.constants,
        identities=emitted.identities,
        given=_ports(traced) if symmetric else (),
        prepare=_symmetry_check(tuple(traced.symbols), symmetric) if symmetric else None,
    )


def _ports(traced: Traced) -> tuple[Port, ...]:
    return tuple(Port(name=name, shape=shape, block=name) for name, shape in traced.shapes.items())


def _symmetry_check(
    names: tuple[str, ...], symmetric: tuple[str, ...]
) -> Callable[..., tuple[Tensor, ...]]:
    def prepare(*inputs: Tensor) -> tuple[Tensor, ...]:
        for name, value in zip(names, inputs, strict=True):
            if name in symmetric:
                check_symmetric(name, value)
        return inputs

    return prepare


def check_symmetric(name: str, value: Tensor) -> None:
    """Refuse matrices that are not symmetric to a relative 1e-8 (1e-4 in float32)."""
    tolerance = 1e-8 if value.dtype == torch.float64 else 1e-4
    largest = value.abs().amax(dim=(-2, -1))
    found = (value - value.mT).abs().amax(dim=(-2, -1))
    if bool((found > tolerance * largest).any()):
        raise InputError(
            f"{name} differs from its transpose by {float(found.max()):.3g}, but the network was "
            f"compiled for a symmetric {name}; compile it without symmetric"
        )
