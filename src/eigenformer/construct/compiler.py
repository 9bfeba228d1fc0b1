"""Matrix programs compiled to networks.

    program -> traced expressions -> normal form -> times -> schedule -> rows -> layers

Every pass is a function of the one before, and prints: `print(net.compiled.schedule)`. Where two
schedules are possible both are made, and the one of fewer layers, rows and heads is kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import product
from typing import Any, Unpack

import numpy as np
import torch
from torch import Tensor

from ..core import InputError, unknown
from .allocate import Allocation, RowsInUse, allocate
from .depth import LeastDepth, least_depth
from .emit import emit, least_tokens
from .expression import Shape
from .network import Network, NetworkOptions
from .normalise import Normal, normalise
from .program import Program, Traced, trace
from .schedule import Schedule, schedule
from .spec import Spec
from .summary import Summary
from .timing import Policy, Timing

TRIAL = 3
"""Repetitions for which policies are compared."""
LARGE = 3000
"""Atoms from which on only one policy is tried, to keep compiling a matter of seconds."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Compiled:
    """What every pass made of a program."""

    timing: Timing
    allocation: Allocation
    spec: Spec
    draw: Callable[[np.random.Generator, int], Mapping[str, np.ndarray]] | None = None
    """Inputs that `check` compares on, where independent entries make no sense."""

    @property
    def schedule(self) -> Schedule:
        return self.allocation.schedule

    @property
    def normal(self) -> Normal:
        return self.schedule.normal

    @property
    def traced(self) -> Traced:
        return self.normal.traced

    def __str__(self) -> str:
        passes = (self.traced, self.normal, self.timing, self.schedule, self.allocation)
        return "\n\n".join(map(str, passes))


class CompiledNetwork(Network):
    """A network that remembers the program that it was compiled from."""

    def __init__(self, compiled: Compiled, **options: Unpack[NetworkOptions]) -> None:
        super().__init__(compiled.spec, **options)
        self.compiled = compiled

    @cached_property
    def least_depth(self) -> LeastDepth:
        """How many layers the program takes at least, by any schedule of the compiler's kind."""
        return least_depth(self.compiled.normal)

    def summary(self) -> Summary:
        """`Network.summary`, with what is proved of the number of layers."""
        found, least = super().summary(), self.least_depth
        if not least.complete:
            return found
        optimal = least.layers >= found.layers
        return replace(found, proved="optimal" if optimal else f"{least.layers} at least")


def compile(
    source: Program | Callable[..., Any],
    shapes: Mapping[str, Shape],
    repeat: int = 1,
    feed: Mapping[str, str] | None = None,
    keep: tuple[str, ...] | None = None,
    symmetric: tuple[str, ...] = (),
    tokens: int | None = None,
    **options: Unpack[NetworkOptions],
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
    traced = trace(source, shapes, repeat, feed, symmetric)
    return CompiledNetwork(compiled_program(traced, keep, tokens), **options)


def compiled_program(
    traced: Traced,
    keep: tuple[str, ...] | None = None,
    tokens: int | None = None,
    policy: Policy | None = None,
) -> Compiled:
    """What every pass after `trace` makes of a program, under the best policy or a given one."""
    for name in keep or ():
        if name not in traced.symbols:
            raise unknown(f"symbol of {traced.name}", name, traced.symbols)
    if policy is not None:
        return _passes(normalise(traced), policy, keep, tokens)
    trial = replace(traced, repeat=min(traced.repeat, TRIAL))
    normal = normalise(trial)
    candidates = [_passes(normal, Policy(), keep, None)]
    mattered = sorted(candidates[0].timing.mattered) if len(normal.graph.atoms) < LARGE else []
    for choices in list(product((True, False), repeat=len(mattered)))[1:]:
        other = Policy(**dict(zip(mattered, choices, strict=True)))
        candidates.append(_passes(normal, other, keep, None))
    best = min(candidates, key=_size)
    if trial.repeat < traced.repeat:
        normal = normalise(traced)
    if trial.repeat < traced.repeat or tokens is not None:
        best = _passes(normal, best.timing.policy, keep, tokens)
    return best


def _passes(
    normal: Normal, policy: Policy, keep: tuple[str, ...] | None, tokens: int | None
) -> Compiled:
    timing = Timing(normal.graph, policy)
    try:
        allocation = allocate(schedule(normal, timing), keep)
    except RowsInUse:
        allocation = allocate(schedule(normal, timing, spill=True), keep)
    least, traced = least_tokens(allocation), normal.traced
    if tokens is not None and tokens < least:
        raise InputError(f"tokens is {tokens}, but {traced.name} takes {least} columns")
    spec = emit(allocation, tokens)
    if traced.symmetric:
        prepare = partial(_check_symmetries, traced)
        spec = replace(spec, given=spec.inputs, prepare=prepare)
    return Compiled(timing=timing, allocation=allocation, spec=spec)


def _size(compiled: Compiled) -> tuple[int, int, int, int, int]:
    """Layers, rows, heads in a layer, heads, hidden units: the less, the better."""
    layers = compiled.spec.layers
    heads = [len(layer.heads) for layer in layers]
    hidden = sum(layer.hidden for layer in layers)
    return len(layers), compiled.spec.layout.width, max(heads, default=0), sum(heads), hidden


def _check_symmetries(traced: Traced, *inputs: Tensor) -> tuple[Tensor, ...]:
    """The input map of a program with symmetric symbols."""
    for name, value in zip(traced.symbols, inputs, strict=True):
        if name in traced.symmetric:
            check_symmetric(name, value)
    return inputs


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
