"""Coefficients as the numbers that their tokens spell, and where in a matrix they stand.

Shapes: B batch, G coefficients, S tokens a coefficient, V vocabulary, D width, R features.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from ..encodings import TokenNumbers
from .initialise import start_vectors
from .layers import Linear

_WAVES = 16
VALUE_FEATURES = 1 + 4 * _WAVES
# Cycles over `scale`, and radians per factor e: from almost linear over all the values in use, as
# products and sums need it, to waves that tell apart what differs by a few percent.
_LINEAR_CYCLES = (0.1, 10.0)
_LOG_FREQUENCIES = (0.08, 16.0)
_SMALLEST = 1e-7


class ValueEmbedding(nn.Module):
    """A linear map of features of the value x that the tokens of a coefficient spell.

    With u = x / scale the features are u, sines and cosines of 2 pi f u for 16 frequencies f, and
    sign(u) times sines and cosines of g log|u| for 16 frequencies g. The tokens stay the model's
    only input: a table says what each stands for, and the value is put together from these.
    """

    sign_V: Tensor
    mantissa_V: Tensor
    exponent_V: Tensor
    linear_R: Tensor
    log_R: Tensor

    def __init__(self, numbers: TokenNumbers, width: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.mantissa_range = numbers.mantissa_range

        def table(name: str, values: np.ndarray) -> None:
            self.register_buffer(name, torch.as_tensor(values), persistent=False)

        # What a token lacks leaves the value as it is.
        table("sign_V", np.where(numbers.sign == 0, 1.0, numbers.sign))
        table("mantissa_V", np.array(numbers.mantissa))
        table("exponent_V", np.nan_to_num(numbers.exponent))
        cycles = np.geomspace(*_LINEAR_CYCLES, _WAVES)
        table("linear_R", (2 * math.pi * cycles).astype(np.float32))
        table("log_R", np.geomspace(*_LOG_FREQUENCIES, _WAVES).astype(np.float32))
        self.map = Linear(VALUE_FEATURES, width)

    def values(self, ids_BGS: Int[Tensor, "B G S"]) -> Float[Tensor, "B G"]:
        """float64; nonsense for tokens that spell no number, such as padding."""
        mantissa_BG = torch.zeros_like(ids_BGS[..., 0], dtype=torch.float64)
        for digit_BG in self.mantissa_V[ids_BGS].unbind(-1):
            higher_BG = mantissa_BG * self.mantissa_range + digit_BG
            mantissa_BG = torch.where(digit_BG.isnan(), mantissa_BG, higher_BG)
        power_BG = torch.pow(10.0, self.exponent_V[ids_BGS].sum(-1))
        return self.sign_V[ids_BGS].prod(-1) * mantissa_BG * power_BG

    def forward(self, ids_BGS: Int[Tensor, "B G S"]) -> Float[Tensor, "B G D"]:
        u_BG1 = (self.values(ids_BGS) / self.scale).clamp(-1e6, 1e6).float()[..., None]
        linear_BGR = u_BG1 * self.linear_R
        log_BGR = u_BG1.abs().clamp_min(_SMALLEST).log() * self.log_R
        sign_BG1 = u_BG1.sign()
        features = [
            u_BG1 * math.sqrt(3),  # of variance 1 for coefficients that are uniform up to scale
            linear_BGR.sin(),
            linear_BGR.cos(),
            log_BGR.sin() * sign_BG1,
            log_BGR.cos() * sign_BG1,
        ]
        y_BGD: Tensor = self.map(torch.cat(features, -1))
        return y_BGD


class Cells(nn.Module):
    """Learned vectors of a cell (row, column) of a matrix: its own, its row's and its column's.

    They do not depend on the matrix's size: cells are numbered along the borders of growing
    squares, so that matrices up to n x n use the first n^2 of their own vectors, and what was
    learned on small matrices is there for larger ones.
    """

    def __init__(self, max_dim: int, width: int) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.empty(max_dim**2, width))
        self.row_positions = nn.Parameter(torch.empty(max_dim, width))
        self.column_positions = nn.Parameter(torch.empty(max_dim, width))

    def start_parameters(self, generator: torch.Generator) -> None:
        for table in (self.positions, self.row_positions, self.column_positions):
            start_vectors(table, generator)

    def forward(self, count: int, columns_B: Int[Tensor, " B"]) -> Float[Tensor, "B G D"]:
        """The first `count` cells, row by row, of matrices with `columns_B` columns."""
        place_G = torch.arange(count, device=columns_B.device)
        columns_B1 = columns_B.clamp_min(1)[:, None]
        row_BG, column_BG = place_G // columns_B1, place_G % columns_B1
        square_BG = torch.maximum(row_BG, column_BG)
        along_BG = torch.where(column_BG == square_BG, row_BG, square_BG + 1 + column_BG)
        cell_BG = square_BG**2 + along_BG
        found = torch.zeros((), device=columns_B.device)
        for index_BG, table in (
            (cell_BG, self.positions),
            (row_BG, self.row_positions),
            (column_BG, self.column_positions),
        ):
            # Padding may lie beyond the last row; what is there does not matter.
            found = found + F.embedding(index_BG.clamp_max(len(table) - 1), table)
        return found
