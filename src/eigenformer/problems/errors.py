"""How far predictions are from the truth: the record, and its assembly from parts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from .norms import NORMS, PerInput


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Errors:
    """The errors of B predictions. All are relative: 0.05 is 5%."""

    scores: PerInput
    """What a prediction is judged by, in each norm: a prediction is correct at tolerance t where
    its score is below t. inf for a wrong shape or anything that is not a number, never nan."""
    measures: PerInput
    """What else there is to know (see each problem); nan where it does not apply."""
    coefficients: Float64[np.ndarray, "B K"]
    """Relative error of each coefficient of the answer, row by row; nan past its last one."""

    def __len__(self) -> int:
        return len(self.coefficients)


def combine(
    batch: int,
    parts: Iterable[tuple[np.ndarray, Errors]],
    score_names: Sequence[str] = NORMS,
) -> Errors:
    """One record from (indices, errors) parts that cover the batch.

    A score that a part lacks ("paper") is its L1 score.
    """
    parts = list(parts)
    if (
        len(parts) == 1
        and len(parts[0][1]) == batch
        and set(score_names) <= set(parts[0][1].scores)
    ):
        return parts[0][1]
    width = max((errors.coefficients.shape[1] for _, errors in parts), default=0)
    scores = {name: np.full(batch, np.inf) for name in score_names}
    measures: dict[str, np.ndarray] = {}
    coefficients = np.full((batch, width), np.nan)
    for index, errors in parts:
        for name, into in scores.items():
            into[index] = errors.scores.get(name, errors.scores["l1"])
        for name, values in errors.measures.items():
            measures.setdefault(name, np.full(batch, np.nan))[index] = values
        coefficients[index, : errors.coefficients.shape[1]] = errors.coefficients
    return Errors(scores=scores, measures=measures, coefficients=coefficients)
