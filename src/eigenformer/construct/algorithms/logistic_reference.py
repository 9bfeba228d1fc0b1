"""Regularised logistic regression in NumPy: the loss, its derivatives, damped Newton, rescaling.

    f(w) = (1/n) sum_i log(1 + exp(-y_i w^T a_i)) + (mu/2) ||w||^2,   y_i in {-1, 1}, ||a_i|| <= 1

(Giannou et al. 2024, section 5.) g = f / (4 mu) is standard self-concordant.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ...core import InputError

# Shapes: B batch (any leading axes), n examples, d features.
Features = Float64[np.ndarray, "*B n d"]
Labels = Float64[np.ndarray, "*B n"]
Weights = Float64[np.ndarray, "*B d"]


def logistic_loss(
    features: Features, labels: Labels, x: Weights, mu: float
) -> Float64[np.ndarray, "*B"]:
    """f(x), also as what scikit-learn's LogisticRegression minimises with C = 1 / (n mu)."""
    margin = labels * (features @ x[..., None])[..., 0]
    return np.asarray(np.logaddexp(0.0, -margin).mean(-1) + mu / 2 * (x * x).sum(-1))


def logistic_derivatives(
    features: Features, labels: Labels, x: Weights, mu: float
) -> tuple[Weights, Float64[np.ndarray, "*B d d"]]:
    """Gradient and Hessian of f at x, by the textbook's formulas (not the network's)."""
    n, d = features.shape[-2:]
    margin = labels * (features @ x[..., None])[..., 0]
    wrong = np.exp(-np.logaddexp(0.0, margin))  # p_i, the probability of the other label
    gradient = -((labels * wrong)[..., None, :] @ features)[..., 0, :] / n + mu * x
    curved = (wrong * (1 - wrong))[..., None] * features
    return gradient, features.swapaxes(-1, -2) @ curved / n + mu * np.eye(d)


def newton_decrement(
    features: Features, labels: Labels, x: Weights, mu: float
) -> Float64[np.ndarray, "*B"]:
    """lambda_g = sqrt(grad^T Hess^-1 grad) / (2 sqrt(mu)), the Newton decrement of g = f / (4 mu).

    It is affine-invariant but for mu; while it is at least 1/4 a step lowers g by more than 0.02.
    """
    gradient, hessian = logistic_derivatives(features, labels, x, mu)
    step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
    return np.asarray(np.sqrt((gradient * step).sum(-1)) / (2 * np.sqrt(mu)))


def damped_newton(
    features: Features,
    labels: Labels,
    x: Weights,
    mu: float,
    *,
    steps: int = 1,
    radius: float = 1.0,
) -> Weights:
    """x - eta Hess^-1 grad, `steps` times, with eta = 2 sqrt(mu) / (2 sqrt(mu) + radius lambda_f).

    `radius` bounds ||a_i||; it enters because f's self-concordance constant is radius / sqrt(mu).
    (Giannou et al. 2024, section 5, with radius 1; derivations.md, section 1b, (1.2).)
    """
    for _ in range(steps):
        gradient, hessian = logistic_derivatives(features, labels, x, mu)
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        decrement = np.sqrt(np.maximum((gradient * step).sum(-1, keepdims=True), 0.0))
        x = x - 2 * np.sqrt(mu) / (2 * np.sqrt(mu) + radius * decrement) * step
    return x


def logistic_optimum(features: Features, labels: Labels, mu: float) -> Weights:
    """The minimiser of f to rounding: damped Newton from zero, then plain Newton steps."""
    x = np.zeros((*features.shape[:-2], features.shape[-1]))
    # g(0) - g* <= log(2) / (4 mu), and each damped step outside of lambda_g < 1/4 lowers g by 0.02.
    for _ in range(int(np.log(2) / (0.08 * mu)) + 20):
        if (newton_decrement(features, labels, x, mu) < 0.25).all():
            break
        x = damped_newton(features, labels, x, mu)
    return damped_newton(features, labels, x, mu, steps=10, radius=0.0)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Rescaled:
    """The same problem with features of length at most 1: f'(s w) = f(w) for every w."""

    features: Features
    mu: float
    scale: float
    """s: features are divided by it, weights multiplied by it, mu divided by its square."""

    def into(self, x: Weights) -> Weights:
        """Weights of the original problem as weights of this one."""
        return x * self.scale

    def back(self, x: Weights) -> Weights:
        """Weights of this problem as weights of the original one."""
        return x / self.scale


def rescale(features: Features, mu: float) -> Rescaled:
    """Features divided by s = max_i ||a_i|| (1 if no row is longer), and mu / s^2 to go with them.

    s^2 divides mu because (mu / s^2) ||s w||^2 = mu ||w||^2, and s w has the same products with the
    new features. So losses, decrements lambda_f and (times s) minimisers are the same; a damped
    step is s times the original problem's step with `radius` = s. A batch shares one s.
    """
    if not np.isfinite(features).all():
        raise InputError("the features hold a nan or inf; give numbers")
    # The next number up, so that dividing by it leaves no row longer than 1 by rounding.
    longest = float(np.nextafter(np.linalg.norm(features, axis=-1).max(), np.inf))
    scale = max(1.0, longest)
    return Rescaled(features=features / scale, mu=mu / scale**2, scale=scale)
