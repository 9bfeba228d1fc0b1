"""Exponential, sine and cosine by scaling and squaring, without a division.

    B = A / 2^s,   F = exp(B) - I by its Taylor series,   s times: F <- 2 F + F F,   exp(A) = I + F

and for exp(i A) = I + C + i S the same in real and imaginary parts:

    C <- 2 C + C C - S S,   S <- 2 S + 2 S C,   cos(A) = I + C,   sin(A) = S

As F, C and S hold no identity, nothing is lost in it where A is small, and one s will do for every
A up to the norm that a network is compiled for. Of the angle's doubling this is the form whose
errors double with each step, as the condition of the problem does; C <- 4 C + 2 C C, which needs no
sine, lets them grow by four.

Higham 2008, *Functions of Matrices*, chapters 10 and 12; derivations.md, section 13.
"""

import math
from functools import partial
from typing import Unpack

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ... import problems
from ...core import at_least
from ..compiler import CompiledNetwork
from ..expression import Expression, I, stored
from ..network import NetworkOptions
from .matrix_functions import (
    DIM,
    function_network,
    norm2,
    refuse,
    register_function,
    symmetric_with,
)

_SERIES = 5
"""The series is taken at a norm of at most 2^-5, where 8 terms leave 2.5e-18, relatively."""
NORM = 8.0
"""What networks are compiled for where nothing is said."""
SOURCE = "scaling and squaring (Higham 2008, chapters 10 and 12)"


def squarings(norm: float) -> int:
    """s for matrices whose 2-norm is at most `norm`."""
    return max(0, math.ceil(math.log2(norm))) + _SERIES


def exponential_minus_one(a: Expression, times: int) -> Expression:
    """exp(A) - I by `times` squarings; three layers for the series, then one each."""
    b = stored(a / 2**times)
    square = stored(b @ b)
    cube, fourth = stored(square @ b), stored(square @ square)
    f = b + square / 2 + cube / 6 + fourth / 24
    rest = (b + square / 6 + cube / 42 + fourth / 336) / 120
    f = stored(f + fourth @ rest)
    for _ in range(times):
        f = stored(2 * f + f @ f)
    return f


def cosine_and_sine(a: Expression, times: int) -> tuple[Expression, Expression]:
    """cos(A) - I and sin(A) by `times` doublings of the angle."""
    b = stored(a / 2**times)
    square = stored(b @ b)
    fourth = stored(square @ square)
    c = stored(fourth / 24 - square / 2 + fourth @ (fourth / 40320 - square / 720))
    s = stored(b + b @ (fourth / 120 - square / 6 - square @ fourth / 5040))
    for _ in range(times):
        c, s = stored(2 * c + c @ c - s @ s), stored(2 * s + 2 * (s @ c))
    return c, s


def matrix_exponential(
    dim: int, norm: float = NORM, **options: Unpack[NetworkOptions]
) -> CompiledNetwork:
    """exp(A) for any A of a 2-norm up to `norm`: `net(A)` -> [dim, dim].

    3 layers for the series and one, of one head, for each of log2(norm) + 5 squarings; the scale is
    in the first layer's weights. Of a larger norm, or where the answer overflows, A is refused.
    Equivalent to `scipy.linalg.expm`.
    """
    return _network("matrix_exponential", dim, norm, **options)


def matrix_sine(dim: int, norm: float = NORM, **options: Unpack[NetworkOptions]) -> CompiledNetwork:
    """sin(A) for any A of a 2-norm up to `norm`, as `matrix_exponential` with twice the heads."""
    return _network("matrix_sine", dim, norm, **options)


def matrix_cosine(
    dim: int, norm: float = NORM, **options: Unpack[NetworkOptions]
) -> CompiledNetwork:
    """cos(A) for any A of a 2-norm up to `norm`, as `matrix_exponential` with twice the heads."""
    return _network("matrix_cosine", dim, norm, **options)


def _network(
    name: str, dim: int, norm: float, **options: Unpack[NetworkOptions]
) -> CompiledNetwork:
    at_least(1, dim=dim)
    at_least(2.0**-1000, 1e6, norm=norm)
    times = squarings(norm)

    def run(A: Expression) -> Expression:
        if name == "matrix_exponential":
            return I + exponential_minus_one(A, times)
        c, s = cosine_and_sine(A, times)
        return s if name == "matrix_sine" else I + c

    def prepare(a: Float[Tensor, "*B n n"]) -> tuple[Tensor]:
        size = norm2(a)
        refuse(
            size > norm * (1 + 1e-9),
            a,
            f"has a 2-norm of {float(size.max()):.4g}, and {name} was compiled for at most "
            f"{norm:g}: compile it with norm={float(size.max()) * 1.001:.4g}",
        )
        return (a,)

    return function_network(
        run,
        {"A": (dim, dim)},
        (dim, dim),
        prepare,
        problems.get(name),
        name=name,
        note=f"the first layer divides A by 2^{times}; no input map",
        theorem={"layers": f"3 (series) + log2(norm) + {_SERIES} = {times + 3}"},
        **options,
    )


def largest(a: np.ndarray) -> float:
    """A norm to compile for, of a batch."""
    return float(max(np.linalg.norm(a, 2, axis=(1, 2)).max() * 1.001, 2.0**-900))


def _draw(rng: np.random.Generator, batch: int) -> tuple[np.ndarray]:
    """Norms from 1e-4 (where an error would be relative) to `NORM`."""
    values = rng.uniform(-1, 1, (batch, DIM))
    values *= NORM * 1e-4 ** rng.random((batch, 1)) / np.abs(values).max(1, keepdims=True)
    return (symmetric_with(rng, values),)


def _below(most: float, values: np.ndarray) -> bool:
    return bool(np.abs(values).max() < most)


for _make, _problem, _most, _heads, _error in (
    (matrix_exponential, problems.MatrixExponential(), 700.0, 2, 5.1e-15),
    (matrix_sine, problems.MatrixSine(), 1e4, 4, 1.3e-14),
    (matrix_cosine, problems.MatrixCosine(), 1e4, 4, 4.3e-15),
):
    _name = _make.__name__
    register_function(
        _name.replace("_", "-"),
        _problem,
        domain=partial(_below, _most),
        summary=f"{_name.removeprefix('matrix_')} of a {DIM}x{DIM} matrix, norm up to {NORM:g}",
        source=SOURCE,
        build=lambda make=_make: make(DIM),
        build_for=lambda a, make=_make: make(a.shape[1], largest(a)),
        draw=_draw,
        layers=11,
        heads=_heads,
        width=5 * DIM,
        error=_error,
    )
