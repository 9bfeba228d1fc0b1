"""What input maps find out about data before a network runs: will it diverge, is it accurate."""

import warnings

import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor

from ...core import InputError


class ConditionWarning(UserWarning):
    """A matrix is so ill-conditioned that half or more of the answer's digits may be wrong."""


def gram_eigenvalues(x: Float[Tensor, "*B n d"], ridge: float = 0.0) -> Float[Tensor, "*B d"]:
    """Eigenvalues of X^T X + ridge I, ascending; none is below `ridge`."""
    found: Tensor = torch.linalg.eigvalsh(x.mT @ x)
    return found.clamp(min=0.0) + ridge


def positive(value: Float[Tensor, "*B"]) -> Float[Tensor, "*B"]:
    """The values, with 1 for 0: data that are all zero are divided by 1."""
    return torch.where(value > 0, value, torch.ones_like(value))


def refuse(bad: Bool[Tensor, "*B"], limit: Float[Tensor, "*B"], sentence: str) -> None:
    """Raise an `InputError` for the first bad example; its limit and number fill the sentence."""
    if bad.any():
        first = int(bad.reshape(-1).nonzero()[0])
        where = f" (example {first})" if bad.ndim else ""
        raise InputError(sentence.format(f"{float(limit.reshape(-1)[first]):.6g}{where}"))


def warn_if_ill_conditioned(eigenvalues: Float[Tensor, "*B d"], name: str) -> None:
    """Say what accuracy the worst condition number of a batch allows, if that is little.

    A solution by Newton's iteration is right to about machine epsilon times the condition number
    (derivations.md, section 10); less than half of the digits gives a `ConditionWarning`.
    """
    if eigenvalues.numel() == 0:
        return
    epsilon = torch.finfo(eigenvalues.dtype).eps
    smallest, largest = eigenvalues[..., 0].reshape(-1), eigenvalues[..., -1].reshape(-1)
    ratio = smallest / positive(largest)  # of a zero matrix: 0
    worst = int(ratio.argmin())
    where = f" in example {worst}" if eigenvalues.ndim > 1 else ""
    if ratio[worst] <= epsilon * eigenvalues.shape[-1]:
        trouble = (
            f"{name} is singular to working precision{where}: at best the answer is the one of "
            "least norm, and steps beyond convergence make rounding grow; give more or other rows, "
            "or use ridge"
        )
    elif ratio[worst] < epsilon**0.5:
        condition = 1 / float(ratio[worst])
        trouble = (
            f"the condition number of {name} is {condition:.1e}{where}: the answer is right to a "
            f"relative {epsilon * condition:.0e} at best; use float64, better data or ridge"
        )
    else:
        return
    warnings.warn(trouble, ConditionWarning, stacklevel=2)


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
