"""Classical iterations for 1/sigma and for 1, on numbers: what a learned function is compared with.

All are of the form that products and sums of matrices allow: polynomials of x = sigma / scale, in
which a step of the iteration for the inverse is s -> p(s), s = x f(x), and a step of that for the
polar factor y -> p(y), p odd. The goal of both is 1. Sources: Schulz 1933 (Newton's, order 2);
Pan and Schreiber, SIAM J. Sci. Stat. Comput. 12 (1991), section 2 (the best quadratic steps); Chen
and Chow, Matrix Sign Function Iterations (2014), and Amsel et al. 2025, arXiv 2505.16932, section 4
(the best odd steps: greedy choice is optimal).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

Values = np.ndarray
"""float64 [N]."""
Step = Callable[[Values], Values]


@dataclass(frozen=True, kw_only=True)
class Iteration:
    """A sequence of steps p, from x to `steps` further values."""

    name: str
    products: int
    """Products of two matrices that a step takes."""
    degree: int
    """Of p, in s or y."""
    inverse: bool
    """Whether it starts at s = x^2 (X = A^T) or at y = x."""
    step: Callable[[int], Step] = field(repr=False)
    """The step of a number, from 0."""

    def values(self, x: Values, steps: int) -> Iterator[Values]:
        """What is to become 1, first at the start and then after each step."""
        value = x * x if self.inverse else x
        yield value
        for i in range(steps):
            value = self.step(i)(value)
            yield value

    def growth(self, steps: int) -> float:
        """By which factor a step multiplies tiny values, as the geometric mean."""
        tiny = np.array([1e-150])
        first, *_, last = self.values(tiny, steps)
        return float((last / first)[0] ** (1 / steps))

    def serves(self, steps: int, tolerance: float) -> float:
        """The smallest x from which on, up to 1, the error is below `tolerance`; nan if 1 fails."""
        x = np.geomspace(1e-12, 1, 4801)
        *_, last = self.values(x, steps)
        return smallest_served(x, np.abs(1 - last), tolerance)


def smallest_served(x: Values, error: Values, tolerance: float) -> float:
    """The left end of the stretch of x up to the largest on which errors are below `tolerance`."""
    wrong = np.flatnonzero(~(error < tolerance))
    if not len(wrong):
        return float(x[0])
    return float(x[wrong[-1] + 1]) if wrong[-1] + 1 < len(x) else math.nan


def newton(*, inverse: bool) -> Iteration:
    """X (2 I - A X), or X (3 I - X^T X) / 2: order 2."""

    def step(value: Values) -> Values:
        after: Values = value * (2 - value) if inverse else value * (3 - value * value) / 2
        return after

    degree = 2 if inverse else 3
    return Iteration(
        name="Newton's", products=2, degree=degree, inverse=inverse, step=lambda i: step
    )


def chebyshev(*, inverse: bool) -> Iteration:
    """X (3 I - A X (3 I - A X)), or its twin for the polar factor: order 3, a product more."""

    def step(value: Values) -> Values:
        square = value * value
        quintic = value * (15 - square * (10 - 3 * square)) / 8
        after: Values = value * (3 - value * (3 - value)) if inverse else quintic
        return after

    products, degree = (3, 3) if inverse else (3, 5)
    return Iteration(
        name="Chebyshev's", products=products, degree=degree, inverse=inverse, step=lambda i: step
    )


def minimax(*, inverse: bool, steps: int, tolerance: float) -> Iteration:
    """Of all compositions of `steps` quadratics in s (odd cubics in y), the one whose error is
    below `tolerance` on the widest interval [x, 1]."""
    low, high = -30.0, 0.0  # of log10 x
    for _ in range(60):
        middle = (low + high) / 2
        if _best_steps(inverse, 10**middle, steps)[1] < 0.999 * tolerance:
            high = middle
        else:
            low = middle
    polynomials, _ = _best_steps(inverse, 10**high, steps)
    return Iteration(
        name="minimax",
        products=2,
        degree=2 if inverse else 3,
        inverse=inverse,
        step=lambda i: polynomials[i],
    )


def best_error(smallest: float, steps: int, *, inverse: bool) -> float:
    """The error of the best composition of `steps` steps on x from `smallest` to 1."""
    return _best_steps(inverse, smallest, steps)[1]


def _best_steps(inverse: bool, smallest: float, steps: int) -> tuple[list[Step], float]:
    """The steps that are best for [smallest, 1], and their error there."""
    low, high = (smallest**2, 1.0) if inverse else (smallest, 1.0)
    polynomials: list[Step] = []
    for _ in range(steps):
        step, low, high = _best_quadratic(low, high) if inverse else _best_cubic(low, high)
        polynomials.append(step)
        if high - low < 1e-15:
            break
    polynomials += [polynomials[-1]] * (steps - len(polynomials))
    return polynomials, (high - low) / 2


def _best_quadratic(low: float, high: float) -> tuple[Step, float, float]:
    """The quadratic p with p(0) = 0 that is nearest to 1 on [low, high], and where it takes them.

    1 - p is Chebyshev's T2, stretched to the interval, over its value at 0.
    """
    centre, half = (high + low) / 2, max((high - low) / 2, 1e-9)
    above = 2 * low * high / half**2  # T2(centre / half) - 1, without cancellation
    at_zero = 1 + above

    def step(value: Values) -> Values:
        after: Values = 2 * value * (2 * centre - value) / (half * half * at_zero)
        return after

    return step, above / at_zero, 1 + 1 / at_zero


def _best_cubic(low: float, high: float) -> tuple[Step, float, float]:
    """The odd cubic that is nearest to 1 on [low, high], and where it takes them.

    a y + b y^3 with equal errors at both ends and at the maximum between them.
    """
    square = low * low + low * high + high * high
    peak = math.sqrt(square / 3)  # p(low) = p(high) makes a = -b square
    end, top = low * (square - low * low), peak * (square - peak * peak)
    factor = 2 / (end + top)

    def step(value: Values) -> Values:
        after: Values = factor * value * (square - value * value)
        return after

    return step, factor * end, factor * top
