"""Rounds of Jacobi's rotations as layers: disjoint pairs of coordinates, turned at once.

    layer 1   S <- V S V^T, Q <- Q V^T     attention, with the rotations V of the last round
              D = diagonal of S, O = its entries at the pairs, by ReLUs that see their position
    layer 2   W = rows (d at p, o at q; -o at p, d at q), from D and O by constant permutations,
              normalised
    layer 3   V = I + W, normalised

For an S that is not symmetric the rotations M and K, made alike, give G = M K and H = M K^T in a
fourth layer. derivations.md, section 14.
"""

import numpy as np

from ..blocks import Layout, Move
from ..parts import Head, Layer, Unit
from ..scalar import POSITIVE
from .heads import head

TINY = 2.0**-70
"""Added to (1 + cos 2t, sin 2t), which is (0, 0) where a pair is out of order and diagonal: then
it is turned by a right angle."""


def rounds(n: int) -> list[list[tuple[int, int]]]:
    """Disjoint pairs p < q of 0 .. n - 1 that meet each pair once, as in a tournament."""
    places = list(range(n + n % 2))
    found = []
    for _ in range(len(places) - 1):
        pairs = zip(places[: len(places) // 2], reversed(places), strict=False)
        found.append([(min(pair), max(pair)) for pair in pairs if max(pair) < n])
        places = [places[0], places[-1], *places[1:-1]]
    return found


class Rounds:
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
        half, small = sign / 2, TINY * sign @ swap
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
        place, small = np.abs(sign), TINY * sign @ swap
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
