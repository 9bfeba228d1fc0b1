"""More loops at test time than in training, in distribution and out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from ...incontext import Gaussian, InContextFolder, Regression
from ...incontext.measures import loss_by_layer
from ...runs import Scale
from ..findings import Finding, Findings, Number, Panel
from ..judging import agreed, finding
from ..seeds import RANGE, grouped, line, number, panel
from ..sides import mean as average
from ..study import Analysis
from .settings import DIM, LOOP_CELLS, UNKNOWN, cell, runs, task

LOOPS = 20
"""The most at test time."""
PROMPTS = 20_000
LAWS = {"in distribution": None, "smaller eigenvalues": (0.25, 1.0), "larger ones too": (0.5, 1.5)}
"""Ends of the evenly spaced eigenvalues of the test prompts' covariance; None: it is I."""
DECISIVE = ("in distribution", "smaller eigenvalues")


def looped_task(points: int, law: str) -> Regression:
    """Prompts with a covariance in a random basis each, and w* ~ N(0, Sigma^-1)."""
    ends = LAWS[law]
    if ends is None:
        return task(points)
    spectrum = tuple(float(v) for v in torch.linspace(*ends, DIM, dtype=torch.float64))
    return Regression(
        dim=DIM,
        points=points,
        covariates=Gaussian(spectrum=spectrum, basis="prompt"),
        weights="whitened",
    )


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Losses over d after 0, 1, 2, ... loops, a list of each seed."""

    points: int
    trained: int
    """Loops in training."""
    law: str
    losses: list[list[float]]

    @property
    def gains(self) -> list[float]:
        """The loss at twice the trained loops over that at the trained loops, by seed."""
        return [each[2 * self.trained] / each[self.trained] for each in self.losses]

    @property
    def best(self) -> int:
        """The loops of least mean loss."""
        means = [average(values) for values in zip(*self.losses, strict=True)]
        return means.index(min(means))


def curves(folders: Mapping[str, InContextFolder], size: int) -> list[Curve]:
    """On `size` prompts of each law."""
    return [
        Curve(
            points=points,
            trained=loops,
            law=law,
            losses=[
                (
                    loss_by_layer(
                        folder.model().double(), looped_task(points, law), size=size, layers=LOOPS
                    )
                    / DIM
                ).tolist()
                for folder in row
            ],
        )
        for law in LAWS
        for (points, loops), row in grouped(folders, cell).items()
    ]


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    found = curves(folders, PROMPTS)
    return Findings(
        panels=tuple(_panel(law, [each for each in found if each.law == law]) for law in LAWS),
        numbers=tuple(number for each in found for number in _numbers(each)),
        verdicts={"N12": verdict(found)},
    )


def _panel(law: str, found: Sequence[Curve]) -> Panel:
    ends = LAWS[law]
    what = "Sigma = I" if ends is None else f"eigenvalues of Sigma from {ends[0]:g} to {ends[1]:g}"
    lines = [
        line(
            f"n = {each.points}, trained with {each.trained} loops",
            dict(enumerate(zip(*each.losses, strict=True))),
        )
        for each in found
    ]
    return panel(
        f"Loss by loops, {law}",
        "loops",
        "mean squared error / d",
        lines,
        log="y",
        note=f"{what}; mean over {PROMPTS} prompts. {RANGE}",
    )


def _numbers(each: Curve) -> list[Number]:
    name = f"n = {each.points}, trained with {each.trained} loops, {each.law}"
    return [
        number(f"loss at {2 * each.trained} loops over that at {each.trained}, {name}", each.gains),
        Number(name=f"loops of least loss, at most {LOOPS}, {name}", value=float(each.best)),
    ]


def verdict(found: Sequence[Curve]) -> Finding:
    """Holds if twice the loops of training lower every model's loss; fails if no model's.

    In distribution, and where the eigenvalues of the test's covariance are at most those of
    training. Where some are larger the step is too long for them: reported, not judged.
    """
    judged = [each for each in found if each.law in DECISIVE]
    gains = [gain for each in judged for gain in each.gains]
    parts = [
        f"n = {each.points}, L = {each.trained}, {each.law}: times {average(each.gains):.2g}, "
        f"least at {each.best} loops"
        for each in found
    ]
    sentence = f"The loss at 2L loops against that at the L of training: {'; '.join(parts)}."
    return finding(
        agreed(gain < 1 for gain in gains),
        sentence,
        "A rule for the lengths of prompts at which a prompt with a large eigenvalue is rare "
        "enough; no more training.",
    )


LOOPING = Analysis(
    name="gatmiry2024-loops",
    title="More loops than in training lower the loss",
    section="4, theorem 4.5",
    runs=lambda scale: runs(scale, LOOP_CELLS),
    analyse=analyse,
    note=f"d = 10, Sigma = I in training. {UNKNOWN} The runs are those of gatmiry2024-optimum. "
    "Verdict: the loss at 2L loops below that at L, in distribution and with smaller eigenvalues. "
    "Prompts whose S has an eigenvalue above 2/a diverge, so that the mean rises in the end where "
    "prompts are short.",
)
