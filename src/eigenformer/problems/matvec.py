"""The product of a matrix and a vector."""

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float64

from ..core import InputError
from ..ensembles import Ensemble, Matrices
from .base import EntrywiseProblem
from .operands import beside


@final
@dataclass(frozen=True, kw_only=True)
class Matvec(EntrywiseProblem):
    """[M | v] [m, n + 1] -> M^T v [n, 1] (Charton 2022, section 4.3); `M.T @ v`."""

    def input_shape(self, m: int, n: int) -> tuple[int, int]:
        return m, n + 1

    def output_shape(self, m: int, n: int) -> tuple[int, int]:
        if n < 2:
            raise InputError(
                f"the input has {n} column; {self.name} takes a matrix and a vector side by side, "
                "so give at least 2"
            )
        return n - 1, 1

    def draw_inputs(self, rng: np.random.Generator, batch: int, ensemble: Ensemble) -> Matrices:
        matrices = ensemble.draw(rng, batch)
        return beside(matrices, ensemble.entries(rng, matrices, columns=1))

    def answer(self, inputs: Float64[np.ndarray, "B m n"]) -> Float64[np.ndarray, "B p q"]:
        return np.asarray(inputs[:, :, :-1].transpose(0, 2, 1) @ inputs[:, :, -1:])
