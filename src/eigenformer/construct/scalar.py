"""A scalar function and its ReLU form: an exact gate, or piecewise-linear interpolation at knots.

    f(z) ~ f_0 relu(1) + s_0 relu(z - t_0) + sum_i (s_i - s_{i-1}) relu(z - t_i)
           - s_{N-2} relu(z - t_{N-1})

with knots t_i, values f_i and slopes s_i; constant outside of the knots (derivations.md, section
0). `relu` chooses knots for a wanted error; `gates` builds what needs several units.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeVar, overload, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ..core import InputError

Relu = tuple[float, float, float]
"""One hidden unit: (scale, bias, weight) stands for weight * relu(scale * z + bias)."""

Result_co = TypeVar("Result_co", covariant=True)


@runtime_checkable
class Symbolic(Protocol[Result_co]):
    """What a scalar function can be applied to besides numbers: nodes of a program."""

    def apply_scalar(self, scalar: "Scalar", /) -> Result_co: ...


Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Scalar:
    """A function of one number, and how ReLUs compute it.

    `function` is exact, elementwise on torch tensors. With `knots` it is interpolated there;
    without, the ReLUs of `gate` compute it exactly (by default z itself, by two). `str(scalar)`
    puts the predicted error beside the measured one.
    """

    name: str
    function: Callable[[Tensor], Tensor]
    knots: Float64[np.ndarray, " N"] | None = None
    gate: tuple[Relu, ...] = ((1.0, 0.0, 1.0), (-1.0, 0.0, -1.0))

    def __post_init__(self) -> None:
        if self.knots is None:
            return
        if len(self.knots) < 2 or not (np.diff(self.knots) > 0).all():
            raise InputError(f"the knots of {self.name} must be two or more increasing numbers")
        if not np.isfinite(self.values).all():
            bad = self.knots[~np.isfinite(self.values)][0]
            raise InputError(f"{self.name} is not a number at {bad:g}; move the range away from it")

    @overload
    def __call__(self, z: Tensor) -> Tensor: ...
    @overload
    def __call__(self, z: Symbolic[Result]) -> Result: ...
    def __call__(self, z: Any) -> Any:
        """The ReLU form's value at each entry of a tensor; a node for a node of a program."""
        return self.evaluate(z) if isinstance(z, Tensor) else z.apply_scalar(self)

    @property
    def hidden(self) -> int:
        """Hidden ReLU units: N + 1 for N knots; 2 for z itself."""
        return len(self.gate) if self.knots is None else len(self.knots) + 1

    @cached_property
    def values(self) -> Float64[np.ndarray, " N"]:
        """The function at the knots."""
        assert self.knots is not None
        return _at(self.function, self.knots)

    def slopes(self) -> Float64[np.ndarray, " N"]:
        """The weight of relu(z - t_i) for each knot t_i."""
        assert self.knots is not None
        rise = np.diff(self.values) / np.diff(self.knots)
        return np.diff(rise, prepend=0.0, append=0.0)

    def relus(self) -> Float64[np.ndarray, "D 3"]:
        """Every hidden unit as scale, bias and weight: the sum of weight * relu(scale z + bias)."""
        if self.knots is None:
            return np.array(self.gate, dtype=np.float64)
        found = np.ones((self.hidden, 3))
        found[0] = 0.0, 1.0, self.values[0]
        found[1:, 1] = -self.knots
        found[1:, 2] = self.slopes()
        return found

    def evaluate(self, z: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """What the ReLUs compute, elementwise, by looking up the interval instead of summing."""
        if self.knots is None:
            parts = (weight * (scale * z + bias).relu() for scale, bias, weight in self.gate)
            return torch.stack(tuple(parts)).sum(0)
        knots = torch.as_tensor(self.knots, dtype=z.dtype, device=z.device)
        values = torch.as_tensor(self.values, dtype=z.dtype, device=z.device)
        inside = z.clamp(knots[0], knots[-1]).contiguous()
        left = torch.searchsorted(knots, inside, right=True).clamp(1, len(knots) - 1) - 1
        share = (inside - knots[left]) / (knots[left + 1] - knots[left])
        return torch.lerp(values[left], values[left + 1], share)

    @cached_property
    def interval_errors(self) -> Float64[np.ndarray, " intervals"]:
        """A bound of |ReLU form - f| between neighbouring knots, float64's rounding included."""
        assert self.knots is not None
        return np.asarray(interpolation_errors(self.function, self.knots) + self._rounding())

    def _rounding(self) -> Float64[np.ndarray, " intervals"]:
        # Steep slopes cancel in a sum of ReLUs: (D + 2) u sum |weight| (|z| + |t|), u = eps / 2.
        assert self.knots is not None
        _, bias, weight = self.relus().T
        active = np.abs(weight)[:-1]
        mass = np.cumsum(active)[1:]
        moment = np.cumsum(active * np.abs(bias[:-1]))[1:]
        largest = np.maximum(np.abs(self.knots[:-1]), np.abs(self.knots[1:]))
        eps = float(np.finfo(np.float64).eps)
        return np.asarray((self.hidden + 2) * eps / 2 * (mass * largest + moment))

    @property
    def error_bound(self) -> float:
        """The predicted error between the first knot and the last; 0 for an exact gate."""
        return 0.0 if self.knots is None else float(self.interval_errors.max())

    def error_between(
        self, low: Float64[np.ndarray, " P"], high: Float64[np.ndarray, " P"]
    ) -> Float64[np.ndarray, " P"]:
        """A bound of the error on each range [low, high], which may reach beyond the knots.

        Outside, where the ReLU form is constant, f is taken to be monotone.
        """
        if self.knots is None:
            return np.zeros_like(low)
        first, last = self.knots[0], self.knots[-1]
        inner = np.clip(np.stack([low, high]), first, last)
        touched = (self.knots[:-1] <= inner[1][:, None]) & (self.knots[1:] >= inner[0][:, None])
        error: np.ndarray = np.where(touched, self.interval_errors, 0.0).max(axis=1)
        beyond = _at(self.function, np.stack([np.minimum(low, first), np.maximum(high, last)]))
        error += np.abs(beyond - self.values[[0, -1]][:, None]).max(axis=0)
        return error

    def measured_error(self, points: int = 100_001) -> float:
        """The largest error on a grid of the range and at eight points of every interval."""
        if self.knots is None:
            return 0.0
        inside = self.knots[:-1, None] + np.diff(self.knots)[:, None] * np.linspace(0, 1, 9)[1:-1]
        grid = np.linspace(self.knots[0], self.knots[-1], points)
        z = torch.from_numpy(np.concatenate([grid, inside.ravel()]))
        return float((self.evaluate(z) - self.function(z)).abs().max())

    def __str__(self) -> str:
        if self.knots is None:
            return f"{self.name}: {self.hidden} hidden units, exact"
        return (
            f"{self.name} on [{self.knots[0]:g}, {self.knots[-1]:g}]: {len(self.knots)} knots, "
            f"{self.hidden} hidden units, error at most {self.error_bound:.2e} predicted, "
            f"{self.measured_error():.2e} measured"
        )


@dataclass(frozen=True)
class Mask:
    """Entries of a matrix where they are, and zeros: what two ReLUs an entry leave of it exactly.

        mask(z) = relu(z - L (1 - m)) - relu(-z - L (1 - m)) = m z    for m in {0, 1} and |z| <= L

    `DIAGONAL` keeps the diagonal. `SPREAD` writes each row b_i [c] of a matrix [r, c] as a diagonal
    matrix: [r c, c], diag(b_1) above diag(b_2) and so on. L is `MASK_LIMIT`, by which a hidden unit
    is weighted that reads a constant 0 where m = 1: no digit of z is lost.
    """

    name: str


DIAGONAL, SPREAD = Mask("diagonal"), Mask("spread")
MASK_LIMIT = 2.0**100

IDENTITY = Scalar("z", lambda z: z)
ABSOLUTE = Scalar("|z|", torch.abs, gate=((1.0, 0.0, 1.0), (-1.0, 0.0, 1.0)))
POSITIVE = Scalar("max(z, 0)", torch.relu, gate=((1.0, 0.0, 1.0),))

SUBDIVISIONS = 16


def interpolation_errors(
    function: Callable[[Tensor], Tensor], knots: Float64[np.ndarray, " N"]
) -> Float64[np.ndarray, " N-1"]:
    """A bound of |f - chord| on each interval: h^2 max|f''| / 8, or f's swing if that is less.

    From 17 points of each interval, so for functions that 16 parts of it resolve:

    - max|f''| over the points, plus V, the largest change of f'' between neighbours, as a margin.
    - f'' does not see kinks: where a second difference of f contradicts it by more than V allows,
      the swing is taken. (A kink that escapes this adds at most a quarter of V's share.)
    - The swing compares f with its chord on each part, between whose ends f is taken to stay. A
      margin of f's largest change over a part is added, but where f is monotone and f'' blows up at
      an end (a square root at 0), where it would only be pessimistic.
    """
    step = np.diff(knots)
    share = np.linspace(0.0, 1.0, SUBDIVISIONS + 1)
    z = knots[:-1, None] + step[:, None] * share
    z[:, -1] = knots[1:]
    f = _at(function, z)
    if not np.isfinite(f).all():
        raise InputError(f"the function is not a number at {z[~np.isfinite(f)][0]:g}; avoid it")
    bend = second_derivative(function, z)
    rounding = 16 * float(np.finfo(np.float64).eps) * float(np.abs(f).max())
    part = (step / SUBDIVISIONS)[:, None] ** 2
    with np.errstate(invalid="ignore"):
        change = np.abs(np.diff(bend, axis=1)).max(axis=1)
        largest = np.abs(bend).max(axis=1) + change
        contradiction = np.abs(np.diff(f, n=2, axis=1) - part * bend[:, 1:-1])
        kinked = (contradiction > part * change[:, None] + rounding).any(axis=1)
    singular = ~np.isfinite(largest)
    curvature = np.where(singular | kinked, np.inf, step**2 * largest / 8)

    chord = f[:, :1] + (f[:, -1:] - f[:, :1]) * share
    swing = np.maximum(np.abs(f[:, 1:] - chord[:, :-1]), np.abs(f[:, :-1] - chord[:, 1:])).max(1)
    rise = np.diff(f, axis=1)
    monotone = (rise >= 0).all(axis=1) | (rise <= 0).all(axis=1)
    swing += np.where(singular & monotone & ~kinked, 0.0, np.abs(rise).max(axis=1))
    return np.asarray(np.minimum(curvature, swing) + rounding)


def second_derivative(
    function: Callable[[Tensor], Tensor], z: Float64[np.ndarray, "*shape"]
) -> Float64[np.ndarray, "*shape"]:
    """f'' by automatic differentiation, in float64; inf or nan where it blows up."""
    point = torch.from_numpy(z).requires_grad_()
    with torch.enable_grad():
        value = function(point)
        for _ in range(2):
            if not value.requires_grad:  # constant: a linear f has no second derivative to follow
                return np.zeros_like(z)
            (value,) = torch.autograd.grad(
                value.sum(), point, create_graph=True, materialize_grads=True
            )
    return np.asarray(value.numpy(force=True))


def _at(
    function: Callable[[Tensor], Tensor], z: Float64[np.ndarray, "*shape"]
) -> Float64[np.ndarray, "*shape"]:
    return np.asarray(function(torch.from_numpy(z)).numpy(force=True))
