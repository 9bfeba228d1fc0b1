"""Jacobi's rotations in a fixed order: all eigenvectors, or singular vectors, of a matrix.

A round turns n/2 disjoint pairs (p, q) of coordinates at once; n - 1 rounds (n for odd n) meet each
pair once, a sweep. With d = (s_pp - s_qq) / 2 and o = s_pq the pair's rotation is that by half the
angle of (d, o), and an angle is halved without a square root or an arcus tangens:

    (cos 2t, sin 2t) = (d, o) / length,      (cos t, sin t) = (1 + cos 2t, sin 2t) / length

so that a row of a matrix, normalised twice, is a row of the rotation. The larger value goes to the
smaller index, so values come out in descending order: a sweep of rotations is a sorting network.

    layer 1   S <- V S V^T, Q <- Q V^T     attention, with the rotations V of the last round
              D = diagonal of S, O = its entries at the pairs, by ReLUs that see their position
    layer 2   W = rows (d at p, o at q; -o at p, d at q), from D and O by constant permutations,
              normalised
    layer 3   V = I + W, normalised

For the SVD, S <- G S H^T is not symmetric, and two angles are halved: those of (s_pp - s_qq, s_pq +
s_qp) and (s_pp + s_qq, s_qp - s_pq), whose rotations M and K give G = M K and H = M K^T in a fourth
layer.

Jacobi 1846; Kogbetliantz 1955; Brent and Luk 1985 (the rounds); derivations.md, section 14.
"""

from collections.abc import Callable
from functools import partial
from typing import Unpack

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
from ..parts import Head, Layer, Unit
from ..scalar import POSITIVE
from ..spec import Port, Spec, Stage
from .heads import head
from .matrix_functions import indefinite, power_of_two

_TINY = 2.0**-70
"""Added to (1 + cos 2t, sin 2t), which is (0, 0) where a pair is out of order and diagonal: then
it is turned by a right angle."""
_BIAS, _LAST = 2.0**-44, 3
"""Between equal singular values M's angle is noise, and between zeros K's too: turned about, a
cluster brings back what other pairs of its rows had lost, which then falls by a factor a sweep and
does not square. With this bias both are I there; the last sweeps are without."""
SOURCE = "Jacobi 1846, in the rounds of Brent and Luk 1985"
DIM = 5


def sweeps_needed(n: int) -> int:
    """Sweeps that leave nothing but rounding, also of graded spectra and repeated values."""
    return 4 + n


def rounds(n: int) -> list[list[tuple[int, int]]]:
    """Disjoint pairs p < q of 0 .. n - 1 that meet each pair once, as in a tournament."""
    places = list(range(n + n % 2))
    found = []
    for _ in range(len(places) - 1):
        pairs = zip(places[: len(places) // 2], reversed(places), strict=False)
        found.append([(min(pair), max(pair)) for pair in pairs if max(pair) < n])
        places = [places[0], places[-1], *places[1:-1]]
    return found


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


class _Rounds:
    """Layers for n places, on blocks of n rows each."""

    def __init__(self, layout: Layout, n: int) -> None:
        self.at, self.n = layout, n
        self.all = np.eye(n)

    def copies(self, *moves: tuple[str, str, float | np.ndarray]) -> Head:
        """into += scale source, for (into, source, scale): through the identity head."""
        at = self.at
        made = tuple(Move(at[into], at[source], scale) for into, source, scale in moves)
        return head(made, at["I"], at["I"])

    def product(self, into: str, left: str, middle: str, right: str) -> Head:
        """into += left middle^T right."""
        at = self.at
        return head(Move(at[into], at[left]), at[middle], at[right])

    def masked(self, into: str, places: np.ndarray) -> tuple[Unit, ...]:
        """Into += S where places is 1, nothing elsewhere.

        Token j has row j of I: relu(s + i - 1) - relu(-s + i - 1) is s where i = 1 and 0 where
        i = 0, for |s| <= 1.
        """
        found = []
        for row in range(self.n):
            for sign in (1.0, -1.0):
                read, write = np.zeros(self.at.width), np.zeros(self.at.width)
                read[self.at["S"][row].start] = sign
                read[self.at["I"].slice] = places[row]
                read[self.at["one"].start] = -1.0
                write[self.at[into][row].start] = sign
                found.append(Unit(read=read, function=POSITIVE, write=write))
        return tuple(found)

    def added(self, amounts: dict[str, float]) -> tuple[Unit, ...]:
        """Each block += amount I, by ReLUs of I: after attention, so that rows p and q agree.

        Added by a head, it would be rounded with what that head moves to row p, and to row q, and
        what is normalised would not be a rotation where it is small.
        """
        found = []
        for row in range(self.n):
            read, write = np.zeros(self.at.width), np.zeros(self.at.width)
            read[self.at["I"][row].start] = 1.0
            for name, amount in amounts.items():
                write[self.at[name][row].start] = amount
            found.append(Unit(read=read, function=POSITIVE, write=write))
        return tuple(found)

    def swapped(self, into: tuple[tuple[str, np.ndarray], ...], swap: np.ndarray) -> Head:
        """Each block += scale swap D swap."""
        at = self.at
        moves = tuple(Move(at[name], at["D"], scale @ swap) for name, scale in into)
        return head(moves, at["I"], at["I"], swap)

    def turned(self, into: tuple[tuple[str, np.ndarray], ...]) -> Head:
        """Each block += scale O^T."""
        at = self.at
        moves = tuple(Move(at[name], at["I"], scale) for name, scale in into)
        return head(moves, at["O"], at["I"])

    def constants(self, pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
        """The permutation that swaps pairs, and the signs 1 at p, -1 at q, 0 at a place alone."""
        swap, sign = np.zeros((self.n, self.n)), np.zeros((self.n, self.n))
        for p, q in pairs:
            swap[p, q] = swap[q, p] = sign[p, p] = 1.0
            sign[q, q] = -1.0
        return swap, sign

    def symmetric(self, pairs: list[tuple[int, int]]) -> tuple[Layer, ...]:
        """A round: S and Q turned by the last one's V (and X = V^T), then the next V and X."""
        swap, sign = self.constants(pairs)
        half, small = sign / 2, _TINY * sign @ swap
        angles = Layer(
            heads=(
                self.copies(
                    ("W", "D", half), ("W", "O", half), ("X", "D", half), ("X", "O", -half)
                ),
                self.swapped((("W", -half), ("X", -half)), swap),
                self.turned((("W", half), ("X", -half))),
            ),
            normalise="rows",
            normalised=("W", "X"),
        )
        rotations = Layer(
            heads=(self.copies(("W", "I", self.all + small), ("X", "I", self.all - small)),),
            normalise="rows",
            normalised=("W", "X"),
        )
        return self.turn_symmetric(swap), angles, rotations

    def turn_symmetric(self, swap: np.ndarray | None) -> Layer:
        """S <- V S V^T, Q <- Q V^T; the diagonal to D, and what is at the pairs to O."""
        cleared = ("S", "Q", "D", "O", "W", "X")
        heads = (
            self.copies(*((name, name, -1.0) for name in cleared)),
            self.product("S", "W", "S", "X"),
            self.product("Q", "Q", "W", "I"),
        )
        units = self.masked("D", self.all)
        units += self.masked("O", swap) if swap is not None else ()
        return Layer(heads=heads, units=units)

    def general(self, pairs: list[tuple[int, int]], bias: float) -> tuple[Layer, ...]:
        """A round: S, T = S^T, U and V turned by the last one's G and H, then the next ones.

        `bias` is added to the first of M's and K's two numbers, before they are normalised.
        """
        swap, sign = self.constants(pairs)
        place, small = np.abs(sign), _TINY * sign @ swap
        every = self.all
        four = ("M", "Mt", "K", "Kt")
        angles = Layer(
            heads=(
                self.copies(
                    *(("M", "D", sign), ("M", "O", sign), ("Mt", "D", sign), ("Mt", "O", -sign)),
                    *(("K", "D", place), ("K", "O", -every)),
                    *(("Kt", "D", place), ("Kt", "O", every)),
                ),
                self.swapped((("M", -sign), ("Mt", -sign), ("K", place), ("Kt", place)), swap),
                self.turned((("M", sign), ("Mt", -sign), ("K", every), ("Kt", -every))),
            ),
            units=self.added(dict.fromkeys(four, bias)),
            normalise="rows",
            normalised=four,
        )
        halves = Layer(
            heads=(
                self.copies(
                    *((name, "I", every + small) for name in ("M", "K")),
                    *((name, "I", every - small) for name in ("Mt", "Kt")),
                ),
            ),
            normalise="rows",
            normalised=four,
        )
        rotations = Layer(
            heads=(
                self.product("G", "M", "I", "K"),
                self.product("Gt", "Kt", "I", "Mt"),
                self.product("H", "M", "I", "Kt"),
                self.product("Ht", "K", "I", "Mt"),
            )
        )
        return self.turn_general(swap), angles, halves, rotations

    def turn_general(self, swap: np.ndarray | None) -> Layer:
        """S <- G S H^T, T <- H T G^T, U <- U G^T, V <- V H^T; then D and O as for symmetric S."""
        cleared = ("S", "T", "U", "V", "D", "O", "M", "Mt", "K", "Kt", "G", "Gt", "H", "Ht")
        heads = (
            self.copies(*((name, name, -1.0) for name in cleared)),
            self.product("S", "G", "T", "Ht"),
            self.product("T", "H", "S", "Gt"),
            self.product("U", "U", "G", "I"),
            self.product("V", "V", "H", "I"),
        )
        units = self.masked("D", self.all)
        units += self.masked("O", swap) if swap is not None else ()
        return Layer(heads=heads, units=units)


def _symmetric_spec(n: int, sweeps: int | None, answer: tuple[int, int]) -> Spec:
    at_least(1, dim=n)
    sweeps = sweeps_needed(n) if sweeps is None else sweeps
    at_least(1, sweeps=sweeps)
    layout = Layout.of(
        I=n, one=1, S=n, Q=n, D=n, O=n, W=n, X=n, scale=1, **{"values": 1, "vectors": n}
    )
    at, made = layout, _Rounds(layout, n)
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
    at, made = layout, _Rounds(layout, size)
    signs = Layer(
        heads=(made.copies(("M", "D", 1.0), ("M", "I", _TINY * np.eye(size))),),
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
            Stage(layers=sweep(_TINY), repeat=_LAST),
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


def _is_symmetric(matrix: np.ndarray) -> bool:
    return bool((matrix == matrix.T).all())


def _weyl(a: np.ndarray) -> np.ndarray:
    """n eps: the bound on an eigenvalue's error, over the largest, of a backward stable method."""
    return np.full(len(a), max(a.shape[1:]) * np.finfo(float).eps)


def _score(problem: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The problem's own score, in the largest coefficient: diagonal, values, orthogonality."""
    asked = problems.get(problem)
    return lambda a, answer: asked.errors(a, asked.solve(a), answer).scores["max"]


_SYMMETRIC = f"of a symmetric {DIM}x{DIM} matrix, by Jacobi's rotations"
_ANY = f"of a {DIM}x{DIM} matrix, by Jacobi's rotations from both sides"
_entry = partial(Construction, source=SOURCE, relative=True)
_entry(
    summary=f"all eigenvalues {_SYMMETRIC}",
    build=lambda: eigenvalues(DIM),
    build_for=lambda a: eigenvalues(a.shape[1]),
    draw=_symmetric,
    reference=lambda a: problems.get("eigenvalues").solve(a),
    suits=_is_symmetric,
    predicted=_weyl,
    problem="eigenvalues",
    layers=137,
    heads=3,
    width=43,
    error=1e-15,
).register("eigenvalues")
_entry(
    summary=f"all eigenvectors {_SYMMETRIC}",
    build=lambda: eigenvectors(DIM),
    build_for=lambda a: eigenvectors(a.shape[1]),
    draw=_symmetric,
    reference=lambda a: problems.get("eigenvectors").solve(a),
    compare=_score("eigenvectors"),
    suits=_is_symmetric,
    problem="eigenvectors",
    layers=137,
    heads=3,
    width=43,
    error=1e-15,
).register("eigenvectors")
_entry(
    summary=f"all singular values {_ANY}",
    source=f"{SOURCE}; Kogbetliantz 1955",
    build=lambda: singular_values(DIM, DIM),
    build_for=lambda a: singular_values(*a.shape[1:]),
    draw=_general,
    reference=lambda a: problems.get("singular_values").solve(a),
    suits=lambda matrix: True,
    predicted=_weyl,
    problem="singular_values",
    layers=243,
    heads=5,
    width=88,
    error=1e-15,
).register("singular-values")
_entry(
    summary=f"the singular value decomposition {_ANY}",
    source=f"{SOURCE}; Kogbetliantz 1955",
    build=lambda: svd(DIM, DIM),
    build_for=lambda a: svd(*a.shape[1:]),
    draw=_general,
    reference=lambda a: problems.get("svd").solve(a),
    compare=_score("svd"),
    suits=lambda matrix: True,
    problem="svd",
    layers=243,
    heads=5,
    width=88,
    error=1e-15,
).register("svd")
