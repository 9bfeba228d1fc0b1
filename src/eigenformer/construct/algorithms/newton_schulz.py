"""Newton and Schulz's iteration for the sign function, the polar factor and the square root.

    X <- a X - b X X^T X     singular values s <- a s - b s^3 tend to 1: the polar factor, which is
                             the sign of a symmetric matrix (X X X in place of it: of any other)
    Y <- a Y - b Y Z Y       from Y0 = A / c, Z0 = I / c: Y tends to A^(1/2) and Z to A^(-1/2), as
    Z <- a Z - b Z Y Z       s = sqrt(lambda) / c does; the coupling of Y and Z keeps it stable

With a = 3 t / 2 and b = t^3 / 2; t = 1 is Newton and Schulz's step, which makes a small s 1.5 times
as large. The t that makes the interval [l, 1] shortest, sqrt(3 / (1 + l + l^2)), makes it 2.6 times
as large (Chen and Chow 2014, whose bound of 1.698 on t keeps s = 1 from becoming a small one). What
is known of l when a network is compiled fixes every t, and the number of steps.

Higham 2008, *Functions of Matrices*, sections 5.3, 6.3 and 8.3; derivations.md, section 13.
"""

import math
from typing import Any, Unpack

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ... import problems
from ...core import at_least
from ..catalogue import Construction
from ..compiler import CompiledNetwork
from ..expression import Expression, stored
from ..network import NetworkOptions
from .matrix_functions import (
    CONDITION,
    DIM,
    definite,
    eigenvalues,
    function_network,
    indefinite,
    is_symmetric,
    norm2,
    not_compiled_for,
    positive,
    power_of_two,
    refuse,
    register_function,
)
from .newton import conditioned

_LARGEST_FACTOR = 1.69770248526
"""Chen and Chow's bound, at which s = 1 becomes 0.1."""
_NEARLY = 1e-8
"""This far from 1, one more step of Newton and Schulz's ends at rounding level."""
SOURCE = "Newton-Schulz (Higham 2008, chapters 5, 6 and 8), scaled as by Chen and Chow 2014"


def step_factors(least: float) -> tuple[float, ...]:
    """The factors t of the steps that take [least, 1] to 1, to about 1e-16."""
    found = []
    while 1 - least > _NEARLY:
        t = min(math.sqrt(3 / (1 + least + least**2)), _LARGEST_FACTOR)
        least = min(cubic(t, least), cubic(t, 1.0))
        found.append(t)
    return (*found, 1.0)


def cubic(t: float, s: Any) -> Any:
    """What a step makes of a singular value, or of an eigenvalue of a sign."""
    return 1.5 * t * s - 0.5 * (t * s) ** 3


def ends_at_one(factors: tuple[float, ...], s: Tensor) -> Tensor:
    """Whether the steps take complex numbers to 1, as they take those of a network."""
    for t in factors:
        s = cubic(t, s)
    return (s - 1).abs() < _NEARLY


def polar_steps(x: Expression, factors: tuple[float, ...]) -> Expression:
    for t in factors:
        x = stored(1.5 * t * x - 0.5 * t**3 * (x @ x.T @ x))
    return x


def root_steps(
    y: Expression, z: Expression, factors: tuple[float, ...], symmetric: bool
) -> tuple[Expression, Expression]:
    """Y and Z after the steps; of symmetric ones a transpose costs nothing, and saves a layer."""
    for t in factors:
        a, b = 1.5 * t, 0.5 * t**3
        middle = (z.T, y.T) if symmetric else (z, y)
        y, z = stored(a * y - b * (y @ middle[0] @ y)), stored(a * z - b * (z @ middle[1] @ z))
    return y, z


def polar_factor(
    rows: int, columns: int, condition: float = CONDITION, **options: Unpack[NetworkOptions]
) -> CompiledNetwork:
    """U of A = U H: `net(A [rows, columns])` -> [rows, columns], of orthonormal columns (or rows).

    A layer a step: 15 for condition numbers up to 1e4, 29 up to 1e10; 1 head. The input map divides
    A by the power of two that is next to its 2-norm. A matrix of a larger condition number is
    refused, as is one whose rank is not full. Equivalent to `scipy.linalg.polar`.
    """
    at_least(1, rows=rows, columns=columns)
    factors = _factors(condition)

    def prepare(a: Float[Tensor, "*B m n"]) -> tuple[Tensor]:
        x = a / power_of_two(norm2(a))[..., None, None]
        least = torch.linalg.svdvals(x)[..., -1:].to(torch.complex128)
        refuse(~ends_at_one(factors, least).all(-1), a, not_compiled_for(condition))
        return (x,)

    return function_network(
        lambda X: polar_steps(X, factors),
        {"X": (rows, columns)},
        (rows, columns),
        prepare,
        problems.get("polar_factor"),
        name="polar_factor",
        note="the input map divides A by a power of two, at least its 2-norm",
        theorem={"layers": f"log_2.6 k + 5 = {len(factors)}", "heads": "1"},
        **options,
    )


def matrix_sign(
    dim: int,
    condition: float = CONDITION,
    *,
    symmetric: bool = True,
    **options: Unpack[NetworkOptions],
) -> CompiledNetwork:
    """sign(A), which has A's eigenvectors and eigenvalues 1 and -1: `net(A)` -> [dim, dim].

    A layer a step, and one that takes the symmetric part at the end: rounding that is not symmetric
    would count condition times. Without `symmetric`, A may be any matrix whose eigenvalues the
    steps take to 1 and -1 (real ones do, complex ones near the imaginary axis need not and are
    refused), and a step takes two layers. Equivalent to `scipy.linalg.signm`.
    """
    at_least(1, dim=dim)
    factors = _factors(condition)

    def run(X: Expression) -> Expression:
        if symmetric:
            x = polar_steps(X, factors)
            return 0.5 * x + 0.5 * x.T
        for t in factors:
            X = stored(1.5 * t * X - 0.5 * t**3 * (X @ (X @ X)))
        return X

    def prepare(a: Float[Tensor, "*B n n"]) -> tuple[Tensor]:
        x = a / power_of_two(norm2(a))[..., None, None]
        values = eigenvalues(x, symmetric)
        values = torch.where(values.real < 0, -values, values)
        refuse(~ends_at_one(factors, values).all(-1), a, not_compiled_for(condition, values))
        return (x,)

    return function_network(
        run,
        {"X": (dim, dim)},
        (dim, dim),
        prepare,
        problems.get("matrix_sign"),
        name="matrix_sign",
        note="the input map divides A by a power of two, at least its 2-norm",
        symmetric=symmetric,
        theorem={"layers": f"log_2.6 k + 5 (+ 1) = {len(factors) + symmetric}", "heads": "1"},
        **options,
    )


def matrix_sqrt(
    dim: int,
    condition: float = CONDITION,
    *,
    inverse: bool = False,
    symmetric: bool = True,
    **options: Unpack[NetworkOptions],
) -> CompiledNetwork:
    """A^(1/2), or with `inverse` A^(-1/2), by the coupled iteration: `net(A)` -> [dim, dim].

    A layer a step, of 2 heads: 10 for condition numbers up to 1e4, as only their roots count. The
    input map gives Y0 = A / c and Z0 = I / c, c^2 the power of four that is at least the 2-norm.
    Without `symmetric` (then positive definite), A may be any matrix without eigenvalues on the
    negative axis that the steps converge for. Equivalent to `scipy.linalg.sqrtm`.
    """
    at_least(1, dim=dim)
    factors = _factors(math.sqrt(condition))
    problem = problems.get("matrix_inverse_sqrt" if inverse else "matrix_sqrt")

    def run(Y: Expression, Z: Expression) -> Expression:
        return root_steps(Y, Z, factors, symmetric)[inverse]

    def prepare(a: Float[Tensor, "*B n n"]) -> tuple[Tensor, Tensor]:
        c = power_of_two(norm2(a).sqrt())[..., None, None]
        s = eigenvalues(a, symmetric).sqrt() / c[..., 0]
        refuse(~ends_at_one(factors, s).all(-1), a, not_compiled_for(condition, s))
        return a / c, torch.eye(dim, dtype=a.dtype) / c

    return function_network(
        run,
        {"Y": (dim, dim), "Z": (dim, dim)},
        (dim, dim),
        prepare,
        problem,
        name=problem.name,
        note="the input map gives A / c and I / c, c a power of two, c^2 at least A's 2-norm",
        symmetric=symmetric,
        theorem={"layers": f"log_2.6 sqrt(k) + 5 = {len(factors)}", "heads": "2"},
        **options,
    )


def _factors(condition: float) -> tuple[float, ...]:
    at_least(1, 1e15, condition=condition)
    # Half of it: the power of two may be twice the norm.
    return step_factors(0.5 / condition)


def spread(a: np.ndarray) -> float:
    """A condition number to compile for, of a batch: a tenth more than the largest."""
    return float(min(1.1 * np.linalg.cond(a).max(), 1e15))


register_function(
    "matrix-sign",
    problems.MatrixSign(),
    domain=lambda values: bool(np.abs(values).min() > 1e-12 * np.abs(values).max()),
    summary=f"sign of a symmetric {DIM}x{DIM} matrix, condition up to {CONDITION:g}",
    source=SOURCE,
    build=lambda: matrix_sign(DIM),
    build_for=lambda a: matrix_sign(a.shape[1], spread(a), symmetric=is_symmetric(a)),
    draw=indefinite,
    layers=16,
    heads=2,
    width=4 * DIM,
    error=7e-13,
)
for _inverse in (False, True):
    register_function(
        "matrix-inverse-sqrt" if _inverse else "matrix-sqrt",
        problems.MatrixInverseSqrt() if _inverse else problems.MatrixSqrt(),
        domain=definite,
        summary=f"{'inverse ' * _inverse}square root of a positive definite {DIM}x{DIM} matrix",
        source=SOURCE,
        build=lambda inverse=_inverse: matrix_sqrt(DIM, inverse=inverse),
        build_for=lambda a, inverse=_inverse: matrix_sqrt(
            a.shape[1], spread(a), inverse=inverse, symmetric=is_symmetric(a)
        ),
        draw=positive,
        layers=10,
        heads=3,
        width=5 * DIM,
        error=9.7e-13 if _inverse else 1.7e-14,
    )
Construction(
    summary="polar factor of a 6x4 matrix, singular values between 1 and 3",
    source=SOURCE,
    build=lambda: polar_factor(6, 4),
    build_for=lambda a: polar_factor(a.shape[1], a.shape[2], spread(a)),
    draw=lambda rng, batch: (conditioned(rng, batch, (6, 4)),),
    reference=lambda a: problems.get("polar_factor").solve(a),
    suits=lambda matrix: bool(np.linalg.cond(matrix) < 1e12),
    predicted=lambda a: 12 * np.finfo(float).eps * (1 + np.linalg.cond(a)),
    problem="polar_factor",
    layers=15,
    heads=1,
    width=16,
    error=6.1e-15,
    relative=True,
).register("polar-factor")
