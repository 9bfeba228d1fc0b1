"""The matrices and numbers that `start` and `target` lines compute with, before any layer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ...core import InputError

Kind = Literal["number", "identity", "matrix"]
_KINDS: tuple[Kind, ...] = ("number", "identity", "matrix")
"""A product is of the later kind of its factors."""


@dataclass(frozen=True, eq=False, slots=True)
class Operand:
    """A matrix [*B, r, c], or a number or a multiple of an identity as its factor [*B, 1, 1]."""

    kind: Kind
    value: Tensor

    @property
    def T(self) -> "Operand":
        if self.kind == "number":
            raise InputError("a number has no transpose")
        return Operand(self.kind, self.value.mT)

    def __neg__(self) -> "Operand":
        return Operand(self.kind, -self.value)

    def __add__(self, other: "Operand") -> "Operand":
        if self.kind == other.kind:
            if self.kind == "matrix" and self.value.shape[-2:] != other.value.shape[-2:]:
                raise InputError(
                    f"matrices of {_size(self)} and {_size(other)} cannot be added; they must have "
                    "the same shape"
                )
            return Operand(self.kind, self.value + other.value)
        if "number" in (self.kind, other.kind):
            raise InputError("a number and a matrix cannot be added; write 2*I for the matrix")
        matrix, unit = (self, other) if self.kind == "matrix" else (other, self)
        rows, columns = matrix.value.shape[-2:]
        if rows != columns:
            raise InputError(f"I is square and cannot be added to a matrix of {rows}x{columns}")
        eye = torch.eye(rows, dtype=matrix.value.dtype)
        return Operand("matrix", matrix.value + unit.value * eye)

    def __sub__(self, other: "Operand") -> "Operand":
        return self + -other

    def __matmul__(self, other: "Operand") -> "Operand":
        """The product, of matrices or with a number."""
        kinds = {self.kind, other.kind}
        if kinds == {"matrix"}:
            columns, rows = self.value.shape[-1], other.value.shape[-2]
            if columns != rows:
                raise InputError(
                    f"matrices of {_size(self)} and {_size(other)} cannot be multiplied; the "
                    "columns of the first must be as many as the rows of the second"
                )
            return Operand("matrix", self.value @ other.value)
        kind = max(self.kind, other.kind, key=_KINDS.index)
        return Operand(kind, self.value * other.value)

    def __truediv__(self, other: "Operand") -> "Operand":
        if other.kind != "number":
            raise InputError("programs divide by numbers only")
        if bool((other.value == 0).any()):
            raise InputError("it divides by zero")
        return Operand(self.kind, self.value / other.value)


def number(value: float) -> Operand:
    """A number as an operand."""
    return Operand("number", torch.tensor([[value]], dtype=torch.float64))


def unit() -> Operand:
    """I."""
    return Operand("identity", torch.ones(1, 1, dtype=torch.float64))


def _size(operand: Operand) -> str:
    rows, columns = operand.value.shape[-2:]
    return f"{rows}x{columns}"


def _norm(matrix: Tensor) -> Tensor:
    found: Tensor = torch.linalg.matrix_norm(matrix, 2)
    return found[..., None, None]


def _trace(matrix: Tensor) -> Tensor:
    _need_square("trace", matrix)
    return matrix.diagonal(dim1=-2, dim2=-1).sum(-1)[..., None, None]


def _inverse(matrix: Tensor) -> Tensor:
    _need_square("inv", matrix)
    inverse: Tensor
    inverse, trouble = torch.linalg.inv_ex(matrix)
    if bool((trouble != 0).any()):
        raise InputError("the matrix is singular and has no inverse; pinv takes it")
    return inverse


def _need_square(function: str, matrix: Tensor) -> None:
    rows, columns = matrix.shape[-2:]
    if rows != columns:
        raise InputError(f"{function} needs a square matrix, not one of {rows}x{columns}")


_NUMBERS: Mapping[str, Callable[[Tensor], Tensor]] = {"norm": _norm, "trace": _trace}
_MATRICES: Mapping[str, Callable[[Tensor], Tensor]] = {"inv": _inverse, "pinv": torch.linalg.pinv}

START_FUNCTIONS = tuple(_NUMBERS)
"""norm is the largest singular value."""
TARGET_FUNCTIONS = (*_NUMBERS, *_MATRICES)
"""What a start may not use, or it would be the answer."""


def call(function: str, argument: Operand) -> Operand:
    """A function of `TARGET_FUNCTIONS` of a matrix."""
    if argument.kind != "matrix":
        raise InputError(f"{function} takes a matrix")
    if not bool(torch.isfinite(argument.value).all()):
        raise InputError(f"{function} is asked of a matrix that is not finite")
    if function in _NUMBERS:
        return Operand("number", _NUMBERS[function](argument.value))
    return Operand("matrix", _MATRICES[function](argument.value))
