"""Linear attention on blocks: a matrix in, an odd function of its singular values out.

The residual stream holds k matrices of the input's shape, Z [k, B, m, n], and beside them the scaled input X,
which every layer may read and none may write. A head adds P Q^T R, where P, Q, R are learned combinations
(scalars) of the blocks and X: softmax-free attention between rows. Scalars are all that is learned, so U A V^T
gives U f(A) V^T for orthogonal U and V, and only the singular values matter: the same weights may be run on
the singular values alone (``on_spectrum``), where a product of matrices is a product of numbers. It is the same
network, to rounding, and is how it is trained: zeros may pad a spectrum, so a batch mixes sizes.

Size-free: heads and blocks are scaled by a small MLP of invariants (norms of the blocks, and their angles with
X, per singular direction), never of entries or sizes. What a pass leaves undone is a matrix again: ``solve``
repeats the whole network on it.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

TINY = 1e-30
LARGE = 1e10  # a block's mean square is kept below this


class Matrices:
    """How blocks are multiplied and measured when they are matrices: Z [k, B, m, n]."""

    @staticmethod
    def attend(p: Tensor, q: Tensor, r: Tensor) -> Tensor:
        """P Q^T R, by the cheaper of the two orders."""
        return p @ (q.mT @ r) if p.shape[-2] > p.shape[-1] else (p @ q.mT) @ r

    @staticmethod
    def scale(a: Tensor) -> Tensor:
        """The Schatten-4 norm (sum of sigma^4)^(1/4), [B]: at least sigma_max, at most r^(1/4) sigma_max."""
        peak = a.abs().amax((-2, -1)).clamp_min(TINY)
        a = a / peak[:, None, None]
        g = a.mT @ a if a.shape[-2] > a.shape[-1] else a @ a.mT
        return torch.linalg.matrix_norm(g).sqrt() * peak

    @staticmethod
    def rank(a: Tensor) -> Tensor:
        return a.new_full(a.shape[:1], min(a.shape[-2:]))


class Spectra:
    """The same for singular values alone: Z [k, B, r], zeros behind the last."""

    @staticmethod
    def attend(p: Tensor, q: Tensor, r: Tensor) -> Tensor:
        return p * q * r

    @staticmethod
    def scale(s: Tensor) -> Tensor:
        peak = s.abs().amax(-1).clamp_min(TINY)
        return (s / peak[:, None]).pow(4).sum(-1).pow(0.25) * peak

    @staticmethod
    def rank(s: Tensor) -> Tensor:
        return (s != 0).sum(-1).clamp_min(1).to(s.dtype)


def block_layer(z: Tensor, x: Tensor, rank: Tensor, read: Tensor, write: Tensor, keep: Tensor, w1: Tensor,
                b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    """z [k, B, ...], x [B, ...], rank [B] -> the next z."""
    k, h = write.shape
    dims = tuple(range(2, z.dim()))
    size = z.square().sum(dims) / rank  # [k, B]
    z = z * (LARGE / (size + LARGE)).sqrt().reshape(*size.shape, *[1] * len(dims))  # a guard: none runs away
    zx = torch.cat([z, x[None]])
    flat = zx.flatten(1)
    size = zx.square().sum(dims) / rank  # [k+1, B]
    angle = (z * x).sum(dims) / rank / (size[:k] * size[k] + 1e-24).sqrt()
    inner = torch.tanh(w1 @ torch.cat([(size + 1e-12).log() / 4, angle]) + b1[:, None])
    gate = (1 + w2 @ inner + b2[:, None]).reshape(h + k, -1, *[1] * len(dims))  # [h + k, B, 1..]
    p, q, r = (read @ flat).reshape(3, h, *zx.shape[1:])
    heads = gate[:h] * (Spectra if x.dim() == 2 else Matrices).attend(p, q, r)
    kept = gate[h:] * (z + (keep @ flat).reshape(z.shape))
    return kept + (write @ heads.flatten(1)).reshape(z.shape)


class BlockLayer(nn.Module):
    def __init__(self, blocks: int, heads: int, hidden: int) -> None:
        super().__init__()
        k, h, f = blocks, heads, 2 * blocks + 1
        self.read = nn.Parameter(torch.randn(3 * h, k + 1) * (k + 1) ** -0.5)
        self.write = nn.Parameter(torch.randn(k, h) * 0.1 / h)
        self.keep = nn.Parameter(torch.zeros(k, k + 1))
        self.w1 = nn.Parameter(torch.randn(hidden, f) * f**-0.5)
        self.b1 = nn.Parameter(torch.zeros(hidden))
        self.w2 = nn.Parameter(torch.zeros(h + k, hidden))
        self.b2 = nn.Parameter(torch.zeros(h + k))

    def forward(self, z: Tensor, x: Tensor, rank: Tensor, step=block_layer) -> Tensor:
        return step(z, x, rank, self.read, self.write, self.keep, self.w1, self.b1, self.w2, self.b2)


class BlockNet(nn.Module):
    """A [B, m, n] -> answers after each layer, each [B, m, n]: U f(Sigma) V^T.

    power -1: f is to be 1/sigma (the answer is the transposed pseudo-inverse); power 0: f is to be 1 (the
    polar factor). Answers scale accordingly: f(c A) = c^power f(A), for every c > 0.
    ``tied``: one layer, repeated (a first stage of training: ``untie`` copies it to layers of their own).
    """

    def __init__(self, *, blocks: int = 4, heads: int = 3, depth: int = 18, hidden: int = 16, power: int = -1,
                 tied: bool = False) -> None:
        super().__init__()
        if power not in (-1, 0):
            raise ValueError(f"power is -1 (inverse) or 0 (polar factor), got {power}")
        self.power, self.depth, self.step = power, depth, block_layer
        self.start = nn.Parameter(torch.randn(blocks) * 0.5)
        self.body = nn.ModuleList(BlockLayer(blocks, heads, hidden) for _ in range(1 if tied else depth))
        self.answer = nn.Parameter(torch.randn(blocks) * 0.5)

    def states(self, a: Tensor, depth: int | None = None) -> Iterator[Tensor]:
        """The blocks [k, B, ...] after each layer, of ``a`` (matrices [B, m, n] or spectra [B, r]) scaled to 1."""
        ops = Spectra if a.dim() == 2 else Matrices
        x, rank = a / self.scale(a), ops.rank(a)
        z = x * self.start.reshape(-1, *[1] * a.dim())
        for i in range(depth or self.depth):
            z = self.body[i % len(self.body)](z, x, rank, self.step)
            yield z

    @staticmethod
    def scale(a: Tensor) -> Tensor:
        ops = Spectra if a.dim() == 2 else Matrices
        return ops.scale(a).clamp_min(TINY).reshape(-1, *[1] * (a.dim() - 1))

    def read(self, z: Tensor, scale: Tensor) -> Tensor:
        """The answer in the blocks, at the input's scale."""
        return (self.answer @ z.flatten(1)).reshape(z.shape[1:]) * scale.pow(self.power)

    def forward(self, a: Tensor, depth: int | None = None) -> list[Tensor]:
        """The answer, as ``a``, after each layer."""
        scale = self.scale(a)
        return [self.read(z, scale) for z in self.states(a, depth)]

    def on_spectrum(self, sigma: Tensor, depth: int | None = None) -> list[Tensor]:
        """sigma [B, r] (zeros behind) -> f(sigma) after each layer, each [B, r]."""
        return self.forward(sigma, depth)

    def answer_only(self, a: Tensor) -> Tensor:
        *_, z = self.states(a)
        return self.read(z, self.scale(a))

    def defect(self, a: Tensor, x: Tensor) -> Tensor:
        """How far from right, [B], from the answer alone: L1 of (X^T A - I) / r, or of (X^T X - I) / r."""
        y = a if self.power == -1 else x
        tall = a.shape[-2] >= a.shape[-1]
        e = (x.mT @ y if tall else y @ x.mT) - torch.eye(min(a.shape[-2:]), dtype=a.dtype, device=a.device)
        return e.abs().sum((-2, -1)) / e.shape[-1]

    @torch.no_grad()
    def solve(self, a: Tensor, tolerance: float = 1e-3, max_passes: int = 8) -> tuple[Tensor, Tensor, Tensor]:
        """Repeats the whole network on what is left to do, until the defect is below tolerance.

        Answers [B, m, n], defects [B], passes used [B]. The polar factor of an answer W is the polar factor;
        the inverse of A is (X A)^-1 X, X A being nearer to I. Keeps each matrix's best answer.
        """
        if a.shape[-2] < a.shape[-1]:
            x, defect, used = self.solve(a.mT, tolerance, max_passes)
            return x.mT, defect, used
        best = x = self.answer_only(a)
        defect, used = self.defect(a, x), torch.ones(len(a), dtype=torch.long, device=a.device)
        live = torch.arange(len(a), device=a.device)
        for step in range(2, max_passes + 1):
            going = ~(defect[live] < tolerance)
            live, x = live[going], x[going]
            if not len(live):
                break
            if self.power == 0:
                x = self.answer_only(x)
            else:  # (X^T A)^-1 X^T, transposed; from the newest answer, though the defect may not show it yet
                x = x @ self.answer_only(x.mT @ a[live])
            now = self.defect(a[live], x)
            better = now < defect[live]
            won = live[better]
            best, defect = best.index_copy(0, won, x[better]), defect.index_copy(0, won, now[better])
            used = used.index_fill(0, won, step)
        return best, defect, used


@torch.no_grad()
def untie(net: BlockNet, tied: BlockNet) -> None:
    """Starts every layer of ``net`` as the one layer of ``tied``."""
    net.start.copy_(tied.start)
    net.answer.copy_(tied.answer)
    for layer in net.body:
        layer.load_state_dict(tied.body[0].state_dict())
