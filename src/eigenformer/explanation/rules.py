"""Rules by which the columns of a frame are mixed: the learned one, and classical ones.

A rule gives E_ij of the pairs i < j from the scores G = Q^T A Q; what follows, Q (I + E) made
orthonormal, is the learned layer's own. So rules differ in nothing else.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..models.frames import FrameLayer, FrameModel, pair_features

FEATURES = (
    "u",
    "share of its rivals",
    "crowd",
    "strength beside the mean",
    "how far to go",
)
"""What psi is a function of, in words, in the order of `pair_features`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rule:
    name: str
    mixing: Callable[[Float[Tensor, "B n n"]], Float[Tensor, "B P"]]


class RuledLayer(FrameLayer):
    """The layer of a trained model, with another rule in the place of what it learned."""

    def __init__(self, model: FrameModel, rule: Rule) -> None:
        super().__init__(model.config.hidden, model.config.polish, torch.Generator())
        self.rule = rule

    def mixing(self, g: Float[Tensor, "B n n"]) -> Float[Tensor, "B P"]:
        return self.rule.mixing(g)


def learned(model: FrameModel) -> Rule:
    return Rule(name="learned", mixing=model.layer.mixing)


def jacobi(name: str = "Jacobi's angle") -> Rule:
    """tan theta of the rotation that makes a pair diagonal, for all pairs at once.

    Golub and Van Loan, Matrix Computations, section 8.5.2.
    """

    def mixing(g: Float[Tensor, "B n n"]) -> Float[Tensor, "B P"]:
        score, gap = _pairs(g)
        root = (gap.square() + 4 * score.square()).sqrt()
        tangent = 2 * score / (gap.abs() + root).clamp_min(1e-300)
        return torch.where(gap < 0, tangent, -tangent)

    return Rule(name=name, mixing=mixing)


def constant(psi: float = 1.0) -> Rule:
    """psi the same for every pair: E = psi u, with its sign."""
    return Rule(name=f"psi = {psi:g}", mixing=lambda g: psi * pair_features(g)[1])


def qr_flow(step: float) -> Rule:
    """E_ij = G_ij: the flow behind the QR iteration (Toda's), in steps of a size.

    Symes, Physica D 4 (1982). For one pair it is Oja's rule, too.
    """
    return Rule(name="QR flow", mixing=lambda g: -step * _pairs(g)[0])


def oja(step: float) -> Rule:
    """E_ij = G_ij (j - i) / n: Oja's rule with weights falling from column to column.

    Oja, Ogawa and Wangviwattana (1992); Brockett, Linear Algebra Appl. 146 (1991).
    """

    def mixing(g: Float[Tensor, "B n n"]) -> Float[Tensor, "B P"]:
        i, j = torch.triu_indices(g.shape[-1], g.shape[-1], 1)
        turned: Tensor = -step * _pairs(g)[0] * (j - i) / g.shape[-1]
        return turned

    return Rule(name="Oja's rule", mixing=mixing)


def frozen(model: FrameModel, feature: int, means: Sequence[float]) -> Rule:
    """The learned rule, where psi sees the mean of a feature in the place of the feature."""

    def mixing(g: Float[Tensor, "B n n"]) -> Float[Tensor, "B P"]:
        features, first_order = pair_features(g)
        features[feature] = means[feature]
        return psi_of(model, features) * first_order

    return Rule(name=f"without {FEATURES[feature]}", mixing=mixing)


def psi_of(model: FrameModel, features: Float[Tensor, "5 B P"]) -> Float[Tensor, "B P"]:
    """The learned psi."""
    layer = model.layer
    weights = {name: weight.to(features.dtype) for name, weight in layer.named_parameters()}
    inner = weights["inner"] @ features.flatten(1) + weights["inner_bias"][:, None]
    psi = weights["outer"] @ F.silu(inner) + weights["outer_bias"][:, None]
    by_pair: Tensor = psi.reshape(features.shape[1:])
    return by_pair


@torch.no_grad()
def path(
    layer: FrameLayer, a: Float[Tensor, "B n n"], loops: int
) -> Iterator[Float[Tensor, "B n n"]]:
    """The scores at first and after each loop."""
    q = torch.eye(a.shape[1], dtype=a.dtype).expand_as(a)
    for loop in range(loops + 1):
        g = q.mT @ (a @ q)
        yield g
        if loop < loops:
            q = layer(q, g)


@torch.no_grad()
def qr_iteration(a: Float[Tensor, "B n n"], loops: int) -> Iterator[Float[Tensor, "B n n"]]:
    """The scores of orthogonal iteration, Q R = A Q: what an unshifted QR step does."""
    q = torch.eye(a.shape[1], dtype=a.dtype).expand_as(a)
    for loop in range(loops + 1):
        yield q.mT @ (a @ q)
        if loop < loops:
            q = torch.linalg.qr(a @ q)[0]


def _pairs(g: Float[Tensor, "B n n"]) -> tuple[Float[Tensor, "B P"], Float[Tensor, "B P"]]:
    """G_ij and G_ii - G_jj of the pairs i < j."""
    i, j = torch.triu_indices(g.shape[-1], g.shape[-1], 1)
    own = g.diagonal(dim1=1, dim2=2)
    return g[:, i, j], own[:, i] - own[:, j]
