"""What an algorithm is here: a rule that gives every iterate on a whole batch of prompts."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor

from ...core import InputError
from ..batches import Prompts

# Shapes: S steps + 1 (the start included), B batch, n pairs, d features.


class RegressionAlgorithm(ABC):
    """Solves w . x_i = y_i (or classifies); every iterate is a weight vector.

    Works in the precision and on the device of the prompts; gradients flow through the iterates.
    """

    @abstractmethod
    def weights(self, prompts: Prompts, steps: int) -> Float[Tensor, "S B d"]:
        """w_0 .. w_steps for each prompt; w_0 = 0 unless said otherwise."""

    def predictions(self, prompts: Prompts, steps: int) -> Float[Tensor, "S B"]:
        """w_k . x_q for each k: comparable to a model's `by_layer`."""
        return (self.weights(prompts, steps) * prompts.query).sum(dim=2)


def checked(steps: int) -> int:
    """`steps`, if that is a number of steps."""
    if steps < 0:
        raise InputError(f"steps is {steps}; give 0 or more")
    return steps


def moments(prompts: Prompts) -> tuple[Float[Tensor, "B d d"], Float[Tensor, "B d"]]:
    """X^T X and X^T y."""
    return prompts.x.mT @ prompts.x, times(prompts.x.mT, prompts.y)


def times(matrix: Float[Tensor, "*b p q"], vector: Float[Tensor, "*b q"]) -> Tensor:
    """Matrix times vector, prompt by prompt."""
    return torch.matmul(matrix, vector[..., None])[..., 0]
