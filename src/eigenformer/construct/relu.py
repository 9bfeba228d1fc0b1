"""Knots for a scalar function: as few as a wanted error allows, or as good as a number allows."""

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from ..core import InputError, unknown
from .scalar import Scalar, second_derivative

Spacing = Literal["curvature", "uniform", "geometric"]

MOST_KNOTS = 100_000
BALANCING_STEPS = 6
TINY = float(np.finfo(np.float64).tiny)
EVEN_SHARE = 0.02
"""The part of the knots that is spread evenly, in case the sampled curvature misses a feature."""


def relu_fn(
    f: Callable[[Tensor], Tensor],
    lo: float,
    hi: float,
    *,
    error: float | None = None,
    knots: int | None = None,
    spacing: Spacing = "curvature",
    breaks: tuple[float, ...] = (),
    name: str | None = None,
) -> Scalar:
    """f on [lo, hi] as a sum of ReLUs: piecewise-linear interpolation, constant outside.

    Give either the wanted `error` (the largest |fhat - f| on [lo, hi]; then as many knots are used
    as it takes) or the number of `knots` N; N + 1 hidden units. `f` is an elementwise function of
    float64 torch tensors that autograd can differentiate twice. Spacing of the knots:

    - "curvature" makes h^2 |f''| / 8 equal on all intervals, which is the best there is for a given
      N: the density of knots is sqrt|f''|. Where f'' blows up (a square root at 0) the knots crowd
      towards that point by the same rule, and the error still falls as 1/N^2, down to what steep
      slopes lose to rounding (about 1e-6 for a square root, 5e-5 for a cube root).
    - "uniform": error h^2 max|f''| / 8, and only O(sqrt h) near a square root's 0.
    - "geometric": distances from the end with the larger |f''| grow by a constant factor, so that
      the *relative* accuracy in that distance is even; the first is chosen for the least error.

    Where f has a kink inside the range, name it in `breaks`: a knot is put there. The result's
    `error_bound` is the predicted error and `measured_error()` the measured one; `print` shows
    both. Equivalent for its values: `numpy.interp`. Source: derivations.md, section 0.
    """
    label = name or getattr(f, "__name__", "f").replace("<lambda>", "f")
    if not (math.isfinite(lo) and math.isfinite(hi) and lo < hi):
        raise InputError(f"the range [{lo:g}, {hi:g}] of {label} needs lo < hi, both finite")
    if spacing not in ("curvature", "uniform", "geometric"):
        raise unknown("spacing", spacing, ("curvature", "uniform", "geometric"))
    if (error is None) == (knots is None):
        raise InputError(f"give either error= or knots= for {label}, not both or neither")
    if outside := [b for b in breaks if not lo < b < hi]:
        raise InputError(f"the break {outside[0]:g} of {label} is not inside [{lo:g}, {hi:g}]")
    place = _Placer(f, lo, hi, spacing, tuple(sorted(set(breaks))), label)
    if knots is not None:
        if not place.least <= knots <= MOST_KNOTS:
            raise InputError(f"knots={knots} of {label} must be from {place.least} to {MOST_KNOTS}")
        return place.scalar(place(knots))
    assert error is not None
    if not error > 0:
        raise InputError(f"error={error:g} of {label} must be positive")
    return place.accurate(error)


class _Placer:
    """Places any number of knots for one function and range."""

    def __init__(
        self,
        f: Callable[[Tensor], Tensor],
        lo: float,
        hi: float,
        spacing: Spacing,
        breaks: tuple[float, ...],
        name: str,
    ) -> None:
        self.f, self.lo, self.hi, self.spacing, self.name = f, lo, hi, spacing, name
        self.pinned = np.array([lo, *breaks, hi])
        self.least = len(self.pinned)
        edges = self._edges()
        ends = f(torch.from_numpy(edges))
        if not isinstance(ends, Tensor) or ends.shape != edges.shape:
            raise InputError(f"{name} must be an elementwise function of torch tensors")
        if not torch.isfinite(ends).all():
            bad = edges[~torch.isfinite(ends).numpy()][0]
            raise InputError(f"{name} is not finite at {bad:g}; choose a range without that point")
        self.edges = edges
        bend = np.abs(second_derivative(f, (edges[1:] + edges[:-1]) / 2))
        self.density = np.sqrt(np.nan_to_num(bend, nan=0.0, posinf=0.0))
        mass = np.concatenate([[0.0], np.cumsum(self.density * np.diff(edges))])
        self.mass = float(mass[-1])
        even = (edges - lo) / (hi - lo)
        self.share = EVEN_SHARE * even + (1 - EVEN_SHARE) * mass / mass[-1] if mass[-1] else even

    def _edges(self) -> Float64[np.ndarray, " E"]:
        # Fine near every pinned point, where f'' may blow up: 16 decades on both sides.
        width = self.hi - self.lo
        near = width * np.logspace(-16, 0, 256)
        around = (self.pinned[:, None] + np.concatenate([-near, near])).ravel()
        grid = np.concatenate([np.linspace(self.lo, self.hi, 4097), around, self.pinned])
        return np.unique(grid[(grid >= self.lo) & (grid <= self.hi)])

    def __call__(self, number: int) -> Float64[np.ndarray, " N"]:
        free = number - len(self.pinned) + 2
        if self.spacing == "geometric":
            found = self._geometric(free)
        elif self.spacing == "uniform":
            found = np.linspace(self.lo, self.hi, free)
        else:
            found = self._balanced(np.interp(np.linspace(0, 1, free), self.share, self.edges))
        found[0], found[-1] = self.lo, self.hi
        return np.unique(np.concatenate([found, self.pinned]))

    def _balanced(self, knots: Float64[np.ndarray, " N"]) -> Float64[np.ndarray, " N"]:
        # de Boor's iteration: the bounds of the intervals, ~ h^2, say how to share out the knots.
        # They include rounding, so that knots do not crowd until the slopes are too steep to sum.
        best, least = knots, math.inf
        for _ in range(BALANCING_STEPS):
            errors = self.scalar(knots).interval_errors
            if errors.max() < least:
                best, least = knots, float(errors.max())
            mass = np.sqrt(errors) / max(float(np.sqrt(errors).sum()), TINY)
            even = np.diff(knots) / (self.hi - self.lo)
            share = np.cumsum(EVEN_SHARE * even + (1 - EVEN_SHARE) * mass)
            share = np.concatenate([[0.0], share / share[-1]])
            knots = np.interp(np.linspace(0, 1, len(knots)), share, knots)
            knots[0], knots[-1] = self.lo, self.hi
        return best

    def scalar(self, knots: Float64[np.ndarray, " N"]) -> Scalar:
        return Scalar(self.name, self.f, knots)

    def _geometric(self, number: int) -> Float64[np.ndarray, " N"]:
        width = self.hi - self.lo
        if number < 4:
            return np.linspace(self.lo, self.hi, number)
        upwards = self.density[:256].max() >= self.density[-256:].max()
        candidates = []
        for first in np.logspace(-16, -1, 16):
            distance = width * np.concatenate([[0.0], np.geomspace(first, 1.0, number - 1)])
            found = self.lo + distance if upwards else self.hi - distance[::-1]
            found[0], found[-1] = self.lo, self.hi
            if (np.diff(found) > 0).all():
                candidates.append(found)
        return min(candidates, key=lambda knots: self.scalar(knots).error_bound)

    def accurate(self, error: float) -> Scalar:
        """About the fewest knots whose predicted error is at most `error`."""
        number = self.least
        if self.spacing == "curvature":
            number = max(number, math.ceil(self.mass / math.sqrt(8 * error)) + 1)
        while number <= MOST_KNOTS:
            scalar = self.scalar(self(number))
            found = scalar.error_bound
            if found <= error:
                return scalar
            number = math.ceil(number * min(2.0, max(1.02, math.sqrt(found / error)))) + 1
        knots = self(MOST_KNOTS)
        errors = self.scalar(knots).interval_errors
        worst = int(errors.argmax())
        raise InputError(
            f"{self.name} does not reach error={error:g} with {MOST_KNOTS} knots "
            f"(it is {errors[worst]:.1e} near {knots[worst]:g}); allow a larger error, or name a "
            "kink in breaks="
        )
