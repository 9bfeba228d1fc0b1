"""Two operands in one input: set side by side, and taken apart again."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ..core import InputError
from ..ensembles import Ensemble, Matrices, assemble
from .base import EntrywiseProblem, Inputs


def beside(left: Matrices, right: Matrices) -> Matrices:
    """[M | N] for each pair; N may have other columns than M but as many in each shape of M."""
    parts = []
    for index, matrices in left.groups():
        columns = int(right.columns[index[0]]) if len(index) else right.values.shape[2]
        other = right.values[index, : matrices.shape[1], :columns]
        parts.append((index, np.concatenate([matrices, other], axis=2)))
    if len(parts) == 1:
        return Matrices.of(parts[0][1])
    return assemble(len(left), parts)


@dataclass(frozen=True, kw_only=True)
class MatrixAndVector(EntrywiseProblem):
    """A problem of [M | v] [m, n + 1], with an answer [n, 1]."""

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


def halves(inputs: Inputs) -> tuple[Float64[np.ndarray, "B m k"], Float64[np.ndarray, "B m k"]]:
    """M and N of [M | N]."""
    k = inputs.shape[2] // 2
    return inputs[:, :, :k], inputs[:, :, k:]


def half(n: int, name: str) -> int:
    """The columns of each operand; `InputError` if `n` cannot be shared out."""
    if n % 2:
        raise InputError(
            f"the input has {n} columns; {name} takes two matrices of one shape side by side, "
            "so give an even number"
        )
    return n // 2
