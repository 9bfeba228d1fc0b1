"""Random tensors of a batch: a pure function of (seed, purpose, index), fast enough to train on.

`eigenformer.rng` (Philox) makes normals four times more slowly than torch, which for a small model
is longer than its step. So the bulk of the numbers comes from torch's generator, and `numpy`, the
Philox stream of the same key, serves what torch has no law for.
"""

import hashlib
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ..core import rng


class Source:
    """The random numbers of batch `index` of the stream (`seed`, `purpose`), in order of asking.

    Numbers are drawn in float32 and then widened, so a batch in float64 holds the same numbers as
    the batch in float32.
    """

    def __init__(self, seed: int, purpose: str, index: int, dtype: torch.dtype) -> None:
        self.seed = seed
        self.dtype = dtype
        self._key = (seed, purpose, index)
        # torch keeps 32 bits of a seed: counting up from the hash, no two batches of a stream meet.
        name = f"{seed} {purpose}".encode()
        base = int.from_bytes(hashlib.blake2b(name, digest_size=4).digest(), "little")
        self._generator = torch.Generator().manual_seed((base + index) % 2**32)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self._generator).to(self.dtype)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(shape, generator=self._generator).to(self.dtype) * (high - low) + low

    def integers(self, count: int, *shape: int) -> Tensor:
        """Uniform on 0 .. `count` - 1."""
        return torch.randint(count, shape, generator=self._generator)

    def permutations(self, batch: int, count: int) -> Tensor:
        """[batch, count]: a permutation of 0 .. `count` - 1 in each row."""
        return torch.rand((batch, count), generator=self._generator).argsort(dim=1)

    def basis(self, *batch: int, dim: int) -> Tensor:
        """Uniform orthogonal matrices [*batch, dim, dim] (as `scipy.stats.ortho_group`)."""
        q, r = torch.linalg.qr(self.normal(*batch, dim, dim))
        # LAPACK's sign of the diagonal is a convention; without it the law is not uniform.
        signs = r.diagonal(dim1=-2, dim2=-1).sign()
        found: Tensor = q * signs[..., None, :]
        return found

    @cached_property
    def numpy(self) -> np.random.Generator:
        """The Philox stream of the same key."""
        return rng(*self._key)
