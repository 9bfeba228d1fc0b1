"""Looping a part of a network, and adaptive computation time: each token decides when to stop.

Shapes: B batch, L positions, D width, N loops.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class Halting(nn.Module):
    """The probability sigmoid(w x + b) that a token halts: D + 1 parameters.

    At first w = 0 and b is `bias`: every token halts with probability sigmoid(bias).
    """

    def __init__(self, width: int, bias: float) -> None:
        super().__init__()
        self.first_bias = bias
        # A vector, so that it is not among the matrices that Muon treats.
        self.weight = nn.Parameter(torch.empty(width))
        self.bias = nn.Parameter(torch.empty(()))

    def start_parameters(self, generator: torch.Generator) -> None:
        for parameter in (self.weight, self.bias):
            # As many numbers are drawn as ever were: a seed goes on giving the same model.
            parameter.uniform_(generator=generator).zero_()
        self.bias.fill_(self.first_bias)

    def forward(self, x_BLD: Float[Tensor, "B L D"]) -> Float[Tensor, "B L"]:
        return torch.sigmoid((x_BLD * self.weight).sum(-1) + self.bias)


@dataclass(frozen=True, slots=True)
class Looped:
    """What looping made of x, and with adaptive computation time how."""

    state_BLD: Float[Tensor, "B L D"]
    weights_NBL: Float[Tensor, "N B L"] | None = None
    """The weight of each loop's output in a token's state; they sum to 1, and are 0 from the loop
    after the one in which it halted."""
    remainder_BL: Float[Tensor, "B L"] | None = None
    """The last weight that is not 0: what the probabilities before left to it."""


def loop(x_BLD: Tensor, once: Callable[[int, Tensor], Tensor], loops: int) -> Looped:
    """once(N - 1, ... once(1, once(0, x))); `once` is told which loop it is in."""
    for n in range(loops):
        x_BLD = once(n, x_BLD)
    return Looped(x_BLD)


def loop_adaptively(
    x_BLD: Tensor,
    once: Callable[[int, Tensor], Tensor],
    loops: int,
    halting: Halting,
    threshold: float,
) -> Looped:
    """`loop`, but a token stops changing once its halting probabilities sum to `threshold`.

    The probability of a loop is read from the state that goes into it. A token halts in the first
    loop that brings their sum to `threshold`, at the latest in the last; its later states are
    copies of that loop's. The result is the mean of its states weighted by the probabilities, where
    the loop in which it halts has what is left to 1 (Graves 2016, section 2; Dehghani et al. 2018
    for tokens). All loops are run, for halted tokens without effect.
    """
    state_BLD = torch.zeros_like(x_BLD)
    sum_BL = x_BLD.new_zeros(x_BLD.shape[:2])
    remainder_BL = torch.zeros_like(sum_BL)
    weights = []
    for n in range(loops):
        probability_BL: Tensor = halting(x_BLD)
        new_BLD = once(n, x_BLD)
        running_BL: Bool[Tensor, "B L"] = sum_BL < threshold
        last_BL = sum_BL + probability_BL >= threshold
        if n == loops - 1:
            last_BL = torch.ones_like(last_BL)
        weight_BL = torch.where(last_BL, 1 - sum_BL, probability_BL) * running_BL
        state_BLD = state_BLD + weight_BL[..., None] * new_BLD
        remainder_BL = remainder_BL + weight_BL * last_BL
        weights.append(weight_BL)
        sum_BL = sum_BL + probability_BL
        x_BLD = torch.where(running_BL[..., None], new_BLD, x_BLD)
    return Looped(state_BLD, torch.stack(weights), remainder_BL)
