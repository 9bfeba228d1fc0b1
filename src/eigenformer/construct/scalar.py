"""A scalar function and its ReLU form: piecewise-linear interpolation at knots.

    f(z) ~ f_0 relu(1) + s_0 relu(z - t_0) + sum_i (s_i - s_{i-1}) relu(z - t_i) - s_{N-2} relu(z - t_{N-1})

with knots t_i, values f_i and slopes s_i; constant outside of the knots (constructions.md, section 0).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor


@dataclass(frozen=True, eq=False, slots=True)
class Scalar:
    """A function of one number, and the knots of its interpolation by ReLUs.

    `function` is exact, elementwise on torch tensors. Without knots the function is z itself, which two
    ReLUs compute exactly.
    """

    name: str
    function: Callable[[Tensor], Tensor]
    knots: Float64[np.ndarray, " N"] | None = None

    @property
    def hidden(self) -> int:
        """Hidden ReLU units: 2 for z itself, N + 1 for N knots."""
        return 2 if self.knots is None else len(self.knots) + 1

    @property
    def values(self) -> Float64[np.ndarray, " N"]:
        """The function at the knots."""
        assert self.knots is not None
        found: np.ndarray = self.function(torch.from_numpy(self.knots)).numpy()
        return found

    def slopes(self) -> Float64[np.ndarray, " N"]:
        """The weight of relu(z - t_i) for each knot t_i."""
        assert self.knots is not None
        rise = np.diff(self.values) / np.diff(self.knots)
        return np.diff(rise, prepend=0.0, append=0.0)


IDENTITY = Scalar("z", lambda z: z)
