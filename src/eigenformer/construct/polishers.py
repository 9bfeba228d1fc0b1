"""What refines an answer, by problem: `POLISHERS`, one entry a problem that has an iteration.

A `Polisher` says of answers how far they are, whether its iteration converges from there and in how
many steps, where else it can start, and runs the constructed network that takes the steps.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float64

from ..problems import LogisticRegression, Problem
from ..problems.ratios import BAR, scaled_down
from . import theory
from .algorithms.logistic import logistic_newton
from .algorithms.logistic_reference import logistic_loss, newton_decrement, rescale
from .algorithms.newton import newton_inverse, pseudo_inverse
from .compiler import compile
from .expression import Expression, stored
from .network import Network

Batch = Float64[np.ndarray, "B _ _"]
Each = Float64[np.ndarray, " B"]


@dataclass(frozen=True, eq=False, slots=True)
class Outlook:
    """Where B iterations would start, how far that is, and the steps that they would need."""

    start: Batch
    first: Each
    """The residual there; inf where there is nothing to start from."""
    needed: Each
    """Steps to rounding level by theory; inf where the iteration is not foretold to converge."""


class Polisher(ABC):
    """Refines answers to one problem; matrices and answers are batches of one shape."""

    measure: ClassVar[str]
    """What a residual is, with X0 for the answer."""
    bad: ClassVar[str]
    """What it means that an answer does not converge, in words after its residual."""
    elsewhere: ClassVar[str]
    """Where the iteration starts then."""
    diverged: ClassVar[str]
    largest: ClassVar[int | None] = None
    """The most columns (or rows, if these are fewer) that its network is compiled for."""
    extra: ClassVar[int] = 0
    """Iterates that may follow the last step."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    @abstractmethod
    def outlook(self, matrix: Batch, answers: Batch, dtype: torch.dtype) -> Outlook:
        """What is to be expected from the answers, which are finite."""

    @abstractmethod
    def again(self, matrix: Batch, dtype: torch.dtype) -> Outlook:
        """The same for a start that needs no answer."""

    @abstractmethod
    def iterates(
        self, matrix: Batch, start: Batch, steps: int, dtype: torch.dtype
    ) -> Iterator[Batch]:
        """The start, and what it is after each step; fewer where nothing can be gained."""

    @abstractmethod
    def residual(self, matrix: Batch, iterate: Batch) -> Each:
        """How far iterates are; inf where they are not finite."""

    def finished(self, matrix: Batch, iterate: Batch) -> Batch:
        """Answers to the problem, from the last iterates."""
        return iterate

    def right(self, matrix: Batch, iterate: Batch) -> Bool[np.ndarray, " B"]:
        """Whether the last iterates are as right as LAPACK's tests ask of a float64 answer."""
        ratio = self.problem.ratios(matrix, iterate)
        assert ratio is not None
        return np.asarray(ratio < BAR)


POLISHERS: dict[str, type[Polisher]] = {}
"""By the names of problems."""


def two_norm(matrices: Batch) -> Each:
    """inf where a matrix is not finite."""
    finite = np.isfinite(matrices).all(axis=(1, 2))
    safe = np.where(finite[:, None, None], matrices, 0.0)
    return np.where(finite, np.linalg.norm(safe, 2, axis=(1, 2)), np.inf)


def traced(network: Network, inputs: tuple[Batch, ...], steps: int) -> list[Batch]:
    """The output's block before the last `steps` layers, and after each of them."""
    with torch.no_grad():
        trace = network.trace(*inputs)
    port = network.spec.output
    rows, columns = port.shape
    return [layer[port.block].double().numpy()[:, :rows, :columns] for layer in trace[-steps - 1 :]]


class InversePolisher(Polisher):
    """Newton's iteration X <- X (2I - A X); the residual ||I - A X||_2 squares with each step."""

    measure = "||I - A X0||_2"
    bad = "at or above 1, from where Newton's iteration diverges"
    elsewhere = "A^T/||A||_2^2"
    diverged = "Newton's iteration diverged"

    def outlook(self, matrix: Batch, answers: Batch, dtype: torch.dtype) -> Outlook:
        first = self.residual(matrix, answers)
        accuracy = theory.floor(np.linalg.cond(matrix), dtype)
        return Outlook(answers, first, theory.steps_needed(first, accuracy))

    def again(self, matrix: Batch, dtype: torch.dtype) -> Outlook:
        size = np.linalg.norm(matrix, 2, axis=(1, 2))[:, None, None]
        condition = np.linalg.cond(matrix)
        accuracy = theory.floor(condition, dtype)
        start = matrix.transpose(0, 2, 1) / size / size
        needed = theory.steps_from_transpose(condition, accuracy) + theory.SLACK
        return Outlook(start, theory.start_residual(condition), needed)

    def iterates(
        self, matrix: Batch, start: Batch, steps: int, dtype: torch.dtype
    ) -> Iterator[Batch]:
        if steps == 0:
            return iter([start])
        # Before the steps a layer prepares A^T, which a 1x1 matrix needs none of.
        return iter(traced(_newton(matrix.shape[1], steps, dtype), (matrix, start), steps))

    def residual(self, matrix: Batch, iterate: Batch) -> Each:
        with np.errstate(all="ignore"):
            return two_norm(np.eye(matrix.shape[1]) - matrix @ iterate)


class PseudoInversePolisher(Polisher):
    """The same iteration, from A^T X^T X X^T A^T, which has A's row and column space like A^+."""

    measure = "||(I - A X0) U||_2, U a basis of A's columns,"
    bad = "from where Newton's iteration diverges"
    elsewhere = "A^T/||A||_2^2"
    diverged = "Newton's iteration diverged"

    def outlook(self, matrix: Batch, answers: Batch, dtype: torch.dtype) -> Outlook:
        a, exponent = scaled_down(matrix)
        with np.errstate(all="ignore"):
            x = np.ldexp(answers, exponent)
            start = transposed(x @ a) @ x @ transposed(a @ x)
        usable = np.isfinite(start).all(axis=(1, 2))[:, None, None]
        start = np.where(usable, start, 0.0)
        accuracy = theory.floor(_condition(a), dtype)
        needed = theory.steps_needed(self.residual(matrix, start), accuracy)
        return Outlook(start, self.residual(matrix, x), np.where(usable[:, 0, 0], needed, np.inf))

    def again(self, matrix: Batch, dtype: torch.dtype) -> Outlook:
        a, _ = scaled_down(matrix)
        size = np.linalg.norm(a, 2, axis=(1, 2))[:, None, None]
        start = transposed(a) / np.where(size > 0, size, 1.0) ** 2
        return Outlook(start, self.residual(matrix, start), _steps_again(a, dtype))

    def iterates(
        self, matrix: Batch, start: Batch, steps: int, dtype: torch.dtype
    ) -> Iterator[Batch]:
        if steps == 0:
            return iter([start])
        a, _ = scaled_down(matrix)
        return iter(traced(_pseudo(a.shape[1], a.shape[2], steps, dtype), (a, start), steps))

    def residual(self, matrix: Batch, iterate: Batch) -> Each:
        a, _ = scaled_down(matrix)
        left, values, _ = np.linalg.svd(a, full_matrices=False)
        basis = left * (values > _cut_off(a) * values[:, :1])[:, None, :]
        with np.errstate(all="ignore"):
            return two_norm(basis - a @ (iterate @ basis))

    def finished(self, matrix: Batch, iterate: Batch) -> Batch:
        return np.asarray(np.ldexp(iterate, -scaled_down(matrix)[1]))

    def right(self, matrix: Batch, iterate: Batch) -> Bool[np.ndarray, " B"]:
        return super().right(matrix, self.finished(matrix, iterate))


class LeastSquaresPolisher(Polisher):
    """Newton's method: x <- x + A^+ (y - A x), with A^+ by its own network.

    The minimum of a quadratic: one step reaches it from anywhere, a second what rounding left of
    the first. x's part outside of A's row space, which is no error of the residual, goes first.
    """

    measure = "||A^T (A x - y)|| / ||A^T y||"
    bad = "as it is no vector of numbers"
    elsewhere = "0"
    diverged = "the iteration for A^+ diverged"

    def outlook(self, matrix: Batch, answers: Batch, dtype: torch.dtype) -> Outlook:
        return Outlook(answers, self.residual(matrix, answers), np.full(len(answers), 2.0))

    def again(self, matrix: Batch, dtype: torch.dtype) -> Outlook:
        zeros = np.zeros((len(matrix), matrix.shape[2] - 1, 1))
        return Outlook(zeros, self.residual(matrix, zeros), np.full(len(matrix), 2.0))

    def iterates(
        self, matrix: Batch, start: Batch, steps: int, dtype: torch.dtype
    ) -> Iterator[Batch]:
        yield start
        (a, above), (y, right) = (
            scaled_down(part) for part in (matrix[..., :-1], matrix[..., -1:])
        )
        needed, inverse = _steps_again(a, dtype), np.zeros_like(transposed(a))
        for count in np.unique(needed):
            at = needed == count
            network = _pseudo(a.shape[1], a.shape[2], int(count), dtype)
            size = np.linalg.norm(a[at], 2, axis=(1, 2))[:, None, None]
            first = transposed(a[at]) / np.where(size > 0, size, 1.0) ** 2
            with torch.no_grad():
                inverse[at] = network(a[at], first).double().numpy()
        network, project = _correction(a.shape[1], a.shape[2], dtype)
        with np.errstate(all="ignore"), torch.no_grad():
            x = np.nan_to_num(np.ldexp(start, above - right))
            x = project(a, inverse, x).double().numpy()
            for _ in range(steps):
                x = network(a, inverse, x, y).double().numpy()
                yield np.ldexp(x, right - above)

    def residual(self, matrix: Batch, iterate: Batch) -> Each:
        return self.problem.residuals(matrix, iterate)["normal_equations"]


class LogisticPolisher(Polisher):
    """Damped Newton steps of the constructed network, exact scalar functions, rows of length 1."""

    measure = "||gradient|| over that at 0"
    bad = "with a loss above that of zeros"
    elsewhere = "0"
    diverged = "Newton's method diverged"

    problem: LogisticRegression

    def outlook(self, matrix: Batch, answers: Batch, dtype: torch.dtype) -> Outlook:
        a, y = matrix[..., :-1], matrix[..., -1]
        scaled = rescale(a, self.problem.mu)
        with np.errstate(all="ignore"):
            start = scaled.into(answers[..., 0])
            loss = logistic_loss(scaled.features, y, start, scaled.mu)
            usable = loss <= np.log(2.0)
            near = newton_decrement(
                scaled.features, y, np.where(usable[:, None], start, 0.0), scaled.mu
            )
        # Each damped step lowers the loss over 4 mu by 0.02 until the decrement is below 1/4, and
        # from there the decrement squares: derivations.md, section 1b.
        far = np.minimum(np.ceil(loss / (4 * scaled.mu) / 0.02), _MOST_DAMPED)
        needed = np.where(near < 0.25, 0.0, far) + _NEAR
        return Outlook(answers, self.residual(matrix, answers), np.where(usable, needed, np.inf))

    def again(self, matrix: Batch, dtype: torch.dtype) -> Outlook:
        return self.outlook(matrix, np.zeros((len(matrix), matrix.shape[2] - 1, 1)), dtype)

    def iterates(
        self, matrix: Batch, start: Batch, steps: int, dtype: torch.dtype
    ) -> Iterator[Batch]:
        yield start
        a, y = matrix[..., :-1], matrix[..., -1]
        scaled = rescale(a, self.problem.mu)
        network = _logistic(a.shape[2], a.shape[1], scaled.mu, dtype)
        x, least = scaled.into(start[..., 0]), np.inf
        for _ in range(steps):
            with torch.no_grad():
                x = network(scaled.features, y, x).double().numpy()
            value = scaled.back(x)[..., None]
            yield value
            now = float(self.residual(matrix, value).max())
            if now < _FLAT and now >= least / 2:  # rounding level: nothing more to gain
                return
            least = now

    def residual(self, matrix: Batch, iterate: Batch) -> Each:
        return self.problem.residuals(matrix, iterate)["gradient"]


_NEAR = 7
"""Newton steps that take a decrement of 1/4 to rounding level."""
_MOST_DAMPED = 150
_FLAT = 1e-10


def transposed(a: np.ndarray) -> np.ndarray:
    return a.swapaxes(1, 2)


def _cut_off(a: Batch) -> float:
    """Singular values below this times the largest are zero, to working precision."""
    return float(max(a.shape[1:])) * 2.0**-52


def _condition(a: Batch) -> Each:
    """The largest singular value over the least that is not zero."""
    values = np.linalg.svd(a, compute_uv=False)
    kept = np.where(values > _cut_off(a) * values[:, :1], values, np.inf).min(axis=1)
    return np.where(values[:, 0] > 0, values[:, 0] / np.where(np.isfinite(kept), kept, 1.0), 1.0)


def _steps_again(a: Batch, dtype: torch.dtype) -> Each:
    condition = _condition(a)
    return theory.steps_from_transpose(condition, theory.floor(condition, dtype)) + theory.SLACK


@lru_cache(maxsize=32)
def _newton(dim: int, steps: int, dtype: torch.dtype) -> Network:
    return newton_inverse(dim=dim, steps=steps, dtype=dtype)


@lru_cache(maxsize=32)
def _pseudo(rows: int, columns: int, steps: int, dtype: torch.dtype) -> Network:
    return pseudo_inverse(rows, columns, steps, dtype=dtype)


@lru_cache(maxsize=32)
def _logistic(dim: int, tokens: int, mu: float, dtype: torch.dtype) -> Network:
    return logistic_newton(dim, tokens, mu, exact=True, dtype=dtype)


@lru_cache(maxsize=32)
def _correction(rows: int, columns: int, dtype: torch.dtype) -> tuple[Network, Network]:
    """Networks for x + X (y - A x) and X A x."""

    def correct(A: Expression, X: Expression, x: Expression, y: Expression) -> Expression:
        return x + X @ stored(y - A @ x)

    def project(A: Expression, X: Expression, x: Expression) -> Expression:
        return X @ stored(A @ x)

    shapes = {"A": (rows, columns), "X": (columns, rows), "x": (columns, 1)}
    return (
        compile(correct, {**shapes, "y": (rows, 1)}, dtype=dtype),
        compile(project, shapes, dtype=dtype),
    )


POLISHERS |= {
    "inverse": InversePolisher,
    "symmetric_inverse": InversePolisher,
    "pseudo_inverse": PseudoInversePolisher,
    "least_squares": LeastSquaresPolisher,
    "logistic_regression": LogisticPolisher,
}
