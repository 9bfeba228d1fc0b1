"""Several problems at once: joint training."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, final

import numpy as np

from ..core import InputError
from ..ensembles import Ensemble, Matrices, assemble
from .base import B, Batch, Problem
from .errors import Errors, combine
from .norms import NORMS, PerInput


@final
@dataclass(frozen=True, kw_only=True)
class Joint(Problem):
    """Each input belongs to one of `problems`, equally likely (Charton 2022, appendix F.2).

    `Matrices.kinds` says which: the index in `problems`. Inputs without kinds are refused, as the
    question is part of the input. Score `paper` of a problem without one is its L1 score; measures
    and certificates that a problem lacks are nan.
    """

    reconstructs: ClassVar[bool] = True  # some of the problems may

    problems: tuple[str, ...] = ("transpose", "add")
    """Names of registered problems, with their default options."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "problems", tuple(self.problems))
        if len(self.problems) < 2 or len(set(self.problems)) != len(self.problems):
            raise InputError(f"problems is {self.problems!r}; give at least two different names")
        if "joint" in self.problems:
            raise InputError("problems holds 'joint'; name the problems themselves")
        assert self.parts  # unknown names are reported now, not at the first draw

    @cached_property
    def parts(self) -> tuple[Problem, ...]:
        """The problems."""
        return tuple(self.registry.get(name) for name in self.problems)

    @property
    def tasks(self) -> tuple[str, ...]:
        return self.problems

    @property
    def score_names(self) -> tuple[str, ...]:
        extra = {name for part in self.parts for name in part.score_names} - set(NORMS)
        return (*NORMS, *sorted(extra))

    def input_shape(self, m: int, n: int) -> tuple[int, int]:
        """The most rows and the most columns of any of the problems' inputs."""
        return _bound([part.input_shape(m, n) for part in self.parts])

    def output_shape(self, m: int, n: int) -> tuple[int, int]:
        """The most rows and columns of the answers by the problems that take an m x n input.

        To bound every answer for an ensemble's m x n matrices, go over `parts`: each with its own
        `output_shape(*input_shape(m, n))`.
        """
        shapes, refused = [], None
        for part in self.parts:
            try:
                shapes.append(part.output_shape(m, n))
            except InputError as error:
                refused = error
        if refused is not None and not shapes:
            raise refused
        return _bound(shapes)

    def draw(self, rng: np.random.Generator, batch: int, ensemble: Ensemble) -> Matrices:
        if batch < 1:
            raise InputError(f"batch is {batch}; give a positive number of inputs")
        kinds = rng.integers(0, len(self.parts), batch)
        parts = []
        for kind, part in enumerate(self.parts):
            index = np.flatnonzero(kinds == kind)
            if len(index):
                drawn = part.draw(rng, len(index), ensemble)
                parts += [(index[within], values) for within, values in drawn.groups()]
        return assemble(batch, parts, kinds)

    def solve(self, inputs: B) -> B:
        matrices = _with_kinds(inputs)
        assert isinstance(inputs, Matrices)
        parts = []
        for index, part in self._split(matrices):
            answers = part.solve(matrices[index])
            parts += [(index[within], values) for within, values in answers.groups()]
        return assemble(len(matrices), parts, matrices.kinds)

    def errors(self, inputs: Batch, true: Batch, predicted: Batch) -> Errors:
        matrices, truth, guesses = _with_kinds(inputs), Matrices.of(true), Matrices.of(predicted)
        _same_length(matrices, guesses)
        parts = [
            (index, part.errors(matrices[index], truth[index], guesses[index]))
            for index, part in self._split(matrices)
        ]
        return combine(len(matrices), parts, self.score_names)

    def check(self, inputs: Batch) -> None:
        matrices = _with_kinds(inputs)
        for index, part in self._split(matrices):
            part.check(matrices[index])

    def residuals(self, inputs: Batch, predicted: Batch) -> PerInput:
        matrices, guesses = _with_kinds(inputs), Matrices.of(predicted)
        _same_length(matrices, guesses)
        out: dict[str, np.ndarray] = {}
        for index, part in self._split(matrices):
            for name, values in part.residuals(matrices[index], guesses[index]).items():
                out.setdefault(name, np.full(len(matrices), np.nan))[index] = values
        return out

    def _split(self, matrices: Matrices) -> Iterator[tuple[np.ndarray, Problem]]:
        """The indices of each problem's inputs, where it has any."""
        for kind, part in enumerate(self.parts):
            index = np.flatnonzero(matrices.kinds == kind)
            if len(index):
                yield index, part


def _with_kinds(inputs: Batch) -> Matrices:
    if not isinstance(inputs, Matrices) or inputs.kinds is None:
        raise InputError(
            "joint inputs say which problem each is: give Matrices with kinds (what draw returns)"
        )
    return inputs


def _same_length(inputs: Matrices, predicted: Matrices) -> None:
    if len(inputs) != len(predicted):
        raise InputError(
            f"there are {len(inputs)} inputs and {len(predicted)} predictions; "
            "give one prediction an input"
        )


def _bound(shapes: list[tuple[int, int]]) -> tuple[int, int]:
    return max(m for m, _ in shapes), max(n for _, n in shapes)
