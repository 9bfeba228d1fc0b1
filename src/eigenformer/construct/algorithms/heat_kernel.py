"""The heat kernel of a graph: Psi exp(-s L).

Cheng, Carin and Sra 2024, "Graph Transformers Dream of Electric Flow" (arXiv 2410.16699);
derivations.md, section 8.
"""

from typing import Unpack

import numpy as np
from torch import Tensor

from ...core import InputError, at_least, positive
from ..blocks import Layout, Move
from ..network import Network, NetworkOptions
from ..spec import Stage
from . import graphs


def heat_kernel(
    nodes: int,
    edges: int,
    signals: int,
    time: float,
    layers: int,
    **options: Unpack[NetworkOptions],
) -> Network:
    """Psi exp(-time L): `net(incidence [n, m], signals [k, n])` -> [k, n].

        Phi <- Phi - (time/layers) Phi L,   Phi_0 = Psi

    so Psi (I - time L / layers)^layers, first order. Blocks [B^T (m rows); Phi (k)], 1 head (V =
    -time/layers on Phi, K = Q = the rows B), every layer the same, width m + k. The error is at
    most `heat_kernel_error(time, layers, lambda_max)` of the signals' norm. Equivalent to `signals
    @ scipy.linalg.expm(-time * B @ B.T)`.

    A graph with time lambda_max / layers >= 2 is refused, as its fastest modes would grow. The
    graph may be disconnected, and a signal's mean is kept.
    """
    at_least(2, nodes=nodes)
    at_least(1, edges=edges, signals=signals, layers=layers)
    positive(time=time)
    layout = Layout.of(B=edges, phi=signals)
    phi = layout["phi"]
    step = time / layers

    def prepare(incidence: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        graphs.check_columns(incidence)
        largest = float(graphs.spectrum(incidence)[..., -1].max())
        if step * largest >= 2:
            raise InputError(
                f"layers is {layers}, but with time {time:g} and lambda_max = {largest:.4g} of a "
                f"graph the product grows without bound; give at least "
                f"{int(time * largest / 2) + 1} layers, and over {int(time * largest) + 1} to be "
                "accurate"
            )
        return incidence, given

    layer = graphs.laplacian_layer(layout, Move(phi, phi, -step))
    spec = graphs.network_spec(
        "heat kernel",
        layout,
        nodes,
        (Stage(layers=(layer,), repeat=layers),),
        given="signals",
        output="heat",
        prepare=prepare,
        notes=("the input map changes nothing; it refuses graphs whose modes would grow",),
    )
    return Network(spec, **options)


def heat_kernel_error(time: float, layers: int, lambda_max: float) -> float:
    """A bound on ||(I - time L / layers)^layers - exp(-time L)||_2.

    The largest |(1 - x/m)^m - exp(-x)| for x from 0 to time lambda_max: up to x = m it is at most
    2/e^2 / m (1 + 3/m) (x = 2, where x^2 exp(-x) / 2m is largest); beyond, |1 - x/m|^m + exp(-x).
    """
    end = time * lambda_max
    bound = 2 * np.exp(-2.0) / layers * (1 + 3 / layers)
    if end > layers:
        bound = max(bound, (end / layers - 1) ** layers + np.exp(-layers))
    return float(bound)


def exact_heat(incidence: graphs.Incidence, signals: graphs.Demands, time: float) -> graphs.Demands:
    """Psi exp(-time L) by LAPACK's eigenvalues."""
    values, vectors = np.linalg.eigh(graphs.laplacian(incidence))
    decay = np.exp(-time * values)[..., None, :]
    return np.asarray(signals @ (vectors * decay) @ vectors.swapaxes(-1, -2))


graphs.entry(
    summary="heat kernel exp(-L/2) of a graph, first order, 128 layers",
    build=lambda: heat_kernel(nodes=10, edges=20, signals=10, time=0.5, layers=128),
    draw=graphs.draw_with_identity,
    reference=lambda incidence, signals: exact_heat(incidence, signals, 0.5),
    layers=128,
    width=30,
    error=3.9e-3,
    kind="approximation",
).register("heat-kernel")
