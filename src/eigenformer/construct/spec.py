"""A constructed network as data: what goes in where, the layers, what comes out where."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float64

from .blocks import Layout
from .parts import Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """Where a matrix enters or leaves the state: rows of a block, from a column on.

    `shape` is the matrix's own; it is transposed on its way if `transposed`. A vector is a shape of
    one number, and lies in one row, or in one column if `transposed`. `repeated` copies a column
    into every token column (input), or reads the first of them (output). `sign` multiplies it.
    """

    name: str
    shape: tuple[int, ...]
    block: str
    column: int = 0
    transposed: bool = False
    repeated: bool = False
    shorter: bool = False
    """Whether the first dimension (a transposed matrix's tokens) may be smaller; zeros fill up."""
    sign: float = 1.0
    optional: bool = False
    """Whether a caller may leave it out, and what follows it (in `Spec.given` only)."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Stage:
    """Layers that run one after the other, all of it `repeat` times with the same weights."""

    layers: tuple[Layer, ...]
    repeat: int = 1


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Spec:
    """Everything that a `Network` is built from."""

    name: str
    layout: Layout
    tokens: int
    """Columns of the state."""
    stages: tuple[Stage, ...]
    inputs: tuple[Port, ...]
    output: Port
    constants: dict[str, Float64[np.ndarray, "r n"]] = field(default_factory=dict)
    """Blocks that hold the same in every input: identities, rows of ones."""
    identities: tuple[str, ...] = ()
    """Constant blocks that hold an identity which no layer changes."""
    prepare: Callable[..., tuple[Any, ...]] | None = None
    """What the input map computes before the first layer: takes the inputs, gives the inputs."""
    given: tuple[Port, ...] = ()
    """What the caller gives, where `prepare` makes something else of it: with these, `prepare` is
    called with tensors checked against them (their blocks and columns are unused)."""
    notes: tuple[str, ...] = ()
    """What a reader of the summary should know, such as what the input map computes."""
    theorem: dict[str, str] = field(default_factory=dict)
    """The source's own counts ("layers": "T + 3", ...), to stand beside ours."""
    problem: tuple[str, dict[str, Any]] | None = None
    """The problem that it answers (`Network.as_solver`): its registered name and its fields."""
    steps: int | None = None
    """Iterations of the algorithm, where it is one."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer in the order in which it runs."""
        return tuple(
            layer for stage in self.stages for _ in range(stage.repeat) for layer in stage.layers
        )
