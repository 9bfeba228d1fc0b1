"""What a model's training really drew: by it a matrix is told that no training could answer for.

Only figures are kept, quantiles of `Problem.traits` by shape. They are those of matrices drawn as
the training draws them, so anyone can measure them again.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core import rng
from ..encodings import Task
from ..ensembles import Matrices, add_noise
from ..problems import Problem

QUANTILES = (0.0, 0.005, 0.5, 0.995, 1.0)
"""The second and the last but one bound what is usual: 99% of the matrices are between them."""
MATRICES = 20_000
_COEFFICIENTS = 4_000_000
"""Drawn at most; there are fewer large matrices."""
_ENOUGH = 200
"""Matrices of a shape, to say anything about it."""
_LARGEST = 1e300
"""Stands for what is infinite, which JSON has no word for."""
WORDS = {
    "largest": "the largest coefficient",
    "rms": "the root mean square of the coefficients",
    "zeros": "the share of coefficients that are exactly zero",
    "condition": "the condition number",
    "gap": "the smallest gap, over the largest value, in the spectrum",
    "trace": "the trace, over the most that it could be,",
}
"""What a trait is called in a sentence."""


@dataclass(frozen=True, slots=True)
class InputRanges:
    """Of `matrices` of one shape: the `QUANTILES` of each trait."""

    matrices: int
    ranges: dict[str, tuple[float, ...]]

    def usual(self, trait: str) -> tuple[float, float]:
        """Between which figures 99% of the matrices have it."""
        _, low, _, high, _ = self.ranges[trait]
        return low, high

    def median(self, trait: str) -> float:
        return self.ranges[trait][2]


@dataclass(frozen=True, slots=True)
class TrainingStatistics:
    """What training drew, by problem (a joint task has several) and by input shape."""

    shapes: dict[str, dict[str, InputRanges]]

    def of(self, problem: Problem, m: int, n: int) -> InputRanges | None:
        """What it drew of m x n inputs to `problem`; None if that is nothing, or too little."""
        return self.shapes.get(problem.name, {}).get(f"{m}x{n}")

    def typical(self, problem: Problem) -> InputRanges | None:
        """Of any shape; None where none was drawn often enough."""
        return next(iter(self.shapes.get(problem.name, {}).values()), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            problem: {
                shape: {
                    "matrices": drawn.matrices,
                    **{
                        trait: {f"{q:g}": value for q, value in zip(QUANTILES, values, strict=True)}
                        for trait, values in drawn.ranges.items()
                    },
                }
                for shape, drawn in shapes.items()
            }
            for problem, shapes in self.shapes.items()
        }

    @staticmethod
    def from_dict(data: dict[str, Any]) -> "TrainingStatistics":
        """What `to_dict` gave."""

        def drawn(entry: dict[str, Any]) -> InputRanges:
            ranges = {
                trait: tuple(values[f"{q:g}"] for q in QUANTILES)
                for trait, values in entry.items()
                if trait != "matrices"
            }
            return InputRanges(entry["matrices"], ranges)

        return TrainingStatistics(
            {
                problem: {shape: drawn(entry) for shape, entry in shapes.items()}
                for problem, shapes in data.items()
            }
        )


def training_statistics(task: Task, inputs: Matrices | None = None) -> TrainingStatistics:
    """Of `inputs`, which training drew, or of matrices that are drawn as it draws them."""
    problem, ensemble = task.problem, task.ensemble
    if inputs is None:
        m, n = problem.input_shape(*ensemble.dimensions.largest)
        count = int(np.clip(_COEFFICIENTS // (m * n), _ENOUGH, MATRICES))
        generator = rng(0, "statistics")
        inputs = problem.draw(generator, count, ensemble)
        if task.noise:
            inputs = add_noise(generator, inputs, task.noise * ensemble.std)
    return _of(problem, inputs)


def _of(problem: Problem, inputs: Matrices) -> TrainingStatistics:
    kinds = np.zeros(len(inputs), np.int64) if inputs.kinds is None else inputs.kinds
    shapes: dict[str, dict[str, InputRanges]] = {}
    for kind, part in enumerate(problem.parts):
        for _, matrices in inputs[np.flatnonzero(kinds == kind)].groups():
            if len(matrices) < _ENOUGH:
                continue
            with np.errstate(all="ignore"):
                traits = part.traits(matrices)
            ranges = {
                # To digits that every LAPACK agrees on.
                trait: tuple(
                    float(f"{value:.5g}")
                    for value in np.quantile(
                        np.clip(values, -_LARGEST, _LARGEST), QUANTILES, method="nearest"
                    )
                )
                for trait, values in traits.items()
            }
            shape = "x".join(map(str, matrices.shape[1:]))
            shapes.setdefault(part.name, {})[shape] = InputRanges(len(matrices), ranges)
    return TrainingStatistics(shapes)
