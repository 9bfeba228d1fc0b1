"""What the constructed functions of matrices share: their networks, and their entries.

A network computes f(A) for A [n, n] by products alone, compiled from a program in what its input
map makes of A: A over a power of two, as a rule.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Unpack

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ...core import InputError
from ...problems import MatrixFunction, MatrixPower, Problem
from ..catalogue import Construction
from ..compiler import CompiledNetwork, check_symmetric, compiled_program
from ..expression import Shape
from ..network import NetworkOptions
from ..program import program, trace
from ..spec import Port

DIM = 5
CONDITION = 1e4
"""The condition number that entries of the catalogue are made for, and drawn with."""
Prepare = Callable[[Float[Tensor, "*B m n"]], tuple[Float[Tensor, "*B _ _"], ...]]


def function_network(
    run: Callable[..., Any],
    shapes: Mapping[str, Shape],
    shape: Shape,
    prepare: Prepare,
    problem: Problem,
    *,
    name: str,
    note: str,
    symmetric: bool = False,
    answer: Shape | None = None,
    theorem: Mapping[str, str] | None = None,
    **options: Unpack[NetworkOptions],
) -> CompiledNetwork:
    """The network of a program in the symbols that `prepare` makes of A, which is of `shape`.

    `prepare` is only given what `problem` has an answer to.
    """
    compiled = compiled_program(trace(program(run), shapes))

    def prepared(a: Float[Tensor, "*B m n"]) -> tuple[Float[Tensor, "*B _ _"], ...]:
        if symmetric:
            check_symmetric("A", a)
        problem.check(a.double().reshape(-1, *shape).numpy())
        return prepare(a)

    fields = {"exponent": problem.exponent} if isinstance(problem, MatrixPower) else {}
    spec = replace(
        compiled.spec,
        name=name,
        prepare=prepared,
        given=(Port(name="A", shape=shape, block=next(iter(shapes))),),
        notes=(note,),
        theorem=dict(theorem or {}),
        problem=(problem.name, fields),
    )
    return CompiledNetwork(replace(compiled, spec=spec), **options)


def power_of_two(size: Float[Tensor, "*B"]) -> Float[Tensor, "*B"]:
    """The least power of two that is not below a positive size; 1 for 0."""
    mantissa, exponent = torch.frexp(size)
    power = torch.where(mantissa == 0.5, exponent - 1, exponent)
    found: Tensor = torch.where(size > 0, torch.ldexp(torch.ones_like(size), power), 1.0)
    return found


def norm2(a: Float[Tensor, "*B m n"]) -> Float[Tensor, "*B"]:
    found: Tensor = torch.linalg.matrix_norm(a, 2)
    return found


def eigenvalues(a: Float[Tensor, "*B n n"], symmetric: bool) -> Tensor:
    """Complex, so that functions of them exist."""
    found = torch.linalg.eigvalsh(a) if symmetric else torch.linalg.eigvals(a)
    complex_values: Tensor = found.to(torch.complex128)
    return complex_values


def is_symmetric(a: Float64[np.ndarray, "*B n n"]) -> bool:
    """Whether all of them are, to the last bit."""
    return bool((a == a.swapaxes(-1, -2)).all())


def definite(values: np.ndarray) -> bool:
    """Whether eigenvalues are positive beyond what rounding could have made of zero."""
    return bool(values.min() > 1e-12 * values.max())


def refuse(bad: Tensor, a: Float[Tensor, "*B m n"], why: str) -> None:
    """`InputError` that names the first matrix that is not taken."""
    if bool(bad.any()):
        i = int(bad.reshape(-1).nonzero()[0])
        raise InputError(f"{f'matrix {i}' if a.ndim > 2 else 'A'} {why}")


def not_compiled_for(condition: float, values: Tensor | None = None) -> str:
    """Why the steps do not converge for a matrix, whose eigenvalues tell more if they are given."""
    if values is not None and bool((values.imag.abs() > 1e-8 * values.abs()).any()):
        return (
            "has eigenvalues off the real axis, from which these steps do not converge: they are "
            "made for real ones, and take complex ones that are near"
        )
    return (
        f"is closer to where the function is singular than a condition number of {condition:.3g}, "
        "which the steps were compiled for: compile it with a larger condition="
    )


def symmetric_with(
    rng: np.random.Generator, values: Float64[np.ndarray, "B n"]
) -> Float64[np.ndarray, "B n n"]:
    """Symmetric matrices of given eigenvalues in uniform bases."""
    batch, n = values.shape
    basis = np.linalg.qr(rng.standard_normal((batch, n, n)))[0]
    a = (basis * values[:, None, :]) @ basis.swapaxes(1, 2)
    return np.asarray((a + a.swapaxes(1, 2)) / 2)


def positive(rng: np.random.Generator, batch: int) -> tuple[np.ndarray]:
    """Positive definite matrices of sizes 0.01 to 100, condition numbers 1 to `CONDITION`."""
    share = rng.random((batch, DIM))
    share = (share - share.min(1, keepdims=True)) / np.ptp(share, axis=1, keepdims=True)
    condition = CONDITION ** rng.random((batch, 1))
    size = 10 ** rng.uniform(-2, 2, (batch, 1))
    return (symmetric_with(rng, size * condition**-share),)


def indefinite(rng: np.random.Generator, batch: int) -> tuple[np.ndarray]:
    """The same with eigenvalues of both signs."""
    values = np.linalg.eigvalsh(positive(rng, batch)[0])
    return (symmetric_with(rng, values * rng.choice([-1.0, 1.0], values.shape)),)


def register_function(
    name: str, problem: MatrixFunction, *, domain: Callable[[np.ndarray], bool], **fields: Any
) -> None:
    """An entry of the catalogue for a function of symmetric matrices, beside LAPACK's answers.

    `domain(eigenvalues)`: whether it exists.
    """

    def predicted(a: np.ndarray) -> np.ndarray:
        return np.asarray(problem.expected(a) / np.linalg.norm(problem.solve(a), 2, axis=(1, 2)))

    Construction(
        reference=problem.solve,
        predicted=predicted,
        suits=lambda matrix: is_symmetric(matrix) and domain(np.linalg.eigvalsh(matrix)),
        problem=problem.name,
        relative=True,
        **fields,
    ).register(name)
