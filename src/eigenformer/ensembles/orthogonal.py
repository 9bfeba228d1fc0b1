"""Random orthonormal bases, and matrices assembled from a spectrum in one."""

import numpy as np
from jaxtyping import Float64


def gaussian_eigenvectors(
    rng: np.random.Generator, batch: int, n: int
) -> Float64[np.ndarray, "B N N"]:
    """The eigenvectors of Gaussian symmetric matrices (Charton 2022, section 2.2).

    G + G^T is invariant under rotation, so they are uniform over the orthogonal group but for the
    signs of the columns, which V diag(l) V^T does not see.
    """
    gaussian = rng.standard_normal((batch, n, n))
    return np.linalg.eigh(gaussian + gaussian.transpose(0, 2, 1)).eigenvectors


def orthonormal_columns(
    rng: np.random.Generator, batch: int, m: int, k: int
) -> Float64[np.ndarray, "B M K"]:
    """k <= m orthonormal columns of length m, uniform (equivalent to `scipy.stats.ortho_group`)."""
    q, r = np.linalg.qr(rng.standard_normal((batch, m, k)))
    # LAPACK's sign of the diagonal is a convention; without it the law is not uniform.
    signs = np.where(np.diagonal(r, axis1=1, axis2=2) < 0, -1.0, 1.0)
    return q * signs[:, None, :]


def rotated(
    basis: Float64[np.ndarray, "B N N"], spectrum: Float64[np.ndarray, "B N"]
) -> Float64[np.ndarray, "B N N"]:
    """V diag(l) V^T, exactly symmetric."""
    product = (basis * spectrum[:, None, :]) @ basis.transpose(0, 2, 1)
    symmetric: np.ndarray = (product + product.transpose(0, 2, 1)) / 2
    return symmetric
