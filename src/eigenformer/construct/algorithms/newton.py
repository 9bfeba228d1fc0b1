"""Newton's iteration for the inverse, its relatives of higher order, and the pseudo-inverse.

    X <- X (2I - A X),   I - A X_{t+1} = (I - A X_t)^2          (Newton, Schulz)
    X <- X sum_{m<n} (I - A X)^m,   I - A X_{t+1} = (I - A X_t)^n   (order n; Li and Li 2010)

from X0 = A^T / ||A||_2^2 (or alpha A^T with alpha < 2 / lambda_max(A^T A)), or from a given X0. All
are compiled from these lines. Giannou et al. 2024, section 4 and Lemma 4.1; derivations.md,
sections 1b and 1d.
"""

from dataclasses import dataclass, replace
from functools import partial
from math import comb
from typing import Unpack

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ...core import InputError, at_least
from .. import theory
from ..catalogue import Construction
from ..compiler import CompiledNetwork, check_symmetric, compiled_program
from ..expression import Expression, I, Shape, stored
from ..network import NetworkOptions
from ..program import Program, program, trace
from ..spec import Port


@program
def newton_step(A: Expression, X: Expression) -> Expression:
    """X (2I - A X)."""
    return X @ (2 * I - A @ X)


def order_step(order: int) -> Program:
    """X sum_{m<n} (I - A X)^m by Horner's rule: P <- P + X - P A X from P = X, n - 1 times."""

    def step(A: Expression, X: Expression) -> Expression:
        p = X
        for _ in range(order - 1):
            p = stored(p + X - p @ A @ X)
        return p

    return program(step)


def newton_inverse(
    dim: int,
    steps: int,
    *,
    symmetric: bool = False,
    alpha: float | None = None,
    guard: bool = True,
    **options: Unpack[NetworkOptions],
) -> CompiledNetwork:
    """A^-1 by Newton's iteration: `net(A)` or `net(A, X0)` -> X, all [dim, dim] or batches.

    Blocks [A; X; A^T; I]. The first layer makes A^T, each further one adds X - X A X, and the last
    one clears A^T: steps + 1 layers, at most 2 heads, width 4 dim. One step is Lemma 4.1's network,
    2 layers. With `symmetric`, [A; X; I]: 1 layer a step, 1 head, width 3 dim.

    X0 = A^T / ||A||_2^2, or alpha A^T, is computed by the input map. alpha at or beyond
    2 / lambda_max(A^T A), from where the iteration diverges, is refused unless `guard` is False,
    and so is a matrix that is singular to working precision. See `outlook` for what to expect of
    an ill-conditioned one. Equivalent to `numpy.linalg.inv`, to ||I - A X|| of about
    `expected_residual(condition)` after about 2 log2 condition + 6 steps.

    Source: Giannou et al. 2024, Lemma 4.1; derivations.md, section 1d (i) and (ii).
    """
    at_least(1, dim=dim)
    layers = "1 a step" if symmetric else f"2 for one step (Lemma 4.1), T + 1 = {steps + 1}"
    theorem = {"layers": layers, "heads": "2", "width": "3d" if symmetric else "4d"}
    iteration = _Iteration("newton_inverse", (dim, dim), steps, alpha, guard, theorem, symmetric)
    return iteration.network(newton_step, **options)


def newton_order(
    dim: int,
    order: int,
    steps: int,
    *,
    alpha: float | None = None,
    guard: bool = True,
    **options: Unpack[NetworkOptions],
) -> CompiledNetwork:
    """A^-1 by the iteration of order n: `net(A)` or `net(A, X0)`, as `newton_inverse`.

    Blocks [A; X; P; I]. The first layer replaces A by A^T; then each of the n - 1 layers of a step
    adds X - P A X to P, the last of them into X: (n - 1) steps + 1 layers, 2 heads, width 4 dim.
    The state at the end holds A^T and a used P: it is no input for another round.

    Order 4 is two steps of order 2, and costs one layer more: for comparison only.
    Source: Li and Li 2010; Giannou et al. 2024, section 4; derivations.md, section 1d (iii).
    """
    at_least(1, dim=dim)
    at_least(2, order=order)
    theorem = {"layers": "n - 1 a step + 1", "heads": "2", "width": "4d"}
    iteration = _Iteration(f"newton_order_{order}", (dim, dim), steps, alpha, guard, theorem)
    return iteration.network(order_step(order), keep=("X",), **options)


def pseudo_inverse(
    rows: int,
    columns: int,
    steps: int,
    *,
    alpha: float | None = None,
    guard: bool = True,
    **options: Unpack[NetworkOptions],
) -> CompiledNetwork:
    """The pseudo-inverse by Newton's iteration: `net(A [rows, columns])` -> [columns, rows].

    The same program as `newton_inverse` on a rectangular A: steps + 1 layers, at most 2 heads,
    width rows + 2 columns + max(rows, columns). The start A^T / ||A||_2^2 has A's row and
    column space, which the iteration keeps, so it converges for every rank; a start of one's own
    should have them too. For a rank below min(rows, columns) do not over-iterate: rounding outside
    of these spaces doubles with each step. Equivalent to `numpy.linalg.pinv`.

    Source: Giannou et al. 2024, section 4; Ben-Israel and Cohen 1966 (convergence).
    """
    at_least(1, rows=rows, columns=columns)
    theorem = {"layers": f"T + 1 = {steps + 1}", "heads": "2"}
    shape = (rows, columns)
    iteration = _Iteration("pseudo_inverse", shape, steps, alpha, guard, theorem, invertible=False)
    return iteration.network(newton_step, **options)


def expected_residual(
    condition: Float64[np.ndarray, "*B"] | float, dtype: torch.dtype = torch.float64
) -> Float64[np.ndarray, "*B"]:
    """||I - A X||_2 where rounding stops the iteration: derivations.md, section 10."""
    return theory.floor(np.asarray(condition, dtype=np.float64), dtype)


def outlook(a: Float64[np.ndarray, "n n"], dtype: torch.dtype = torch.float64) -> str:
    """What to expect of the iteration for one matrix, in a sentence."""
    condition = float(np.linalg.cond(a))
    if not condition < 1 / torch.finfo(dtype).eps:
        return f"A is singular to working precision (condition number {condition:.1e})"
    residual = expected_residual(condition, dtype)
    steps = theory.steps_from_transpose(np.asarray(condition), residual)
    return (
        f"the condition number of A is {condition:.3g}: about {float(steps):.0f} steps from "
        f"A^T/||A||_2^2, to ||I - A X||_2 of about {float(residual):.0e}"
    )


@dataclass(frozen=True, slots=True)
class _Iteration:
    """A network that repeats a step, its start computed by the input map where none is given."""

    name: str
    shape: Shape
    steps: int
    alpha: float | None
    guard: bool
    theorem: dict[str, str]
    symmetric: bool = False
    invertible: bool = True

    def __post_init__(self) -> None:
        at_least(1, steps=self.steps)
        if self.alpha is not None and not 0 < self.alpha < np.inf:
            raise InputError(f"alpha is {self.alpha}; it must be positive")

    def network(
        self,
        step: Program,
        keep: tuple[str, ...] | None = None,
        **options: Unpack[NetworkOptions],
    ) -> CompiledNetwork:
        shapes = {"A": self.shape, "X": (self.shape[1], self.shape[0])}
        symmetric = ("A",) if self.symmetric else ()
        compiled = compiled_program(
            trace(step, shapes, self.steps, {"X": "result"}, symmetric), keep
        )
        start = "A^T / ||A||_2^2" if self.alpha is None else f"{self.alpha:g} A^T"
        regular = "symmetric_inverse" if self.symmetric else "inverse"
        spec = replace(
            compiled.spec,
            name=self.name,
            prepare=self.prepare,
            given=(
                Port(name="A", shape=shapes["A"], block="A"),
                Port(name="X0", shape=shapes["X"], block="X", optional=True),
            ),
            notes=(f"where no X0 is given the input map computes it, {start}: no layer does",),
            theorem=self.theorem,
            problem=(regular if self.invertible else "pseudo_inverse", {}),
            steps=self.steps,
        )
        return CompiledNetwork(replace(compiled, spec=spec, draw=self.draw), **options)

    def prepare(self, a: Tensor, x: Tensor | None = None) -> tuple[Tensor, ...]:
        """The input map."""
        if self.symmetric:
            check_symmetric("A", a)
        if x is not None:
            return a, x
        values = torch.linalg.svdvals(a)
        if self.guard:
            self.refuse(a, values)
        largest, alpha = values[..., 0], self.alpha
        if alpha is None:  # the square may be larger, or smaller, than its type holds
            return a, a.mT / largest[..., None, None] / largest[..., None, None]
        return a, a.mT * alpha

    def draw(self, rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
        a = conditioned(rng, n, self.shape, self.symmetric)
        return {"A": a, "X": transposed_start(a)}

    def refuse(self, a: Float[Tensor, "*B m n"], values: Float[Tensor, "*B k"]) -> None:
        """Matrices from which the iteration diverges, or that have no inverse."""
        largest, least = values[..., 0].reshape(-1), values[..., -1].reshape(-1)
        tiny = torch.finfo(a.dtype).eps * max(a.shape[-2:])
        singular = least <= tiny * largest if self.invertible else largest == 0
        if singular.any():
            i = int(singular.nonzero()[0])
            where = f"matrix {i}" if a.ndim > 2 else "A"
            if largest[i] == 0:
                raise InputError(f"{where} is zero; give another")
            raise InputError(
                f"{where} is singular to working precision (condition number "
                f"{float(largest[i] / least[i]):.1e}) and has no inverse; pseudo_inverse takes it"
            )
        if self.alpha is None:
            return
        limit = 2 / largest.square()
        if (self.alpha >= limit).any():
            i = int((self.alpha / limit).argmax())
            where = f" of matrix {i}" if a.ndim > 2 else ""
            raise InputError(
                f"alpha is {self.alpha:g}, at or beyond 2 / lambda_max(A^T A) = "
                f"{float(limit[i]):.6g}{where}"
                ", from where Newton's iteration diverges; take a smaller alpha, or none for "
                "1 / ||A||_2^2"
            )


def iterate(
    a: Float64[np.ndarray, "B m n"], x: Float64[np.ndarray, "B n m"], steps: int, order: int = 2
) -> Float64[np.ndarray, "B n m"]:
    """X <- X sum_{m<n} (-1)^m C(n, m+1) (A X)^m in NumPy: derivations.md, section 1b, (1.1)."""
    for _ in range(steps):
        product, power, total = a @ x, np.eye(a.shape[1]), np.zeros((a.shape[1],) * 2)
        for m in range(order):
            total = total + (-1) ** m * comb(order, m + 1) * power
            power = power @ product
        x = x @ total
    return x


def transposed_start(a: Float64[np.ndarray, "B m n"]) -> Float64[np.ndarray, "B n m"]:
    norm: np.ndarray = np.linalg.norm(a, 2, axis=(1, 2))
    return np.asarray(a.swapaxes(1, 2) / norm[:, None, None] / norm[:, None, None])


def conditioned(
    rng: np.random.Generator,
    batch: int,
    shape: tuple[int, int],
    symmetric: bool = False,
    condition: float | None = None,
) -> Float64[np.ndarray, "B m n"]:
    """Matrices with singular values (or eigenvalues) between 1 and 3, or up to a `condition`."""
    rows, columns = shape
    rank = min(shape)
    left = np.linalg.qr(rng.standard_normal((batch, rows, rank)))[0]
    right = left
    values = rng.uniform(1.0, 3.0, (batch, 1, rank))
    if condition is not None:
        values = (condition ** rng.random((batch, 1, 1))) ** rng.random((batch, 1, rank))
    if symmetric:
        values = values * rng.choice([-1.0, 1.0], values.shape)
    else:
        right = np.linalg.qr(rng.standard_normal((batch, columns, rank)))[0]
    a: np.ndarray = (left * values) @ right.swapaxes(1, 2)
    return (a + a.swapaxes(1, 2)) / 2 if symmetric else a


DIM, STEPS = 5, 12
REACH = 34
"""Steps for condition numbers up to 1e4: `theory.steps_from_transpose`, and `theory.SLACK`."""


def _pair(rng: np.random.Generator, batch: int) -> tuple[np.ndarray, ...]:
    return rng.standard_normal((batch, DIM, DIM)), rng.standard_normal((batch, DIM, DIM))


def _near(rng: np.random.Generator, batch: int) -> tuple[np.ndarray, ...]:
    a, noise = _pair(rng, batch)
    start = transposed_start(a)
    return a, start + 0.1 * np.linalg.norm(start, 2, axis=(1, 2))[:, None, None] * noise


def _symmetric_pair(rng: np.random.Generator, batch: int) -> tuple[np.ndarray, ...]:
    a, x = _pair(rng, batch)
    return a + a.swapaxes(1, 2), x


def _from_transpose(a: np.ndarray) -> np.ndarray:
    return iterate(a, transposed_start(a), STEPS)


_SOURCE = "Giannou et al. 2024, Lemma 4.1 and section 4"
_entry = partial(Construction, source=_SOURCE, heads=2, relative=True)
_entry(
    summary="one Newton step for the inverse, any A and X0: the network of Lemma 4.1",
    build=lambda: newton_inverse(DIM, 1),
    draw=_pair,
    reference=partial(iterate, steps=1),
    layers=2,
    width=4 * DIM,
    error=1.4e-14,
    relative=False,
    theorem={"layers": "2", "heads": "2", "width": "4d"},
).register("newton-lemma")
_entry(
    summary=f"{STEPS} Newton steps for the inverse from A^T/||A||^2, A^T kept",
    build=lambda: newton_inverse(DIM, STEPS),
    draw=lambda rng, batch: (conditioned(rng, batch, (DIM, DIM)),),
    reference=_from_transpose,
    build_for=lambda a, *_: newton_inverse(a.shape[1], theory.steps_to_floor(a)),
    layers=STEPS + 1,
    width=4 * DIM,
    error=4e-16,
    theorem={"layers": "2 a step (T + 1 with A^T kept)", "heads": "2", "width": "4d"},
).register("newton")
_entry(
    summary=f"inverse by {REACH} Newton steps, condition numbers up to 1e4",
    build=lambda: newton_inverse(DIM, REACH),
    draw=lambda rng, batch: (conditioned(rng, batch, (DIM, DIM), condition=1e4),),
    reference=lambda a: np.linalg.inv(a),
    build_for=lambda a, *_: newton_inverse(a.shape[1], theory.steps_to_floor(a)),
    suits=lambda matrix: bool(np.linalg.cond(matrix) < 1e12),
    predicted=lambda a: DIM * np.finfo(float).eps * np.linalg.cond(a),
    problem="inverse",
    layers=REACH + 1,
    width=4 * DIM,
    error=1e-12,
    theorem={"layers": "2 a step (T + 1 with A^T kept)", "heads": "2", "width": "4d"},
).register("inverse")
_entry(
    summary="one Newton step for the inverse of a symmetric A, any X0",
    build=lambda: newton_inverse(DIM, 1, symmetric=True),
    draw=_symmetric_pair,
    reference=partial(iterate, steps=1),
    build_for=lambda a, *_: newton_inverse(a.shape[1], theory.steps_to_floor(a), symmetric=True),
    problem="symmetric_inverse",
    layers=1,
    width=3 * DIM,
    error=7.5e-16,
    theorem={"layers": "1", "heads": "2", "width": "3d"},
).register("newton-symmetric")
_entry(
    summary=f"pseudo-inverse of a 4x6 matrix, {STEPS} Newton steps",
    build=lambda: pseudo_inverse(4, 6, STEPS),
    draw=lambda rng, batch: (conditioned(rng, batch, (4, 6)),),
    reference=_from_transpose,
    build_for=lambda a, *_: pseudo_inverse(a.shape[1], a.shape[2], theory.steps_to_floor(a)),
    problem="pseudo_inverse",
    layers=STEPS + 1,
    width=4 + 3 * 6,
    error=4e-16,
    theorem={"layers": "T + 1", "heads": "2"},
).register("pseudo-inverse")


def _register_order(order: int, error: float) -> None:
    _entry(
        summary=f"one step of the iteration of order {order} for the inverse",
        source="Li and Li 2010; Giannou et al. 2024, section 4",
        build=lambda: newton_order(DIM, order, 1),
        draw=_near,
        reference=partial(iterate, steps=1, order=order),
        build_for=lambda a, *_: newton_order(
            a.shape[1], order, theory.steps_to_floor(a, order=order)
        ),
        layers=order,
        width=4 * DIM,
        error=error,
        theorem={"layers": "n - 1 a step (+ 1 for A^T)", "heads": "2", "width": "4d"},
    ).register(f"newton-order-{order}")


for _order, _error in {2: 4.4e-16, 3: 5.2e-16, 4: 6.9e-16, 5: 1.6e-15}.items():
    _register_order(_order, _error)
