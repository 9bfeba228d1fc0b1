"""Algorithms on graphs, with all their iterates: Richardson's iteration, power iteration."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ...construct.algorithms.laplacian_eigenvectors import subspace_iteration
from ...core import positive
from ..batches import Graphs
from .base import checked


class GraphAlgorithm(ABC):
    """Maps demands on a graph's nodes to an answer [k, n]."""

    @abstractmethod
    def predictions(self, graphs: Graphs, steps: int) -> Float[Tensor, "S B k n"]:
        """The start and the answer after each step."""


@final
@dataclass(frozen=True, kw_only=True)
class Richardson(GraphAlgorithm):
    """Phi <- Phi - step (Phi L - Psi) from 0, which tends to Psi L^+.

    Without `step`, each graph's best: 2 / (lambda_max + lambda_2).
    """

    step: float | None = None

    def __post_init__(self) -> None:
        positive(step=self.step)

    def predictions(self, graphs: Graphs, steps: int) -> Float[Tensor, "S B k n"]:
        laplacian = graphs.laplacian
        if self.step is None:
            values = torch.linalg.eigvalsh(laplacian)
            step = (2 / (values[:, -1] + values[:, 1]))[:, None, None]
        else:
            step = laplacian.new_tensor(self.step)
        demands = graphs.demands - graphs.demands.mean(dim=2, keepdim=True)
        phi = torch.zeros_like(demands)
        found = [phi]
        for _ in range(checked(steps)):
            phi = phi - step * (phi @ laplacian - demands)
            found.append(phi)
        return torch.stack(found)


@final
@dataclass(frozen=True, kw_only=True)
class PowerIteration(GraphAlgorithm):
    """Phi <- orthonormal rows of Phi (I - L / mu), beside the constant; from the demands as rows.

    Tends to the eigenvectors of the smallest positive eigenvalues, ascending. The steps are those
    of `construct`'s `subspace_iteration`, in float64.
    """

    def predictions(self, graphs: Graphs, steps: int) -> Float[Tensor, "S B k n"]:
        incidence = graphs.incidence.detach().cpu().double().numpy()
        found = [graphs.demands.detach().cpu().double().numpy()]
        for _ in range(checked(steps)):
            found.append(subspace_iteration(incidence, found[-1], 1))
        return torch.from_numpy(np.stack(found)).to(graphs.demands)
