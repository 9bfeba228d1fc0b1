"""Principal component prediction: the dominant eigenvector of the prompt's covariance."""

from dataclasses import dataclass
from typing import final

from jaxtyping import Float
from torch import Tensor

from ...core import InputError, at_least
from ..batches import Batch, Components
from ..source import Source
from .base import TASKS, Task


@final
@dataclass(frozen=True, kw_only=True)
class Principal(Task):
    """d points in d dimensions whose covariance is S = U diag(lambda) U^T, U uniformly random.

    lambda_1 = exp(U(-spread, spread)), lambda_2 = r lambda_1 with r uniform in `ratio`, the others
    uniform between 0 and lambda_2. The start is uniform on the unit sphere.

    Loss: the squared distance to the eigenvector of lambda_1 whose product with the start is
    positive: the power method's. (With the better of the two signs the loss has a ridge between
    them, and models end in minima beside it.)
    Source: the task of Wu, Zhang and Cao 2026; the law is ours.
    """

    dim: int = 6
    ratio: tuple[float, float] = (0.3, 0.9)
    """Ends of lambda_2 / lambda_1."""
    spread: float = 0.5
    iterations: int | None = None
    """Asked for is the iterate of the power method after so many steps, not the eigenvector."""

    def __post_init__(self) -> None:
        at_least(2, 1000, dim=self.dim)
        at_least(0, 10, spread=self.spread)
        if not 0 < self.ratio[0] <= self.ratio[1] <= 1:
            raise InputError(f"ratio is {self.ratio}; give (low, high) with 0 < low <= high <= 1")
        if self.iterations is not None:
            at_least(1, 1000, iterations=self.iterations)

    @property
    def width(self) -> int:
        return self.dim

    @property
    def outputs(self) -> int:
        return self.dim

    @property
    def tokens(self) -> int:
        return self.dim + 1

    def make(self, source: Source, size: int) -> Components:
        d = self.dim
        u, q = source.basis(size, dim=d), source.basis(size, dim=d)
        values = source.uniform(0, 1, size, d)
        values[:, 1] = 1
        values *= source.uniform(*self.ratio, size, 1)
        values[:, 0] = 1
        values *= source.uniform(-self.spread, self.spread, size, 1).exp()
        start = source.normal(size, d)
        start = start / start.norm(dim=1, keepdim=True)
        x = d**0.5 * (q * values.sqrt()[:, None, :]) @ u.mT
        target = u[:, :, 0] * (u[:, :, 0] * start).sum(dim=1, keepdim=True).sign()
        if self.iterations is not None:
            target = power_iterates((u * values[:, None, :]) @ u.mT, start, self.iterations)[-1]
        return Components(x=x, start=start, target=target)

    def errors(self, prediction: Float[Tensor, "B d"], batch: Batch) -> Float[Tensor, " B"]:
        target = Components.of(batch, "Principal").target
        found: Tensor = (prediction - target).square().sum(dim=1)
        return found


def power_iterates(
    matrix: Float[Tensor, "B d d"], start: Float[Tensor, "B d"], steps: int
) -> list[Float[Tensor, "B d"]]:
    """The start, and A^k z / ||A^k z|| for k = 1 .. steps."""
    found = [start]
    for _ in range(steps):
        image = (matrix @ found[-1][:, :, None])[:, :, 0]
        found.append(image / image.norm(dim=1, keepdim=True))
    return found


TASKS.register("principal", Principal)
