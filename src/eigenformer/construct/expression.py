"""The language of matrix programs: expressions in named symbols, of known shapes.

`A @ B`, `A + B`, `A - B`, `-A`, `2 * A`, `A / 2`, `A.T`, scalar functions `f(A)` elementwise,
`hadamard(A, B)`, `diagonal(A)`, `ones(A)`, and `I`, an identity as large as its place asks for.
Shapes are checked as expressions are written down.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, NoReturn

import torch

from ..core import InputError
from .scalar import Scalar

Shape = tuple[int, int]
Kind = Literal[
    "symbol",
    "identity",
    "sum",
    "scaled",
    "product",
    "transposed",
    "function",
    "stored",
    "diagonal",
    "hadamard",
]

_DEEP = 4
"""Levels of an expression that are written out in a message."""


@dataclass(frozen=True, eq=False, slots=True)
class Expression:
    """A node of a program. `shape` is None for an identity whose size nothing has told yet."""

    kind: Kind
    shape: Shape | None
    arguments: tuple["Expression", ...] = ()
    name: str = ""
    factor: float = 1.0
    scalar: Scalar | None = None

    # NumPy's numbers and arrays leave operators with an expression to the expression.
    __array_ufunc__ = None

    @property
    def T(self) -> "Expression":
        shape = None if self.shape is None else self.shape[::-1]
        return Expression("transposed", shape, (self,))

    def apply_scalar(self, scalar: Scalar, /) -> "Expression":
        """What `scalar(expression)` means: the function of each entry."""
        return Expression("function", self.shape, (self,), scalar=scalar)

    def __neg__(self) -> "Expression":
        return self * -1.0

    def __mul__(self, other: Any) -> "Expression":
        factor = self._number(other, "*", "write @ for the product of matrices")
        return Expression("scaled", self.shape, (self,), factor=factor)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Expression":
        factor = self._number(other, "/", "programs divide by numbers only")
        if factor == 0.0:
            raise InputError(f"{self} / 0 divides by zero")
        return self * (1.0 / factor)

    def __rtruediv__(self, other: Any) -> "Expression":
        raise InputError(f"{other} / {self} divides by a matrix; programs divide by numbers only")

    def __pow__(self, other: Any) -> "Expression":
        raise InputError(f"{self} ** {other} is not part of programs; write {self} @ {self} ...")

    def __add__(self, other: Any) -> "Expression":
        left, right = _alike(self, self._matrix(other, "+"), "+")
        return Expression("sum", left.shape, (left, right))

    def __radd__(self, other: Any) -> "Expression":
        return self._matrix(other, "+") + self

    def __sub__(self, other: Any) -> "Expression":
        left, right = _alike(self, self._matrix(other, "-"), "-")
        return Expression("sum", left.shape, (left, -right))

    def __rsub__(self, other: Any) -> "Expression":
        return self._matrix(other, "-") - self

    def __matmul__(self, other: Any) -> "Expression":
        left, right = self, self._matrix(other, "@")
        if left.shape is None and right.shape is not None:
            left = sized(left, right.shape[0])
        elif right.shape is None and left.shape is not None:
            right = sized(right, left.shape[1])
        if left.shape is None or right.shape is None:
            return Expression("product", None, (left, right))
        if left.shape[1] != right.shape[0]:
            raise InputError(
                f"{_operation(self, '@', other)} does not conform: {self} is {_size(left.shape)} "
                f"and {other} is {_size(right.shape)}; the columns of the first must be as many as "
                "the rows of the second"
            )
        return Expression("product", (left.shape[0], right.shape[1]), (left, right))

    def __rmatmul__(self, other: Any) -> "Expression":
        return self._matrix(other, "@") @ self

    # What Python and NumPy would do with a matrix of numbers, and a program cannot.

    def __getitem__(self, index: object) -> NoReturn:
        raise InputError(
            f"{self}[...] takes entries out of a matrix; a program computes with whole matrices"
        )

    def __bool__(self) -> bool:
        raise InputError(
            f"`if` or a comparison asks for the value of {self}, which has none yet: a program is "
            "the same computation for every matrix"
        )

    def _compared(self, other: object) -> NoReturn:
        raise InputError(
            f"{self} cannot be compared: a program is the same computation for every matrix"
        )

    __lt__ = __le__ = __gt__ = __ge__ = _compared

    def __array__(self, *_: object, **__: object) -> NoReturn:
        raise InputError(
            f"NumPy cannot compute with {self}, a symbol; a program has @, + and -, .T, products "
            "and quotients with numbers"
        )

    def __str__(self) -> str:
        return _text(self, _DEEP)

    def _number(self, other: Any, operator: str, hint: str) -> float:
        if isinstance(other, Expression):
            raise InputError(f"{self} {operator} {other} is not part of programs; {hint}")
        if not isinstance(other, Real) or isinstance(other, bool):
            raise InputError(
                f"{self} {operator} {_short(other)}: a {type(other).__name__} is not a number; "
                "make arrays symbols of the program and give them to the network"
            )
        if not math.isfinite(other):
            raise InputError(f"{self} {operator} {other} is not finite")
        return float(other)

    def _matrix(self, other: Any, operator: str) -> "Expression":
        if isinstance(other, Expression):
            return other
        number = isinstance(other, Real)
        hint = f"write {other} * I" if number and operator != "@" else "programs combine symbols"
        raise InputError(f"{self} {operator} {_short(other)} is not part of programs; {hint}")


I = Expression("identity", None)  # noqa: E741
"""The identity matrix, as large as its place in an expression asks for."""


def stored(expression: Expression) -> Expression:
    """The same matrix, with rows of its own: the compiler doesn't look through it.

    Without it, products are associated and distributed anew across a whole program, as the fewest
    layers want it. With it a program says which intermediate matrices it means to have.
    """
    return Expression("stored", expression.shape, (expression,))


ONE = Scalar("1", torch.ones_like, gate=((0.0, 1.0, 1.0),))


def ones(expression: Expression) -> Expression:
    """A matrix of ones of an expression's shape."""
    return expression.apply_scalar(ONE)


def diagonal(expression: Expression) -> Expression:
    """A matrix with zeros off its diagonal: exactly, by 2 ReLUs a row (see `Mask`).

    The diagonal of entries up to 2^100 in size; equivalent to `np.diag(np.diag(A))`.
    """
    return Expression("diagonal", expression.shape, (expression,))


def hadamard(left: Expression, right: Expression) -> Expression:
    """The product of two matrices entry by entry, exact but for one rounding: `A * B` in NumPy.

    Row i is e_i (a_i I diag(b_i)), a head's triple product, and the diagonal matrices diag(b_i) are
    written by the ReLU network before it (`Mask`): as many heads as rows in one layer, and rows
    times columns more rows of state. Entries of `right` are at most 2^100 in size.
    Derivation: derivations.md, section 0.
    """
    left, right = _alike(left, right, "*")
    return Expression("hadamard", left.shape, (left, right))


def symbol(name: str, shape: Shape) -> Expression:
    """A named matrix of a program."""
    return Expression("symbol", shape, name=name)


def sized(expression: Expression, size: int) -> Expression:
    """An expression in `I` alone, with its size told."""
    if expression.shape is not None:
        return expression
    return Expression(
        expression.kind,
        (size, size),
        tuple(sized(argument, size) for argument in expression.arguments),
        expression.name,
        expression.factor,
        expression.scalar,
    )


def in_order(*roots: Expression) -> Iterator[Expression]:
    """Every node below the roots once, arguments before what uses them."""
    seen: set[int] = set()
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        node, ready = stack.pop()
        if id(node) in seen:
            continue
        if ready:
            seen.add(id(node))
            yield node
            continue
        stack.append((node, True))
        stack += [(argument, False) for argument in reversed(node.arguments)]


def _alike(left: Expression, right: Expression, sign: str) -> tuple[Expression, Expression]:
    """Both of the same shape, or a reason why not."""
    if left.shape is None and right.shape is None:
        return left, right
    first, second = left.shape or right.shape, right.shape or left.shape
    assert first is not None and second is not None
    for given, other, shape in ((left, right, first), (right, left, second)):
        if given.shape is None and shape[0] != shape[1]:
            raise InputError(
                f"{_operation(left, sign, right)} does not conform: {given} is square and {other} "
                f"is {_size(shape)}"
            )
    if first != second:
        raise InputError(
            f"{_operation(left, sign, right)} does not conform: {left} is {_size(first)} and "
            f"{right} is {_size(second)}; terms of a sum must have the same shape"
        )
    return sized(left, first[0]), sized(right, second[0])


def _operation(left: Expression, sign: str, right: Expression) -> str:
    first, second = str(left), str(right)
    loose = ("sum", "scaled")
    if sign == "@" and left.kind in loose:
        first = f"({first})"
    if right.kind in ((*loose, "product") if sign == "@" else loose):
        second = f"({second})"
    return f"{first} {sign} {second}"


def _size(shape: Shape) -> str:
    return f"{shape[0]}x{shape[1]}"


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 30 else f"{text[:27]}..."


def _text(node: Expression, levels: int) -> str:
    if node.kind in ("symbol", "identity"):
        return node.name or "I"
    if levels == 0:
        return "(...)"
    parts = [_text(argument, levels - 1) for argument in node.arguments]
    loose = [argument.kind in ("sum", "scaled") for argument in node.arguments]
    closed = [
        f"({part})" if open_ and not part.startswith("(...") else part
        for part, open_ in zip(parts, loose, strict=True)
    ]
    if node.kind == "sum":
        right = parts[1]
        return f"{parts[0]} - {right[1:]}" if right[0] == "-" else f"{parts[0]} + {right}"
    if node.kind == "scaled":
        inner = closed[0]
        return f"-{inner}" if node.factor == -1.0 else f"{node.factor:g} * {inner}"
    if node.kind == "product":
        right = f"({closed[1]})" if node.arguments[1].kind == "product" else closed[1]
        return f"{closed[0]} @ {right}"
    if node.kind == "transposed":
        inner = f"({parts[0]})" if node.arguments[0].kind == "product" else closed[0]
        return f"{inner}.T"
    return f"{node.scalar.name if node.scalar else node.kind}({', '.join(parts)})"
