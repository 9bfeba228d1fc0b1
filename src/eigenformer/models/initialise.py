"""Every initial weight of a model, drawn from one seeded generator of its own."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..encodings import PAD
from .base import TokenNumbersLike

# Radians per unit of the exponent: from a wave that is almost linear over the exponents in use to
# one that tells neighbours apart (efficiency.md, section "Where `fast` came from").
_EXPONENT_FREQUENCIES = (0.1, 3.0)


def initialise_layers(module: nn.Module, generator: torch.Generator) -> None:
    """Fill all parameters of `module`, in the order of `named_parameters`.

    | parameter                                | initial value                            |
    |------------------------------------------|------------------------------------------|
    | `*tokens` [V, D], embedding="random"     | normal, std D^-1/2; the row of <pad> 0   |
    | `*tokens` [V, D], embedding="number"     | `number_embedding` over the row above    |
    | `*positions` [P, D]                      | normal, std D^-1/2                       |
    | linear `*weight` [out, in]               | uniform in +-in^-1/2 (torch's default)   |
    | linear `*bias` [out]                     | uniform in +-in^-1/2 (torch's default)   |
    | layer norm `*norm.weight`, `*norm.bias`  | 1, 0                                     |
    | `output_bias` [V]                        | 0                                        |

    This function does all rows but embedding="number", which `number_embedding` adds.
    """
    fan_in = 1
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name.endswith(("tokens", "positions")):
                parameter.normal_(0.0, parameter.shape[1] ** -0.5, generator=generator)
                if name.endswith("tokens"):
                    parameter[PAD] = 0.0
            elif name.endswith("norm.weight"):
                parameter.fill_(1.0)
            elif name.endswith(("norm.bias", "output_bias")):
                parameter.zero_()
            else:
                # A linear map's weight comes before its bias, which has the same bound.
                fan_in = parameter.shape[1] if parameter.ndim == 2 else fan_in
                parameter.uniform_(-(fan_in**-0.5), fan_in**-0.5, generator=generator)


def number_embedding(
    tokens_VD: Float[Tensor, "V D"], numbers: TokenNumbersLike, generator: torch.Generator
) -> None:
    """Overwrite the rows of tokens that stand for numbers with Fourier features, in place.

    A mantissa m becomes cos and sin of 2 pi f m / mantissa_range + phase, its frequencies f spaced
    evenly in log f from 1 to mantissa_range / 2 cycles over the whole range; an exponent e becomes
    cos and sin of f e + phase, f likewise from 0.1 to 3 radians per unit; a sign s becomes s u with
    one random u. Phases and u are drawn once per call. All have std D^-1/2. A token with several
    parts (FP15, B1999) gets their sum over the square root of their number, so +m and -m share all
    but the sign's part. A token that is only a sign, or no number at all, keeps its random row: it
    is distinct from every other already. Source: efficiency.md, section "Where `fast` came from".
    """
    width = tokens_VD.shape[1]
    mantissa = torch.as_tensor(numbers.mantissa, dtype=torch.float64)
    exponent = torch.as_tensor(numbers.exponent, dtype=torch.float64)
    sign = torch.as_tensor(numbers.sign, dtype=torch.float64)
    turn = 2 * math.pi / numbers.mantissa_range
    parts = [
        _waves(mantissa, turn, turn * numbers.mantissa_range / 2, width, generator),
        _waves(exponent, *_EXPONENT_FREQUENCIES, width, generator),
        sign[:, None] * torch.randn(width, generator=generator, dtype=torch.float64),
    ]
    present_V = (~mantissa.isnan()).to(torch.int64) + (~exponent.isnan()).to(torch.int64)
    rows = present_V > 0
    scale = (width * (present_V + (sign != 0))).to(torch.float64).rsqrt()
    features = scale[:, None] * sum(parts, torch.zeros(1, dtype=torch.float64))
    with torch.no_grad():
        tokens_VD[rows] = features[rows].to(tokens_VD.dtype)


def _waves(
    values_V: Tensor, lowest: float, highest: float, width: int, generator: torch.Generator
) -> Tensor:
    """[V, width] cosines then sines of unit variance; 0 where the value is nan."""
    count = (width + 1) // 2
    frequencies = torch.logspace(
        math.log10(lowest), math.log10(highest), count, dtype=torch.float64
    )
    phases = 2 * math.pi * torch.rand(count, generator=generator, dtype=torch.float64)
    angles = values_V[:, None] * frequencies + phases
    waves = math.sqrt(2) * torch.cat([angles.cos(), angles.sin()], 1)[:, :width]
    return waves.nan_to_num(nan=0.0)
