"""Newton's iteration for (X^T X)^-1 of any order, and conjugate gradients."""

from dataclasses import dataclass
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor

from ...core import InputError
from ..batches import Prompts
from .base import RegressionAlgorithm, checked, moments, times


@final
@dataclass(frozen=True, kw_only=True)
class Newton(RegressionAlgorithm):
    """w_k = M_k X^T y with M_{k+1} = M_k sum_{m < order} (I - S M_k)^m, S = X^T X + ridge I.

    So I - S M_{k+1} = (I - S M_k)^order (Li and Li 2010; Giannou et al. 2024, section 6); order 2
    is M (2I - S M). w_0 = M_0 X^T y, which is not 0. Starts:

    - extremes: M_0 = S / (lambda_max(S)^2 + lambda_min(S)^2), Giannou et al.'s code
    - frobenius: M_0 = S / ||S S^T||_F, Fu et al.'s code
    - identity: M_0 = 2 I / (lambda_max(S) + lambda_min(S)), which saves half of the steps
    """

    order: int = 2
    start: Literal["extremes", "frobenius", "identity"] = "extremes"
    ridge: float = 0.0

    def __post_init__(self) -> None:
        if self.order < 2:
            raise InputError(f"order is {self.order}; Newton's iteration has order 2 or more")
        if not 0 <= self.ridge < float("inf"):
            raise InputError(f"ridge is {self.ridge}; give 0 or more")

    def weights(self, prompts: Prompts, steps: int) -> Float[Tensor, "S B d"]:
        gram, moment = moments(prompts)
        eye = torch.eye(gram.shape[1], dtype=gram.dtype, device=gram.device)
        inverses = self.inverses(gram + self.ridge * eye, steps)
        return torch.stack([times(inverse, moment) for inverse in inverses])

    def inverses(self, gram: Float[Tensor, "B d d"], steps: int) -> list[Float[Tensor, "B d d"]]:
        """M_0 .. M_steps for S = `gram`."""
        eye = torch.eye(gram.shape[1], dtype=gram.dtype, device=gram.device)
        found = [self._start(gram, eye)]
        for _ in range(checked(steps)):
            residual = eye - gram @ found[-1]
            total = eye.expand_as(gram)
            for _ in range(self.order - 1):
                total = eye + residual @ total
            found.append(found[-1] @ total)
        return found

    def _start(
        self, gram: Float[Tensor, "B d d"], eye: Float[Tensor, "d d"]
    ) -> Float[Tensor, "B d d"]:
        if self.start == "frobenius":
            top, norm = gram, (gram @ gram).norm(dim=(1, 2), keepdim=True)
        else:
            values = torch.linalg.eigvalsh(gram).clamp_min(0)
            low, high = values[:, :1, None], values[:, -1:, None]
            if self.start == "identity":
                top, norm = 2 * eye.expand_as(gram), low + high
            else:
                top, norm = gram, low.square() + high.square()
        return torch.div(top, norm.clamp_min(torch.finfo(gram.dtype).tiny))


@final
@dataclass(frozen=True, kw_only=True)
class ConjugateGradient(RegressionAlgorithm):
    """Conjugate gradients on X^T X w = X^T y from w = 0; a solution that is reached stays."""

    def weights(self, prompts: Prompts, steps: int) -> Float[Tensor, "S B d"]:
        gram, moment = moments(prompts)
        w, r, p = torch.zeros_like(moment), moment, moment
        rr = r.square().sum(dim=1, keepdim=True)
        found = [w]
        for _ in range(checked(steps)):
            q = times(gram, p)
            alpha = _ratio(rr, (p * q).sum(dim=1, keepdim=True))
            w, r = w + alpha * p, r - alpha * q
            before, rr = rr, r.square().sum(dim=1, keepdim=True)
            p = r + _ratio(rr, before) * p
            found.append(w)
        return torch.stack(found)


def _ratio(top: Float[Tensor, "B 1"], bottom: Float[Tensor, "B 1"]) -> Float[Tensor, "B 1"]:
    """top / bottom, and 0 where bottom is not positive: nothing is left to do there."""
    safe = torch.where(bottom > 0, bottom, torch.ones_like(bottom))
    return torch.where(bottom > 0, top / safe, torch.zeros_like(top))
