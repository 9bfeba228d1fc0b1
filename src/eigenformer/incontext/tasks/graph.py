"""Graph problems: electric potentials, resistive embedding, heat kernel, Laplacian eigenvectors."""

import math
from dataclasses import dataclass
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor

from ...construct.algorithms.graphs import skip_ring
from ...core import InputError, at_least
from ...core.checks import MOST_PLACES
from ..batches import Batch, Graphs
from ..source import Source
from .base import TASKS, Task

Quantity = Literal["potentials", "embedding", "heat", "eigenvectors"]


@final
@dataclass(frozen=True, kw_only=True)
class GraphTask(Task):
    """A function of the Laplacian L of a random weighted graph, applied to demands Psi [k, n].

    potentials Psi L^+ (the electric flow on the edges is that times B), embedding Psi L^{+1/2},
    heat Psi exp(-time L); eigenvectors: rows 1 .. k of the orthonormal basis of L, ascending, with
    Psi as the start of an iteration.

    Loss: ||P/||P|| - T/||T||||_F^2 for prediction P and target T; for eigenvectors the sum over
    rows of the same with the better of the two signs.
    Source: Cheng, Carin and Sra 2024; derivations.md, section 8.
    """

    quantity: Quantity = "potentials"
    graph: Literal["skip-ring", "complete"] = "skip-ring"
    """skip-ring: each node joined to the next and to the one after that (m = 2n)."""
    nodes: int = 10
    demands: int = 10
    """k, rows of Psi; for eigenvectors their number, less than `nodes`."""
    spread: float = 1.0
    """Entries of B are +-exp(U(-spread, spread))."""
    time: float = 0.5
    """Of the heat kernel."""

    def __post_init__(self) -> None:
        at_least(3, 1000, nodes=self.nodes)
        at_least(1, MOST_PLACES, demands=self.demands)
        at_least(0, 50, spread=self.spread)
        if self.quantity == "eigenvectors" and self.demands >= self.nodes:
            raise InputError(
                f"demands is {self.demands}; {self.nodes} nodes have {self.nodes - 1} eigenvectors "
                "beside the constant"
            )
        for name, value, zero in (("spread", self.spread, True), ("time", self.time, False)):
            if not (0 <= value < math.inf) or (value == 0 and not zero):
                raise InputError(f"{name} is {value}; give a positive number")

    @property
    def links(self) -> list[tuple[int, int]]:
        """The two ends of each edge, before nodes are permuted."""
        if self.graph == "complete":
            return [(i, j) for i in range(self.nodes) for j in range(i)]
        links = {tuple(sorted(link)) for link in skip_ring(self.nodes)}
        return sorted((a, b) for a, b in links)

    @property
    def edges(self) -> int:
        return len(self.links)

    @property
    def width(self) -> int:
        return self.edges + 2 * self.demands

    @property
    def outputs(self) -> int:
        return self.demands

    @property
    def tokens(self) -> int:
        return self.nodes

    def make(self, source: Source, size: int) -> Graphs:
        incidence = self._incidence(source, size)
        psi = source.normal(size, self.demands, self.nodes)
        if self.quantity != "heat":
            psi = psi - psi.mean(dim=2, keepdim=True)
        return Graphs(incidence=incidence, demands=psi, target=self.answer(incidence, psi))

    def _incidence(self, source: Source, size: int) -> Float[Tensor, "B n m"]:
        """Random weights, the edges' order, their direction, and the nodes' order."""
        ends = torch.tensor(self.links)
        edges = torch.arange(self.edges)
        plain = torch.zeros(self.nodes, self.edges, dtype=source.dtype)
        plain[ends[:, 0], edges] = 1.0
        plain[ends[:, 1], edges] = -1.0
        columns = plain.T[source.permutations(size, self.edges)].mT
        nodes = source.permutations(size, self.nodes)[:, :, None].expand(-1, -1, self.edges)
        weights = source.uniform(-self.spread, self.spread, size, 1, self.edges).exp()
        signs = source.integers(2, size, 1, self.edges).to(source.dtype) * 2 - 1
        found: Tensor = columns.gather(1, nodes) * weights * signs
        return found

    def answer(
        self, incidence: Float[Tensor, "B n m"], psi: Float[Tensor, "B k n"]
    ) -> Float[Tensor, "B k n"]:
        """The target, by LAPACK's eigenvalues in float64; for a connected graph."""
        wide = incidence.double()
        values, vectors = torch.linalg.eigh(wide @ wide.mT)
        if self.quantity == "eigenvectors":
            rows: Tensor = vectors[:, :, 1 : self.demands + 1].mT
            return rows.to(psi.dtype)
        if self.quantity == "heat":
            function = torch.exp(-self.time * values)
        else:
            power = -1.0 if self.quantity == "potentials" else -0.5
            # The constant vector's eigenvalue is 0, of which L^+ makes 0.
            function = torch.zeros_like(values)
            function[:, 1:] = values[:, 1:] ** power
        found: Tensor = psi.double() @ (vectors * function[:, None, :]) @ vectors.mT
        return found.to(psi.dtype)

    def errors(self, prediction: Float[Tensor, "B ..."], batch: Batch) -> Float[Tensor, " B"]:
        target = Graphs.of(batch, "GraphTask").target
        dims = (2,) if self.quantity == "eigenvectors" else (1, 2)
        found, wanted = unit(prediction, dims), unit(target, dims)
        error = (found - wanted).square().sum(dim=dims)
        if self.quantity == "eigenvectors":
            return torch.minimum(error, (found + wanted).square().sum(dim=dims)).sum(dim=1)
        return error


def unit(rows: Float[Tensor, "*B n"], dims: tuple[int, ...]) -> Float[Tensor, "*B n"]:
    """Divided by its Frobenius norm over `dims`; zeros stay."""
    found: Tensor = rows / rows.norm(dim=dims, keepdim=True).clamp_min(torch.finfo(rows.dtype).tiny)
    return found


TASKS.register("graph", GraphTask)
