"""Eigenvectors and singular vectors with nothing known of them: where polish starts over.

The constructed networks of Jacobi's rotations (`algorithms.jacobi`), compiled once a size.
"""

from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float64

from .algorithms import jacobi
from .network import Network

_symmetric = lru_cache(maxsize=16)(jacobi.eigenvectors)
_general = lru_cache(maxsize=16)(jacobi.svd)


def eigenvectors(a: Float64[np.ndarray, "B n n"]) -> Float64[np.ndarray, "B n n"]:
    """Orthonormal X with X^T A X diagonal, up to rounding, for symmetric A."""
    return _run(_symmetric(a.shape[1]), (a + a.swapaxes(1, 2)) / 2)[:, 1:]


def singular_vectors(
    a: Float64[np.ndarray, "B m n"],
) -> tuple[Float64[np.ndarray, "B m k"], Float64[np.ndarray, "B n k"]]:
    """U and V, orthonormal, with U^T A V diagonal and not negative, for any rank."""
    m, n = a.shape[1:]
    found = _run(_general(m, n), a)
    return found[:, 1 : m + 1], found[:, m + 1 :]


def _run(network: Network, a: Float64[np.ndarray, "B m n"]) -> Float64[np.ndarray, "B p q"]:
    with torch.no_grad():
        answers: np.ndarray = network(a).numpy()
    return answers
