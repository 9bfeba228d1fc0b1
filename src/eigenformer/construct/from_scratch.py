"""Eigenvectors and singular vectors with nothing known of them: where polish starts over.

The one place that says how. Jacobi's rotations in rounds of disjoint pairs, each round a product
with an orthogonal matrix; the network that is constructed of them belongs here.
"""

import numpy as np
from jaxtyping import Float64

_MOST_SWEEPS = 40


def rounds(n: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Disjoint pairs p < q that meet each pair once, as in a tournament."""
    players = list(range(n + n % 2))
    found = []
    for _ in range(len(players) - 1):
        half = len(players) // 2
        pairs = [(players[i], players[-1 - i]) for i in range(half)]
        known = [sorted(pair) for pair in pairs if max(pair) < n]
        kept = np.array(known, dtype=np.int64).reshape(-1, 2)
        found.append((kept[:, 0], kept[:, 1]))
        players = [players[0], players[-1], *players[1:-1]]
    return found


def eigenvectors(a: Float64[np.ndarray, "B n n"]) -> Float64[np.ndarray, "B n n"]:
    """Orthonormal X with X^T A X diagonal, up to rounding, for symmetric A of moderate size."""
    n = a.shape[1]
    s, x = a.copy(), np.broadcast_to(np.eye(n), a.shape).copy()
    size = np.linalg.norm(a, axis=(1, 2))
    for _ in range(_MOST_SWEEPS):
        for p, q in rounds(n):
            c, t = _rotation(s[:, p, p], s[:, q, q], s[:, p, q])
            _turn(s, p, q, c, t)
            _turn(s.swapaxes(1, 2), p, q, c, t)
            _turn(x, p, q, c, t)
        off = np.linalg.norm(s * (1 - np.eye(n)), axis=(1, 2))
        if (off <= 2.0**-53 * n * size).all():
            break
    return _orthonormal(x)


def singular_vectors(
    a: Float64[np.ndarray, "B m n"],
) -> tuple[Float64[np.ndarray, "B m k"], Float64[np.ndarray, "B n k"]]:
    """U and V with U^T A V diagonal and not negative: Hestenes' one-sided rotations.

    Columns of U that belong to singular values of zero are completed to an orthonormal basis.
    """
    if a.shape[1] < a.shape[2]:
        right, left = singular_vectors(a.swapaxes(1, 2))
        return left, right
    m, n = a.shape[1:]
    w, v = a.copy(), np.broadcast_to(np.eye(n), (len(a), n, n)).copy()
    for _ in range(_MOST_SWEEPS):
        most = 0.0
        for p, q in rounds(n):
            first, second = (w[:, :, p] ** 2).sum(1), (w[:, :, q] ** 2).sum(1)
            dot = (w[:, :, p] * w[:, :, q]).sum(1)
            scale = np.sqrt(first * second)
            cosine = np.abs(dot) / np.where(scale > 0, scale, 1.0)
            most = max(most, float(cosine.max(initial=0.0)))
            c, t = _rotation(first, second, dot)
            _turn(w, p, q, c, t)
            _turn(v, p, q, c, t)
        if most <= 2.0**-52 * m:
            break
    sigma = np.linalg.norm(w, axis=1)
    order = np.argsort(-sigma, axis=1)[:, None, :]
    w, v = np.take_along_axis(w, order, 2), np.take_along_axis(v, order, 2)
    sigma = np.take_along_axis(sigma, order[:, 0], 1)
    large = sigma > sigma[:, :1] * 2.0**-52 * m
    u = np.where(large[:, None], w / np.where(large, sigma, 1.0)[:, None], 0.0)
    return _orthonormal(_completed(u, large)), _orthonormal(v)


def _orthonormal(x: np.ndarray) -> np.ndarray:
    """A step of Newton and Schulz: hundreds of rotations leave columns as many roundings off."""
    return np.asarray(x @ (3 * np.eye(x.shape[2]) - x.swapaxes(1, 2) @ x) / 2)


def _rotation(
    first: np.ndarray, second: np.ndarray, dot: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and sine of the smaller angle that makes [[first, dot], [dot, second]] diagonal."""
    with np.errstate(all="ignore"):
        tau = (second - first) / (2 * dot)
        tangent = np.copysign(1.0, tau) / (np.abs(tau) + np.hypot(1.0, tau))
    tangent = np.where(dot == 0, 0.0, tangent)
    cosine = 1 / np.hypot(1.0, tangent)
    return cosine, cosine * tangent


def _turn(x: np.ndarray, p: np.ndarray, q: np.ndarray, c: np.ndarray, t: np.ndarray) -> None:
    """Columns p and q of each matrix, turned in place."""
    first, second = x[:, :, p], x[:, :, q]
    c, t = c[:, None], t[:, None]
    x[:, :, p], x[:, :, q] = c * first - t * second, t * first + c * second


def _completed(u: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Columns that are not known made orthonormal to the others: coordinate axes, projected."""
    for i in np.flatnonzero(~known.all(axis=1)):
        for j in np.flatnonzero(~known[i]):
            rest = np.eye(u.shape[1]) - u[i] @ u[i].T
            column = rest[:, np.linalg.norm(rest, axis=0).argmax()]
            for _ in range(2):
                column = column - u[i] @ (u[i].T @ column)
                column = column / np.linalg.norm(column)
            u[i, :, j] = column
    return u
