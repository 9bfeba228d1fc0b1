"""What theory predicts of Newton's iteration for the inverse, X <- X (2I - A X).

Residuals R = I - A X square with each step, so ||R_t|| <= ||R_0||^(2^t), and the iteration diverges
where ||R_0||_2 >= 1 (in general). From X0 = A^T / ||A||_2^2, ||R_0||_2 = 1 - 1/kappa^2 with kappa
the condition number of A, which gives 2 log2 kappa + log2 ln 1/eps steps to the accuracy eps
(Giannou et al. 2024, section 4; derivations.md, sections 1b and 10).
"""

import numpy as np
import torch
from jaxtyping import Float64

FLOOR = {torch.float64: 2.0**-53, torch.float32: 2.0**-24}
"""Where ||I - A X||_2 ends, over the condition number of A: the unit roundoff."""
SLACK = 2
"""Steps beyond the prediction, which bounds the residual as if nothing were rounded."""


def start_residual(condition: Float64[np.ndarray, "*B"]) -> Float64[np.ndarray, "*B"]:
    """||I - A X0||_2 for X0 = A^T / ||A||_2^2."""
    return np.asarray(1.0 - 1.0 / condition**2)


def steps_needed(
    residual: Float64[np.ndarray, "*B"], accuracy: Float64[np.ndarray, "*B"] | float
) -> Float64[np.ndarray, "*B"]:
    """The least t with residual^(2^t) <= accuracy; inf where residual is 1 or more."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(accuracy) / np.log(residual)
        steps = np.ceil(np.log2(np.maximum(ratio, 1.0)))
    return np.where(residual >= 1, np.inf, np.where(residual <= accuracy, 0.0, steps))


def steps_from_transpose(
    condition: Float64[np.ndarray, "*B"],
    accuracy: Float64[np.ndarray, "*B"] | float,
    order: int = 2,
) -> Float64[np.ndarray, "*B"]:
    """Steps from X0 = A^T / ||A||_2^2, about 2 log2 kappa + log2 ln 1/accuracy.

    Of the iteration of higher `order`, whose residual has that power after a step, fewer.
    """
    # log(1 - 1/kappa^2), which rounds to 0 for large kappa when taken literally.
    with np.errstate(divide="ignore"):
        rate = -np.log1p(-1.0 / np.maximum(condition, 1.0) ** 2)
        steps = np.log2(np.maximum(-np.log(accuracy) / rate, 1.0)) / np.log2(order)
    return np.asarray(np.ceil(steps))


def steps_to_floor(
    matrices: Float64[np.ndarray, "B m n"], dtype: torch.dtype = torch.float64, order: int = 2
) -> int:
    """Steps from A^T / ||A||_2^2 that take each of some matrices to rounding level."""
    condition = np.minimum(np.linalg.cond(matrices), 1 / torch.finfo(dtype).eps)
    return int(steps_from_transpose(condition, floor(condition, dtype), order).max()) + SLACK


def floor(condition: Float64[np.ndarray, "*B"], dtype: torch.dtype) -> Float64[np.ndarray, "*B"]:
    """Where rounding stops ||I - A X||_2."""
    return np.asarray(np.minimum(FLOOR[dtype] * condition, 0.5))
