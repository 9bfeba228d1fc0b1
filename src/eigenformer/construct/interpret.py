"""Matrix programs run by NumPy: the reference for compiled networks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float64

from ..core import InputError
from .expression import Shape, in_order
from .program import Program, Traced, shape_of, trace
from .scalar import DIAGONAL, Mask, Scalar


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Interpreted:
    """A program's results, and how large its intermediate matrices were."""

    results: dict[str, Float64[np.ndarray, "B _ _"]]
    largest: Float64[np.ndarray, " B"]
    """The largest Frobenius norm of a matrix that was met, inputs included."""


def interpret(
    source: Program | Callable[..., Any],
    inputs: Mapping[str, Any],
    repeat: int = 1,
    feed: Mapping[str, str] | None = None,
    *,
    exact: bool = True,
) -> Float64[np.ndarray, "*B r c"]:
    """A program's result for named matrices [r, c], or batches [B, r, c] of them, in float64.

    Follows the program operator by operator, with none of the compiler's passes. Scalar functions
    are themselves, or with `exact=False` what their ReLU form computes.
    """
    arrays = {name: _array(name, value) for name, value in inputs.items()}
    shapes: dict[str, Shape] = {name: (a.shape[-2], a.shape[-1]) for name, a in arrays.items()}
    traced = trace(source, shapes, repeat, feed)
    found = interpreted(traced, arrays, exact=exact).results[traced.answer]
    return found if any(a.ndim == 3 for a in arrays.values()) else found[0]


def interpreted(
    traced: Traced, inputs: Mapping[str, Float64[np.ndarray, "..."]], *, exact: bool = True
) -> Interpreted:
    """The same for a traced program, with every result and the size of what was met."""
    bound = {name: array if array.ndim == 3 else array[None] for name, array in inputs.items()}
    count = max(len(array) for array in bound.values())
    largest = np.zeros(count)
    results: dict[str, np.ndarray] = {}
    for _ in range(traced.repeat):
        values: dict[int, np.ndarray] = {}
        for node in in_order(*traced.results.values()):
            given = [values[id(argument)] for argument in node.arguments]
            if node.kind == "symbol":
                value = bound[node.name]
            elif node.kind == "identity":
                value = np.eye(shape_of(node)[0])[None]
            elif node.kind == "sum":
                value = given[0] + given[1]
            elif node.kind == "scaled":
                value = node.factor * given[0]
            elif node.kind == "product":
                value = given[0] @ given[1]
            elif node.kind == "transposed":
                value = given[0].swapaxes(1, 2)
            elif node.kind == "stored":
                value = given[0]
            elif node.kind == "diagonal":
                value = masked(DIAGONAL, given[0])
            elif node.kind == "hadamard":
                value = given[0] * given[1]
            else:
                assert node.scalar is not None
                value = entrywise(node.scalar, given[0], exact=exact)
            values[id(node)] = value
            np.maximum(largest, np.linalg.norm(value, axis=(1, 2)), out=largest)
        for name, node in traced.results.items():
            value = values[id(node)]
            results[name] = np.broadcast_to(value, (count, *value.shape[1:]))
        bound = {**bound, **{name: results[result] for name, result in traced.feed.items()}}
    return Interpreted(results=results, largest=largest)


def entrywise(
    scalar: Scalar, value: Float64[np.ndarray, "*shape"], *, exact: bool
) -> Float64[np.ndarray, "*shape"]:
    """A scalar function of every entry: itself, or its interpolation."""
    tensor = torch.from_numpy(value.copy())
    return np.asarray((scalar.function(tensor) if exact else scalar.evaluate(tensor)).numpy())


def masked(mask: Mask, value: Float64[np.ndarray, "B r c"]) -> Float64[np.ndarray, "B _ c"]:
    """What `mask` leaves of matrices."""
    _, rows, columns = value.shape
    if mask == DIAGONAL:
        return np.asarray(np.where(np.eye(rows, columns, dtype=bool), value, 0.0))
    spread = np.where(np.eye(columns, dtype=bool), value[:, :, None, :], 0.0)
    return spread.reshape(len(value), rows * columns, columns)


def _array(name: str, value: Any) -> np.ndarray:
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} is not an array of numbers") from None
    if array.ndim not in (2, 3):
        raise InputError(f"{name} has shape {array.shape}; give a matrix, or a batch of them")
    return array
