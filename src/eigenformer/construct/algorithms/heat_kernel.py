"""The heat kernel of a graph: Psi exp(-s L).

Cheng, Carin and Sra 2024, "Graph Transformers Dream of Electric Flow" (arXiv 2410.16699);
derivations.md, section 8.
"""

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from ...core import InputError, at_least, positive
from ..blocks import Layout, Move
from ..catalogue import CATALOGUE, Construction
from ..network import Network
from ..parts import Layer
from ..spec import Port, Spec, Stage
from .graphs import (
    SOURCE,
    check_columns,
    draw_with_identity,
    incidence_port,
    laplacian,
    laplacian_head,
    spectrum,
)


def heat_kernel(
    nodes: int,
    edges: int,
    signals: int,
    time: float,
    layers: int,
    *,
    dense: bool = False,
    dtype: torch.dtype = torch.float64,
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
        check_columns(incidence)
        largest = float(spectrum(incidence)[..., -1].max())
        if step * largest >= 2:
            raise InputError(
                f"layers is {layers}, but with time {time:g} and lambda_max = {largest:.4g} of a "
                f"graph the product grows without bound; give at least "
                f"{int(time * largest / 2) + 1} layers, and over {int(time * largest) + 1} to be "
                "accurate"
            )
        return incidence, given

    ports = (
        incidence_port(nodes, edges),
        Port(name="signals", shape=(signals, nodes), block="phi"),
    )
    layer = Layer(heads=(laplacian_head(layout, (Move(phi, phi, -step),)),))
    return Network(
        Spec(
            name="heat kernel",
            layout=layout,
            tokens=nodes,
            stages=(Stage(layers=(layer,), repeat=layers),),
            inputs=ports,
            given=ports,
            output=Port(name="heat", shape=(signals, nodes), block="phi"),
            prepare=prepare,
            notes=("the input map changes nothing; it refuses graphs whose modes would grow",),
            theorem={"heads": "1", "width": "m + 2k"},
        ),
        dense=dense,
        dtype=dtype,
    )


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


def exact_heat(
    incidence: Float64[np.ndarray, "*B n m"],
    signals: Float64[np.ndarray, "*B k n"],
    time: float,
) -> Float64[np.ndarray, "*B k n"]:
    """Psi exp(-time L) by LAPACK's eigenvalues."""
    values, vectors = np.linalg.eigh(laplacian(incidence))
    decay = np.exp(-time * values)[..., None, :]
    found: np.ndarray = signals @ (vectors * decay) @ vectors.swapaxes(-1, -2)
    return found


def _heat_kernel() -> Construction:
    return Construction(
        summary="heat kernel exp(-L/2) of a graph, first order, 128 layers",
        source=SOURCE,
        build=lambda: heat_kernel(nodes=10, edges=20, signals=10, time=0.5, layers=128),
        draw=draw_with_identity,
        reference=lambda incidence, signals: exact_heat(incidence, signals, 0.5),
        layers=128,
        heads=1,
        width=30,
        error=3.9e-3,
        kind="approximation",
        theorem={"heads": "1", "width": "m + 2k = 40"},
    )


CATALOGUE.register("heat-kernel", _heat_kernel)
