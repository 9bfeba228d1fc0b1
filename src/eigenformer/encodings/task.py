"""A task: a problem, where its matrices come from, and how both sides are written as tokens."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int64

from ..core import InputError, rng
from ..ensembles import Ensemble, Matrices, add_noise
from ..problems import Problem
from .base import EOS, PAD, Encoding

_DRAWS = 1000
"""How many matrices are drawn for each one asked for before a task is called impossible."""


@dataclass(frozen=True, eq=False, slots=True)
class Examples:
    """B examples: what is asked, the true answers, and both as the model sees them.

    `inputs` carry the noise, if any; `answers` belong to the clean matrices. `output_ids` end with
    <eos>. `rejected` counts draws that an encoding could not write, which were drawn again.
    """

    inputs: Matrices
    answers: Matrices
    input_ids: Int64[np.ndarray, "B L"]
    output_ids: Int64[np.ndarray, "B T"]
    rejected: int

    @property
    def padded(self) -> bool:
        """Whether some sequence is shorter than its row."""
        return not (self.inputs.uniform and self.answers.uniform)

    def __getitem__(self, index: np.ndarray | slice) -> "Examples":
        return Examples(
            self.inputs[index],
            self.answers[index],
            self.input_ids[index],
            self.output_ids[index],
            self.rejected,
        )


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a model is trained on and judged by."""

    problem: Problem
    ensemble: Ensemble
    encoder: Encoding
    """How the input is written."""
    decoder: Encoding
    """How the answer is written."""
    noise: float = 0.0
    """Standard deviation of Gaussian noise on the input, as a fraction of the coefficients' own."""

    def __post_init__(self) -> None:
        if not 0 <= self.noise < 100:
            raise InputError(f"noise is {self.noise}; give a fraction such as 0.05, or 0")
        for side in ("encoder", "decoder"):
            encoding = replace(getattr(self, side), tasks=self.problem.tasks)
            object.__setattr__(self, side, encoding)
        if self.noise:
            self.ensemble.std  # noqa: B018  a range of scales is refused now, not at the first batch

    def check_vocabulary(self) -> None:
        """Refuse dims whose matrices an encoding cannot name, before one is drawn."""
        m, n = self.ensemble.dimensions.largest
        given = self.problem.input_shape(m, n)
        shapes = given, self.problem.output_shape(*given)
        for shape, encoding in zip(shapes, (self.encoder, self.decoder), strict=True):
            if max(shape) > encoding.max_dim:
                raise InputError(
                    f"dims is {self.ensemble.dims!r}, of which a matrix has up to {max(shape)} "
                    f"rows or columns, and {encoding.label} names {encoding.max_dim}; give smaller "
                    "dims"
                )

    def examples(
        self, seed: int, purpose: str, index: int, size: int, written: bool = True
    ) -> Examples:
        """`size` examples: a pure function of the arguments.

        A draw that an encoding can't write is replaced by a later one of the same stream. Where
        they are not to be `written`, none is, and the ids are empty.
        """
        if size < 1:
            raise InputError(f"size is {size}; give the number of examples, at least 1")
        generator = rng(seed, purpose, index)
        if not written:
            inputs, answers = draw_pairs(self.problem, self.ensemble, generator, size, self.noise)
            nothing = np.empty((size, 0), np.int64)
            return Examples(inputs, answers, nothing, nothing, 0)
        parts: list[Examples] = []
        missing, drawn = size, 0
        while missing:
            if drawn >= _DRAWS * size:
                raise InputError(
                    f"{drawn - size + missing} of {drawn} draws were outside the range of "
                    f"{self.encoder.label} in or {self.decoder.label} out; choose another encoding "
                    "or scale"
                )
            batch, ok = self._draw(generator, missing)
            drawn += missing
            missing -= int(ok.sum())
            parts.append(batch if ok.all() else batch[np.flatnonzero(ok)])
        return _concatenate(parts, drawn - size)

    def _draw(self, generator: np.random.Generator, size: int) -> tuple[Examples, np.ndarray]:
        inputs, answers = draw_pairs(self.problem, self.ensemble, generator, size, self.noise)
        input_ids, readable = self.encoder.try_encode(inputs)
        output_ids, writable = self.decoder.try_encode(answers)
        return Examples(inputs, answers, input_ids, with_eos(output_ids), 0), readable & writable


def draw_pairs(
    problem: Problem,
    ensemble: Ensemble,
    generator: np.random.Generator,
    size: int,
    noise: float = 0.0,
) -> tuple[Matrices, Matrices]:
    """`size` inputs and their true answers.

    Noise, a fraction of the coefficients' standard deviation A/sqrt(3), is added to every
    coefficient of the input after the answer has been computed from the clean matrix (Charton 2022,
    section 4.8).
    """
    inputs = problem.draw(generator, size, ensemble)
    answers = problem.solve(inputs)
    return (add_noise(generator, inputs, noise * ensemble.std) if noise else inputs), answers


def with_eos(ids: Int64[np.ndarray, "B L"]) -> Int64[np.ndarray, "B T"]:
    """`ids` with <eos> after the last token of each row; T = L + 1."""
    batch, length = ids.shape
    out = np.full((batch, length + 1), PAD)
    out[:, :length] = ids
    out[np.arange(batch), (ids != PAD).sum(axis=1)] = EOS
    return out


def _concatenate(parts: list[Examples], rejected: int) -> Examples:
    if len(parts) == 1:
        return parts[0]
    return Examples(
        Matrices.concatenate([part.inputs for part in parts]),
        Matrices.concatenate([part.answers for part in parts]),
        _stack([part.input_ids for part in parts]),
        _stack([part.output_ids for part in parts]),
        rejected,
    )


def _stack(parts: list[np.ndarray]) -> np.ndarray:
    width = max(part.shape[1] for part in parts)
    return np.concatenate(
        [np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=PAD) for part in parts]
    )
