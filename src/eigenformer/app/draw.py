"""Random matrices for the page: any ensemble, with one slider for what is special about it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from .. import ensembles
from ..core import InputError, rng, unknown
from ..ensembles import Ensemble
from ..problems import Problem

LARGEST_SIDE = 10
"""Rows or columns of a matrix on the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """What one ensemble has beside size and scale."""

    option: str
    label: str
    low: float
    high: float
    step: float
    default: float
    power: bool = False
    """Whether the slider shows the power of ten."""


_SPREAD = Knob(
    option="sigma_ratio", label="Spread of the spectrum", low=0.1, high=3, step=0.1, default=1
)
_KNOBS = {
    "conditioned": Knob(
        option="condition",
        label="Condition number, as a power of ten",
        low=0,
        high=12,
        step=0.25,
        default=1,
        power=True,
    ),
    "graph-laplacian": Knob(
        option="density", label="Density of edges", low=0, high=1, step=0.05, default=0.5
    ),
    "spectrum-marchenko-pastur": Knob(
        option="aspect", label="Variables over observations", low=0.1, high=3, step=0.1, default=1
    ),
}


def ensemble_names() -> tuple[str, ...]:
    """Ensembles that the page can draw from: all but mixtures of them."""
    return tuple(name for name in ensembles.names() if name != "mixture")


def knob(ensemble: str) -> Knob | None:
    """The slider of an ensemble, if it has one."""
    return _KNOBS.get(ensemble, _SPREAD if ensemble.startswith("spectrum-") else None)


def ensemble_of(name: str, size: int, scale: float, setting: float) -> Ensemble:
    """An ensemble of size x size matrices; `setting` is where its knob stands."""
    if name not in ensemble_names():
        raise unknown("ensemble", name, ensemble_names())
    if not 1 <= size <= LARGEST_SIDE:
        raise InputError(f"the size is {size}; it goes from 1 to {LARGEST_SIDE}")
    special, options = knob(name), {}
    if special is not None:
        if not special.low <= setting <= special.high:
            raise InputError(
                f"{special.label.lower()} is {setting}; it goes from {special.low} to "
                f"{special.high}"
            )
        options = {special.option: 10.0**setting if special.power else setting}
    if size == 1 and name == "conditioned":
        options = {"condition": 1.0}
    return ensembles.get(name, dims=(size, size), scale=scale, **options)


def draw(problem: Problem, ensemble: Ensemble, seed: int) -> Float64[np.ndarray, "m n"]:
    """One input of a problem, operands side by side where it has two."""
    matrix: np.ndarray = problem.draw(rng(seed, "app draw"), 1, ensemble).values[0]
    return matrix
