"""A network whose algorithm is known, with its truth and inputs to try it on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from ..construct import Network
from ..core import rng
from ..models.hooked import Hooks
from .truth import Truth

Inputs = tuple[np.ndarray, ...]
"""Arrays [B, ...], in the order of the network's inputs."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Circuit:
    """One network of the set; `circuits.load` makes it."""

    name: str
    family: str
    summary: str
    seed: int
    network: Network
    truth: Truth
    sample: Callable[[np.random.Generator, int], Inputs]

    def draw(self, count: int, seed: int = 0, purpose: str = "inputs") -> Inputs:
        """`count` inputs; of another `purpose`, others, to put in their place."""
        return self.sample(rng(seed, f"circuit {self.name} {purpose}"), count)

    def run_with_hooks(self, *inputs: np.ndarray | Tensor, hooks: Hooks) -> Tensor:
        """The answer where activations are replaced: `Network.run_with_hooks`."""
        return self.network.run_with_hooks(*inputs, hooks=hooks)

    def outputs(self, *inputs: np.ndarray | Tensor) -> list[Tensor]:
        """The output [B, n, w] of each component, in the order of the truth's."""
        return self.outputs_in(self.network.run_with_cache(*inputs)[1])

    def outputs_in(self, cache: Mapping[str, Tensor]) -> list[Tensor]:
        """The same of a run whose activations `Network.run_with_cache` gave."""
        return [
            cache[part.hook][:, part.index] if part.kind == "head" else cache[part.hook]
            for part in self.truth.components
        ]
