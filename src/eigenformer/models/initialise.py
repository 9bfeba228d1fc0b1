"""Every initial weight of a model, drawn from one seeded generator of its own."""

import math
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..encodings import TokenNumbers
from .layers import Linear

# Radians per unit of the exponent: from a wave that is almost linear over the exponents in use to
# one that tells neighbours apart (efficiency.md, section "Where `fast` came from").
_EXPONENT_FREQUENCIES = (0.1, 3.0)


@runtime_checkable
class StartsItself(Protocol):
    """A part with parameters of its own (not of parts in it) that says how they start."""

    def start_parameters(self, generator: torch.Generator) -> None:
        """Fill them, drawing from `generator` alone."""


def initialise(module: nn.Module, generator: torch.Generator) -> None:
    """Fill all parameters of `module`, part by part, in the order of `modules`.

    | part, by its type                        | initial values of its own parameters          |
    |------------------------------------------|-----------------------------------------------|
    | one with a method `start_parameters`     | as that says                                  |
    | `Linear`, `torch.nn.Linear`              | uniform in +-inputs^-1/2 (torch's default)    |
    | `LayerNorm`, `RMSNorm`, `GroupNorm`      | weight 1, bias 0                              |
    | `torch.nn.Embedding`                     | normal, std width^-1/2; the row of padding 0  |
    | `torch.nn.LSTM`, `GRU`, `RNN`            | uniform in +-hidden^-1/2 (torch's default)    |
    | one with a method `reset_parameters`,    | as that says, torch's global generator seeded |
    | such as torch's convolutions             | for it and put back                           |
    | any other                                | matrices [n, ...] uniform in +-m^-1/2 for m   |
    |                                          | numbers a row; vectors and numbers stay       |
    """
    seen: set[int] = set()
    for part in module.modules():
        own = [p for p in part.parameters(recurse=False) if id(p) not in seen]
        seen |= {id(parameter) for parameter in own}
        if own:
            with torch.no_grad():
                _start(part, own, generator)


def _start(part: nn.Module, own: list[nn.Parameter], generator: torch.Generator) -> None:
    if isinstance(part, StartsItself):
        part.start_parameters(generator)
    elif isinstance(part, nn.LayerNorm | nn.RMSNorm | nn.GroupNorm):
        for parameter in own:
            parameter.fill_(float(parameter is part.weight))
    elif isinstance(part, nn.Embedding):
        start_vectors(part.weight, generator, part.padding_idx)
    elif isinstance(part, Linear | nn.Linear):
        _start_uniformly(own, part.weight.shape[1], generator)
    elif isinstance(part, nn.RNNBase):
        _start_uniformly(own, part.hidden_size, generator)
    elif callable(reset := getattr(part, "reset_parameters", None)):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(torch.randint(2**62, (), generator=generator)))
            reset()
    else:
        for parameter in own:
            if parameter.ndim > 1:
                _start_uniformly([parameter], parameter[0].numel(), generator)


def _start_uniformly(parameters: list[nn.Parameter], size: int, generator: torch.Generator) -> None:
    for parameter in parameters:
        parameter.uniform_(-(size**-0.5), size**-0.5, generator=generator)


def start_vectors(
    vectors_VD: Float[Tensor, "V D"], generator: torch.Generator, zero: int | None = None
) -> None:
    """Vectors of expected length 1: normal with standard deviation D^-1/2, row `zero` 0."""
    vectors_VD.normal_(0.0, vectors_VD.shape[1] ** -0.5, generator=generator)
    if zero is not None:
        vectors_VD[zero] = 0.0


def number_embedding(
    tokens_VD: Float[Tensor, "V D"], numbers: TokenNumbers, generator: torch.Generator
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
