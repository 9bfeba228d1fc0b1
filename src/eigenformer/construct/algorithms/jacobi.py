"""Jacobi's rotations in a fixed order: all eigenvectors, or singular vectors, of a matrix.

A round turns n/2 disjoint pairs (p, q) of coordinates at once; n - 1 rounds (n for odd n) meet each
pair once, a sweep. With d = (s_pp - s_qq) / 2 and o = s_pq the pair's rotation is that by half the
angle of (d, o), and an angle is halved without a square root or an arcus tangens:

    (cos 2t, sin 2t) = (d, o) / length,      (cos t, sin t) = (1 + cos 2t, sin 2t) / length

so that a row of a matrix, normalised twice, is a row of the rotation (`jacobi_rounds` has the
layers). The larger value goes to the smaller index, so values come out in descending order: a sweep
of rotations is a sorting network.

For the SVD, S <- G S H^T is not symmetric, and two angles are halved: those of (s_pp - s_qq, s_pq +
s_qp) and (s_pp + s_qq, s_qp - s_pq), whose rotations M and K give G = M K and H = M K^T in a fourth
layer.

Jacobi 1846; Kogbetliantz 1955; Brent and Luk 1985 (the rounds); derivations.md, section 14.
"""

from collections.abc import Callable
from typing import Any, Unpack

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ... import problems
from ...core import at_least
from ..blocks import Layout, Move
from ..catalogue import Construction
from ..compiler import check_symmetric
from ..network import Network, NetworkOptions
from ..parts import Layer
from ..spec import Port, Spec, Stage
from .heads import head
from .jacobi_rounds import TINY, Rounds, rounds
from .matrix_functions import indefinite, is_symmetric, power_of_two

_BIAS, _LAST = 2.0**-44, 3
"""Between equal singular values M's angle is noise, and between zeros K's too: turned about, a
cluster brings back what other pairs of its rows had lost, which then falls by a factor a sweep and
does not square. With this bias both are I there; the last sweeps are without."""
SOURCE = "Jacobi 1846, in the rounds of Brent and Luk 1985"
DIM = 5


def sweeps_needed(n: int) -> int:
    """Sweeps that leave nothing but rounding, also of graded spectra and repeated values."""
    return 4 + n


def eigenvectors(dim: int, sweeps: int | None = None, **options: Unpack[NetworkOptions]) -> Network:
    """All of a symmetric matrix: `net(A)` -> [dim + 1, dim], values descending, then vectors.

    3 layers a round, dim - 1 rounds a sweep (dim for odd dim), `sweeps_needed` sweeps if none are
    said; 3 heads, width 8 dim + 3. The input map divides A by a power of two, which the last layer
    multiplies the eigenvalues with. Any matrix is taken: also zero, 1x1, and one whose eigenvalues
    repeat, of which an orthonormal basis comes out. Equivalent to `numpy.linalg.eigh`, reversed, up
    to signs.
    """
    return Network(_symmetric_spec(dim, sweeps, (dim + 1, dim)), **options)


def eigenvalues(dim: int, sweeps: int | None = None, **options: Unpack[NetworkOptions]) -> Network:
    """The eigenvalues alone, [dim, 1] descending: the same network, read otherwise."""
    return Network(_symmetric_spec(dim, sweeps, (dim, 1)), **options)


def svd(
    rows: int, columns: int, sweeps: int | None = None, **options: Unpack[NetworkOptions]
) -> Network:
    """A = U diag(s) V^T: `net(A [m, n])` -> [1 + m + n, k], s descending, then U, then V.

    4 layers a round of n = max(m, n) places (zeros fill A up), `sweeps_needed` sweeps if none are
    said, and three more; 5 heads. Any matrix is taken, of any rank. Equivalent to
    `numpy.linalg.svd`, up to the signs of pairs of vectors.
    """
    shape = (1 + rows + columns, min(rows, columns))
    return Network(_general_spec(rows, columns, sweeps, shape), **options)


def singular_values(
    rows: int, columns: int, sweeps: int | None = None, **options: Unpack[NetworkOptions]
) -> Network:
    """The singular values alone, [min(m, n), 1] descending: the same network, read otherwise."""
    return Network(_general_spec(rows, columns, sweeps, (min(rows, columns), 1)), **options)


def _symmetric_spec(n: int, sweeps: int | None, answer: tuple[int, int]) -> Spec:
    at_least(1, dim=n)
    sweeps = sweeps_needed(n) if sweeps is None else sweeps
    at_least(1, sweeps=sweeps)
    layout = Layout.of(
        I=n, one=1, S=n, Q=n, D=n, O=n, W=n, X=n, scale=1, **{"values": 1, "vectors": n}
    )
    at, made = layout, Rounds(layout, n)
    end = Layer(
        heads=(
            head(Move(at["values"], at["scale"]), at["D"], at["I"]),
            made.copies(("vectors", "Q", 1.0)),
        )
    )

    def prepare(a: Float[Tensor, "*B n n"]) -> tuple[Tensor, ...]:
        check_symmetric("A", a)
        scale = _scale(a)
        one = torch.eye(n, dtype=a.dtype)
        return a / scale[..., None, None], one, one, one, scale[..., None].expand(*a.shape[:-1])

    square = (n, n)
    values_only = answer[0] != n + 1
    name = "eigenvalues" if values_only else "eigenvectors"
    return Spec(
        name=name,
        layout=layout,
        tokens=n,
        stages=(
            Stage(
                layers=tuple(layer for pairs in rounds(n) for layer in made.symmetric(pairs)),
                repeat=sweeps,
            ),
            Stage(layers=(made.turn_symmetric(None), end)),
        ),
        inputs=(
            *(Port(name=name, shape=square, block=name) for name in ("S", "Q", "W", "X")),
            Port(name="scale", shape=(n,), block="scale"),
        ),
        output=Port(name=name, shape=answer, block="values", transposed=values_only),
        constants={"I": np.eye(n), "one": np.ones((1, n))},
        identities=("I",),
        prepare=prepare,
        given=(Port(name="A", shape=square, block="S"),),
        notes=("the input map divides A by a power of two, which the row `scale` holds",),
        theorem={"layers": f"3 a round + 2, {len(rounds(n))} rounds a sweep, {sweeps} sweeps"},
        problem=(name, {}),
        steps=sweeps,
    )


def _general_spec(m: int, n: int, sweeps: int | None, answer: tuple[int, int]) -> Spec:
    at_least(1, rows=m, columns=n)
    size = max(m, n)
    sweeps = sweeps_needed(size) if sweeps is None else sweeps
    at_least(1, sweeps=sweeps)
    blocks = ("S", "T", "U", "V", "D", "O", "M", "Mt", "K", "Kt", "G", "Gt", "H", "Ht")
    layout = Layout.of(
        I=size, one=1, **dict.fromkeys(blocks, size), scale=1, values=1, left=m, right=n
    )
    at, made = layout, Rounds(layout, size)
    signs = Layer(
        heads=(made.copies(("M", "D", 1.0), ("M", "I", TINY * np.eye(size))),),
        normalise="rows",
        normalised=("M",),
    )
    end = Layer(
        heads=(
            head(Move(at["values"], at["scale"]), at["D"], at["M"]),
            head(Move(at["left"], at["U"].first(m)), at["I"], at["I"]),
            head(Move(at["right"], at["V"].first(n)), at["M"], at["I"]),
        )
    )

    def sweep(bias: float) -> tuple[Layer, ...]:
        return tuple(layer for pairs in rounds(size) for layer in made.general(pairs, bias))

    def prepare(a: Float[Tensor, "*B m n"]) -> tuple[Tensor, ...]:
        scale = _scale(a)
        s = torch.zeros(*a.shape[:-2], size, size, dtype=a.dtype)
        s[..., :m, :n] = a / scale[..., None, None]
        one = torch.eye(size, dtype=a.dtype)
        row = scale[..., None].expand(*a.shape[:-2], size)
        return s, s.mT, *(one,) * 6, row

    values_only = answer[0] != 1 + m + n
    name = "singular_values" if values_only else "svd"
    turned = ("U", "V", "G", "Gt", "H", "Ht")
    return Spec(
        name=name,
        layout=layout,
        tokens=size,
        stages=(
            Stage(layers=sweep(_BIAS), repeat=sweeps),
            Stage(layers=sweep(TINY), repeat=_LAST),
            Stage(layers=(made.turn_general(None), signs, end)),
        ),
        inputs=(
            *(Port(name=name, shape=(size, size), block=name) for name in ("S", "T", *turned)),
            Port(name="scale", shape=(size,), block="scale"),
        ),
        output=Port(name=name, shape=answer, block="values", transposed=values_only),
        constants={"I": np.eye(size), "one": np.ones((1, size))},
        identities=("I",),
        prepare=prepare,
        given=(Port(name="A", shape=(m, n), block="S"),),
        notes=("the input map divides A by a power of two, which the row `scale` holds",),
        theorem={
            "layers": f"4 a round + 3, {len(rounds(size))} rounds a sweep, {sweeps + _LAST} sweeps"
        },
        problem=(name, {}),
        steps=sweeps,
    )


def _scale(a: Float[Tensor, "*B m n"]) -> Float[Tensor, "*B"]:
    """A power of two, at least twice the 2-norm: rounding then leaves every entry below 1.

    One above 1 would leak through the masks, and rotations of what leaked are none.
    """
    largest = power_of_two(a.abs().amax(dim=(-2, -1)))
    return 2 * power_of_two(torch.linalg.matrix_norm(a / largest[..., None, None], 2)) * largest


def _uniform(rng: np.random.Generator, batch: int) -> np.ndarray:
    return rng.uniform(-10, 10, (batch, DIM, DIM))


def _symmetric(rng: np.random.Generator, batch: int) -> tuple[np.ndarray]:
    """Half of them uniform coefficients, half condition numbers up to 1e4."""
    a = np.tril(_uniform(rng, batch))
    a = a + np.tril(a, -1).swapaxes(1, 2)
    a[: batch // 2] = indefinite(rng, batch)[0][: batch // 2]
    return (a,)


def _general(rng: np.random.Generator, batch: int) -> tuple[np.ndarray]:
    """Half of them uniform coefficients, half condition numbers up to 1e4."""
    a = _uniform(rng, batch)
    turned = indefinite(rng, batch)[0] @ np.linalg.qr(a)[0]
    a[: batch // 2] = turned[: batch // 2]
    return (a,)


def _weyl(a: np.ndarray) -> np.ndarray:
    """n eps: the bound on an eigenvalue's error, over the largest, of a backward stable method."""
    return np.full(len(a), max(a.shape[1:]) * np.finfo(float).eps)


def _score(problem: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The problem's own score, in the largest coefficient: diagonal, values, orthogonality."""
    asked = problems.get(problem)
    return lambda a, answer: asked.errors(a, asked.solve(a), answer).scores["max"]


def _register(
    name: str,
    summary: str,
    build: Callable[..., Network],
    draw: Callable[[np.random.Generator, int], tuple[np.ndarray]],
    **fields: Any,
) -> None:
    problem = name.replace("-", "_")
    Construction(
        summary=summary,
        build=lambda: build(np.empty((1, DIM, DIM))),
        build_for=build,
        draw=draw,
        reference=problems.get(problem).solve,
        problem=problem,
        error=1e-15,
        relative=True,
        **fields,
    ).register(name)


_SYMMETRIC = f"of a symmetric {DIM}x{DIM} matrix, by Jacobi's rotations"
_ANY = f"of a {DIM}x{DIM} matrix, by Jacobi's rotations from both sides"
_ONE_SIDED = {"source": SOURCE, "suits": is_symmetric, "layers": 137, "heads": 3, "width": 43}
_TWO_SIDED = {
    "source": f"{SOURCE}; Kogbetliantz 1955",
    "suits": lambda matrix: True,
    "layers": 243,
    "heads": 5,
    "width": 88,
}
_register(
    "eigenvalues",
    f"all eigenvalues {_SYMMETRIC}",
    lambda a: eigenvalues(a.shape[1]),
    _symmetric,
    predicted=_weyl,
    **_ONE_SIDED,
)
_register(
    "eigenvectors",
    f"all eigenvectors {_SYMMETRIC}",
    lambda a: eigenvectors(a.shape[1]),
    _symmetric,
    compare=_score("eigenvectors"),
    **_ONE_SIDED,
)
_register(
    "singular-values",
    f"all singular values {_ANY}",
    lambda a: singular_values(*a.shape[1:]),
    _general,
    predicted=_weyl,
    **_TWO_SIDED,
)
_register(
    "svd",
    f"the singular value decomposition {_ANY}",
    lambda a: svd(*a.shape[1:]),
    _general,
    compare=_score("svd"),
    **_TWO_SIDED,
)
