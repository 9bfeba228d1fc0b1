"""SVD by a polar factor and a frame: A = W H, H = V diag(S) V^T, U = W V.

W is a BlockNet's (power 0: an odd function of the singular values that is to be 1), H = W^T A is symmetric and
positive, and its frame is a FrameNet's. Both are size-free and know nothing of the singular value decomposition
but that it is these two questions, one after the other.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from blocks import BlockNet
from frames import FrameNet, ordered


class PolarFrameNet(nn.Module):
    def __init__(self, polar: BlockNet, frames: FrameNet) -> None:
        super().__init__()
        if polar.power != 0:
            raise ValueError(f"the polar factor needs power 0, got {polar.power}")
        self.polar, self.frames = polar, frames

    @staticmethod
    def stretch(w: Tensor, a: Tensor) -> Tensor:
        """H = W^T A, [B, n, n], symmetric to rounding whatever f is: V f(S) S V^T."""
        h = w.mT @ a
        return (h + h.mT) / 2

    def forward(self, a: Tensor, loops: int | None = None, turns: int | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """A [B, m, n] -> U [B, m, k], S [B, k] descending, V [B, n, k], k = min(m, n)."""
        if a.shape[-2] < a.shape[-1]:
            v, s, u = self.forward(a.mT, loops, turns)
            return u, s, v
        w = self.polar(a, loops)[-1]
        s, v = self.frames(self.stretch(w, a), turns)
        return w @ v, s, v

    @torch.no_grad()
    def solve(self, a: Tensor, tolerance: float = 1e-3) -> tuple[Tensor, Tensor, Tensor]:
        """The same, both parts looped until their own certificates are below tolerance."""
        if a.shape[-2] < a.shape[-1]:
            v, s, u = self.solve(a.mT, tolerance)
            return u, s, v
        w, *_ = self.polar.solve(a, tolerance)
        s, v, _ = self.frames.solve(self.stretch(w, a), tolerance)
        return w @ v, s, v
