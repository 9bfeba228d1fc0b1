"""Frames: columns that attend to each other through a symmetric matrix until it is diagonal between them.

Tokens are the columns q_i of an orthonormal frame Q, [B, n, n], from I. Scores are G = Q^T A Q: a pair's score is
G_ij, beside its two own values G_ii and G_jj. One layer, repeated, turns the scores of a pair into a mixing
weight E_ij, antisymmetric, and Q <- orthonormalised Q (I + E). What is told is what the answer may depend on:
a column's sign, the columns' order, the scale of A and multiples of I in it must not matter, so
E_ij = sign(G_ij (G_jj - G_ii)) phi, phi a function of ratios; and E must pass through 0 with G_ij, so
phi = u psi, u = |G_ij| / (|G_ii - G_jj| + |G_ij|). psi is learned: a small MLP of u, how crowded the pair's two
columns are, how strong it is among its rivals, and how far the frame has still to go. It starts near 0, where
the frame stays I. No angle, no sequence of pairs and no shift is given. At the end the columns are sorted.
Rows are never looked at one by one: (R A R^T, R Q) goes to R Q', and a permutation goes through.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import torch
from torch import Tensor, nn

TINY = 1e-30


@lru_cache(maxsize=64)
def pairs(n: int, device: str, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """For the P = n (n - 1) / 2 pairs i < j: flat places i n + j [P], which columns a pair has [P, n], the same
    with a sign, [n, P], and where each of the n n cells finds its weight among (E, -E, 0) [n n]."""
    i, j = torch.triu_indices(n, n, 1, device=device)
    k = torch.arange(len(i), device=device)
    member = torch.zeros(len(i), n, device=device, dtype=dtype)
    member[k, i] = member[k, j] = 1
    gap = torch.zeros(n, len(i), device=device, dtype=dtype)
    gap[i, k], gap[j, k] = 1, -1
    place = torch.full((n, n), 2 * len(i), device=device)
    place[i, j] = k
    place[j, i] = k + len(i)
    return i * n + j, member, gap, place.flatten()


class FrameLayer(nn.Module):
    """Q, G = Q^T A Q -> the next Q."""

    FEATURES = 5

    def __init__(self, hidden: int = 8, polish: int = 2) -> None:
        super().__init__()
        self.polish = polish
        self.w1 = nn.Parameter(torch.randn(hidden, self.FEATURES) * self.FEATURES**-0.5)
        self.b1 = nn.Parameter(torch.randn(hidden) * 0.3)
        self.w2 = nn.Parameter(torch.randn(1, hidden) * 0.02)
        self.b2 = nn.Parameter(torch.zeros(1))

    def mixing(self, g: Tensor) -> Tensor:
        """G [B, n, n] -> E [B, P] of the pairs i < j."""
        n = g.shape[-1]
        flat, member, minus, _ = pairs(n, str(g.device), g.dtype)
        own = g.diagonal(dim1=1, dim2=2)
        s = g.flatten(1).index_select(1, flat)
        gap = own @ minus
        size = s.abs()
        u = size / (gap.abs() + size + TINY)
        square = u * u
        crowd = (square @ member) @ member.T + 1e-6  # both columns' u^2, twice the pair's own
        off = size * size
        left = off.sum(1, keepdim=True)
        mean = left * (2 / (n * (n - 1)) if n > 1 else 1) + TINY
        whole = (own - own.mean(1, keepdim=True)).square().sum(1, keepdim=True) + 2 * left + TINY
        x = torch.stack([u, square / crowd, crowd.log() / 4, (off / mean + 1e-4).log() / 4, (left / whole + 1e-8).log().expand_as(u) / 8])
        h = nn.functional.silu(torch.addmm(self.b1[:, None], self.w1, x.flatten(1)))
        psi = torch.addmm(self.b2[:, None], self.w2, h).reshape(u.shape)
        return psi * s * torch.where(gap < 0, 1, -1) * (u / (size + TINY))  # a gap of 0 counts as above

    def forward(self, q: Tensor, g: Tensor) -> Tensor:
        e = self.mixing(g)
        place = pairs(g.shape[-1], str(g.device), g.dtype)[-1]
        full = torch.cat([e, -e, e.new_zeros(len(e), 1)], 1).index_select(1, place).reshape(g.shape)
        # I + E has singular values between 1 and sqrt(1 + |E|^2 / 2)
        q = torch.baddbmm(q, q, full) * (1 + e.square().sum(1)).rsqrt()[:, None, None]
        for _ in range(self.polish):  # Q (3 I - Q^T Q) / 2
            q = torch.baddbmm(q, q, q.mT @ q, beta=1.5, alpha=-0.5)
        return q


class FrameNet(nn.Module):
    def __init__(self, *, hidden: int = 8, polish: int = 2, loops: int = 12) -> None:
        super().__init__()
        self.loops = loops
        self.layer = FrameLayer(hidden, polish)

    def frames(self, a: Tensor, loops: int, q: Tensor | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        """(Q, Q^T A Q) before the first layer and after each, of A scaled to |A|_F^2 = n."""
        n = a.shape[-1]
        a = scaled(a)
        if q is None:
            q = torch.eye(n, dtype=a.dtype, device=a.device).expand_as(a)
        for loop in range(loops + 1):
            g = q.mT @ (a @ q)
            yield q, g
            if loop < loops:
                q = self.layer(q, g)

    def forward(self, a: Tensor, loops: int | None = None) -> tuple[Tensor, Tensor]:
        """Symmetric A [B, n, n] -> values [B, n] descending, vectors [B, n, n] in columns."""
        *_, (q, _) = self.frames(a, self.loops if loops is None else loops)
        return ordered(a, q)

    @torch.no_grad()
    def solve(self, a: Tensor, tolerance: float = 1e-3, max_loops: int = 60) -> tuple[Tensor, Tensor, Tensor]:
        """Loops until sum |off-diagonal of Q^T A Q| < tolerance sum |diagonal|, each matrix on its own:
        values, vectors, loops used [B]. Runs in chunks that fit a core's cache."""
        size = max(64, 100_000 // max(1, a.shape[-1] ** 2))
        parts = [self._solve(part, tolerance, max_loops) for part in a.split(size)]
        return tuple(torch.cat(part) for part in zip(*parts, strict=True))  # type: ignore[return-value]

    def _solve(self, a: Tensor, tolerance: float, max_loops: int) -> tuple[Tensor, Tensor, Tensor]:
        n = a.shape[-1]
        out, used = torch.empty_like(a), torch.zeros(len(a), dtype=torch.long, device=a.device)
        todo = torch.arange(len(a), device=a.device)
        b = scaled(a)
        q = torch.eye(n, dtype=a.dtype, device=a.device).repeat(len(a), 1, 1)
        for loop in range(max_loops + 1):
            g = q.mT @ (b @ q)
            done = g.abs().sum((1, 2)) <= (1 + tolerance) * g.diagonal(dim1=1, dim2=2).abs().sum(1)
            count = len(done) if loop == max_loops else int(done.sum())
            if count == len(done):
                out[todo], used[todo] = q, loop
                break
            if count > len(done) // 8:  # leave out who is done
                out[todo[done]], used[todo[done]] = q[done], loop
                live = ~done
                todo, b, q, g = todo[live], b[live], q[live], g[live]
            q = self.layer(q, g)
        return (*ordered(a, out), used)


def scaled(a: Tensor) -> Tensor:
    """A / s, its Frobenius norm the root of n; by its largest entry first, so that none overflows."""
    a = a / a.abs().amax((1, 2)).clamp_min(TINY)[:, None, None]
    return a / (torch.linalg.matrix_norm(a) / a.shape[-1] ** 0.5).clamp_min(TINY)[:, None, None]


def ordered(a: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """Columns sorted by their values q_i^T A q_i, descending."""
    values, order = (q * (a @ q)).sum(1).sort(dim=1, descending=True)
    return values, q.gather(2, order[:, None, :].expand_as(q))
