"""Matrix expressions in normal form: linear combinations of atoms.

An atom is a symbol or its transpose, an identity, a product of atoms, a scalar function (or mask)
of a combination, an entrywise product, or a *group*: a combination with a name, used as a whole.
Scalar factors and sums are collected, transposes are pushed to the symbols, and equal atoms are one
object.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from .expression import Shape
from .scalar import DIAGONAL, SPREAD, Mask, Scalar

AtomKind = Literal["symbol", "identity", "product", "function", "hadamard", "group"]
_LONGEST = 32
"""Letters of an atom that are written out."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Atom:
    """What a linear combination combines; made by a `Graph`, which makes equal ones one."""

    number: int
    kind: AtomKind
    shape: Shape
    text: str
    name: str = ""
    transposed: bool = False
    factors: tuple["Atom", ...] = ()
    scalar: Scalar | Mask | None = None
    body: "Form | None" = None
    """What a function is applied to, what a group stands for, the left one of an entrywise product
    (whose right one is spread, `factors[0]`)."""
    barrier: bool = False
    """Whether products may not be distributed over this group (what a repetition hands on)."""
    weight: int = 1
    """Grows from an atom to all that is made of it."""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Form:
    """sum_i c_i * atom_i, in order of the atoms' numbers; no terms: zero."""

    shape: Shape
    terms: tuple[tuple[Atom, float], ...] = ()

    @classmethod
    def of(cls, atom: Atom) -> "Form":
        return cls(atom.shape, ((atom, 1.0),))

    @property
    def atom(self) -> Atom | None:
        """The atom that this is, if it is one and nothing else."""
        return self.terms[0][0] if len(self.terms) == 1 and self.terms[0][1] == 1.0 else None

    def __mul__(self, factor: float) -> "Form":
        terms = ((atom, c * factor) for atom, c in self.terms)
        return Form(self.shape, tuple(term for term in terms if term[1] != 0.0))

    def __add__(self, other: "Form") -> "Form":
        return self.sum(self.shape, (self, other))

    @classmethod
    def sum(cls, shape: Shape, forms: Iterable["Form"]) -> "Form":
        found: dict[Atom, float] = {}
        for form in forms:
            assert form.shape == shape
            for atom, c in form.terms:
                found[atom] = found.get(atom, 0.0) + c
        kept = ((atom, c) for atom, c in found.items() if c != 0.0)
        return cls(shape, tuple(sorted(kept, key=lambda term: term[0].number)))

    def split_identity(self) -> tuple["Form", "Form"]:
        """The terms that are not identities, and those that are."""
        rest = tuple(term for term in self.terms if term[0].kind != "identity")
        units = tuple(term for term in self.terms if term[0].kind == "identity")
        return Form(self.shape, rest), Form(self.shape, units)

    def __str__(self) -> str:
        return signed_sum((c, str(atom)) for atom, c in self.terms) or "0"


def signed_sum(terms: Iterable[tuple[float, str]]) -> str:
    """A sum with its signs: -X A^T X + 0.5 X."""
    out = ""
    for factor, text in terms:
        size = "" if abs(factor) == 1.0 else f"{abs(factor):.4g} "
        sign = "-" if factor < 0 else ""
        out += f" {sign or '+'} {size}{text}" if out else f"{sign}{size}{text}"
    return out


Split = tuple[Atom | None, Atom | None, Atom | None]
"""The parts P, Q, R of a product P Q^T R, which one head computes; None is an identity."""


class Graph:
    """Makes atoms, each once."""

    def __init__(self, symmetric: frozenset[str] = frozenset()) -> None:
        self.symmetric = symmetric
        self.atoms: list[Atom] = []
        self.written: set[Atom] = set()
        """Products that the program wrote, which may be distributed over sums."""
        self.shared: set[Atom] = set()
        """Products and groups that the program uses more than once."""
        self.landmarks: list[Atom] = []
        """What the program wrote, in order, so that nothing has to be visited recursively."""
        self.near: dict[Atom, str] = {}
        """The symbol that an atom replaces from one repetition to the next."""
        self._interned: dict[tuple[object, ...], Atom] = {}
        self._transposes: dict[Atom, Atom] = {}
        self.splits = cache(self._splits)
        """Every way to cut a product's chain into two or three parts, the even ones first."""

    def symbol(self, name: str, shape: Shape, transposed: bool = False) -> Atom:
        text = f"{name}.T" if transposed else name
        return self._make(
            ("symbol", name, transposed),
            shape=shape,
            text=text,
            name=name,
            transposed=transposed,
        )

    def identity(self, size: int) -> Atom:
        return self._make(("identity", size), shape=(size, size), text=f"I{size}", name="I")

    def product(self, factors: tuple[Atom, ...]) -> Atom:
        """The product of one factor or more, none of them an identity."""
        if len(factors) == 1:
            return factors[0]
        known = self._interned.get(("product", factors))
        if known is not None:
            return known
        text = " ".join(f"({f})" if f.kind == "product" else str(f) for f in factors)
        return self._make(
            ("product", factors),
            shape=(factors[0].shape[0], factors[-1].shape[1]),
            text=text,
            factors=factors,
            weight=1 + sum(factor.weight for factor in factors),
        )

    def function(self, scalar: Scalar | Mask, body: Form) -> Atom:
        rows, columns = body.shape
        return self._make(
            ("function", scalar, body),
            shape=(rows * columns, columns) if scalar == SPREAD else body.shape,
            text=f"{scalar.name}({body})",
            scalar=scalar,
            body=body,
            weight=1 + sum(atom.weight for atom, _ in body.terms),
        )

    def hadamard(self, left: Form, right: Form) -> Atom:
        """The product entry by entry."""
        spread = self.function(SPREAD, right)
        return self._make(
            ("hadamard", left, spread),
            shape=left.shape,
            text=f"({left}) * ({right})",
            factors=(spread,),
            body=left,
            weight=1 + spread.weight + sum(atom.weight for atom, _ in left.terms),
        )

    def group(self, body: Form, name: str = "", barrier: bool = False) -> Atom:
        """A combination as one atom; a mere atom stays itself unless it is a barrier."""
        if body.atom is not None and not barrier:
            return body.atom
        return self._make(
            ("group", body, barrier),
            shape=body.shape,
            text=name or f"({body})",
            name=name,
            body=body,
            barrier=barrier,
            weight=1 + sum(atom.weight for atom, _ in body.terms),
        )

    def _make(self, key: tuple[Any, ...], *, text: str, **fields: Any) -> Atom:
        """The atom of a kind, `key[0]`, and of what else tells it from others."""
        if key not in self._interned:
            number = len(self.atoms)
            text = text if len(text) <= _LONGEST else f"%{number}"
            atom = Atom(number=number, kind=key[0], text=text, **fields)
            self.atoms.append(atom)
            self._interned[key] = atom
        return self._interned[key]

    def transpose(self, atom: Atom) -> Atom:
        """The transpose of an atom, with transposes at the symbols only."""
        if atom.shape == (1, 1):
            return atom
        if atom not in self._transposes:
            found = self._transposed(atom)
            self._transposes[atom] = found
            self._transposes[found] = atom
        return self._transposes[atom]

    def _transposed(self, atom: Atom) -> Atom:
        shape = (atom.shape[1], atom.shape[0])
        if atom.kind == "identity":
            return atom
        if atom.kind == "symbol":
            if atom.name in self.symmetric:
                return atom
            return self.symbol(atom.name, shape, not atom.transposed)
        if atom.kind == "product":
            return self.product(tuple(self.transpose(f) for f in reversed(atom.factors)))
        assert atom.body is not None
        square = shape[0] == shape[1]
        if atom.scalar == SPREAD or (atom.scalar == DIAGONAL and square):
            return atom  # what is spread is only ever read by the product that it is made for
        body = self.transpose_form(atom.body)
        if atom.kind == "function":
            assert atom.scalar is not None
            return self.function(atom.scalar, body)
        if atom.kind == "hadamard":
            right = atom.factors[0].body
            assert right is not None
            return self.hadamard(body, self.transpose_form(right))
        return self.group(body, f"{atom.name}.T" if atom.name else "", atom.barrier)

    def transpose_form(self, form: Form) -> Form:
        shape = (form.shape[1], form.shape[0])
        parts = (Form.of(self.transpose(atom)) * c for atom, c in form.terms)
        return Form.sum(shape, parts)

    def _splits(self, product: Atom) -> tuple[Split, ...]:
        cuts = self._cut(product.factors)
        return tuple(sorted(cuts, key=lambda split: max(len(p.factors) for p in split if p)))

    def _cut(self, factors: tuple[Atom, ...]) -> Iterator[Split]:
        make, count = self.product, len(factors)
        for i in range(1, count):
            left, right = make(factors[:i]), make(factors[i:])
            for j in range(i + 1, count):
                yield left, self.transpose(make(factors[i:j])), make(factors[j:])
            yield left, self.transpose(right), None
            yield None, self.transpose(left), right
            yield left, None, right

    def multiply(self, left: Form, right: Form, longest: tuple[int, int]) -> Form:
        """left @ right. A product as an operand adds its factors to the chain, up to `longest`."""
        shape = (left.shape[0], right.shape[1])
        factor, chain = 1.0, list[Atom]()
        for form, limit in zip((left, right), longest, strict=True):
            if not form.terms:
                return Form(shape)
            if len(form.terms) > 1:
                chain.append(self.group(form))
                continue
            atom, c = form.terms[0]
            factor *= c
            if atom.kind == "product" and len(atom.factors) + len(chain) <= limit:
                chain += atom.factors
            elif atom.kind != "identity":
                chain.append(atom)
        if not chain:
            return Form.of(self.identity(shape[0])) * factor
        return Form.of(self.product(tuple(chain))) * factor
