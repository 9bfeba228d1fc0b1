"""Errors of measurement on the input (Charton 2022, section 4.8)."""

import math

import numpy as np

from ..core import InputError
from .matrices import Matrices


def add_noise(rng: np.random.Generator, matrices: Matrices, std: float) -> Matrices:
    """`matrices` with independent Gaussian noise of standard deviation `std` on each coefficient.

    For the paper's noise level r give r * ensemble.std, and compute the answer from the clean
    matrices. Every coefficient gets an error of its own, so a symmetric matrix comes out
    nearly symmetric only. Padding stays zero.
    """
    if not 0 <= std < math.inf:
        raise InputError(f"the noise's standard deviation is {std}; give a number of at least 0")
    noise = rng.standard_normal(matrices.values.shape)
    noise *= std
    if not matrices.uniform:
        noise[~matrices.mask()] = 0.0
    return Matrices(matrices.values + noise, matrices.rows, matrices.columns, matrices.kinds)
