"""The prompt that the networks for gradient descent share, and their input maps.

    Z = [x_1 .. x_n  x_q]     a token a column, the query last: no head uses it as a key
        [y_1 .. y_n  y_q]     y_q = 0, or minus the first guess; prediction = minus y_q at the end

(von Oswald et al. 2023; Ahn et al. 2023; derivations.md, sections 3 and 4.)
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np
from jaxtyping import Float64
from torch import Tensor

from ...core import InputError, at_least
from ..blocks import Layout, Move, Rows
from ..network import Network, NetworkOptions
from ..parts import Layer
from ..spec import Port, Spec, Stage
from .heads import head

InputMap = Callable[..., tuple[Tensor, ...]]
LEAST_SQUARES: tuple[str, dict[str, Any]] = ("least_squares", {})
"""The problem of `problems` that the networks for regression answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """Shapes of a prompt: x [n, dim], y [n] (or [n, outputs]), query [dim]; n = tokens at most."""

    dim: int
    tokens: int
    outputs: int | None = None
    """Rows of y; None: y is a vector [n] and the prediction one number."""

    def __post_init__(self) -> None:
        at_least(1, dim=self.dim, tokens=self.tokens, outputs=self.outputs)

    @property
    def layout(self) -> Layout:
        return Layout.of(x=self.dim, y=self.outputs or 1)

    @property
    def x(self) -> Rows:
        return self.layout["x"]

    @property
    def y(self) -> Rows:
        return self.layout["y"]

    @property
    def ports(self) -> tuple[Port, ...]:
        """x, y, query."""
        tokens, wide = self.tokens, self.outputs is not None
        y = (tokens, self.outputs) if self.outputs is not None else (tokens,)
        return (
            Port(name="x", shape=(tokens, self.dim), block="x", transposed=True, shorter=True),
            Port(name="y", shape=y, block="y", transposed=wide, shorter=True),
            Port(name="query", shape=(self.dim,), block="x", column=tokens, transposed=True),
        )

    def layer(
        self,
        *value: Move,
        query: float | Float64[np.ndarray, "dim dim"] = 1.0,
        scale: float = 1.0,
    ) -> Layer:
        """Adds scale * value x^T (query x) to every token; the sum is over those with a y."""
        return Layer(heads=(head(value, self.x, self.x, query),), scale=scale, masked_keys=1)

    def network(
        self,
        name: str,
        *stages: Stage,
        prepare: InputMap,
        notes: tuple[str, ...],
        layers: str = "1 a step",
        width: str = "d + 1",
        guess: bool = False,
        solves: bool = False,
        **options: Unpack[NetworkOptions],
    ) -> Network:
        """The network of these layers; `prepare` takes x, y, query, and adds y_q for a `guess`.

        `layers` and `width` are the theorem's; `solves`: whether it answers least squares to
        rounding level.
        """
        shape = () if self.outputs is None else (self.outputs,)
        query_y = Port(
            name="y_q", shape=shape, block="y", column=self.tokens, transposed=bool(shape)
        )
        spec = Spec(
            name=name,
            layout=self.layout,
            tokens=self.tokens + 1,
            stages=stages,
            inputs=(*self.ports, query_y) if guess else self.ports,
            output=replace(query_y, name="prediction", sign=-1.0),
            prepare=prepare,
            given=self.ports,
            problem=LEAST_SQUARES if solves else None,
            steps=sum(len(stage.layers) * stage.repeat for stage in stages),
            notes=notes,
            theorem={"layers": layers, "heads": "1", "width": width},
        )
        return Network(spec, **options)

    def mean(self, x: Tensor, y: Tensor, query: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x and y times sqrt(N / n), where n < N tokens were given to a network with factors 1/N.

        Sums over tokens then are N / n as large, so the network takes the mean over the n that are
        there, and the w that it finds is the same: it fits (s x, s y) as it fits (x, y).
        """
        count = x.shape[-2]
        if count == 0:
            raise InputError("x has no tokens; give at least one pair (x_i, y_i)")
        if count == self.tokens:
            return x, y, query
        scale = (self.tokens / count) ** 0.5
        return scale * x, scale * y, query


MEAN_NOTE = (
    "with n tokens fewer than the N compiled for, the input map multiplies x_i and y_i by "
    "sqrt(N/n), so that the factors 1/N give means over n tokens"
)


def finite(name: str, value: float | np.ndarray) -> None:
    if not np.all(np.isfinite(value)):
        raise InputError(f"{name} holds a nan or inf; give numbers")


def draw_regression(
    rng: np.random.Generator, batch: int, tokens: int = 20, dim: int = 5, noise: float = 0.1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gaussian rows x [B, n, d], y = x w + noise [B, n] with |w| about 1, and a query [B, d]."""
    x = rng.normal(size=(batch, tokens, dim))
    w = rng.normal(size=(batch, dim, 1)) / dim**0.5
    y = (x @ w)[:, :, 0] + noise * rng.normal(size=(batch, tokens))
    return x, y, rng.normal(size=(batch, dim))
