"""What the graph algorithms share: weighted incidence matrices, their spectrum, the layers' key.

A graph with n nodes and m edges is its weighted incidence matrix B [n, m]: column e holds w_e and
-w_e at the two ends of edge e, in either order; the edge's conductance is w_e^2 and the Laplacian L
= B B^T. In the state the nodes are the columns and B^T fills m rows. Heads whose keys and queries
both read those rows have the scores (B^T)^T B^T = L, exactly (derivations.md, section 8; Cheng,
Carin and Sra 2024, "Graph Transformers Dream of Electric Flow", arXiv 2410.16699).
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

from ...core import InputError, at_least
from ..blocks import Layout, Move, RowMap
from ..catalogue import Construction
from ..parts import Layer
from ..spec import Port, Spec, Stage
from .heads import head

Incidence = Float64[np.ndarray, "*B n m"]
Demands = Float64[np.ndarray, "*B k n"]
"""Rows of numbers at the nodes: demands, signals, potentials, vectors."""
SOURCE = "Cheng, Carin and Sra 2024 (arXiv 2410.16699); derivations.md, section 8"
CONDITION = 18.6
"""lambda_max / lambda_2 of the graph behind the figures of derivations.md, section 8."""
THEOREM = {"heads": "1", "width": "m + 2k = 40"}
entry = partial(Construction, source=SOURCE, heads=1, theorem=THEOREM)
"""What the catalogue says of a network for graphs, by default of 10 nodes and 20 edges."""


def laplacian_layer(layout: Layout, *value: Move, linear: RowMap = ()) -> Layer:
    """Adds (value H) L, by a head whose keys and queries are the incidence rows B, and `linear`."""
    return Layer(heads=(head(value, layout["B"], layout["B"]),), linear=linear)


def network_spec(
    name: str,
    layout: Layout,
    nodes: int,
    stages: tuple[Stage, ...],
    *,
    given: str,
    output: str,
    prepare: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
    notes: tuple[str, ...],
    block: str = "phi",
) -> Spec:
    """The network of B [n, m] and of what is called `given` [k, n], which starts in `block`.

    Its output, called `output`, is the block `phi`.
    """
    shape = (layout["phi"].count, nodes)
    ports = (
        Port(name="incidence", shape=(nodes, layout["B"].count), block="B", transposed=True),
        Port(name=given, shape=shape, block=block),
    )
    return Spec(
        name=name,
        layout=layout,
        tokens=nodes,
        stages=stages,
        inputs=ports,
        given=ports,
        output=Port(name=output, shape=shape, block="phi"),
        prepare=prepare,
        notes=notes,
        theorem={"heads": "1", "width": "m + 2k"},
    )


def laplacian(incidence: Incidence) -> Float64[np.ndarray, "*B n n"]:
    """L = B B^T."""
    return np.asarray(incidence @ incidence.swapaxes(-1, -2))


def extremes(
    incidence: Incidence,
) -> tuple[Float64[np.ndarray, "*B 1 1"], Float64[np.ndarray, "*B 1 1"]]:
    """lambda_max and lambda_2 of each graph."""
    values = np.linalg.eigvalsh(laplacian(incidence))
    return values[..., -1, None, None], values[..., 1, None, None]


def spectrum(incidence: Float[Tensor, "*B n m"]) -> Float[Tensor, "*B n"]:
    """The eigenvalues of each graph's Laplacian, in ascending order and float64.

    Equivalent to `torch.linalg.eigvalsh(B @ B.mT)`; a graph without edges is refused.
    """
    values: Tensor = torch.linalg.eigvalsh(incidence.double() @ incidence.double().mT)
    if not bool((values[..., -1] > 0).all()):
        raise InputError("incidence is zero: give a graph with at least one edge")
    return values


def check_columns(incidence: Float[Tensor, "*B n m"]) -> None:
    """Refuse a matrix whose columns are no edges: each must sum to zero."""
    worst = incidence.sum(dim=-2).abs().amax() / incidence.abs().amax().clamp_min(1e-300)
    if worst > 100 * torch.finfo(incidence.dtype).eps:
        raise InputError(
            "incidence has a column that does not sum to zero; column e holds w and -w at the two "
            "ends of edge e (the transpose [edges, nodes] does not fit)"
        )


def connected_spectrum(incidence: Float[Tensor, "*B n m"]) -> Float[Tensor, "*B n"]:
    """`spectrum`, with an `InputError` for a graph that is not connected (lambda_2 = 0)."""
    check_columns(incidence)
    values = spectrum(incidence)
    ratio = values[..., 1] / values[..., -1]
    allowed = 10 * values.shape[-1] * torch.finfo(incidence.dtype).eps
    if bool((ratio <= allowed).any()):
        raise InputError(
            f"a graph is disconnected (lambda_2 / lambda_max is {float(ratio.min()):.0e}), so its "
            "Laplacian has no inverse on the demands; give each connected component by itself"
        )
    return values


def centred(demands: Float[Tensor, "*B k n"]) -> Float[Tensor, "*B k n"]:
    """Each row minus its mean: what the powers of L^+ see of it, as L^+ 1 = 0."""
    return demands - demands.mean(dim=-1, keepdim=True)


def incidence_matrix(
    nodes: int, links: Sequence[tuple[int, int]], weights: Float64[np.ndarray, "*B m"]
) -> Float64[np.ndarray, "*B n m"]:
    """B of the graph with the edges `links` and entries +-weights (the roots of conductances)."""
    at_least(2, nodes=nodes)
    if len(links) != weights.shape[-1]:
        raise InputError(f"{len(links)} links but {weights.shape[-1]} weights; give one for each")
    ends = np.array(links)
    if ends.min() < 0 or ends.max() >= nodes:
        raise InputError(
            f"links join nodes {ends.min()} to {ends.max()}; nodes are 0 to {nodes - 1}"
        )
    signs = np.zeros((nodes, len(links)))
    edges = np.arange(len(links))
    signs[ends[:, 0], edges] += 1.0
    signs[ends[:, 1], edges] -= 1.0
    return np.asarray(signs * weights[..., None, :])


def skip_ring(nodes: int = 10, skip: int = 2) -> list[tuple[int, int]]:
    """The circulant skip graph: a ring, and from each node a link to the one `skip` further on."""
    ring = [(i, (i + 1) % nodes) for i in range(nodes)]
    return ring + [(i, (i + skip) % nodes) for i in range(nodes)]


def draw_skip_rings(
    rng: np.random.Generator, batch: int, *, condition: float = float("inf")
) -> Float64[np.ndarray, "B 10 20"]:
    """Skip rings as in section 8: n = 10, m = 20, entries +-exp(U(-1, 1)).

    Graphs with lambda_max / lambda_2 beyond `condition` are drawn again.
    """
    links = skip_ring()
    found = np.empty((0, 10, 20))
    while len(found) < batch:
        more = incidence_matrix(10, links, np.exp(rng.uniform(-1, 1, (batch, len(links)))))
        largest, second = extremes(more)
        found = np.concatenate([found, more[(largest <= condition * second)[:, 0, 0]]])
    return found[:batch]


def draw_with_identity(rng: np.random.Generator, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Skip rings no worse conditioned than the one of section 8, and the identity for each."""
    return draw_skip_rings(rng, batch, condition=CONDITION), np.tile(np.eye(10), (batch, 1, 1))
