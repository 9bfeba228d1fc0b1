"""The linear graph transformer of Cheng, Carin and Sra 2024 (derivations.md, section 8).

    Z <- normalise(Z + (1/n) sum_h P_h Z (Z^T Q_h Z) + R Z),    Z_0 = [B^T; Psi; Phi_0]

Columns are nodes; rows are edges (m), demands (k) and outputs (k). No position is told: the graph
is in B alone, and a relabelling of the nodes relabels the answer. Where the source has Q_h^T K_h
there is one matrix Q_h here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ...core import InputError, at_least
from ...core.checks import MOST_LAYERS
from ...models.hooked import HookedPass
from ..batches import Batch, Graphs
from ..tasks import GraphTask, Task
from ..tasks.graph import unit
from .attention import attend, column_tokens
from .base import ARCHITECTURES, Architecture, InContextModel, Step

# Shapes: B batch, h heads, w = m + 2k rows, n nodes, m edges, k demands.

GraphForm = Literal["full", "masked", "scalar"]


@final
@dataclass(frozen=True, kw_only=True)
class GraphTransformer(Architecture):
    """Layers of linear attention and a linear map on a graph's edges, demands and outputs."""

    usual_task: ClassVar[str] = "graph"

    layers: int = 3
    heads: int = 1
    form: GraphForm = "full"
    """full: all of P, Q and R. masked: P and Q without the rows and columns of Psi, R only Phi <-
    Psi (the source's constrained variant). scalar: a multiple of the identity for each block, so
    that the order and the directions of the edges do not matter either; every construction of
    `construct` for graphs is of this form."""
    start: Literal["zero", "demands", "learned"] = "zero"
    """Phi_0. learned: a matrix [k, n], which tells the nodes apart as a positional encoding does
    (the source's, for eigenvectors)."""
    normalise: Literal["none", "blocks", "rows"] = "blocks"
    """After each layer. blocks: the rows of B, and all others together, to Frobenius norm 1. rows:
    those of B together, and each row of Phi (for eigenvectors)."""
    init_std: float = 0.02

    def __post_init__(self) -> None:
        at_least(1, MOST_LAYERS, layers=self.layers, heads=self.heads)
        at_least(0, init_std=self.init_std)

    def module(self, task: Task) -> "GraphTransformerModel":
        if not isinstance(task, GraphTask):
            raise InputError(
                f"a graph transformer needs a graph task, not {type(task).__name__}; "
                "give GraphTask, or another architecture"
            )
        return GraphTransformerModel(self, task.nodes, task.edges, task.demands)


class GraphTransformerModel(InContextModel):
    """Runs a `GraphTransformer` on graphs with `edges` edges and `demands` demands."""

    columns = True

    def __init__(
        self, architecture: GraphTransformer, nodes: int, edges: int, demands: int
    ) -> None:
        super().__init__()
        self.architecture = architecture
        self.edges = edges
        self.demands = demands
        self.depth = architecture.layers
        self.layers = nn.ModuleList(
            _GraphWeights(architecture, edges, demands) for _ in range(architecture.layers)
        )
        self.first = None
        if architecture.start == "learned":
            self.first = nn.Parameter(torch.randn(demands, nodes) / nodes**0.5)

    def layer(self, number: int) -> "_GraphWeights":
        """The weights of layer `number` from 0."""
        found = self.layers[number]
        assert isinstance(found, _GraphWeights)
        return found

    def start(self, batch: Batch) -> Float[Tensor, "B w n"]:
        graphs = Graphs.of(batch, "a graph transformer")
        if graphs.incidence.shape[2] != self.edges or graphs.demands.shape[1] != self.demands:
            raise InputError(
                f"the graphs have {graphs.incidence.shape[2]} edges and {graphs.demands.shape[1]} "
                f"demands, and the model was built for {self.edges} and {self.demands}"
            )
        phi = graphs.demands
        if self.architecture.start != "demands":
            phi = torch.zeros_like(phi)
        if self.first is not None:
            if phi.shape[2] != self.first.shape[1]:
                raise InputError(
                    f"the graphs have {phi.shape[2]} nodes, and the model learned a start for "
                    f"{self.first.shape[1]}"
                )
            phi = phi + self.first
        return torch.cat([graphs.incidence.mT, graphs.demands, phi], dim=1)

    def steps(self, batch: Batch, layers: int) -> Iterator[Step]:
        for number in range(layers):
            yield partial(self._step, *self.layer(number).matrices())

    def _step(
        self,
        p: Float[Tensor, "h w w"],
        q: Float[Tensor, "h w w"],
        r: Float[Tensor, "w w"],
        state: Float[Tensor, "B w n"],
        run: HookedPass | None = None,
    ) -> Float[Tensor, "B w n"]:
        nodes = state.shape[2]
        attended = attend(state, p / nodes, q, keys=nodes, run=run)
        return self._normalised(state + attended + column_tokens(run, "linear.out", r @ state))

    def _normalised(self, state: Float[Tensor, "B w n"]) -> Float[Tensor, "B w n"]:
        kind = self.architecture.normalise
        if kind == "none":
            return state
        edges, rest = state[:, : self.edges], state[:, self.edges :]
        if kind == "blocks":
            return torch.cat([unit(edges, (1, 2)), unit(rest, (1, 2))], dim=1)
        demands, phi = rest[:, : self.demands], rest[:, self.demands :]
        return torch.cat([unit(edges, (1, 2)), demands, unit(phi, (2,))], dim=1)

    def read(self, state: Float[Tensor, "B w n"]) -> Float[Tensor, "B k n"]:
        return state[:, -self.demands :]


class _GraphWeights(nn.Module):
    """P, Q [h, w, w] and R [w, w] of a layer, in the form asked for."""

    def __init__(self, options: GraphTransformer, edges: int, demands: int) -> None:
        super().__init__()
        self.form = options.form
        self.sizes = (edges, demands, demands)
        width = sum(self.sizes)
        size = (options.heads, 3) if self.form == "scalar" else (options.heads, width, width)
        self.p = nn.Parameter(options.init_std * torch.randn(size))
        self.q = nn.Parameter(options.init_std * torch.randn(size))
        shape = {"full": (width, width), "masked": (demands, demands), "scalar": (4,)}[self.form]
        self.r = nn.Parameter(options.init_std * torch.randn(shape))
        """R; masked: its block Phi <- Psi; scalar: its multiples on B, Psi, Phi, and Phi <- Psi."""
        mask = torch.ones(width, width)
        mask[edges : edges + demands] = 0
        mask[:, edges : edges + demands] = 0
        self.register_buffer("mask", mask, persistent=False)

    def matrices(
        self,
    ) -> tuple[Float[Tensor, "h w w"], Float[Tensor, "h w w"], Float[Tensor, "w w"]]:
        """P, Q, R."""
        if self.form == "full":
            return self.p, self.q, self.r
        width, demands = sum(self.sizes), self.sizes[1]
        psi = slice(width - 2 * demands, width - demands)
        phi = slice(width - demands, width)
        r = self.r.new_zeros(width, width)
        if self.form == "masked":
            r[phi, psi] = self.r
            mask = self.get_buffer("mask")
            return self.p * mask, self.q * mask, r
        r[phi, psi] = self.r[3] * torch.eye(demands, dtype=r.dtype, device=r.device)
        return self._blocks(self.p), self._blocks(self.q), r + self._blocks(self.r[:3])

    def _blocks(self, values: Float[Tensor, "*h 3"]) -> Float[Tensor, "*h w w"]:
        repeats = torch.tensor(self.sizes, device=values.device)
        return torch.diag_embed(values.repeat_interleave(repeats, dim=-1))


ARCHITECTURES.register("graph-transformer", GraphTransformer)
