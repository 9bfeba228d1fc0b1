"""Units that compute more than a function of one number: overwriting, products, signs.

A unit adds write * f(read . column) to each column; `form` gives the read and write vectors.
"""

import numpy as np
import torch
from jaxtyping import Float64

from ..core import InputError
from .blocks import Rows
from .parts import Unit
from .relu import Spacing, relu_fn
from .scalar import ABSOLUTE, IDENTITY, POSITIVE, Scalar


def form(width: int, *terms: tuple[Rows, float]) -> Float64[np.ndarray, " w"]:
    """The linear form sum_i c_i * (row r_i) of a column, as a vector."""
    found = np.zeros(width)
    for row, factor in terms:
        assert row.count == 1
        found[row.start] += factor
    return found


def overwrite(row: Rows, new: Float64[np.ndarray, " w"]) -> Unit:
    """Row <- linear form of the column, exactly (up to one rounding): 2 hidden units."""
    here = form(len(new), (row, 1.0))
    return Unit(read=new - here, function=IDENTITY, write=here)


def clear(rows: Rows, width: int) -> tuple[Unit, ...]:
    """Rows <- 0, exactly: 2 hidden units each."""
    return tuple(overwrite(Rows(i, 1), np.zeros(width)) for i in range(rows.start, rows.stop))


def square(
    limit: float,
    *,
    error: float | None = None,
    knots: int | None = None,
    spacing: Spacing = "uniform",
) -> Scalar:
    """z^2 on [-limit, limit], for `product`; |f''| is constant, so uniform knots are the best."""
    return relu_fn(
        torch.square, -limit, limit, error=error, knots=knots, spacing=spacing, name="z^2"
    )


def product(
    u: Float64[np.ndarray, " w"],
    v: Float64[np.ndarray, " w"],
    write: Float64[np.ndarray, " w"],
    squares: Scalar,
) -> tuple[Unit, Unit]:
    """write * (u . column)(v . column) as ((u + v)^2 - (u - v)^2) / 4: 2 (N + 1) hidden units.

    `squares` is `square(limit, ...)` with limit >= |u . column| + |v . column|. Interpolation never
    falls short of z^2, and exceeds it by at most its `error_bound` e (h^2/4), so the product is
    wrong by at most e/4 (h^2/16). Scale u up and v down until both have the same bound: the limit
    is least then.
    """
    return (
        Unit(read=u + v, function=squares, write=write / 4),
        Unit(read=u - v, function=squares, write=-write / 4),
    )


def signed(
    u: Float64[np.ndarray, " w"],
    sign: Float64[np.ndarray, " w"],
    write: Float64[np.ndarray, " w"],
    limit: float,
) -> tuple[Unit, Unit]:
    """write * y u for y in {-1, 0, 1} and |u| <= limit, exactly: (|u + L y| - |u - L y|) / 2.

    `sign` reads y. 4 hidden units; `signed_positive` takes 2 where u >= 0.
    """
    if not limit > 0:
        raise InputError(f"the limit {limit:g} of a sign gate must be positive")
    return (
        Unit(read=u + limit * sign, function=ABSOLUTE, write=write / 2),
        Unit(read=u - limit * sign, function=ABSOLUTE, write=-write / 2),
    )


def signed_positive(
    u: Float64[np.ndarray, " w"],
    sign: Float64[np.ndarray, " w"],
    one: Float64[np.ndarray, " w"],
    write: Float64[np.ndarray, " w"],
    limit: float,
) -> tuple[Unit, Unit]:
    """write * y u for y in {-1, 1} and 0 <= u <= limit: 2 hidden units.

    relu(u + L (y - 1)) - relu(u - L (y + 1)): the first is u where y = 1, the second where y = -1,
    and the other vanishes. `one` reads the row of ones. (Giannou et al. 2024, step 6.)
    """
    if not limit > 0:
        raise InputError(f"the limit {limit:g} of a sign gate must be positive")
    return (
        Unit(read=u + limit * (sign - one), function=POSITIVE, write=write),
        Unit(read=u - limit * (sign + one), function=POSITIVE, write=-write),
    )
