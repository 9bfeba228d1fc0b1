"""Linear attention trained by gradient flow on prompts x ~ N(0, Lambda), w ~ N(0, I): derivations.

A layer with heads (v_h, A_h) predicts b . M x_q, where b = S w is the mean of y_i x_i over the n
pairs, S their empirical covariance, and M = sum_h v_h A_h. For Wishart S,

    E S = Lambda,    E S^2 = C = ((n + 1) Lambda^2 + tr(Lambda) Lambda) / n,

so the expected loss is L(M) = tr(Lambda) - 2 tr(Lambda^2 M) + tr(M^T C M Lambda), and

    G = -1/2 dL/dM = Lambda^2 - C M Lambda.

Time is t = 2 x learning rate x steps: dv_h/dt = <A_h, G>, dA_h/dt = v_h G; with A_h = k_h q_h^T,
dk_h/dt = v_h G q_h and dq_h/dt = v_h G^T k_h.

**Merged, Lambda = I.** C = c I with c = 1 + (d + 1)/n. Only u_h = <A_h, I>/sqrt(d) is driven: what
A_h has beside the identity stays as small as it began. With m = sum_h v_h u_h / sqrt(d), M = m I,

    dv_h/dt = sqrt(d) (1 - c m) u_h,    du_h/dt = sqrt(d) (1 - c m) v_h.

So v + u grows by a common factor sqrt(g), and v - u shrinks by it, where
dg/dt = 2 sqrt(d) (1 - c m) g. Let Z and Y be sum_h (v_h + u_h)^2 / 2 and sum_h (v_h - u_h)^2 / 2 at
time 0. Then m = (Z g - Y/g) / (2 sqrt(d)), and g solves Riccati's equation

    dg/dt = -c Z g^2 + 2 sqrt(d) g + c Y,    g(0) = 1,

whose solution has (g - g+)/(g - g-) = e^(-kappa t) times its value at 0, with the roots
g+- = (sqrt(d) +- sqrt(d + c^2 Z Y)) / (c Z) and kappa = 2 sqrt(d + c^2 Z Y). From balanced weights
(Y = 0) m itself is a logistic curve. L = d - 2 d m + c d m^2. Nothing is fitted: Z and Y are those
of the initial weights.

**Separate.** A head that learns does so along one eigenvector: k and q turn to it while v, k, q
grow in proportion to products of the other two, so that a small head takes a time that goes as its
inverse, and the rest of the heads waits. At rest along m eigenvectors, G = 0 there:
M = sum_j e_j e_j^T lambda_j / c_j, c_j = ((n + 1) lambda_j^2 + tr(Lambda) lambda_j) / n, and

    L_m = tr(Lambda) - sum_(j <= m) lambda_j / (1 + (1 + tr(Lambda) / lambda_j) / n),

principal component regression with m components. The largest eigenvalues come first.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.integrate import solve_ivp
from torch import Tensor
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from ...incontext.models.forms import KeyQuery


@dataclass(frozen=True, kw_only=True)
class Prompted:
    """Prompts of `points` pairs, x ~ N(0, diag(spectrum))."""

    spectrum: tuple[float, ...]
    """Eigenvalues of Lambda, the largest first."""
    points: int

    @property
    def values(self) -> Float[Tensor, " d"]:
        return torch.tensor(self.spectrum, dtype=torch.float64)

    @property
    def squares(self) -> Float[Tensor, " d"]:
        """Eigenvalues of C = E S^2."""
        values = self.values
        return ((self.points + 1) * values**2 + values.sum() * values) / self.points

    def loss(self, product: Float[Tensor, "*b d d"]) -> Float[Tensor, "*b"]:
        """L(M)."""
        values, squares = self.values, self.squares
        linear = (values**2 * product.diagonal(dim1=-2, dim2=-1)).sum(dim=-1)
        square = (product**2 * squares[:, None] * values).sum(dim=(-2, -1))
        found: Tensor = values.sum() - 2 * linear + square
        return found

    def force(self, product: Float[Tensor, "d d"]) -> Float[Tensor, "d d"]:
        """G."""
        return torch.diag(self.values**2) - self.squares[:, None] * product * self.values

    def regression(self, components: int) -> Float[Tensor, "d d"]:
        """M of principal component regression with the first `components` eigenvectors."""
        kept = torch.arange(len(self.spectrum)) < components
        return torch.diag(kept * self.values / self.squares)

    @property
    def levels(self) -> tuple[float, ...]:
        """L_0, ..., L_d."""
        return tuple(float(self.loss(self.regression(m))) for m in range(len(self.spectrum) + 1))


@dataclass(frozen=True, kw_only=True)
class TimeCourse:
    """The loss of merged weights by time, for Lambda = I."""

    dim: int
    points: int
    along: float
    """Z."""
    against: float
    """Y."""

    @classmethod
    def of(cls, weights: KeyQuery, points: int) -> "TimeCourse":
        """From initial weights."""
        scores, v = weights.scores.detach().double(), weights.value.detach().double()
        u = scores.diagonal(dim1=1, dim2=2).sum(dim=1) / math.sqrt(weights.dim)
        return cls(
            dim=weights.dim,
            points=points,
            along=float((v + u).square().sum() / 2),
            against=float((v - u).square().sum() / 2),
        )

    @property
    def _c(self) -> float:
        return 1 + (self.dim + 1) / self.points

    @property
    def _half_rate(self) -> float:
        return math.sqrt(self.dim + self._c**2 * self.along * self.against)

    @property
    def _roots(self) -> tuple[float, float]:
        """g+ and g-."""
        scale = self._c * self.along
        root = math.sqrt(self.dim)
        return (root + self._half_rate) / scale, (root - self._half_rate) / scale

    def _ratio(self, growth: float) -> float:
        upper, lower = self._roots
        return (growth - upper) / (growth - lower)

    @property
    def least(self) -> float:
        """The loss in the end."""
        return self.dim - self.dim / self._c

    def losses(self, times: Sequence[float]) -> list[float]:
        upper, lower = self._roots
        found = []
        for time in times:
            ratio = self._ratio(1.0) * math.exp(-2 * self._half_rate * time)
            growth = (upper - lower * ratio) / (1 - ratio)
            m = (self.along * growth - self.against / growth) / (2 * math.sqrt(self.dim))
            found.append(self.least + self.dim / self._c * (1 - self._c * m) ** 2)
        return found

    @property
    def half(self) -> float:
        """When the loss has half its way from d to the end behind it."""
        m = (1 - math.sqrt(0.5)) / self._c
        root = math.sqrt(self.dim * m**2 + self.along * self.against)
        growth = (math.sqrt(self.dim) * m + root) / self.along
        return math.log(self._ratio(1.0) / self._ratio(growth)) / (2 * self._half_rate)


def flow(weights: KeyQuery, prompts: Prompted, times: Sequence[float]) -> list[float]:
    """The loss of gradient flow from these weights at `times`, integrated numerically."""
    weights = copy.deepcopy(weights).double().requires_grad_(True)
    parameters = list(weights.parameters())

    def put(place: np.ndarray) -> None:
        vector_to_parameters(torch.from_numpy(place.copy()), parameters)

    def slope(_: float, place: np.ndarray) -> np.ndarray:
        put(place)
        with torch.enable_grad():
            product = weights.product
        force = prompts.force(product.detach())
        gradients = torch.autograd.grad(product, parameters, force)
        found: np.ndarray = parameters_to_vector(gradients).numpy()
        return found

    start = parameters_to_vector(parameters).detach().numpy()
    solved = solve_ivp(
        slope, (0, times[-1]), start, t_eval=times, method="LSODA", rtol=1e-8, atol=1e-12
    )
    losses = []
    for place in solved.y.T:
        put(place)
        losses.append(float(prompts.loss(weights.product.detach())))
    return losses
