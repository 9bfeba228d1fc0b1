"""LAPACK's test ratios: a residual or an error over what one rounding of the input explains.

Below 30 LAPACK's own test programs call a routine right (Anderson et al., *LAPACK Users' Guide*;
LAPACK Working Note 41). Norms are the 1-norm, eps is 2^-52, and everything is batched. Where LAPACK
has no routine, the ratio is the error over n eps (||L_f|| ||M|| + ||f(M)||): the change of f(M) for
a relative change of n eps in M, to first order, and of f(M) itself.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

LIMIT = 30.0
"""The bar of LAPACK's test programs."""
_EPS = float(np.finfo(np.float64).eps)
_CLOSE = 1e-6
"""Two eigenvalues that are relatively as close count as one, in a divided difference."""

Batch = Float64[np.ndarray, "B m n"]
Each = Float64[np.ndarray, " B"]
Function = Callable[[np.ndarray], np.ndarray]


def one_norm(x: Batch) -> Each:
    return np.asarray(np.abs(x).sum(axis=1).max(axis=1))


def _over(error: Each, size: Each) -> Each:
    """error / size; 0 for nothing over nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(error == 0, 0.0, error / size))


def orthogonality_ratio(q: Batch) -> Each:
    """||I - Q^T Q|| / (k eps) for k columns (dort01)."""
    k = q.shape[2]
    return np.asarray(one_norm(np.eye(k) - q.swapaxes(1, 2) @ q) / (k * _EPS))


def eigen_ratio(a: Batch, values: Float64[np.ndarray, "B n"], q: Batch) -> Each:
    """The larger of ||A - Q D Q^T|| / (n eps ||A||) and that of orthogonality (dsyt21)."""
    left = one_norm(a - (q * values[:, None, :]) @ q.swapaxes(1, 2))
    return np.asarray(
        np.maximum(_over(left, a.shape[1] * _EPS * one_norm(a)), orthogonality_ratio(q))
    )


def values_ratio(values: Float64[np.ndarray, "B n 1"], true: Float64[np.ndarray, "B n 1"]) -> Each:
    """max |d - D| / (n eps max |D|): what Weyl's inequality allows a backward stable method."""
    size = np.abs(true).max(axis=(1, 2))
    return _over(np.abs(values - true).max(axis=(1, 2)), true.shape[1] * _EPS * size)


def svd_ratio(a: Batch, u: Batch, values: Float64[np.ndarray, "B k"], v: Batch) -> Each:
    """The largest of ||A - U S V^T|| / (n eps ||A||) and those of orthogonality (dbdt01)."""
    left = one_norm(a - (u * values[:, None, :]) @ v.swapaxes(1, 2))
    ratio = _over(left, max(a.shape[1:]) * _EPS * one_norm(a))
    return np.asarray(np.maximum.reduce([ratio, orthogonality_ratio(u), orthogonality_ratio(v)]))


def inverse_ratio(a: Batch, x: Batch) -> Each:
    """||I - A X|| / (n eps ||A|| ||X||) (dget03)."""
    left = one_norm(np.eye(a.shape[1]) - a @ x)
    return np.asarray(left / (a.shape[1] * _EPS * one_norm(a) * one_norm(x)))


def product_ratio(found: Batch, true: Batch, inner: int, size: Each) -> Each:
    """||P - M N|| / (k eps ||M|| ||N||) for k terms in a sum: `size` is the product of norms."""
    return _over(one_norm(found - true), inner * _EPS * size)


def polar_ratio(a: Batch, u: Batch) -> Each:
    """The larger of ||A - U H|| / (n eps ||A||) and of orthogonality; H: U^T A's symmetric part.

    Of A^T where A has more columns than rows.
    """
    if a.shape[1] < a.shape[2]:
        a, u = a.swapaxes(1, 2), u.swapaxes(1, 2)
    h = u.swapaxes(1, 2) @ a
    left = one_norm(a - u @ ((h + h.swapaxes(1, 2)) / 2))
    return np.asarray(
        np.maximum(_over(left, a.shape[1] * _EPS * one_norm(a)), orthogonality_ratio(u))
    )


def predicted_error(a: Batch, f: Function, slope: Function) -> Each:
    """n eps (||L_f|| ||A||_2 + ||f(A)||_2) for symmetric A, in the 2-norm.

    ||L_f|| is the largest divided difference of f at two eigenvalues (`slope` where they agree),
    the derivative of f(A) in the Frobenius norm (Higham 2008, section 3.2).
    """
    values = np.linalg.eigvalsh(a)
    left, right = values[:, :, None], values[:, None, :]
    close = np.abs(left - right) <= _CLOSE * np.maximum(np.abs(left), np.abs(right))
    with np.errstate(all="ignore"):
        quotient = (f(left) - f(right)) / (left - right)
        steep = np.abs(np.where(close, slope((left + right) / 2), quotient)).max(axis=(1, 2))
    size = np.abs(values).max(axis=1)
    return np.asarray(a.shape[1] * _EPS * (steep * size + np.abs(f(values)).max(axis=1)))


def function_ratio(a: Batch, found: Batch, f: Function, slope: Function) -> Each:
    """||X - f(A)|| over `predicted_error`, for symmetric A."""
    values, basis = np.linalg.eigh(a)
    true = (basis * f(values)[:, None, :]) @ basis.swapaxes(1, 2)
    return _over(one_norm(found - true), predicted_error(a, f, slope))
