"""The best scalars of gradient descent and GD++, to compare trained matrices with.

Where the law of w* and of the query is isotropic, every iterate of GD++ is a polynomial in the
empirical covariance S = sum x x^T / n, so the expected loss is a mean over S's eigenvalues s:

    0.5 E (w . x_q - w_k . x_q)^2 = v/2 E sum_s rho_k(s)^2,    v the variance of a query's entry
    rho <- (1 - a s) rho,    s <- (1 - g s)^2 s,               a step with rates a and g = a b

(g = 0: gradient descent.) Scalars are a few numbers, and their loss is smooth: a quasi-Newton
search from several starts finds them in a second, without a model.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from ..incontext import Regression

# Shapes: B prompts, d features.

Scheme = Literal["gd", "gd++"]
_PART = 2000
"""Prompts that are drawn at once."""
_FIRST = (0.5, 1.0, 2.0)
"""Of a step, in units of the best rate of one step: where searches start."""
_SECOND = (0.05, 0.3)
"""Of the data's step, in units of the rate."""


@dataclass(frozen=True, kw_only=True)
class RateSchedule:
    """Rates of each step, and the loss that they were chosen for."""

    rates: tuple[float, ...]
    """a of each step."""
    data_rates: tuple[float, ...]
    """g of each step; 0 for gradient descent, and for the last step, where it changes nothing."""
    loss: float
    """E sum rho^2 over the eigenvalues that it was chosen with: E |w_k - w*|^2 for w* ~ N(0, I)."""

    @property
    def pairs(self) -> list[tuple[float, float]]:
        """(a, b) of each step, as `GDPlusPlus` takes them."""
        return [(a, g / a) for a, g in zip(self.rates, self.data_rates, strict=True)]


def eigenvalues(task: Regression, *, seed: int = 0, size: int = 20_000) -> Float[Tensor, "B d"]:
    """Eigenvalues of S for `size` prompts of the stream "scalars"."""
    drawn = task.parts(seed, size, _PART, purpose="scalars")
    return torch.cat([torch.linalg.eigvalsh(b.x.mT @ b.x / task.points) for b in drawn])


def mean_loss(
    values: Float[Tensor, "B d"], rates: Float[Tensor, " L"], data_rates: Float[Tensor, " L"]
) -> Float[Tensor, ""]:
    """E sum_s rho(s)^2 after all steps."""
    rho = torch.ones_like(values)
    for a, g in zip(rates, data_rates, strict=True):
        rho = rho * (1 - a * values)
        values = values * (1 - g * values).square()
    return rho.square().sum(dim=1).mean()


def best_one_step(values: Float[Tensor, "B d"]) -> float:
    """The best rate of one step of gradient descent: E tr S / E tr S^2."""
    return float(values.sum(dim=1).mean() / values.square().sum(dim=1).mean())


def best_schedule(
    values: Float[Tensor, "B d"], steps: int, scheme: Scheme, *, shared: bool = False
) -> RateSchedule:
    """The scalars with the least mean loss; `shared`: one pair for all steps (a looped layer).

    The least of what the searches find: for several steps no search can promise the global minimum.
    """
    unit = best_one_step(values)
    starts = [(a, b) for a in _FIRST for b in (_SECOND if scheme == "gd++" else (0.0,))]
    found = [_search(values, steps, scheme, shared, unit, start) for start in starts]
    return min(found, key=lambda schedule: schedule.loss)


def _search(
    values: Float[Tensor, "B d"],
    steps: int,
    scheme: Scheme,
    shared: bool,
    unit: float,
    start: tuple[float, float],
) -> RateSchedule:
    distinct = 1 if shared else steps
    # Distinct starts for distinct steps: from equal ones a search would keep some of them equal.
    spread = torch.linspace(0.8, 1.25, distinct, dtype=torch.float64)
    a = (start[0] * spread).requires_grad_()
    g = (start[0] * start[1] * spread.flip(0)).requires_grad_(scheme == "gd++")
    searched = [a, g] if scheme == "gd++" else [a]
    search = torch.optim.LBFGS(
        searched, max_iter=300, tolerance_grad=1e-10, line_search_fn="strong_wolfe"
    )

    def schedule() -> tuple[Tensor, Tensor]:
        last = torch.arange(steps) == steps - 1
        return unit * a.expand(steps), unit * g.expand(steps).masked_fill(last, 0.0)

    def closure() -> float:
        search.zero_grad()
        loss = mean_loss(values, *schedule())
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    search.step(closure)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        rates, data_rates = schedule()
        loss = float(mean_loss(values, rates, data_rates))
    return RateSchedule(
        rates=tuple(rates.tolist()), data_rates=tuple(data_rates.tolist()), loss=loss
    )
