"""Which entries of P and Q a linear-attention layer may train (derivations.md, sections 3 to 7).

Each form makes P, Q [h, d+1, d+1] from its own parameters. Blocks are x (d rows) and y (1 row). In
the sparse forms Q = -[A 0; 0 0] and P has 1 at (y, y), so that A is a preconditioner of descent:

    preconditioned   P = [0 0; 0 1]       Ahn et al. 2023, form (8)          trains A
    sparse           P = [B 0; 0 1]       Ahn et al. 2023, form (11)         trains A, B
    row              P = [0 0; u^T 1]     Gatmiry et al. 2024                trains A, u
    step             P = [0 0; 0 1], A = eta I (gradient descent)            trains eta
    diagonal         P = diag(p_x I, p_y), Q = diag(q_x I, q_y)              trains the four
    gd++             the same with q_y = 0 (Vladymyrov et al. 2024)          trains three
    merged           P = [0 0; 0 v], A any (Zhang et al. 2025)               trains v, A
    rank-one         the same with A = k q^T (Zhang et al. 2025)             trains v, k, q
    full             P, Q
"""

from abc import ABC, abstractmethod
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .base import Family

Form = Literal[
    "full",
    "sparse",
    "preconditioned",
    "row",
    "step",
    "diagonal",
    "gd++",
    "merged",
    "rank-one",
]


class Weights(nn.Module, Family, ABC):
    """P and Q of a layer, from the parameters that are trained."""

    def __init__(self, heads: int, dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.dim = dim

    @abstractmethod
    def matrices(self) -> tuple[Float[Tensor, "h w w"], Float[Tensor, "h w w"]]:
        """P and Q."""

    def _parameter(self, std: float, *shape: int) -> nn.Parameter:
        return nn.Parameter(std * torch.randn(self.heads, *shape))

    def _zeros(self) -> Float[Tensor, "h w w"]:
        like = next(self.parameters())
        return like.new_zeros(self.heads, self.dim + 1, self.dim + 1)


class Full(Weights):
    """All of P and Q."""

    def __init__(self, heads: int, dim: int, std: float) -> None:
        super().__init__(heads, dim)
        self.p = self._parameter(std, dim + 1, dim + 1)
        self.q = self._parameter(std, dim + 1, dim + 1)

    def matrices(self) -> tuple[Float[Tensor, "h w w"], Float[Tensor, "h w w"]]:
        return self.p, self.q


class Descent(Weights):
    """Q = -[A 0; 0 0], P = [B 0; u^T 1], with B and u where the form has them, and A or eta I."""

    def __init__(self, heads: int, dim: int, std: float, form: Form) -> None:
        super().__init__(heads, dim)
        self.a = self._parameter(std) if form == "step" else self._parameter(std, dim, dim)
        """A [h, d, d], or eta [h]."""
        self.b = self._parameter(std, dim, dim) if form == "sparse" else None
        self.u = self._parameter(std, dim) if form == "row" else None

    @property
    def preconditioner(self) -> Float[Tensor, "h d d"]:
        """A: a layer does w <- w - A^T grad R(w)."""
        if self.a.ndim == 3:
            return self.a
        eye = torch.eye(self.dim, dtype=self.a.dtype, device=self.a.device)
        return self.a[:, None, None] * eye

    def matrices(self) -> tuple[Float[Tensor, "h w w"], Float[Tensor, "h w w"]]:
        d = self.dim
        p, q = self._zeros(), self._zeros()
        p[:, d, d] = 1.0
        if self.b is not None:
            p[:, :d, :d] = self.b
        if self.u is not None:
            p[:, d, :d] = self.u
        q[:, :d, :d] = -self.preconditioner
        return p, q


class Diagonal(Weights):
    """P = diag(p_x I, p_y), Q = diag(q_x I, q_y): a number for each block."""

    def __init__(self, heads: int, dim: int, std: float, form: Form) -> None:
        super().__init__(heads, dim)
        self.p = self._parameter(std, 2)
        self.q = self._parameter(std, 1 if form == "gd++" else 2)
        """(q_x, q_y), or q_x alone."""

    def matrices(self) -> tuple[Float[Tensor, "h w w"], Float[Tensor, "h w w"]]:
        return self._blocks(self.p), self._blocks(self.q)

    def _blocks(self, values: Float[Tensor, "h v"]) -> Float[Tensor, "h w w"]:
        last = values[:, 1:] if values.shape[1] == 2 else values.new_zeros(self.heads, 1)
        return torch.diag_embed(torch.cat([values[:, :1].expand(-1, self.dim), last], dim=1))

    @property
    def products(self) -> Float[Tensor, "2 2"]:
        """[[w_xx, w_xy], [w_yx, w_yy]], summed over heads: entry (a, b) is p_a q_b.

        x_i += w_xx Sigma x_i + w_xy y_i alpha,  y_i += w_yx alpha . x_i + w_yy lambda y_i, where
        Sigma = sum x x^T, alpha = sum y x, lambda = sum y^2 (or means): derivations.md, section 6.
        """
        q = torch.cat([self.q, self.q.new_zeros(self.heads, 2 - self.q.shape[1])], dim=1)
        return self.p.T @ q


class KeyQuery(Weights):
    """P = [0 0; 0 v], Q = -[A 0; 0 0], with A [h, d, d] trained itself or as k q^T."""

    def __init__(self, heads: int, dim: int, std: float, form: Form) -> None:
        super().__init__(heads, dim)
        merged = form == "merged"
        self.value = self._parameter(std)
        self.key = self._parameter(std, dim, dim) if merged else self._parameter(std, dim)
        """Key and query merged, or the key alone."""
        self.query = None if merged else self._parameter(std, dim)

    @property
    def scores(self) -> Float[Tensor, "h d d"]:
        """A."""
        if self.query is None:
            return self.key
        return self.key[:, :, None] * self.query[:, None]

    @property
    def product(self) -> Float[Tensor, "d d"]:
        """M = sum_h v_h A_h: a single layer predicts (sum_i y_i x_i / n) . M x_q."""
        return (self.value[:, None, None] * self.scores).sum(dim=0)

    def matrices(self) -> tuple[Float[Tensor, "h w w"], Float[Tensor, "h w w"]]:
        d = self.dim
        p, q = self._zeros(), self._zeros()
        p[:, d, d] = self.value
        q[:, :d, :d] = -self.scores
        return p, q


def weights(form: Form, heads: int, dim: int, std: float) -> Weights:
    """The weights of a form, entries drawn from N(0, std^2)."""
    if form == "full":
        return Full(heads, dim, std)
    if form in ("diagonal", "gd++"):
        return Diagonal(heads, dim, std, form)
    if form in ("merged", "rank-one"):
        return KeyQuery(heads, dim, std, form)
    return Descent(heads, dim, std, form)
