"""Least squares by Newton's iteration for the inverse of A^T A (Giannou et al. 2024, Theorem 4.2).

    X_{t+1} = X_t (2I - (A^T A + mu I) X_t),    w = X_T A^T y,    prediction = a_test . w

Blocks (derivations.md, section 1d(iv)), n + 1 tokens with n >= d, the test token last:

    data    = [A^T | 0]   identity = [I_d 0 | 0]   inverse = [0 | 0]   gram = [0 | a_test]
    y = [y^T | 0]         w = 0                    prediction = 0

    layer 1        inverse += eps data data^T identity    gram += data data^T identity
    layers 2..T+1  inverse += -X (A^T A) X + X            (two heads; the same weights every time)
    layer T+2      w += y data^T inverse                  = [y^T A X_T, 0 | 0]
    layer T+3      prediction += w identity^T gram        last column: y^T A X_T a_test

The last column of `inverse` stays 0, so the test token never is a key that matters.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Literal, Unpack

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from ...core import InputError, at_least
from ..blocks import Layout, Move
from ..catalogue import Construction
from ..network import Network, NetworkOptions
from ..parts import Head, Layer
from ..spec import Port, Spec, Stage
from .heads import head
from .prompts import LEAST_SQUARES, draw_regression
from .spectra import gram_eigenvalues, positive, refuse, warn_if_ill_conditioned

Start = Literal["gram", "identity"]


def newton_steps(condition: float, start: Start = "gram") -> int:
    """Steps T that converge to rounding level for a condition number of A^T A (+ mu I).

    2 log2(condition) + 5 from X0 = eps A^T A, log2(condition) + 5 from X0 = c I: the residual of
    the smallest eigenvalue is (1 - 1/condition^2)^(2^T), or (1 - 1/condition)^(2^T): about e^-32.
    """
    if not 1 <= condition < math.inf:
        raise InputError(f"condition is {condition}; a condition number is at least 1")
    return math.ceil((2 if start == "gram" else 1) * math.log2(condition) + 5)


def least_squares(
    dim: int,
    tokens: int,
    steps: int | None = None,
    *,
    start: Start = "gram",
    eps: float | None = None,
    condition: float = 100.0,
    guard: bool = True,
    **options: Unpack[NetworkOptions],
) -> Network:
    """Prediction a_test^T X_T A^T y by T = `steps` Newton steps: Theorem 4.2.

    Inputs A [n, dim], y [n], a_test [dim] (or batches of them), n <= `tokens` rows, tokens >= dim;
    output one number. Equivalent for large T: `a_test @ numpy.linalg.lstsq(A, y)[0]`.

    T + 3 layers, at most 2 heads, width 4 dim + 3, tokens + 1 columns: the theorem's counts.

    - `start="gram"`: X0 = eps A^T A, as in the theorem. `eps` is a weight. Without it the input map
      divides A and y by ||A||_2 and the weight is 1: Newton's iteration and the prediction do not
      change under that, so this is the theorem's network with eps = 1 / ||A^T A||_2^2.
    - `start="identity"`: X0 = eps I put there by the input map, 1 / ||A^T A||_2 without `eps`. Half
      of the steps.
    - `steps` defaults to `newton_steps(condition, start)`.

    An eps at or beyond 2 / lambda_max^2 (gram) or 2 / lambda_max (identity) diverges; such inputs
    are refused unless `guard` is False. Ill-conditioned ones give a `ConditionWarning`.
    Source: Giannou et al. 2024, Theorem 4.2; blocks from derivations.md, section 1d(iv).
    """
    plan = _Plan("least_squares", dim, tokens, steps, start, eps, condition, guard)
    return Network(plan.spec(), **options)


def ridge(
    dim: int,
    tokens: int,
    mu: float,
    steps: int | None = None,
    *,
    start: Start = "identity",
    eps: float | None = None,
    condition: float = 100.0,
    guard: bool = True,
    **options: Unpack[NetworkOptions],
) -> Network:
    """Ridge regression: prediction a_test^T (A^T A + mu I)^{-1} A^T y, with T Newton steps.

    As `least_squares`, with A^T A + mu I in the place of A^T A: layer 1 has a second head that adds
    mu I (and eps mu I to X0). `start="gram"` (X0 = eps (A^T A + mu I)) needs an `eps`: mu is a
    weight, so the input map cannot scale the data. `condition` is that of A^T A + mu I.
    Source: Giannou et al. 2024, Remark 4.4.
    """
    plan = _Plan("ridge", dim, tokens, steps, start, eps, condition, guard, mu)
    return Network(plan.spec(), **options)


def solve_least_squares(
    dim: int,
    tokens: int,
    steps: int | None = None,
    *,
    mu: float = 0.0,
    start: Start = "identity",
    eps: float | None = None,
    condition: float = 100.0,
    guard: bool = True,
    **options: Unpack[NetworkOptions],
) -> Network:
    """The solution w = X_T A^T y [dim] itself, of A [n, dim] and y [n]; ridge with `mu` > 0.

    `least_squares` without its last layer and test token: T + 2 layers, 2 heads, width 4 dim + 2,
    `tokens` columns. Equivalent for large T: `numpy.linalg.lstsq(A, y)[0]`.
    """
    name = "solve_least_squares"
    plan = _Plan(name, dim, tokens, steps, start, eps, condition, guard, mu, predicts=False)
    return Network(plan.spec(), **options)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What distinguishes the networks of this file."""

    name: str
    dim: int
    tokens: int
    asked: int | None
    """Steps; None for as many as `condition` needs."""
    start: Start
    eps: float | None
    condition: float
    guard: bool
    mu: float = 0.0
    predicts: bool = True

    def __post_init__(self) -> None:
        at_least(1, dim=self.dim, steps=self.steps)
        if self.tokens < self.dim:
            raise InputError(
                f"tokens is {self.tokens}, but the {self.dim} x {self.dim} identity lies in the "
                f"token columns; compile for at least {self.dim} (fewer rows may be given)"
            )
        if self.start not in ("gram", "identity"):
            raise InputError(f"start is {self.start!r}; it is 'gram' or 'identity'")
        if self.eps is not None and not 0 < self.eps < math.inf:
            raise InputError(f"eps is {self.eps}; it must be positive")
        if not 0 <= self.mu < math.inf:
            raise InputError(f"mu is {self.mu}; it must be a number that is not negative")
        if self.mu > 0 and self.start == "gram" and self.eps is None:
            raise InputError(
                "start='gram' with mu > 0 needs eps, below 2 / (lambda_max(A^T A) + mu)^2; "
                "give it, or use start='identity'"
            )

    @property
    def steps(self) -> int:
        return newton_steps(self.condition, self.start) if self.asked is None else self.asked

    @property
    def matrix(self) -> str:
        """What is inverted, in words."""
        return "A^T A + mu I" if self.mu > 0 else "A^T A"

    def layout(self) -> Layout:
        d = self.dim
        common = {"data": d, "identity": d, "inverse": d, "gram": d, "y": 1, "w": 1}
        return Layout.of(**common, **({"prediction": 1} if self.predicts else {}))

    def stages(self) -> tuple[Stage, ...]:
        at = self.layout()
        data, identity, inverse, gram, y, w = (at[name] for name in at.names[:6])
        eps = 1.0 if self.eps is None else self.eps
        into = ((inverse, eps), (gram, 1.0)) if self.start == "gram" else ((gram, 1.0),)
        first = [head(tuple(Move(rows, data, scale) for rows, scale in into), data, identity)]
        if self.mu > 0:
            value = tuple(Move(rows, identity, scale * self.mu) for rows, scale in into)
            first.append(head(value, identity, identity))
        kept = Move(inverse, inverse)
        newton = head(kept, gram, inverse, -1.0), head(kept, identity, identity)
        weights = head(Move(w, y), data, inverse)

        def stage(*heads: Head, repeat: int = 1) -> Stage:
            return Stage(layers=(Layer(heads=heads),), repeat=repeat)

        stages = (stage(*first), stage(*newton, repeat=self.steps), stage(weights))
        if not self.predicts:
            return stages
        return *stages, stage(head(Move(at["prediction"], w), identity, gram))

    def given(self) -> tuple[Port, ...]:
        n, d = self.tokens, self.dim
        ports = (
            Port(name="A", shape=(n, d), block="data", transposed=True, shorter=True),
            Port(name="y", shape=(n,), block="y", shorter=True),
        )
        test = Port(name="a_test", shape=(d,), block="gram", column=n, transposed=True)
        return (*ports, test) if self.predicts else ports

    def prepare(self, a: Tensor, y: Tensor, *test: Tensor) -> tuple[Tensor, ...]:
        """The input map."""
        from_gram, eps = self.start == "gram", self.eps
        values = gram_eigenvalues(a, self.mu)
        largest = positive(values[..., -1])
        if self.guard:
            warn_if_ill_conditioned(values, self.matrix)
        if self.guard and eps is not None:
            limit = 2 / largest ** (2 if from_gram else 1)
            bound = f"2 / lambda_max({self.matrix}){'^2' if from_gram else ''}"
            refuse(
                eps >= limit,
                limit,
                f"eps = {eps:.6g} is at or beyond {bound} = {{}}: {self.name} would diverge; "
                "compile with a smaller eps, or without one",
            )
        if not from_gram:
            scale = 1 / largest if eps is None else torch.full_like(largest, eps)
            eye = torch.eye(a.shape[-1], dtype=a.dtype)
            return (a, y, *test, scale[..., None, None] * eye)
        if eps is not None:
            return (a, y, *test)
        norm = largest.sqrt()
        return (a / norm[..., None, None], y / norm[..., None], *test)

    def spec(self) -> Spec:
        at, d, ports = self.layout(), self.dim, self.given()
        columns = self.tokens + 1 if self.predicts else self.tokens
        if self.start == "identity":
            ports = (*ports, Port(name="start", shape=(d, d), block="inverse"))
            factor = f"1 / ||{self.matrix}||_2" if self.eps is None else f"{self.eps:g}"
            note = f"the input map puts X0 = c I into the state, c = {factor}"
        elif self.eps is None:
            note = (
                "the input map divides A and y by ||A||_2, and layer 1 has eps = 1: the prediction "
                "of X0 = eps A^T A, eps = 1 / ||A^T A||_2^2 (and X is that of A times ||A||_2^2)"
            )
        else:
            note = f"eps = {self.eps:g} is a weight of layer 1"
        if self.predicts:
            output = Port(name="prediction", shape=(), block="prediction", column=self.tokens)
            theorem = {"layers": "T + 3", "heads": "2", "width": "4d + 3"}
        else:
            output = Port(name="w", shape=(d,), block="w")
            theorem = {}
        return Spec(
            name=self.name,
            layout=at,
            tokens=columns,
            stages=self.stages(),
            inputs=ports,
            output=output,
            constants={"identity": np.eye(d, columns)},
            identities=("identity",),
            prepare=self.prepare,
            given=self.given(),
            problem=LEAST_SQUARES if self.mu == 0 else None,
            steps=self.steps,
            notes=(note, "with fewer rows than compiled for the other columns are zero: no effect"),
            theorem=theorem,
        )


def least_squares_reference(
    A: Float64[np.ndarray, "B n d"],
    y: Float64[np.ndarray, "B n"],
    a_test: Float64[np.ndarray, "B d"],
    *,
    steps: int,
    start: Start = "gram",
    eps: float | None = None,
    mu: float = 0.0,
) -> Float64[np.ndarray, " B"]:
    """The algorithm in NumPy: T Newton steps on A^T A + mu I, then a_test^T X_T A^T y."""
    transposed = A.swapaxes(1, 2)
    eye = np.eye(A.shape[2])
    gram = transposed @ A + mu * eye
    largest = np.linalg.norm(gram, 2, axis=(1, 2))
    power = 2 if start == "gram" else 1
    scale = largest**-power if eps is None else np.full(len(A), eps)
    inverse = scale[:, None, None] * (gram if start == "gram" else eye)
    for _ in range(steps):
        inverse = inverse @ (2 * eye - gram @ inverse)
    w = inverse @ (transposed @ y[:, :, None])
    return np.asarray(np.einsum("bd,bd->b", a_test, w[:, :, 0]))


Construction(
    summary="least squares and prediction from tokens, by Newton's iteration",
    source="Giannou et al. 2024, Theorem 4.2",
    build=lambda: least_squares(5, 20, 8),
    draw=draw_regression,
    reference=partial(least_squares_reference, steps=8),
    layers=11,
    heads=2,
    width=23,
    error=3.2e-15,
    theorem={"layers": "T + 3 = 11", "heads": "2", "width": "4d + 3 = 23"},
).register("least-squares")
