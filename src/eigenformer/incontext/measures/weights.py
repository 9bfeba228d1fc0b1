"""What was learned, read off the weights: preconditioners, layers up to scaling, ranks, pruning."""

import copy

import torch
from jaxtyping import Float
from torch import Tensor

from ...core import InputError
from ..models import OneLayerModel


def distance_from_identity(matrix: Float[Tensor, "*b d d"]) -> Float[Tensor, "*b"]:
    """min over alpha of ||M - alpha I||_F / ||M||_F: 0 for a multiple of I, 1 if trace M = 0.

    (Ahn et al. 2023, section 5.)
    """
    dim = matrix.shape[-1]
    trace = matrix.diagonal(dim1=-2, dim2=-1).sum(dim=-1)
    eye = torch.eye(dim, dtype=matrix.dtype, device=matrix.device)
    rest = (matrix - (trace / dim)[..., None, None] * eye).norm(dim=(-2, -1))
    return torch.div(rest, matrix.norm(dim=(-2, -1)).clamp_min(torch.finfo(matrix.dtype).tiny))


def whitened(
    matrix: Float[Tensor, "*b d d"], covariance: Float[Tensor, "d d"]
) -> Float[Tensor, "*b d d"]:
    """Sigma^(1/2) A Sigma^(1/2), a multiple of I where A is one of Sigma^-1."""
    values, vectors = torch.linalg.eigh(covariance)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    found: Tensor = root @ matrix @ root
    return found


def layer_distance(
    first: tuple[Float[Tensor, "h w w"], Float[Tensor, "h w w"]],
    second: tuple[Float[Tensor, "h w w"], Float[Tensor, "h w w"]],
) -> float:
    """Relative distance of two linear-attention layers (P, Q) as maps of (moments, tokens).

    A layer moves z by (sum_h P_h G Q_h) z, which is the tensor sum_h P_h (x) Q_h, symmetric in the
    two indices that G takes: P gamma and Q / gamma are the same layer. The distance of the tensors
    is divided by the norm of the second. Mind factors 1/n that a model keeps outside of P.
    """
    a, b = (_tensor(p, q) for p, q in (first, second))
    return float((a - b).norm() / b.norm())


def _tensor(p: Float[Tensor, "h w w"], q: Float[Tensor, "h w w"]) -> Float[Tensor, "w w w w"]:
    found: Tensor = torch.einsum("hij,hkl->ijkl", p, q)
    symmetric: Tensor = (found + found.transpose(1, 2)) / 2
    return symmetric


def update_spectrum(
    before: Float[Tensor, "p q"], after: Float[Tensor, "p q"]
) -> Float[Tensor, " r"]:
    """Singular values, descending, of what training has added to a matrix (Li et al. 2024)."""
    values: Tensor = torch.linalg.svdvals(after - before)
    return values


def pruned(model: OneLayerModel, fraction: float, *, largest: bool = False) -> OneLayerModel:
    """A copy without a fraction of the neurons: those with the shortest rows of W_O, or longest."""
    if not 0 <= fraction <= 1:
        raise InputError(f"fraction is {fraction}; give a number from 0 to 1")
    found = copy.deepcopy(model)
    order = model.w_o.detach().norm(dim=1).argsort(descending=largest)
    with torch.no_grad():
        found.w_o[order[: round(fraction * len(order))]] = 0
    return found
