"""Why an answer may be wrong, as sentences: the one place where they are put together.

A caution never says that an answer is wrong, and where there is none the answer may be wrong too.
"""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Bool, Float64

from ..problems import Problem
from ..problems.base import DOUBTFUL, Inputs
from .drawn import WORDS, InputRanges


class Caution(str):
    """A sentence on why answers may be wrong, and for which of B inputs it holds.

    Where it names a figure, that is the one of the first of them.
    """

    where: Bool[np.ndarray, " B"]

    def __new__(cls, text: str, where: Bool[np.ndarray, " B"]) -> "Caution":
        made = super().__new__(cls, text)
        made.where = np.asarray(where, bool)
        return made


def each(cautions: Iterable[Caution], batch: int) -> list[tuple[str, ...]]:
    """The sentences that hold for each input."""
    found: list[list[str]] = [[] for _ in range(batch)]
    for caution in cautions:
        for i in np.flatnonzero(caution.where):
            found[i].append(str(caution))
    return [tuple(texts) for texts in found]


def of_question(problem: Problem, inputs: Inputs) -> list[Caution]:
    """What makes the question ill-posed, whoever answers it."""
    return [Caution(text, where) for text, where in problem.doubts(inputs) if where.any()]


def of_training(
    name: str, problem: Problem, inputs: Inputs, drawn: InputRanges | None, rescaled: bool
) -> list[Caution]:
    """In what `inputs`, as the model is given them, are unlike those of its training.

    `drawn` is what training drew of their shape; None where it drew none.
    """
    if drawn is None:
        return []
    found = []
    for trait, values in problem.traits(inputs).items():
        if trait not in drawn.ranges:
            continue
        low, high = drawn.usual(trait)
        outside = (values < low) | (values > high)
        if outside.any():
            value = values[np.flatnonzero(outside)[0]]
            usual = f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
            after = " once rescaled" if rescaled and trait in ("largest", "rms") else ""
            text = (
                f"{WORDS.get(trait, trait)} of an input is {value + 0.0:.3g}{after}, and {name} "
                f"was trained on {usual} (99% of its matrices)"
            )
            found.append(Caution(text, outside))
    return found


def of_answer(problem: Problem, certificate: dict[str, Float64[np.ndarray, " B"]]) -> list[Caution]:
    """Residuals that are larger than right answers leave as a rule."""
    found = []
    for name, values in certificate.items():
        if name != "condition_number":
            limit = problem.doubtful.get(name, DOUBTFUL)
            failing = values > limit  # nan, where there is no answer, is not
            if failing.any():
                value = values[np.flatnonzero(failing)[0]]
                found.append(
                    Caution(
                        f"the residual {name.replace('_', ' ')!r} of an answer is {value:.2g}, and "
                        f"above {limit:g}: it may be wrong",
                        failing,
                    )
                )
    return found
