"""The resistive embedding Psi L^{+1/2} of a graph, with quadratic convergence.

Cheng, Carin and Sra 2024, "Graph Transformers Dream of Electric Flow" (arXiv 2410.16699);
derivations.md, section 8. For Psi = I (the input map makes it I - 11^T/n) the columns of the
answer are the nodes, and the squared distance of two columns is their effective resistance.

The layers whiten the graph: Newton and Schulz's iteration for the inverse square root. The same
layers serve the electric potentials (`electric.electric_quadratic`).
"""

from dataclasses import replace
from typing import Unpack

import numpy as np
from jaxtyping import Float64
from torch import Tensor

from ...core import InputError, at_least, positive
from ..blocks import Layout, Move
from ..network import Network, NetworkOptions
from ..parts import Layer
from ..spec import Spec, Stage
from . import graphs

CENTRED = "the input map takes each demand's mean away: L^+ does not see it"


def resistive_embedding(
    nodes: int,
    edges: int,
    demands: int,
    layers: int,
    lambda_max: float | None = None,
    **options: Unpack[NetworkOptions],
) -> Network:
    """Psi L^{+1/2}: `net(incidence [n, m], demands [k, n])` -> [k, n].

        layer l:   c = (9/4)^l / (3 lambda_max)
                   Phi <- Phi (I - c L),   B^T <- B^T (I - c L)

    from Phi = Psi, read times sqrt((9/4)^layers / lambda_max). With t = (9/4)^l L / lambda_max a
    layer maps t <- (9/4) t (1 - t/3)^2, which tends to 1, and leaves (L^+ t)^(1/2) in Phi: the
    error is `newton_schulz_error(kappa, layers, power=1)`. Blocks [B^T (m rows); Phi (k)], 1 layer
    an iteration, 1 head (V = -c on both, K = Q = the rows B), width m + k.

    Stop when converged: the whitening overwrites B, and what rounding leaves of the demands' mean
    grows by 3/2 a layer. Without `lambda_max` the input map divides B, and Psi, by the root of each
    graph's own. With it, any number above a third of a graph's will do; a smaller one is refused,
    as t >= 3 does not come back. A demand's mean is taken away; a disconnected graph is refused.
    """
    at_least(1, layers=layers)
    spec = whitening_spec("resistive embedding", nodes, edges, demands, layers, lambda_max, power=1)
    return Network(spec, **options)


def whitening_spec(
    name: str,
    nodes: int,
    edges: int,
    demands: int,
    stages: int,
    lambda_max: float | None,
    *,
    power: int,
) -> Spec:
    """The network for Psi (L^+)^(power/2): `power` layers a stage, the last of which whitens B."""
    at_least(2, nodes=nodes)
    at_least(1, edges=edges, demands=demands)
    positive(lambda_max=lambda_max)
    layout = Layout.of(B=edges, phi=demands)
    scale = 1.0 if lambda_max is None else 1 / lambda_max
    layers: list[Layer] = []
    for stage in range(stages):
        factor = -(2.25**stage) * scale / 3
        block, phi = (Move(rows, rows, factor) for _, rows in layout.items())
        layers += [graphs.laplacian_layer(layout, phi)] * (power - 1)
        layers.append(graphs.laplacian_layer(layout, block, phi))
    output_scale = 1.5**stages * scale**0.5 if power == 1 else 2.25**stages * scale

    def prepare(incidence: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        largest = graphs.connected_spectrum(incidence)[..., -1]
        if lambda_max is None:
            root = largest.sqrt().to(incidence.dtype)[..., None, None]
            return incidence / root, graphs.centred(given) / root**power
        if float(largest.max()) >= 3 * lambda_max:
            raise InputError(
                f"lambda_max is {lambda_max:g}, but a graph's is {float(largest.max()):.4g}, three "
                "times that or more, so the iteration would diverge; build the network with an "
                "upper bound, or without one for each graph's own"
            )
        return incidence, graphs.centred(given)

    notes: tuple[str, ...] = (CENTRED, f"the output is read times {output_scale:g}")
    if lambda_max is None:
        divisor = "the root of lambda_max" if power == 1 else "lambda_max"
        scaled = "the input map divides B by the root of each graph's lambda_max, and Psi by "
        notes = (*notes, scaled + divisor)
    spec = graphs.network_spec(
        name,
        layout,
        nodes,
        (Stage(layers=tuple(layers)),),
        given="demands",
        output="output",
        prepare=prepare,
        notes=notes,
    )
    return replace(spec, output=replace(spec.output, sign=output_scale))


def newton_schulz_error(condition: float, steps: int, *, power: int) -> float:
    """The error along lambda_2's eigenvector, relative: 1 - t^(power/2) after `steps` steps.

    `power` is 1 for L^{+1/2} (steps: layers) and 2 for L^+ (steps: stages of two layers). The other
    eigenvectors' errors are smaller by then, unless the errors are near 1.
    """
    t = 1 / condition
    for _ in range(steps):
        t = 2.25 * t * (1 - t / 3) ** 2
    return float(abs(1 - t ** (power / 2)))


def exact_embedding(incidence: graphs.Incidence, demands: graphs.Demands) -> graphs.Demands:
    """Psi L^{+1/2} by LAPACK, for connected graphs."""
    values, vectors = np.linalg.eigh(graphs.laplacian(incidence))
    vectors = vectors[..., 1:] / values[..., None, 1:] ** 0.25
    return np.asarray(demands @ vectors @ vectors.swapaxes(-1, -2))


def effective_resistances(embedding: graphs.Demands) -> Float64[np.ndarray, "*B n n"]:
    """Squared distances of the columns: effective resistances, if the demands were I."""
    difference = embedding[..., :, :, None] - embedding[..., :, None, :]
    return np.asarray((difference**2).sum(axis=-3))


graphs.entry(
    summary="resistive embedding of a graph with quadratic convergence, 9 layers",
    build=lambda: resistive_embedding(nodes=10, edges=20, demands=10, layers=9),
    draw=graphs.draw_with_identity,
    reference=exact_embedding,
    layers=9,
    width=30,
    error=8.5e-16,
).register("resistive")
