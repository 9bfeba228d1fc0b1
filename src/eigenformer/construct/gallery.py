"""Matrices that every textbook on matrix computations tries (Higham 2002, chapter 28)."""

from math import comb

import numpy as np
from jaxtyping import Float64

Matrix = Float64[np.ndarray, "n n"]
_ROSSER = """
611 196 -192 407 -8 -52 -49 29; 196 899 113 -192 -71 -43 -8 -44;
-192 113 899 196 61 49 8 52; 407 -192 196 611 8 44 59 -23;
-8 -71 61 8 411 -599 208 208; -52 -43 49 44 -599 411 208 208;
-49 -8 8 59 208 208 99 -911; 29 -44 52 -23 208 208 -911 99"""
_KAHAN_ANGLE = 1.2


def hilbert(n: int) -> Matrix:
    """1 / (i + j + 1): positive definite, condition about e^(3.5 n)."""
    i = np.arange(n)
    return np.asarray(1.0 / (i[:, None] + i + 1))


def frank(n: int) -> Matrix:
    """Upper Hessenberg of determinant 1, with small eigenvalues that are hard to find."""
    i = np.arange(n)
    return np.asarray(np.triu(n - np.maximum(i[:, None], i), -1).astype(float))


def kahan(n: int) -> Matrix:
    """Upper triangular, of a rank that elimination with pivots takes for full."""
    s, c = np.sin(_KAHAN_ANGLE), np.cos(_KAHAN_ANGLE)
    return np.asarray(s ** np.arange(n)[:, None] * (np.eye(n) - c * np.triu(np.ones((n, n)), 1)))


def lehmer(n: int) -> Matrix:
    """min(i, j) / max(i, j): positive definite."""
    i = np.arange(1, n + 1)
    return np.asarray(np.minimum(i[:, None], i) / np.maximum(i[:, None], i))


def pascal(n: int) -> Matrix:
    """Binomial coefficients: positive definite of determinant 1."""
    return np.array([[comb(i + j, i) for j in range(n)] for i in range(n)], dtype=float)


def rosser() -> Matrix:
    """8 x 8: eigenvalues that are double, nearly double, zero, and small."""
    rows = (row.split() for row in _ROSSER.replace("\n", " ").split(";"))
    return np.array([[float(x) for x in row] for row in rows])


def wilkinson(n: int) -> Matrix:
    """Tridiagonal, with pairs of eigenvalues that nearly agree; n odd."""
    beside = np.diag(np.ones(n - 1), 1)
    return np.diag(np.abs(np.arange(n) - (n - 1) / 2)) + beside + beside.T


def gallery() -> dict[str, Matrix]:
    """All of them by name and size."""
    named = {f"Hilbert {n}": hilbert(n) for n in range(2, 9)}
    for make in (frank, kahan, lehmer, pascal):
        named[f"{make.__name__.capitalize()} 5"] = make(5)
    return {**named, "Rosser": rosser(), "Wilkinson 7": wilkinson(7)}
