"""Laws of single entries, and matrices filled with them."""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import numpy as np
from jaxtyping import Float64, Int64

EntryLaw = Literal["uniform", "gaussian", "laplace"]


def _uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    # In place: at 5x5 the draw costs as much as the copies would.
    out = rng.random(shape)
    out *= 2
    out -= 1
    return out


def _gaussian(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    out = rng.standard_normal(shape)
    out *= 3**-0.5
    return out


def _laplace(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    # A Laplace variable of scale b has standard deviation b sqrt(2).
    return rng.laplace(scale=6**-0.5, size=shape)


_LAWS: dict[EntryLaw, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "uniform": _uniform,
    "gaussian": _gaussian,
    "laplace": _laplace,
}


def unit_entries(
    law: EntryLaw, rng: np.random.Generator, shape: tuple[int, ...]
) -> Float64[np.ndarray, "..."]:
    """Independent centred entries of standard deviation 1/sqrt(3): U[-1, 1] and its like."""
    return _LAWS[law](rng, shape)


def unit_symmetric(
    law: EntryLaw, rng: np.random.Generator, batch: int, n: int
) -> Float64[np.ndarray, "B N N"]:
    """Wigner matrices with entries of `unit_entries`: the lower triangle drawn and mirrored."""
    return unit_entries(law, rng, (batch, n * (n + 1) // 2)).take(mirror(n), axis=1)


@lru_cache(maxsize=64)
def mirror(n: int) -> Int64[np.ndarray, "N N"]:
    """Where in a packed lower triangle (row by row) each entry of the symmetric matrix is."""
    i, j = np.indices((n, n))
    low, high = np.minimum(i, j), np.maximum(i, j)
    index: np.ndarray = (high * (high + 1) // 2 + low).astype(np.int64)
    index.setflags(write=False)
    return index
