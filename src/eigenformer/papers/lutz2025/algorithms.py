"""Iterations for D = B A^-1 C, one product with A A^T a step, or one step of Newton's iteration."""

import torch
from jaxtyping import Float
from torch import Tensor

from ...incontext import Completions

RATES = tuple(float(rate) for rate in torch.linspace(0.2, 2.0, 37))


def conjugate_gradient(batch: Completions, steps: int) -> list[Float[Tensor, "B p q"]]:
    """B A^T Y, Y from the conjugate gradient method for A A^T Y = C, after 0, 1, ... steps.

    Of all methods that make one product with A A^T a step it has the smallest error in the norm of
    A A^T, matrix by matrix: no first-order method with fixed weights does better in that norm.
    """
    gram = batch.a @ batch.a.mT
    y = torch.zeros_like(batch.c)
    residual = batch.c
    direction, size = residual, residual.square().sum(1, keepdim=True)
    found = [batch.b @ batch.a.mT @ y]
    for _ in range(steps):
        image = gram @ direction
        rate = size / (direction * image).sum(1, keepdim=True).clamp_min(1e-300)
        y, residual = y + rate * direction, residual - rate * image
        after = residual.square().sum(1, keepdim=True)
        direction, size = residual + after / size.clamp_min(1e-300) * direction, after
        found.append(batch.b @ batch.a.mT @ y)
    return found


def gradient_descent(batch: Completions, steps: int, rate: float) -> list[Float[Tensor, "B p q"]]:
    """The same with Y <- Y + rate (C - A A^T Y)."""
    y = torch.zeros_like(batch.c)
    found = [batch.b @ batch.a.mT @ y]
    for _ in range(steps):
        y = y + rate * (batch.c - batch.a @ (batch.a.mT @ y))
        found.append(batch.b @ batch.a.mT @ y)
    return found


def newton(batch: Completions, steps: int) -> list[Float[Tensor, "B p q"]]:
    """B X C, X <- X (2 I - A X) from A^T, whose error squares itself each step."""
    x, eye = batch.a.mT, torch.eye(batch.a.shape[1], dtype=batch.a.dtype)
    found = [torch.zeros_like(batch.target)]  # of no layer at all, like the others
    for step in range(steps):
        x = x if step == 0 else x @ (2 * eye - batch.a @ x)
        found.append(batch.b @ x @ batch.c)
    return found


def best_rate(batch: Completions, steps: int) -> float:
    """The one of `RATES` with the smallest mean squared error after `steps` steps."""

    def loss(rate: float) -> float:
        return float((gradient_descent(batch, steps, rate)[-1] - batch.target).square().mean())

    return min(RATES, key=loss)
