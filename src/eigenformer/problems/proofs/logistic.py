"""Minima of strongly convex losses: how far a point can be from one by its gradient."""

import numpy as np
from jaxtyping import Float64

from .rounding import Bound, U, length, products, shifted_bound, up

_SIGMOID = 64 * U
"""Relative error of the sigmoid, with NumPy's exponential right to 16 units in the last place."""


def logistic_minimum(
    a: Float64[np.ndarray, "B m n"],
    y: Float64[np.ndarray, "B m"],
    mu: float,
    answer: Float64[np.ndarray, "B n 1"],
) -> Bound:
    """A bound on the distance of `answer` from the minimum of the regularised logistic loss.

    The loss (see `LogisticRegression`) curves by mu at least, so that this is the length of its
    gradient over mu; for every coefficient [B, n, 1] alike.
    """
    batch, m, n = a.shape
    with np.errstate(all="ignore"):
        margins = products(a * y[:, :, None], answer)
        small = np.exp(-np.abs(margins.high))
        p = np.where(margins.high >= 0, small, 1.0) / (1.0 + small)  # the sigmoid of -margin
        off = up(_SIGMOID * p + (np.abs(margins.low) + margins.radius) / 4, 3) + 2.0**-1000
        weight = np.full((1, 1, 1), m * mu)
        transposed = a.transpose(0, 2, 1)
        gradient = products(transposed, -p * y[:, :, None], [(answer, weight)]).size
        loose = np.abs(transposed) @ off + 2 * U * m * mu * np.abs(answer) + 2.0**-1000
        far = up(length(up(gradient + loose, m + 6), (1, 2)) / (m * mu), 2)
        found = np.broadcast_to(far[:, None, None], (batch, n, 1))
        return shifted_bound(found, np.zeros(batch, int))
