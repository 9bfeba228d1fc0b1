"""The resistive embedding Psi L^{+1/2} of a graph, with quadratic convergence.

Cheng, Carin and Sra 2024, "Graph Transformers Dream of Electric Flow" (arXiv 2410.16699);
derivations.md, section 8. For Psi = I (the input map makes it I - 11^T/n) the columns of the
answer are the nodes, and the squared distance of two columns is their effective resistance.

The layers whiten the graph: Newton and Schulz's iteration for the inverse square root. The same
layers serve the electric potentials (`electric.electric_quadratic`).
"""

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from ...core import InputError, at_least, positive
from ..blocks import Layout, Move, RowMap
from ..catalogue import CATALOGUE, Construction
from ..network import Network
from ..parts import Head, Layer
from ..spec import Port, Spec, Stage
from .graphs import (
    SOURCE,
    centred,
    connected_spectrum,
    draw_with_identity,
    incidence_port,
    laplacian,
    laplacian_head,
)

CENTRED = "the input map takes each demand's mean away: L^+ does not see it"


def resistive_embedding(
    nodes: int,
    edges: int,
    demands: int,
    layers: int,
    lambda_max: float | None = None,
    *,
    dense: bool = False,
    dtype: torch.dtype = torch.float64,
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
    layout = whitening_layout(nodes, edges, demands)
    positive(lambda_max=lambda_max)
    scale = 1.0 if lambda_max is None else 1 / lambda_max
    spec = whitening_spec(
        "resistive embedding",
        nodes,
        layout,
        tuple(
            Layer(heads=(whitening_head(layout, layer, scale, both=True),))
            for layer in range(layers)
        ),
        lambda_max=lambda_max,
        power=1,
        output_scale=1.5**layers * scale**0.5,
        theorem={"heads": "1", "width": "m + 2k"},
    )
    return Network(spec, dense=dense, dtype=dtype)


def whitening_layout(nodes: int, edges: int, demands: int) -> Layout:
    """[B^T (m rows); Phi (k)]."""
    at_least(2, nodes=nodes)
    at_least(1, edges=edges, demands=demands)
    return Layout.of(B=edges, phi=demands)


def whitening_head(layout: Layout, stage: int, scale: float, *, both: bool) -> Head:
    """Multiplies Phi, and B^T if `both`, by I - (9/4)^stage (scale/3) L."""
    factor = -(2.25**stage) * scale / 3
    value: RowMap = (Move(layout["phi"], layout["phi"], factor),)
    if both:
        value = (Move(layout["B"], layout["B"], factor), *value)
    return laplacian_head(layout, value)


def whitening_spec(
    name: str,
    nodes: int,
    layout: Layout,
    layers: tuple[Layer, ...],
    *,
    lambda_max: float | None,
    power: int,
    output_scale: float,
    theorem: dict[str, str],
) -> Spec:
    """The network of whitening layers, for Psi (L^+)^(power/2)."""
    edges, demands = layout["B"].count, layout["phi"].count

    def prepare(incidence: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        largest = connected_spectrum(incidence)[..., -1]
        if lambda_max is None:
            root = largest.sqrt().to(incidence.dtype)[..., None, None]
            return incidence / root, centred(given) / root**power
        if float(largest.max()) >= 3 * lambda_max:
            raise InputError(
                f"lambda_max is {lambda_max:g}, but a graph's is {float(largest.max()):.4g}, three "
                "times that or more, so the iteration would diverge; build the network with an "
                "upper bound, or without one for each graph's own"
            )
        return incidence, centred(given)

    ports = (
        incidence_port(nodes, edges),
        Port(name="demands", shape=(demands, nodes), block="phi"),
    )
    notes = [CENTRED, f"the output is read times {output_scale:g}"]
    if lambda_max is None:
        divisor = "the root of lambda_max" if power == 1 else "lambda_max"
        notes.append(
            f"the input map divides B by the root of each graph's lambda_max, and Psi by {divisor}"
        )
    return Spec(
        name=name,
        layout=layout,
        tokens=nodes,
        stages=(Stage(layers=layers),),
        inputs=ports,
        given=ports,
        output=Port(name="output", shape=(demands, nodes), block="phi", sign=output_scale),
        prepare=prepare,
        notes=tuple(notes),
        theorem=theorem,
    )


def newton_schulz_error(condition: float, steps: int, *, power: int) -> float:
    """The error along lambda_2's eigenvector, relative: 1 - t^(power/2) after `steps` steps.

    `power` is 1 for L^{+1/2} (steps: layers) and 2 for L^+ (steps: stages of two layers). The other
    eigenvectors' errors are smaller by then, unless the errors are near 1.
    """
    t = 1 / condition
    for _ in range(steps):
        t = 2.25 * t * (1 - t / 3) ** 2
    return float(abs(1 - t ** (power / 2)))


def exact_embedding(
    incidence: Float64[np.ndarray, "*B n m"], demands: Float64[np.ndarray, "*B k n"]
) -> Float64[np.ndarray, "*B k n"]:
    """Psi L^{+1/2} by LAPACK, for connected graphs."""
    values, vectors = np.linalg.eigh(laplacian(incidence))
    vectors = vectors[..., 1:] / values[..., None, 1:] ** 0.25
    found: np.ndarray = demands @ vectors @ vectors.swapaxes(-1, -2)
    return found


def effective_resistances(
    embedding: Float64[np.ndarray, "*B k n"],
) -> Float64[np.ndarray, "*B n n"]:
    """Squared distances of the columns: effective resistances, if the demands were I."""
    difference = embedding[..., :, :, None] - embedding[..., :, None, :]
    found: np.ndarray = (difference**2).sum(axis=-3)
    return found


def _resistive() -> Construction:
    return Construction(
        summary="resistive embedding of a graph with quadratic convergence, 9 layers",
        source=SOURCE,
        build=lambda: resistive_embedding(nodes=10, edges=20, demands=10, layers=9),
        draw=draw_with_identity,
        reference=exact_embedding,
        layers=9,
        heads=1,
        width=30,
        error=8.5e-16,
        theorem={"heads": "1", "width": "m + 2k = 40"},
    )


CATALOGUE.register("resistive", _resistive)
