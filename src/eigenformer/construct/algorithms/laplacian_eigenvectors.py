"""The eigenvectors of a graph's smallest positive Laplacian eigenvalues, by subspace iteration.

Cheng, Carin and Sra 2024, "Graph Transformers Dream of Electric Flow" (arXiv 2410.16699);
derivations.md, section 8.

Row 0 holds the constant vector 1/sqrt(n), the eigenvector of eigenvalue 0, and never changes.
Without it the constant creeps in from rounding: it is the direction that I - L/mu shrinks least, so
after some 200 iterations it is what the first row holds, whatever it held before.
"""

from dataclasses import replace
from typing import Unpack

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from ...core import InputError, at_least, positive
from ..blocks import Layout, Move, Rows
from ..network import Network, NetworkOptions
from ..parts import Layer
from ..spec import Stage
from . import graphs
from .heads import head

HEADROOM = 1 + 2.0**-6
"""mu / lambda_max where the input map chooses mu. At 1 the top eigenvector would be multiplied by
exactly 0, and a row that is nothing else could not be normalised."""


def laplacian_eigenvectors(
    nodes: int,
    edges: int,
    vectors: int,
    iterations: int,
    mu: float | None = None,
    **options: Unpack[NetworkOptions],
) -> Network:
    """Eigenvectors 1 .. `vectors` of L (0 is the constant one), as rows.

    `net(incidence [n, m], start [vectors, n])` -> [vectors, n], of length 1, in ascending order of
    their eigenvalues, from any `start` whose rows and the constant vector are independent:

        power layer       Phi <- Phi - Phi L / mu
        layers i = 1 ..   phi_i <- phi_i - sum_{j<i} (phi_i . phi_j) phi_j, then all rows normalised

    Blocks [B^T (m rows); constant (1); Phi (k - 1)] with k = vectors + 1, width m + k. An iteration
    is k layers, the same each time: 1 power layer (1 head, V = -1/mu on Phi, K = Q = the rows B)
    and k - 1 of Gram and Schmidt (1 head, V = row i, K = the rows before it, Q = minus those), each
    with the normalisation of Phi's rows. The source's R = mu - 1 is not needed, as only the rows'
    directions count. Error: eigenvector j + 1 leaves j by ((mu - l_{j+1}) / (mu - l_j))^iterations
    (`subspace_rate`), so near-equal eigenvalues only give their common plane, as in any method.

    Without `mu` the input map divides B by the root of 65/64 lambda_max of each graph and mu is 1.
    With it, a graph with lambda_max > mu is refused: its largest eigenvalues could win. The graph
    may be disconnected: the vectors of eigenvalue 0 beside the constant come first.
    Equivalent to `np.linalg.eigh(B @ B.T)` up to signs.
    """
    at_least(2, nodes=nodes)
    at_least(1, edges=edges, vectors=vectors, iterations=iterations)
    positive(mu=mu)
    if vectors >= nodes:
        raise InputError(
            f"vectors is {vectors}; {nodes} nodes have {nodes - 1} beside the constant"
        )
    layout = Layout.of(B=edges, constant=1, phi=vectors)
    phi = layout["phi"]
    weight = -1.0 if mu is None else -1 / mu
    power = graphs.laplacian_layer(layout, Move(phi, phi, weight))
    layers = (power, *(_gram_schmidt(layout, i) for i in range(vectors)))

    def prepare(incidence: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
        graphs.check_columns(incidence)
        largest = graphs.spectrum(incidence)[..., -1]
        rank = torch.linalg.matrix_rank(graphs.centred(start.double()))
        if bool((rank < vectors).any()):
            raise InputError(
                "start has rows that depend on each other or on the constant vector; give random "
                "ones"
            )
        if mu is None:
            scale = (HEADROOM * largest).sqrt().to(incidence.dtype)
            return incidence / scale[..., None, None], start
        if float(largest.max()) > mu * (1 + 10 * nodes * torch.finfo(incidence.dtype).eps):
            raise InputError(
                f"mu is {mu:g}, but lambda_max is {float(largest.max()):.4g} for a graph, so its "
                "largest eigenvalues could win; build the network with mu >= lambda_max, or "
                "without one for each graph's own"
            )
        return incidence, start

    row = "the row `constant` holds 1/sqrt(n): without it, rounding would bring it in"
    scaled = "the input map divides B by the root of 65/64 lambda_max of each graph"
    spec = graphs.network_spec(
        "Laplacian eigenvectors",
        layout,
        nodes,
        (Stage(layers=layers, repeat=iterations),),
        given="start",
        output="vectors",
        prepare=prepare,
        notes=(row, scaled) if mu is None else (row,),
    )
    constants = {"constant": np.full((1, nodes), nodes**-0.5)}
    return Network(replace(spec, constants=constants), **options)


def _gram_schmidt(layout: Layout, i: int) -> Layer:
    row, before = layout["phi"][i], Rows(layout["constant"].start, i + 1)
    heads = (head(Move(row, row), before, before, -1.0),)
    return Layer(heads=heads, normalise="rows", normalised=("phi",))


def subspace_rate(
    incidence: Float64[np.ndarray, "n m"], vectors: int, mu: float | None = None
) -> float:
    """The factor by which an iteration shrinks the slowest of the vectors' errors."""
    values = np.linalg.eigvalsh(graphs.laplacian(incidence))
    values = values[: vectors + 2]
    kept = 1 - values / (HEADROOM * graphs.extremes(incidence)[0][0, 0] if mu is None else mu)
    return float((kept[2:] / kept[1:-1]).max()) if len(kept) > 2 else 0.0


def subspace_iteration(
    incidence: graphs.Incidence, start: graphs.Demands, iterations: int
) -> graphs.Demands:
    """The recursion in NumPy, with Householder QR in place of Gram and Schmidt's layers."""
    nodes = incidence.shape[-2]
    step = np.eye(nodes) - graphs.laplacian(incidence) / (HEADROOM * graphs.extremes(incidence)[0])
    constant = np.ones((*start.shape[:-2], 1, nodes))
    rows = np.concatenate([constant, start], axis=-2)
    for _ in range(iterations):
        q, r = np.linalg.qr((rows @ step).swapaxes(-1, -2))
        signs = np.sign(np.diagonal(r, axis1=-2, axis2=-1))
        rows = (q * signs[..., None, :]).swapaxes(-1, -2)
    return rows[..., 1:, :]


def draw(rng: np.random.Generator, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Skip rings no worse conditioned than the one of section 8, and a random start for each.

    Neighbouring eigenvalues differ by lambda_max / 100 or more: rounding in the eigenvectors is
    inversely proportional to the gap.
    """
    found = np.empty((0, 10, 20))
    while len(found) < batch:
        more = graphs.draw_skip_rings(rng, 4 * batch, condition=graphs.CONDITION)
        values = np.linalg.eigvalsh(graphs.laplacian(more))
        found = np.concatenate([found, more[np.diff(values).min(1) >= 0.01 * values[:, -1]]])
    return found[:batch], rng.normal(size=(batch, 9, 10))


graphs.entry(
    summary="all 9 Laplacian eigenvectors of a graph beside the constant, 800 iterations",
    build=lambda: laplacian_eigenvectors(nodes=10, edges=20, vectors=9, iterations=800),
    draw=draw,
    reference=lambda incidence, start: subspace_iteration(incidence, start, 800),
    layers=8000,
    width=30,
    error=1.6e-15,
    samples=20,
).register("laplacian-eigenvectors")
