"""Classification: the minimum of the regularised logistic loss."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from jaxtyping import Bool, Float64

from ..core import InputError
from ..ensembles import Ensemble, Matrices
from . import ratios
from .base import Answers, Inputs
from .norms import PerInput, norms, ratio
from .operands import MatrixAndVector, beside
from .proofs import Bound, logistic_minimum

_MOST_STEPS = 200
_MOST_HALVINGS = 60


@final
@dataclass(frozen=True, kw_only=True)
class LogisticRegression(MatrixAndVector):
    """[A | y] [m, n + 1] with labels y of -1 and 1 -> w [n, 1] that minimises

        (1/m) sum_i log(1 + exp(-y_i w^T a_i)) + (mu/2) ||w||^2

    (Giannou et al. 2024, section 3); scikit-learn's `LogisticRegression(C=1 / (m mu),
    fit_intercept=False)`. Inputs are drawn with A scaled until its longest row has length 1 (their
    assumption 3.2), and y = sign(A w*) for a Gaussian w*. Score: ||P - w|| / ||w||. Certificate:
    `gradient`, the length of the loss's gradient at P over that at 0. Proved: a bound on |P - w|.
    """

    polishable: ClassVar[bool] = True
    proved: ClassVar[Mapping[str, str]] = {"answer": "coefficient of the minimum"}

    mu: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.mu < np.inf:
            raise InputError(f"mu is {self.mu}; give a positive weight of ||w||^2, such as 0.1")

    def draw_inputs(self, rng: np.random.Generator, batch: int, ensemble: Ensemble) -> Matrices:
        matrices = ensemble.draw(rng, batch)
        longest = _longest_row(matrices.values)
        scaled = Matrices(
            matrices.values / np.where(longest > 0, longest, 1.0)[:, None, None],
            matrices.rows,
            matrices.columns,
        )
        direction = rng.standard_normal((len(scaled), scaled.values.shape[2], 1))
        labels = np.where(scaled.values @ direction < 0, -1.0, 1.0)
        return beside(scaled, Matrices(labels, matrices.rows, np.ones_like(matrices.rows)))

    def check_inputs(self, inputs: Inputs, index: np.ndarray) -> None:
        wrong = np.abs(inputs[:, :, -1]) != 1.0
        if wrong.any():
            i, row = np.argwhere(wrong)[0]
            raise InputError(
                f"input {index[i]} has {inputs[i, row, -1]:g} as the label of row {row}; the last "
                "column must hold labels, each -1 or 1"
            )

    def answer(self, inputs: Inputs) -> Answers:
        """By Newton steps, damped until the loss falls; full ones near the minimum.

        Near is where the decrement of the loss over 4 mu is below 1/4: that function is
        self-concordant (Giannou et al. 2024, section 5) where rows have at most length 1, to which
        they are scaled here; w and mu are scaled back.
        """
        longest = _longest_row(inputs[:, :, :-1])
        scale = np.maximum(longest, 1.0)[:, None]
        loss = _Loss(inputs[:, :, :-1] / scale[:, :, None], inputs[:, :, -1], self.mu / scale**2)
        x = np.zeros((len(inputs), inputs.shape[2] - 1))
        before = np.full(len(x), np.inf)
        for _ in range(_MOST_STEPS):
            step, slope = loss.newton(x)
            decrement = np.sqrt(slope / (4 * loss.mu[:, 0]))
            # Near the minimum the decrement squares with each step, until rounding stops it.
            if ((decrement < 1e-12) | ((decrement < 1e-6) & (decrement >= before))).all():
                break
            x = x - loss.damping(x, step, slope, decrement >= 0.25)[:, None] * step
            before = decrement
        return np.asarray((x / scale)[:, :, None])

    def test_ratio(self, inputs: Inputs, predicted: Answers) -> np.ndarray:
        return ratios.logistic(inputs[:, :, :-1], inputs[:, :, -1], predicted[:, :, 0], self.mu)

    def certify(self, inputs: Inputs, predicted: Answers) -> PerInput:
        mu = np.full((len(inputs), 1), self.mu)
        loss = _Loss(inputs[:, :, :-1], inputs[:, :, -1], mu)
        x = predicted[:, :, 0]
        at, start = (norms(loss.gradient(w))["l2"] for w in (x, np.zeros_like(x)))
        return {"gradient": ratio(at, start)}

    def prove(self, inputs: Inputs, predicted: Answers) -> dict[str, Bound]:
        a, y = inputs[:, :, :-1], inputs[:, :, -1]
        return {"answer": logistic_minimum(a, y, self.mu, predicted)}


@dataclass(frozen=True, eq=False, slots=True)
class _Loss:
    """The regularised logistic losses of a batch, each with its own mu."""

    a: Float64[np.ndarray, "B m n"]
    y: Float64[np.ndarray, "B m"]
    mu: Float64[np.ndarray, "B 1"]

    def margins(self, x: Float64[np.ndarray, "B n"]) -> Float64[np.ndarray, "B m"]:
        return np.asarray(self.y * (self.a @ x[:, :, None])[:, :, 0])

    def value(self, x: Float64[np.ndarray, "B n"]) -> Float64[np.ndarray, " B"]:
        penalty = self.mu[:, 0] / 2 * (x * x).sum(axis=1)
        return np.asarray(np.logaddexp(0.0, -self.margins(x)).mean(axis=1) + penalty)

    def gradient(self, x: Float64[np.ndarray, "B n"]) -> Float64[np.ndarray, "B n"]:
        p = self.y * _sigmoid(-self.margins(x))
        return np.asarray(self.mu * x - (p[:, None] @ self.a)[:, 0] / self.a.shape[1])

    def newton(
        self, x: Float64[np.ndarray, "B n"]
    ) -> tuple[Float64[np.ndarray, "B n"], Float64[np.ndarray, " B"]]:
        """The Newton step H^-1 g, and g^T H^-1 g."""
        gradient, p = self.gradient(x), _sigmoid(-self.margins(x))
        curvature = (p * (1 - p) / self.a.shape[1])[:, :, None] * self.a
        hessian = self.a.transpose(0, 2, 1) @ curvature + self.mu[:, :, None] * np.eye(x.shape[1])
        step: np.ndarray = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        return step, np.maximum((gradient * step).sum(axis=1), 0.0)

    def damping(
        self,
        x: Float64[np.ndarray, "B n"],
        step: Float64[np.ndarray, "B n"],
        slope: Float64[np.ndarray, " B"],
        far: Bool[np.ndarray, " B"],
    ) -> Float64[np.ndarray, " B"]:
        """The factor on each step, halved for those far away until the loss falls (Armijo)."""
        factor, value = np.ones(len(x)), self.value(x)
        for _ in range(_MOST_HALVINGS):
            reached = self.value(x - factor[:, None] * step)
            uphill = far & (reached > value - 1e-4 * factor * slope)
            if not uphill.any():
                break
            factor[uphill] /= 2
        return factor


def _longest_row(a: Float64[np.ndarray, "B m n"]) -> Float64[np.ndarray, " B"]:
    lengths = norms(a.reshape(-1, a.shape[2]))["l2"]
    return np.asarray(lengths.reshape(a.shape[:2]).max(axis=1))


def _sigmoid(z: Float64[np.ndarray, "..."]) -> Float64[np.ndarray, "..."]:
    """1 / (1 + exp(-z)), without overflow."""
    small = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0, 1.0, small) / (1.0 + small))
