"""Muon: momentum, orthogonalised, for weight matrices (Jordan et al., 2024)."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_STEPS = 5


def fast_precision(device: torch.device) -> torch.dtype:
    """bfloat16 where the device multiplies such matrices natively, float32 elsewhere.

    Native products run at 4 times float32's rate on a CPU; emulated ones at a hundredth of it.
    """
    if device.type == "cpu":
        known = torch.cpu.get_capabilities()
        native = known.get("avx512_bf16", False) or known.get("amx_bf16", False)
    else:
        native = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
    return torch.bfloat16 if native else torch.float32


def orthogonalize(gradients: Float[Tensor, "K M N"]) -> Float[Tensor, "K M N"]:
    """K matrices with singular values pushed towards 1 by five quintic Newton-Schulz steps.

    In the precision of `gradients`; bfloat16 is enough for an optimizer. Needs M <= N.
    """
    a, b, c = _COEFFICIENTS
    x: Tensor = gradients / (gradients.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(_STEPS):
        s = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(s, s, s, beta=b, alpha=c), x, beta=a)
    return x


class Muon(torch.optim.Optimizer):
    """Nesterov momentum whose update is orthogonalised, scaled by sqrt(max(1, rows/columns)).

    A fused projection (queries, keys and values in one weight) is given as (weight, parts) and
    treated as `parts` matrices one above the other. Matrices of one shape are done together.
    """

    def __init__(
        self,
        weights: Iterable[tuple[torch.nn.Parameter, int]],
        rate: float,
        momentum: float = 0.95,
        precision: torch.dtype = torch.float32,
    ) -> None:
        weights = list(weights)
        self._parts = [parts for _, parts in weights]
        self._precision = precision
        super().__init__([weight for weight, _ in weights], {"lr": rate, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        (group,) = self.param_groups
        rate, momentum = group["lr"], group["momentum"]
        by_shape: dict[tuple[int, ...], list[tuple[Tensor, Tensor, bool]]] = defaultdict(list)
        for weight, parts in zip(group["params"], self._parts, strict=True):
            state = self.state[weight]
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(weight)
            state["momentum"].lerp_(weight.grad, 1 - momentum)
            update = weight.grad.lerp(state["momentum"], momentum)
            for target, part in zip(weight.chunk(parts), update.chunk(parts), strict=True):
                tall = part.shape[0] > part.shape[1]
                wide = part.mT if tall else part
                by_shape[tuple(wide.shape)].append((target, wide, tall))
        for members in by_shape.values():
            stacked = torch.stack([wide for _, wide, _ in members])
            found = orthogonalize(stacked.to(self._precision)).to(stacked.dtype)
            for (target, _, tall), x in zip(members, found, strict=True):
                rows, columns = target.shape
                target.sub_(x.mT if tall else x, alpha=rate * max(1.0, rows / columns) ** 0.5)
