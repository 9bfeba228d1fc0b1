"""Transpose, sum and products: a layer each, compiled from what they are.

An input of two operands lies side by side, [M | N], as the problems have it.
"""

from dataclasses import replace
from typing import Any, Unpack

import torch
from jaxtyping import Float
from torch import Tensor

from ... import problems
from ...core import at_least
from ..catalogue import Construction
from ..compiler import CompiledNetwork, compiled_program
from ..expression import Shape
from ..network import NetworkOptions
from ..program import program, trace
from ..spec import Port

ROWS, COLUMNS = 5, 4


@program
def transposed(M: Any) -> Any:
    """M^T: the identity's tokens ask for M's rows."""
    return M.T


@program
def summed(M: Any, N: Any) -> Any:
    """M + N."""
    return M + N


@program
def multiplied(M: Any, N: Any) -> Any:
    """M^T N: the scores of one head, with the identity for values."""
    return M.T @ N


def elementary(
    problem: str, rows: int, columns: int, **options: Unpack[NetworkOptions]
) -> CompiledNetwork:
    """The network of transpose, add, matvec or matmul: `net(inputs)` of the problem's own shape.

    [rows, columns] is M's shape; the input is [M | N] [rows, 2 columns] for add and matmul, [M | v]
    [rows, columns + 1] for matvec. One layer. Equivalent to NumPy's `M.T`, `M + N`, `M.T @ N`.
    """
    at_least(1, rows=rows, columns=columns)
    run, beside = _KINDS[problem](columns)
    shapes: dict[str, Shape] = {"M": (rows, columns)}
    if beside:
        shapes["N"] = (rows, beside)
    compiled = compiled_program(trace(run, shapes))

    def prepare(a: Float[Tensor, "*B m n"]) -> tuple[Tensor, ...]:
        return torch.split(a, [columns, beside], dim=-1) if beside else (a,)

    spec = replace(
        compiled.spec,
        name=problem,
        prepare=prepare,
        given=(Port(name="inputs", shape=(rows, columns + beside), block="M"),),
        problem=(problem, {}),
        theorem={"layers": "1"},
    )
    return CompiledNetwork(replace(compiled, spec=spec), **options)


_KINDS: dict[str, Any] = {
    "transpose": lambda columns: (transposed, 0),
    "add": lambda columns: (summed, columns),
    "matvec": lambda columns: (multiplied, 1),
    "matmul": lambda columns: (multiplied, columns),
}


def _columns(problem: str, width: int) -> int:
    """M's columns in an input of `width`."""
    return {"transpose": width, "matvec": width - 1}.get(problem, width // 2)


def _register(name: str, summary: str, **counts: Any) -> None:
    asked = problems.get(name)
    beside = _KINDS[name](COLUMNS)[1]

    Construction(
        summary=f"{summary}, M {ROWS}x{COLUMNS}",
        source="the triple product of derivations.md, section 0",
        build=lambda: elementary(name, ROWS, COLUMNS),
        build_for=lambda a: elementary(name, a.shape[1], _columns(name, a.shape[2])),
        draw=lambda rng, batch: (rng.uniform(-10, 10, (batch, ROWS, COLUMNS + beside)),),
        reference=asked.solve,
        problem=name,
        relative=True,
        **counts,
    ).register(name)


_register("transpose", "M^T", layers=1, heads=1, width=20, error=1e-300)
_register("add", "M + N", layers=1, heads=1, width=20, error=1e-16)
_register("matvec", "M^T v", layers=1, heads=1, width=20, error=1e-15)
_register("matmul", "M^T N", layers=1, heads=1, width=20, error=1e-15)
