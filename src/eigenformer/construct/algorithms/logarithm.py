"""Logarithm by square roots, and powers: by products, or as exp(p log A).

    Y_0 = A / 4^m,   Y_k = Y_(k-1)^(1/2), Z_k = Y_k^-1   (`newton_schulz`, k = 1 .. s)
    D = (Y_s - Z_s) / 2 = sinh(L),   L = asinh(D) by its series,   log A = 2^s L + m log(4) I

    X = log A,   X <- X + exp(-X / 2) A exp(-X / 2) - I

The coupled iteration gives the inverse root beside the root, and the odd function of both needs
half the terms that log(Y_s) does. The condition number falls to its root with each root, so the
first takes most of the steps. Taking 2^s L multiplies rounding errors by 2^s, which a
well-conditioned A does not deserve: a Newton step on exp(X) = A, with the exponential of
`exponential`, leaves its own rounding errors alone. With a factor on each side these grow with the
root of the condition number, where A exp(-X) lets them grow with itself.

Higham 2008, *Functions of Matrices*, chapter 11 (inverse scaling and squaring); derivations.md,
section 13.
"""

import math
from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ... import problems
from ...core import InputError, at_least
from ..compiler import CompiledNetwork
from ..expression import Expression, I, stored
from ..network import NetworkOptions
from .exponential import exponential_minus_one, squarings
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
from .newton_schulz import ends_at_one, root_steps, spread, step_factors

_SMALL = 1 / 4
"""Roots are taken until the logarithm is at most that; then 8 terms of asinh leave 1e-13."""
_TERMS = 8
SOURCE = "inverse scaling and squaring (Higham 2008, chapter 11)"


def matrix_logarithm(
    dim: int,
    condition: float = CONDITION,
    *,
    symmetric: bool = True,
    **options: Unpack[NetworkOptions],
) -> CompiledNetwork:
    """log(A) of a positive definite A: `net(A)` -> [dim, dim].

    A layer a step of the roots, and a few for the series. The input map divides A by the power of
    four that is at least its 2-norm, and gives that power's logarithm. Without `symmetric` as
    `matrix_sqrt`. Equivalent to `scipy.linalg.logm`.
    """
    at_least(1, dim=dim)
    at_least(1, 1e15, condition=condition)
    roots = _roots(condition)

    def run(Y: Expression, S: Expression) -> Expression:
        return _logarithm(Y, roots, symmetric) + S

    def prepare(a: Float[Tensor, "*B n n"]) -> tuple[Tensor, Tensor]:
        y, four = _scaled(a, roots[0], condition, symmetric)
        return y, four.log() * torch.eye(dim, dtype=a.dtype)

    return function_network(
        run,
        {"Y": (dim, dim), "S": (dim, dim)},
        (dim, dim),
        prepare,
        problems.get("matrix_logarithm"),
        name="matrix_logarithm",
        note="the input map gives A / 4^m and m log(4) I, 4^m at least A's 2-norm",
        symmetric=symmetric,
        theorem={"roots": str(len(roots))},
        **options,
    )


def matrix_power(
    dim: int,
    exponent: float,
    condition: float = CONDITION,
    *,
    symmetric: bool = True,
    **options: Unpack[NetworkOptions],
) -> CompiledNetwork:
    """A^exponent: `net(A)` -> [dim, dim].

    A whole exponent from 1 is a product, of any A: a layer triples the power. Any other is 4^(m p)
    exp(p log(A / 4^m)), of a positive definite A, or as `matrix_logarithm` without `symmetric`.
    Equivalent to `numpy.linalg.matrix_power` and `scipy.linalg.fractional_matrix_power`.
    """
    at_least(1, dim=dim)
    at_least(1, 1e15, condition=condition)
    problem = problems.get("matrix_power", exponent=float(exponent))
    name, p = f"matrix_power_{exponent:g}", float(exponent)
    if p == 0:
        raise InputError("exponent is 0, and the answer is I for every matrix; give another")
    if p >= 1 and p.is_integer():

        def product(A: Expression) -> Expression:
            found = A
            for bit in f"{int(p):b}"[1:]:
                found = stored(found @ found)
                found = stored(found @ A) if bit == "1" else found
            return found

        return function_network(
            product,
            {"A": (dim, dim)},
            (dim, dim),
            lambda a: (a,),
            problem,
            name=name,
            note="products alone; no input map",
            **options,
        )
    roots, times = _roots(condition), squarings(abs(p) * _bound(condition))

    def run(Y: Expression, S: Expression) -> Expression:
        f = exponential_minus_one(p * _logarithm(Y, roots, symmetric), times)
        return S + f @ S

    def prepare(a: Float[Tensor, "*B n n"]) -> tuple[Tensor, Tensor]:
        y, four = _scaled(a, roots[0], condition, symmetric)
        return y, four**p * torch.eye(dim, dtype=a.dtype)

    return function_network(
        run,
        {"Y": (dim, dim), "S": (dim, dim)},
        (dim, dim),
        prepare,
        problem,
        name=name,
        note="the input map gives A / 4^m and 4^(m p) I, 4^m at least A's 2-norm",
        symmetric=symmetric,
        theorem={"roots": str(len(roots)), "squarings": str(times)},
        **options,
    )


def power_for(a: Float64[np.ndarray, "B n n"], exponent: float) -> CompiledNetwork:
    """`matrix_power` that fits a batch."""
    return matrix_power(a.shape[1], exponent, spread(a), symmetric=is_symmetric(a))


def _bound(condition: float) -> float:
    """The largest |log| of an eigenvalue of A / 4^m, which may be a quarter of the norm below 1."""
    return math.log(4 * condition)


def _roots(condition: float) -> list[tuple[float, ...]]:
    """The factors of the steps of each root."""
    count = max(1, math.ceil(math.log2(_bound(condition) / _SMALL)))
    return [step_factors((0.25 / condition) ** 0.5 ** (k + 1)) for k in range(count)]


def _scaled(
    a: Float[Tensor, "*B n n"], factors: tuple[float, ...], condition: float, symmetric: bool
) -> tuple[Tensor, Tensor]:
    """A / 4^m and 4^m [*B, 1, 1]; matrices for which the first root fails are refused."""
    two = power_of_two(norm2(a).sqrt())[..., None, None]
    y = a / two / two
    root = eigenvalues(y, symmetric).sqrt()
    refuse(~ends_at_one(factors, root).all(-1), a, not_compiled_for(condition, root))
    return y, two**2


def _logarithm(y: Expression, roots: Sequence[tuple[float, ...]], symmetric: bool) -> Expression:
    """log(Y) for a Y of norm at most 1."""
    y0, z = y, I
    for factors in roots:
        y, z = root_steps(y, I, factors, symmetric)
    d = stored((y - z) / 2)
    square = stored(d @ d)
    fourth = stored(square @ square)
    c = [1.0]
    for k in range(1, 2 * _TERMS):
        c.append(-c[-1] * (2 * k - 1) ** 2 / (2 * k * (2 * k + 1)))
    # sum of c_k D^(2 k), Horner's rule in D^4.
    total = c[_TERMS] * I + c[_TERMS + 1] * square
    for k in range(_TERMS - 2, -2, -2):
        total = stored(total @ fourth + c[k] * I + c[k + 1] * square)
    x = stored(2 ** len(roots) * (d @ total))
    half = stored(I + exponential_minus_one(-x / 2, squarings(2 ** len(roots) * _SMALL / 2)))
    middle = y0.T if symmetric else y0
    return stored(x - I + half @ middle @ half)


register_function(
    "matrix-logarithm",
    problems.MatrixLogarithm(),
    domain=definite,
    summary=f"logarithm of a positive definite {DIM}x{DIM} matrix",
    source=SOURCE,
    build=lambda: matrix_logarithm(DIM),
    build_for=lambda a: matrix_logarithm(a.shape[1], spread(a), symmetric=is_symmetric(a)),
    draw=positive,
    layers=57,
    heads=4,
    width=8 * DIM,
    error=2.6e-13,
)


def _register_power(name: str, p: float, **counts: Any) -> None:
    whole = p.is_integer()
    register_function(
        name,
        problems.MatrixPower(exponent=p),
        domain=(lambda values: True) if whole else definite,
        source="products" if whole else f"exp(p log A): {SOURCE}",
        build=lambda: matrix_power(DIM, p),
        build_for=lambda a: power_for(a, p),
        draw=indefinite if whole else positive,
        **counts,
    )


_register_power(
    "matrix-power-3",
    3.0,
    summary=f"the third power of a {DIM}x{DIM} matrix",
    layers=2,
    heads=2,
    width=3 * DIM,
    error=3e-14,
)
_register_power(
    "matrix-power-third",
    1 / 3,
    summary=f"the cube root of a positive definite {DIM}x{DIM} matrix",
    layers=68,
    heads=4,
    width=8 * DIM,
    error=7e-14,
)
