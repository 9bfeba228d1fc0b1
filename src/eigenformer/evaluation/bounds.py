"""Proved bounds in words: "each eigenvalue is within 0.03 of these"."""

import math
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float64

from ..problems import Problem
from ..problems.proofs import Bound

Bounds = dict[str, Bound]
"""By part of an answer, one for each of its items; inf where nothing is proved."""


def proved(
    problem: Problem, inputs: Float64[np.ndarray, "B M N"], value: Float64[np.ndarray, "B P Q"]
) -> Bounds:
    """What is proved of B answers to inputs of one shape; inf where an answer is nan."""
    known = np.isfinite(value).all(axis=(1, 2))
    found = problem.prove(inputs, np.where(known[:, None, None], value, 0.0))
    return {
        name: np.where(known.reshape(-1, *(1,) * (bound.ndim - 1)), bound, np.inf)
        for name, bound in found.items()
    }


def largest(bounds: Mapping[str, Float64[np.ndarray, "*items"]]) -> dict[str, float]:
    """The largest bound of each part of one answer."""
    return {name: float(bound.max(initial=0.0)) for name, bound in bounds.items()}


def sentences(problem: Problem, bounds: Mapping[str, Float64[np.ndarray, "*items"]]) -> list[str]:
    """What is proved of one answer, part by part, numbers rounded up."""
    found = []
    for name, bound in bounds.items():
        what, flat = problem.proved[name], bound.ravel()
        known = np.isfinite(flat)
        if not known.any():
            found.append(f"no bound is proved for any {what.split(',')[0]}")
            continue
        within = f"is within {above(float(flat[known].max()))} of these"
        if known.all():
            found.append(f"each {what} {within}")
        else:
            which = ", ".join(str(i + 1) for i in np.flatnonzero(known))
            found.append(f"{what} {which} {within}, and no bound is proved for the others")
    return found


def above(value: float) -> str:
    """A number of two digits that is not below `value`."""
    if not 0 < value < math.inf:
        return f"{value:g}"
    exponent = math.floor(math.log10(value)) - 1
    digits = value / 10.0**exponent if exponent > -290 else 100.0
    for mantissa in range(math.floor(digits) - 1, math.floor(digits) + 3):
        text = f"{float(f'{mantissa}e{exponent}'):.2g}"
        if float(text) >= value:
            return text
    return f"{value:.17g}"
