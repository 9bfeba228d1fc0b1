"""The prompt that the networks for gradient descent share, and their input maps.

    Z = [x_1 .. x_n  x_q]     a token a column, the query last: no head uses it as a key
        [y_1 .. y_n  y_q]     y_q = 0, or minus the first guess; prediction = minus y_q at the end

(von Oswald et al. 2023; Ahn et al. 2023; derivations.md, sections 3 and 4.)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from ...core import InputError, at_least
from ..blocks import Layout, Rows
from ..spec import Port, Spec, Stage

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
    def inner(self) -> Rows:
        """Where keys and queries that read x write."""
        return Rows(0, self.dim)

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

    @property
    def first_guess(self) -> Port:
        """What the input map may put into the query's y."""
        assert self.outputs is not None
        shape = (self.outputs,)
        return Port(name="y_q", shape=shape, block="y", column=self.tokens, transposed=True)

    @property
    def prediction(self) -> Port:
        """Minus the query's y."""
        shape = () if self.outputs is None else (self.outputs,)
        return Port(
            name="prediction",
            shape=shape,
            block="y",
            column=self.tokens,
            transposed=bool(shape),
            sign=-1.0,
        )

    def spec(
        self,
        *,
        name: str,
        stages: tuple[Stage, ...],
        prepare: InputMap,
        notes: tuple[str, ...],
        theorem: dict[str, str],
        guess: bool = False,
        steps: int | None = None,
        solves: bool = False,
    ) -> Spec:
        """The network of these layers; `prepare` takes x, y, query, and adds y_q for a `guess`.

        `steps`: iterations; `solves`: whether it answers least squares to rounding level.
        """
        return Spec(
            name=name,
            layout=self.layout,
            tokens=self.tokens + 1,
            stages=stages,
            inputs=(*self.ports, self.first_guess) if guess else self.ports,
            output=self.prediction,
            prepare=prepare,
            given=self.ports,
            problem=LEAST_SQUARES if solves else None,
            steps=steps,
            notes=notes,
            theorem=theorem,
        )

    def mean(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """x and y times sqrt(N / n), where n < N tokens were given to a network with factors 1/N.

        Sums over tokens then are N / n as large, so the network takes the mean over the n that are
        there, and the w that it finds is the same: it fits (s x, s y) as it fits (x, y).
        """
        count = x.shape[-2]
        if count == 0:
            raise InputError("x has no tokens; give at least one pair (x_i, y_i)")
        if count == self.tokens:
            return x, y
        scale = (self.tokens / count) ** 0.5
        return scale * x, scale * y


MEAN_NOTE = (
    "with n tokens fewer than the N compiled for, the input map multiplies x_i and y_i by "
    "sqrt(N/n), so that the factors 1/N give means over n tokens"
)


def finite(name: str, value: float | np.ndarray) -> None:
    if not np.all(np.isfinite(value)):
        raise InputError(f"{name} holds a nan or inf; give numbers")


def draw_regression(
    rng: np.random.Generator, batch: int, tokens: int, dim: int, noise: float = 0.1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gaussian rows x [B, n, d], y = x w + noise [B, n] with |w| about 1, and a query [B, d]."""
    x = rng.normal(size=(batch, tokens, dim))
    w = rng.normal(size=(batch, dim, 1)) / dim**0.5
    y = (x @ w)[:, :, 0] + noise * rng.normal(size=(batch, tokens))
    return x, y, rng.normal(size=(batch, dim))
