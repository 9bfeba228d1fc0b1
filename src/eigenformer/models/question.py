"""What a model is asked: matrices as tokens, or as the numbers themselves.

Shapes: B matrices, L tokens, M rows and N columns of the largest.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ..core import InputError
from ..ensembles import Matrices

BatchT = TypeVar("BatchT", bound="TensorBatch")
GivenT = TypeVar("GivenT")
Medium = Literal["tokens", "values"]
"""In what form matrices are read or written."""


class TensorBatch:
    """A frozen dataclass whose tensors, and those of records in it, have B as their first axis."""

    def map(self: BatchT, change: Callable[[Any], Any]) -> BatchT:
        """With `change` applied to each tensor, or record of tensors, that is not None."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        changed = {k: change(v) for k, v in values.items() if isinstance(v, Tensor | TensorBatch)}
        return replace(self, **changed)  # type: ignore[type-var]

    def to(self: BatchT, device: torch.device, non_blocking: bool = True) -> BatchT:
        # What comes back to the CPU must be there.
        ahead = non_blocking and device.type != "cpu"
        return self.map(lambda part: part.to(device, non_blocking=ahead))

    def pin_memory(self: BatchT) -> BatchT:
        return self.map(lambda part: part.pin_memory())

    def __getitem__(self: BatchT, rows: Any) -> BatchT:
        """Those of the matrices that an index of B picks."""
        return self.map(lambda part: part[rows])


@dataclass(frozen=True, eq=False, slots=True)
class Numbers(TensorBatch):
    """B matrices, zero-padded to the largest: `ensembles.Matrices` as tensors."""

    values: Float[Tensor, "B M N"]
    """float64 of a question or a true answer; of what precision it likes in a model's answer."""
    rows: Int[Tensor, " B"]
    columns: Int[Tensor, " B"]
    kinds: Int[Tensor, " B"] | None = None
    """For joint training: the index of the problem that each belongs to."""

    @staticmethod
    def of(matrices: Matrices) -> "Numbers":
        m, n = int(matrices.rows.max(initial=0)), int(matrices.columns.max(initial=0))
        kinds = None if matrices.kinds is None else torch.from_numpy(matrices.kinds)
        values = torch.from_numpy(np.ascontiguousarray(matrices.values[:, :m, :n]))
        rows, columns = map(torch.from_numpy, (matrices.rows, matrices.columns))
        return Numbers(values, rows, columns, kinds)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def mask(self) -> Bool[Tensor, "B M N"]:
        """True at coefficients, false at padding."""
        _, m, n = self.values.shape
        row_M1 = torch.arange(m, device=self.rows.device)[:, None]
        column_N = torch.arange(n, device=self.rows.device)
        return (row_M1 < self.rows[:, None, None]) & (column_N < self.columns[:, None, None])

    def matrices(self) -> Matrices:
        """As arrays again, in float64."""
        rows, columns = self.rows.cpu().numpy(), self.columns.cpu().numpy()
        kinds = None if self.kinds is None else self.kinds.cpu().numpy()
        return Matrices(self.values.detach().double().cpu().numpy(), rows, columns, kinds)


@dataclass(frozen=True, eq=False, slots=True)
class Question(TensorBatch):
    """B matrices to answer, in the form that the model reads (`ModelConfig.reads`).

    A model takes `ids` or `numbers`; only what it says it reads is there.
    """

    tokens: Int[Tensor, "B L"] | None = None
    padded: bool = False
    """Whether some matrix is smaller than the largest, and filled up: `ids` with <pad>, which comes
    last, or the matrices of `numbers` with zeros. Nobody searches the tensors for it."""
    matrices: Numbers | None = None

    @staticmethod
    def of(reads: Medium, matrices: Matrices, ids: np.ndarray | None, padded: bool) -> "Question":
        """Of `matrices` what a model reads; `ids` are their tokens, `padded` if some have <pad>."""
        if reads == "values":
            numbers = Numbers.of(matrices)
            _, m, n = numbers.values.shape
            padded = bool(((numbers.rows < m) | (numbers.columns < n)).any())
            return Question(padded=padded, matrices=numbers)
        return Question(None if ids is None else torch.from_numpy(ids), padded)

    def __len__(self) -> int:
        return len(self.numbers if self.tokens is None else self.tokens)

    @property
    def ids(self) -> Int[Tensor, "B L"]:
        """Token ids (0 = <eos>, 1 = <pad>)."""
        return _given(self.tokens, "tokens")

    @property
    def numbers(self) -> Numbers:
        """The exact numbers, and how large each matrix is."""
        return _given(self.matrices, "values")


def true_answers(writes: Medium, matrices: Matrices, ids: np.ndarray) -> Tensor | Numbers:
    """What training compares with, in the form that a model writes."""
    return Numbers.of(matrices) if writes == "values" else torch.from_numpy(ids)


def _given(part: GivenT | None, medium: Medium) -> GivenT:
    if part is None:
        raise InputError(
            f"the question has no {medium}: a configuration of a model that takes them says "
            f"reads = {medium!r}"
        )
    return part
