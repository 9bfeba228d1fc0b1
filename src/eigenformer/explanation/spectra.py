"""Linear attention on blocks, seen as what it is: a function of the singular values.

The goal s is 1 for both: s = sigma f(sigma) of the inverse, s = f(sigma) of the polar factor.
x = sigma / scale, the input of the function, is at most 1.
"""

import copy
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from ..core import rng
from ..models.blocks import BlockModel

SIZE = 10
"""Of the matrices whose spectra are looked at: n x n, of coefficients U[-10, 10]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Spectra:
    """`x` of each singular value, and what the layers of one pass make of it."""

    x: Float64[np.ndarray, "B r"]
    goal: Float64[np.ndarray, "L B r"]
    """s after each layer; to become 1."""

    @property
    def error(self) -> Float64[np.ndarray, "L B r"]:
        error: np.ndarray = np.abs(1 - self.goal)
        return error


def matrices(
    count: int, size: int = SIZE, purpose: str = "explain"
) -> Float64[np.ndarray, "B n n"]:
    """Of coefficients U[-10, 10]."""
    return rng(0, purpose).uniform(-10, 10, (count, size, size))


def of_matrices(model: BlockModel, count: int = 1000) -> Spectra:
    """The singular values of random matrices, in the company in which they come."""
    return followed(model, np.linalg.svd(matrices(count), compute_uv=False))


def of_one_value(model: BlockModel, x: Float64[np.ndarray, " N"]) -> Spectra:
    """One singular value at each of `x`, in the company of the median spectrum.

    It takes the place of the smallest of the median spectrum of random matrices.
    """
    typical = np.median(np.linalg.svd(matrices(1000), compute_uv=False), axis=0)[:-1]
    scale = (typical**4).sum() ** 0.25  # the one beside it hardly counts
    # x = value / scale', scale'^4 = scale^4 + value^4
    value = scale * x / (1 - x**4).clip(1e-9) ** 0.25
    sigma = np.concatenate([np.tile(typical, (len(x), 1)), value[:, None]], axis=1)
    whole = followed(model, sigma)
    return Spectra(x=whole.x[:, -1:], goal=whole.goal[:, :, -1:])


@torch.no_grad()
def followed(model: BlockModel, sigma: Float64[np.ndarray, "B r"]) -> Spectra:
    """What each layer makes of spectra."""
    values = torch.from_numpy(sigma)
    after: Tensor = torch.stack(model.spectrum(values))
    goal = after * values if model.config.computes == "inverse" else after
    x = sigma / (sigma**4).sum(1, keepdims=True) ** 0.25
    return Spectra(x=x, goal=goal.numpy())


def once(model: BlockModel) -> BlockModel:
    """The same weights, in a single pass."""
    single = copy.copy(model)
    single.config = replace(model.config, passes=1)
    return single
