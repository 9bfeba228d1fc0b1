"""The layout that every encoding shares: [task] V{m} V{n} coefficients, row-major.

Letters: B batch, M N matrix, K coefficients, T tokens a coefficient, L tokens, V vocabulary.
"""

import enum
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Float64, Int8, Int64

from ..core import InputError, Registry, unknown
from ..ensembles import Matrices
from .rounding import LARGEST_EXPONENT

COMMON = ("P10", "P100", "P1000", "P10000", "B1999", "FP15")
EOS, PAD = 0, 1
"""Ids in all vocabularies: <eos> ends an output and starts the decoder; <pad> fills a batch."""
EXPONENTS = range(-LARGEST_EXPONENT, LARGEST_EXPONENT + 1)
"""What the exponent tokens of P and B, E-100 to E100, stand for."""
Numbers = Float64[np.ndarray, "*K"]
Spelled = Int64[np.ndarray, "*K T"]
"""Number ids, 0 for the first of `number_words`."""
Flags = Bool[np.ndarray, "*K"]


class Reason(enum.IntEnum):
    """Why a sequence of tokens is not a matrix."""

    OK = 0
    NO_TASK = 1
    NO_DIMENSIONS = 2
    WRONG_LENGTH = 3
    NOT_A_NUMBER = 4

    @property
    def text(self) -> str:
        return _REASONS[self]


_REASONS = {
    Reason.OK: "",
    Reason.NO_TASK: "the sequence does not begin with a task",
    Reason.NO_DIMENSIONS: "the sequence does not begin with the dimensions of a matrix",
    Reason.WRONG_LENGTH: "the number of tokens does not fit the dimensions",
    Reason.NOT_A_NUMBER: "some coefficient is not spelled as a number",
}


@dataclass(frozen=True, eq=False, slots=True)
class Decoded:
    """What B token sequences mean; a malformed one is an empty matrix with a reason."""

    matrices: Matrices
    valid: Bool[np.ndarray, " B"]
    reason: Int8[np.ndarray, " B"]


@dataclass(frozen=True, eq=False, slots=True)
class TokenNumbers:
    """The number that each token stands for, for initialisations and losses that know numbers.

    `sign` is +1, -1 or 0 (the token has none); `mantissa` (the integer |m|) and `exponent` are nan
    where the token has none. `mantissa_range` is the number of values that a mantissa can take
    (1000 for P1000).
    """

    sign: Float64[np.ndarray, " V"]
    mantissa: Float64[np.ndarray, " V"]
    exponent: Float64[np.ndarray, " V"]
    mantissa_range: int


@dataclass(frozen=True, kw_only=True)
class Encoding(ABC):
    """Matrices to token ids and back.

    A concrete encoding says how one number is spelled: `number_words`, `tokens_per_number`,
    `_spell` and `_read`. Numbers are x = s m 10^e with an integer m of `digits` significant digits,
    rounded to nearest; zero is +0 with e = 0 (Charton 2022, section 2.1).
    """

    max_dim: int = 100
    """The largest number of rows or columns that the vocabulary can name."""
    tasks: tuple[str, ...] = ()
    """Names of the problems trained jointly; each has a token that comes first."""

    registry: ClassVar[Registry["Encoding"]] = Registry("encoding")

    def __post_init__(self) -> None:
        if not 1 <= self.max_dim <= 1000:
            raise InputError(f"max_dim is {self.max_dim}; give a number from 1 to 1000")

    # What a concrete encoding provides.

    @property
    @abstractmethod
    def label(self) -> str:
        """The short name, such as P1000."""

    @property
    @abstractmethod
    def tokens_per_number(self) -> int: ...

    @property
    @abstractmethod
    def digits(self) -> int:
        """Significant digits of a coefficient."""

    @abstractmethod
    def number_words(self) -> Iterable[str]:
        """The words that spell numbers, in the order of their ids."""

    @property
    @abstractmethod
    def _slots(self) -> tuple[range, ...]:
        """For each token of a coefficient the number ids that may stand there."""

    @abstractmethod
    def _spell(self, values: Numbers) -> tuple[Spelled, Flags]:
        """Number ids (0 for the first of `number_words`) and whether the value is in range.

        Values may be infinite or nan, which no range includes; their ids mean nothing.
        """

    @abstractmethod
    def _read(self, numbers: Spelled) -> tuple[Numbers, Flags]:
        """The inverse: values, and whether the ids, which may be any integers, spell a number."""

    @abstractmethod
    def token_numbers(self) -> TokenNumbers: ...

    # The layout.

    @property
    def prefix(self) -> int:
        """Tokens before the first coefficient."""
        return 3 if self.tasks else 2

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word; its position is its id."""
        tasks = (f"<{task}>" for task in self.tasks)
        dims = (f"V{k}" for k in range(1, self.max_dim + 1))
        return ("<eos>", "<pad>", *tasks, *dims, *self.number_words())

    @property
    def first_dim(self) -> int:
        """The id of V1."""
        return 2 + len(self.tasks)

    @property
    def first_number(self) -> int:
        """The id of the first number word."""
        return self.first_dim + self.max_dim

    @property
    def header(self) -> tuple[range, ...]:
        """The ids of the words that may stand at each place before the first coefficient."""
        dims = range(self.first_dim, self.first_number)
        return (range(2, self.first_dim), dims, dims) if self.tasks else (dims, dims)

    @property
    def slots(self) -> tuple[range, ...]:
        """The ids of the words that may stand at each place of a coefficient."""
        first = self.first_number
        return tuple(range(slot.start + first, slot.stop + first) for slot in self._slots)

    def length(self, rows: int, columns: int) -> int:
        """Tokens of a matrix, without <eos>."""
        return self.prefix + rows * columns * self.tokens_per_number

    def encode(self, matrices: Matrices | Float64[np.ndarray, "B M N"]) -> Int64[np.ndarray, "B L"]:
        """Token ids, padded with <pad> where matrices differ in size, without <eos>.

        A coefficient out of the encoding's range, or a dimension that it has no token for, is an
        `InputError`.
        """
        matrices = Matrices.of(matrices)
        ids, ok = self.try_encode(matrices)
        if not ok.all():
            bad = int(np.argmin(ok))
            values = matrices.values[bad, : matrices.rows[bad], : matrices.columns[bad]]
            value = values[~self._spell(values)[1]][0]
            # FP's window of exponents is the only one that is narrower than P1000's.
            narrow = self.label.startswith("FP")
            other = " or choose an encoding with more exponents (P1000)" if narrow else ""
            raise InputError(
                f"the coefficient {value:g} is outside the range of {self.label}; rescale the "
                f"matrix{other}"
            )
        return ids

    def try_encode(
        self, matrices: Matrices
    ) -> tuple[Int64[np.ndarray, "B L"], Bool[np.ndarray, " B"]]:
        """Token ids, and which matrices are in range (the ids of the others mean nothing)."""
        largest = int(max(matrices.rows.max(initial=0), matrices.columns.max(initial=0)))
        if largest > self.max_dim:
            raise InputError(
                f"{self.label} has dimension tokens up to V{self.max_dim}, "
                f"but a matrix has {largest} rows or columns; raise max_dim"
            )
        batch, m, n = matrices.values.shape
        numbers, in_range = self._spell(matrices.values.reshape(batch, m * n))
        numbers += self.first_number
        if not matrices.uniform:
            mask = matrices.mask().reshape(batch, m * n)
            in_range |= ~mask
            count = mask.sum(axis=1)
            packed = np.full((batch, count.max(initial=0), self.tokens_per_number), PAD)
            packed[np.arange(packed.shape[1]) < count[:, None]] = numbers[mask]
            numbers = packed
        ids = np.empty((batch, self.length(1, numbers.shape[1])), np.int64)
        if self.tasks:
            if matrices.kinds is None:
                raise InputError(
                    f"{self.label} has tokens for the tasks {', '.join(self.tasks)}, but the "
                    "matrices name none; give Matrices with kinds"
                )
            ids[:, 0] = 2 + matrices.kinds
        ids[:, self.prefix - 2] = self.first_dim - 1 + matrices.rows
        ids[:, self.prefix - 1] = self.first_dim - 1 + matrices.columns
        ids[:, self.prefix :] = numbers.reshape(batch, ids.shape[1] - self.prefix)
        return ids, np.all(in_range, axis=1)

    def decode(self, ids: Int64[np.ndarray, "B L"]) -> Decoded:
        """The matrices that sequences spell; each ends at its first <eos> or <pad>, or at the end.

        A malformed sequence is never an exception and never a number.
        """
        batch = len(ids)
        reason = np.zeros(batch, np.int8)

        def fail(where: np.ndarray, why: Reason) -> None:
            reason[where & (reason == Reason.OK)] = why

        # Filled up to a whole header, and with one <pad> at least, so that each sequence ends.
        ids = np.pad(ids, ((0, 0), (0, self.prefix + 1)), constant_values=PAD)
        end = (ids <= PAD).argmax(axis=1)
        kinds = None
        if self.tasks:
            kinds = ids[:, 0] - 2
            fail(~within(kinds, len(self.tasks)), Reason.NO_TASK)
        dims = ids[:, self.prefix - 2 : self.prefix] - (self.first_dim - 1)
        fail(np.any(~within(dims - 1, self.max_dim), axis=1), Reason.NO_DIMENSIONS)
        size = dims.prod(axis=1)
        length = self.prefix + size * self.tokens_per_number
        fail(np.asarray(end != length), Reason.WRONG_LENGTH)

        size[reason != Reason.OK] = 0
        widest = int(size.max(initial=0))
        numbers = ids[:, self.prefix : self.length(1, widest)] - self.first_number
        values, ok = self._read(numbers.reshape(batch, widest, self.tokens_per_number))
        inside = np.arange(widest) < size[:, None]
        fail(np.any(inside & ~ok, axis=1), Reason.NOT_A_NUMBER)

        valid = np.asarray(reason == Reason.OK)
        dims[~valid] = 0
        rows, columns = dims.T.copy()
        shape = (batch, int(rows.max(initial=0)), int(columns.max(initial=0)))
        kinds = None if kinds is None else np.where(valid, kinds, -1)
        matrices = Matrices(np.zeros(shape), rows, columns, kinds)
        matrices.values[matrices.mask()] = values[inside & valid[:, None]]
        return Decoded(matrices, valid, reason)

    def rounded(self, matrices: Matrices) -> tuple[Matrices, Bool[np.ndarray, " B"]]:
        """`matrices` as their tokens spell them, and which are in range (the others mean nothing).

        This is what the reader of the tokens sees: the input that a model is asked about, or the
        best answer that it can write.
        """
        ids, ok = self.try_encode(matrices)
        return self.decode(ids).matrices, ok

    def words(self, ids: Int64[np.ndarray, "*B L"]) -> list[Any]:
        """The tokens as text, up to the first <eos> or <pad>: of each row, or of the only one.

        An id beyond the vocabulary, which some models can write, is shown as a number.
        """
        if ids.ndim == 1:
            return list(self.words(ids[None])[0])
        known = dict(enumerate(self.vocabulary))
        return [[known.get(i, f"<word {i}>") for i in row[: _end(row)]] for row in ids.tolist()]

    def ids(self, words: list[str]) -> Int64[np.ndarray, " L"]:
        """The ids of words; the inverse of `words` for one sequence."""
        index = self._index
        for word in words:
            if word not in index:
                raise unknown(f"word of {self.label}", word, index)
        return np.array([index[word] for word in words], np.int64)

    def _token_numbers(
        self,
        sign: np.ndarray,
        mantissa: np.ndarray,
        exponent: np.ndarray,
        mantissa_range: int,
    ) -> TokenNumbers:
        """`TokenNumbers` from the parts of the number words alone."""

        def whole(part: np.ndarray, missing: float) -> np.ndarray:
            return np.concatenate([np.full(self.first_number, missing), part])

        return TokenNumbers(
            whole(sign, 0.0), whole(mantissa, np.nan), whole(exponent, np.nan), mantissa_range
        )

    @cached_property
    def _index(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.vocabulary)}


def within(ids: Int64[np.ndarray, "*K"], count: int) -> Bool[np.ndarray, "*K"]:
    """Where 0 <= id < `count`."""
    return np.asarray((ids >= 0) & (ids < count))


def _end(row: list[int]) -> int:
    return next((i for i, token in enumerate(row) if token <= PAD), len(row))


def names() -> tuple[str, ...]:
    """The encodings of the paper, then those that plug-ins registered."""
    return (*COMMON, *(n for n in Encoding.registry.names() if n not in ("P", "B", "FP")))


def get(name: str, **options: Any) -> Encoding:
    """The encoding called `name`: P{base}, B{2*10^p-1}, FP{span}, or a registered one.

    `options` are its other fields, such as `max_dim`, or `precision` (digits) of P and FP.
    """
    match = re.fullmatch(r"(P|B|FP)([1-9]\d*)", name)
    if match is None:
        if name in Encoding.registry.names():
            return Encoding.registry.get(name, **options)
        raise unknown("encoding", name, names())
    family, number = match[1], int(match[2])
    digits = len(match[2]) - 1
    if family == "B" and number != 2 * 10**digits - 1:
        raise InputError(
            f"unknown encoding {name!r}: B takes 2*10^p - 1, such as B199, B1999 or B19999"
        )
    field, value = {"P": ("base", number), "B": ("precision", digits), "FP": ("span", number)}[
        family
    ]
    if field in options:
        raise InputError(
            f"{name} has {field} {value}, but the option says {options[field]}; drop the option"
        )
    if family == "P" and number != 10:
        options.setdefault("precision", digits)
    return Encoding.registry.get(family, **{field: value}, **options)
