"""Power iteration: the eigenvector of a symmetric matrix whose eigenvalue is largest in size.

derivations.md, section 0 (the triple product); von Mises and Pollaczek-Geiringer 1929. The
matrix's columns are the tokens and x lies in a row, so that the head V = x, K = Q = A adds x A^T A
= x A^2: two steps of the iteration in a layer, without an identity block.

Why the layer normalises x (an extra that `summary` names) instead of folding a scale into the
weights: without it x grows or shrinks by lambda_1^2 a layer, and weights that are fixed at compile
time would need lambda_1, the answer itself. A scale that can be had without it, 1/||A||_F, lets x
shrink by up to d a layer.
"""

from dataclasses import replace
from functools import partial
from typing import Unpack

import numpy as np
from jaxtyping import Float64
from torch import Tensor

from ...core import InputError, at_least
from ..blocks import Layout, Move
from ..catalogue import Construction
from ..network import Network, NetworkOptions
from ..parts import Layer
from ..spec import Port, Spec, Stage
from .heads import head
from .spectra import frobenius, symmetric_eigenvalues

SOURCE = "power iteration (von Mises 1929) on the triple product of derivations.md, section 0"
SCALED = "the input map divides the matrix by its Frobenius norm"


def power_iteration(dim: int, layers: int, **options: Unpack[NetworkOptions]) -> Network:
    """The dominant eigenvector: `net(matrix [d, d], start [d])` -> [d], of length 1.

        layer:   x <- x A^2 / ||x A^2||

    so `layers` layers are 2 `layers` steps of power iteration. Blocks [A (d rows); x (1)], 1 head
    (V = x, K = Q = A), the linear map x <- -x that takes the residual away, the normalisation of x;
    width d + 1. The error falls by (l_2 / l_1)^2 a layer, for eigenvalues in order of size
    (`power_error`). The input map divides A by ||A||_F, which changes no eigenvector but keeps x
    A^2 of x's size.

    Refused: a matrix that is not symmetric, and one whose largest eigenvalues are l and -l (a
    bipartite graph's adjacency matrix), where x would tend to a mixture of both eigenvectors; shift
    it. A start that has no part along the eigenvector finds another one: draw it at random.
    Equivalent to the column of `np.linalg.eigh` with the largest eigenvalue in size, up to its
    sign.
    """
    return Network(_spec(dim, layers), **options)


def dominant_eigenvalue(dim: int, layers: int, **options: Unpack[NetworkOptions]) -> Network:
    """The eigenvalue of largest size, with its sign: `net(matrix [d, d], start [d])` -> one number.

    `power_iteration`, then the Rayleigh quotient in two layers: y = x E^T A, then value = x y^T s,
    where s is a row of ||A||_F, which the input map divided A by. Blocks [A; E = I; x; y; s;
    value], `layers` + 2 layers, 1 head, width 2d + 4. The error is the square of the eigenvector's.
    """
    spec = _spec(dim, layers, E=dim, x=1, y=1, scale=1, value=1)
    at = spec.layout
    product = head(Move(at["y"], at["x"]), at["E"], at["A"])
    quotient = head(Move(at["value"], at["x"]), at["y"], at["scale"])

    def prepare(matrix: Tensor, start: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        scaled, start = _scaled(matrix, start)
        return scaled, start, frobenius(matrix)[..., 0].expand(*matrix.shape[:-1])

    spec = replace(
        spec,
        name="dominant eigenvalue",
        stages=(*spec.stages, Stage(layers=(Layer(heads=(product,)), Layer(heads=(quotient,))))),
        inputs=(*spec.inputs, Port(name="scale", shape=(dim,), block="scale")),
        output=Port(name="value", shape=(), block="value"),
        constants={"E": np.eye(dim)},
        identities=("E",),
        prepare=prepare,
        notes=(f"{SCALED}, which the row `scale` holds", "a layer is two steps"),
    )
    return Network(spec, **options)


def _spec(dim: int, layers: int, **blocks: int) -> Spec:
    """Power iteration in a state of A and other blocks, by default x alone."""
    at_least(1, dim=dim, layers=layers)
    layout = Layout.of(A=dim, **(blocks or {"x": 1}))
    x = layout["x"]
    two_steps = Layer(
        heads=(head(Move(x, x), layout["A"], layout["A"]),),
        linear=(Move(x, x, -1.0),),
        normalise="rows",
        normalised=("x",),
    )
    ports = (
        Port(name="matrix", shape=(dim, dim), block="A"),
        Port(name="start", shape=(dim,), block="x"),
    )
    return Spec(
        name="power iteration",
        layout=layout,
        tokens=dim,
        stages=(Stage(layers=(two_steps,), repeat=layers),),
        inputs=ports,
        given=ports,
        output=Port(name="vector", shape=(dim,), block="x"),
        prepare=_scaled,
        notes=(SCALED, "a layer is two steps of power iteration"),
    )


def _scaled(matrix: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
    values = symmetric_eigenvalues(matrix)
    if bool((start == 0).all(dim=-1).any()):
        raise InputError("start is zero; give a random vector")
    low, high = values[..., 0], values[..., -1]
    if bool(((low + high).abs() <= 1e-10 * (high - low)).any()) and matrix.shape[-1] > 1:
        raise InputError(
            "the largest eigenvalues of a matrix are l and -l, so power iteration would tend to a "
            "mixture of two eigenvectors; add a multiple of the identity"
        )
    return matrix / frobenius(matrix), start


def power_error(ratio: float, layers: int, angle: float = np.pi / 3) -> float:
    """The tangent of the angle to the eigenvector after `layers` layers, at most.

    `ratio` is |l_2 / l_1| and `angle` the one of the start, in radians.
    """
    return float(np.tan(angle) * ratio ** (2 * layers))


def power_steps(
    matrix: Float64[np.ndarray, "*B d d"], start: Float64[np.ndarray, "*B d"], steps: int
) -> Float64[np.ndarray, "*B d"]:
    """The iteration in NumPy, one step at a time."""
    x = start
    for _ in range(steps):
        x = np.einsum("...ij,...j->...i", matrix, x)
        x = x / np.linalg.norm(x, axis=-1, keepdims=True)
    return x


def exact_value(
    matrix: Float64[np.ndarray, "*B d d"], start: Float64[np.ndarray, "*B d"]
) -> Float64[np.ndarray, "*B"]:
    """The eigenvalue of largest size by LAPACK."""
    values = np.linalg.eigvalsh(matrix)
    low, high = values[..., 0], values[..., -1]
    return np.where(np.abs(low) > np.abs(high), low, high)


def draw(rng: np.random.Generator, batch: int, dim: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric matrices, |l_1| in 1..10 and the others at most 0.9 of it, and random starts."""
    basis = np.linalg.qr(rng.normal(size=(batch, dim, dim)))[0]
    values = rng.uniform(-0.9, 0.9, (batch, dim))
    values[:, 0] = rng.choice([-1.0, 1.0], batch)
    values *= rng.uniform(1, 10, (batch, 1))
    matrix = (basis * values[:, None, :]) @ basis.swapaxes(1, 2)
    return (matrix + matrix.swapaxes(1, 2)) / 2, rng.normal(size=(batch, dim))


_entry = partial(Construction, source=SOURCE, draw=draw, heads=1)
_entry(
    summary="dominant eigenvector of a symmetric matrix, 200 steps of power iteration",
    build=lambda: power_iteration(dim=6, layers=100),
    reference=lambda matrix, start: power_steps(matrix, start, 200),
    layers=100,
    width=7,
    error=1e-15,
).register("power-iteration")
_entry(
    summary="dominant eigenvalue of a symmetric matrix by power iteration",
    build=lambda: dominant_eigenvalue(dim=6, layers=100),
    reference=exact_value,
    layers=102,
    width=16,
    error=4e-15,
    relative=True,
).register("dominant-eigenvalue")
