"""Arrays to matrices: of real, finite numbers, one or several."""

import numpy as np
from jaxtyping import Float64

from ...core import InputError

LARGEST = 1000
"""The most rows or columns that a file may give: a guard against reading something else."""


def matrices_of(array: np.ndarray, name: str) -> list[Float64[np.ndarray, "m n"]]:
    """The matrices of an array; `InputError` (about `name`) if it is not finite numbers."""
    values = real_matrices(array, name)
    if not np.isfinite(values).all():
        raise InputError(f"{name} holds a nan or inf; give numbers")
    return list(values) if values.ndim == 3 else [values]


def real_matrices(
    array: np.ndarray, name: str
) -> Float64[np.ndarray, "M N"] | Float64[np.ndarray, "B M N"]:
    """`array`, one matrix or several, as float64; `InputError` (about `name`) if it is not that."""
    if array.dtype.kind == "c":
        raise InputError(f"{name} holds complex numbers; only real matrices are solved")
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name} holds values of type {array.dtype}; give a matrix of numbers")
    if array.ndim not in (2, 3):
        raise InputError(
            f"{name} has {array.ndim} dimensions; give one matrix [m, n] or several [B, m, n]"
        )
    if array.size == 0:
        raise InputError(f"{name} is empty, of shape {array.shape}; give at least one coefficient")
    return array.astype(np.float64)
