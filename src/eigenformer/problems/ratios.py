"""LAPACK's test ratios: what is wrong with an answer over what one rounding of its input explains.

LAPACK's own test programs call a routine right whose ratios are below 30. Norms are 1-norms (the
largest column sum), EPS is 2^-53 and ULP 2^-52, as DLAMCH('Epsilon') and DLAMCH('Precision') have
them: each test has one or the other. An answer with nan or inf has the ratio inf, and 0/0 is 0.
Source: LAPACK 3, TESTING/LIN and TESTING/EIG; Anderson et al., LAPACK Users' Guide.
"""

import numpy as np
from jaxtyping import Float64, Int64

from .proofs.rounding import exponents, shifted

BAR = 30.0
"""Below which an answer is as right as float64 allows."""
EPS, ULP = 2.0**-53, 2.0**-52

Each = Float64[np.ndarray, " B"]
Batch = Float64[np.ndarray, "B _ _"]


def one_norm(matrices: Batch) -> Each:
    return np.asarray(np.abs(matrices).sum(axis=1).max(axis=1, initial=0.0))


def quotient(above: Each, *below: Each | float) -> Each:
    """above over the factors below, one by one: their product may be beyond all numbers."""
    found = np.asarray(above, dtype=np.float64)
    with np.errstate(all="ignore"):
        for factor in below:
            found = np.where(found == 0.0, 0.0, found / factor)
    return np.where(np.isnan(found), np.inf, found)


def orthogonality(basis: Batch) -> Each:
    """DORT01: ||I - Q^T Q|| / (m ULP) for Q [m, k]."""
    product = basis.swapaxes(1, 2) @ basis
    return quotient(one_norm(np.eye(basis.shape[2]) - product), basis.shape[1] * ULP)


def eigenvectors(inputs: Batch, values: Float64[np.ndarray, "B n"], basis: Batch) -> Each:
    """DSYT21: the larger of ||A - Q D Q^T|| / (n ULP ||A||) and ||I - Q^T Q|| / (n ULP)."""
    return _reconstruction(inputs, basis, values, basis, orthogonality(basis))


def svd(inputs: Batch, left: Batch, values: Float64[np.ndarray, "B k"], right: Batch) -> Each:
    """DBDT01 and DORT01: ||A - U S V^T|| / (max(m, n) ULP ||A||), and those of U and V.

    The largest of the three; with DBDT03, inf where values are negative or, by more than rounding
    of the largest, not descending.
    """
    worst = np.maximum(orthogonality(left), orthogonality(right))
    ratio = _reconstruction(inputs, left, values, right, worst)
    rounding = max(inputs.shape[1:]) * ULP * np.abs(values).max(axis=1, keepdims=True)
    order = (values < 0).any(axis=1) | (np.diff(values, axis=1) > rounding).any(axis=1)
    return np.where(order, np.inf, ratio)


def _reconstruction(
    inputs: Batch, left: Batch, values: Float64[np.ndarray, "B k"], right: Batch, other: Each
) -> Each:
    unit, exponent = scaled_down(inputs)
    values = np.ldexp(values, -exponent[:, 0])
    left_out = unit - (left * values[:, None, :]) @ right.swapaxes(1, 2)
    ratio = quotient(one_norm(left_out), one_norm(unit), max(inputs.shape[1:]) * ULP)
    return np.asarray(np.maximum(ratio, other))


def spectrum(true: Float64[np.ndarray, "B k 1"], values: Float64[np.ndarray, "B k 1"]) -> Each:
    """DCHKST's for values alone: max |d - D| / (k ULP max |D|), with LAPACK's own D."""
    off = np.abs(values - true).max(axis=(1, 2))
    return quotient(off, np.abs(true).max(axis=(1, 2)), true.shape[1] * ULP)


def product(off: Batch, left: Batch, right: Batch) -> Each:
    """||P - M^T N|| / (m ULP ||M^T|| ||N||) for M and N with m rows; `off` is P - M^T N."""
    (left, above), (right, beside) = scaled_down(left), scaled_down(right)
    size = one_norm(left.swapaxes(1, 2)) * one_norm(right)
    return quotient(one_norm(np.ldexp(off, -above - beside)), size, left.shape[1] * ULP)


def inverse(inputs: Batch, answers: Batch) -> Each:
    """DGET03: ||I - A X|| / (n ||A|| ||X|| EPS)."""
    inputs, exponent = scaled_down(inputs)
    answers = np.ldexp(answers, exponent)
    off = one_norm(np.eye(inputs.shape[1]) - inputs @ answers)
    return quotient(off, one_norm(inputs), one_norm(answers), inputs.shape[1] * EPS)


def pseudo_inverse(inputs: Batch, answers: Batch) -> Each:
    """Moore and Penrose's four conditions, each with the norms of its factors below, as DGET03.

    ||A X A - A|| / (||A||^2 ||X|| m EPS), ||X A X - X|| / (||A|| ||X||^2 m EPS), and
    ||A X - (A X)^T|| and ||X A - (X A)^T|| / (||A|| ||X|| m EPS); m = max(rows, columns).
    """
    inputs, exponent = scaled_down(inputs)
    answers = np.ldexp(answers, exponent)
    n, a, x = max(inputs.shape[1:]), one_norm(inputs), one_norm(answers)
    left, right = inputs @ answers, answers @ inputs
    found = [
        quotient(one_norm(left @ inputs - inputs), a, a, x, n * EPS),
        quotient(one_norm(right @ answers - answers), a, x, x, n * EPS),
        *(
            quotient(one_norm(product - product.swapaxes(1, 2)), a, x, n * EPS)
            for product in (left, right)
        ),
    ]
    return np.asarray(np.max(found, axis=0))


def least_squares(a: Batch, y: Batch, x: Batch) -> Each:
    """DQRT17, r = A x - y: ||A^T r|| / (||A|| (||A|| ||x|| + ||y||) max(m, n) EPS).

    LAPACK has ||y|| for the bracket, which is as large where A is well-conditioned; a backward
    stable x leaves a gradient of the size of the bracket.
    """
    (a, above), (y, right) = scaled_down(a), scaled_down(y)
    x = np.ldexp(x, above - right)
    gradient = one_norm(a.swapaxes(1, 2) @ (a @ x - y))
    size = one_norm(a) * one_norm(x) + one_norm(y)
    return quotient(gradient, one_norm(a), size, max(a.shape[1:]) * EPS)


def logistic(
    a: Batch, y: Float64[np.ndarray, "B m"], w: Float64[np.ndarray, "B n"], mu: float
) -> Each:
    """The loss's gradient over what rounding leaves: ||g|| / (n EPS (max ||a_i|| + mu ||w||)).

    LAPACK has no such test; the terms whose sum g is are at most that large. In the infinity norm,
    n the larger of examples and features.
    """
    share = -y / (1 + np.exp(y * (a @ w[:, :, None])[:, :, 0])) / a.shape[1]
    gradient = (share[:, None] @ a)[:, 0] + mu * w
    size = np.abs(a).max(axis=(1, 2)) * (1 + np.abs(a @ w[:, :, None]).max(axis=(1, 2)))
    size = size + mu * np.abs(w).max(axis=1)
    return quotient(np.abs(gradient).max(axis=1), size, max(a.shape[1:]) * EPS)


def scaled_down(matrices: Batch) -> tuple[Batch, Int64[np.ndarray, "B 1 1"]]:
    """Matrices over powers of two, to largest entries in [1/2, 1), and the exponents."""
    exponent = exponents(matrices)
    return shifted(matrices, -exponent), exponent.astype(np.int64)[:, None, None]
