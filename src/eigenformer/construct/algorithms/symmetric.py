"""What the input maps of power iteration and conjugate gradients find out about their matrix."""

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ...core import InputError


def symmetric_eigenvalues(matrix: Float[Tensor, "*B d d"]) -> Float64[Tensor, "*B d"]:
    """Ascending eigenvalues; a matrix that is zero or not symmetric is refused."""
    double = matrix.double()
    size = double.abs().amax(dim=(-2, -1))
    if bool((size == 0).any()):
        raise InputError("matrix is zero; give one that is not")
    uneven = float(((double - double.mT).abs().amax(dim=(-2, -1)) / size).max())
    if uneven > max(1e-8, 10 * torch.finfo(matrix.dtype).eps):
        raise InputError(
            f"matrix is not symmetric (by {uneven:.0e} of its largest entry); give a symmetric one"
        )
    found: Tensor = torch.linalg.eigvalsh(double / size[..., None, None])
    return found * size[..., None]


def frobenius(matrix: Float[Tensor, "*B d d"]) -> Float[Tensor, "*B 1 1"]:
    """||A||_F, which is at least the largest eigenvalue and at most sqrt(d) times it."""
    size = matrix.abs().amax(dim=(-2, -1), keepdim=True)
    found: Tensor = size * torch.linalg.matrix_norm(matrix / size, keepdim=True)
    return found
