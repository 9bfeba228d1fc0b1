"""Electric potentials Phi = Psi L^+ of a graph, and the flow that they drive, from its edges alone.

Cheng, Carin and Sra 2024, "Graph Transformers Dream of Electric Flow" (arXiv 2410.16699);
derivations.md, section 8. Demands Psi [k, n] say what enters (+) and leaves (-) each node; the
potentials solve Phi L = Psi. Two ways: Richardson's iteration, whose error falls by
(kappa - 1)/(kappa + 1) a layer (kappa = lambda_max / lambda_2), and a quadratically convergent one.
"""

import math
from dataclasses import replace
from typing import Unpack

import numpy as np
from torch import Tensor

from ...core import InputError, at_least, positive
from ..blocks import Layout, Move
from ..network import Network, NetworkOptions
from ..parts import Layer
from ..spec import Port, Spec, Stage
from . import graphs
from .heads import head
from .resistive import CENTRED, whitening_spec


def electric_potentials(
    nodes: int,
    edges: int,
    demands: int,
    iterations: int,
    step: float | None = None,
    **options: Unpack[NetworkOptions],
) -> Network:
    """Psi L^+ by Richardson's iteration: `net(incidence [n, m], demands [k, n])` -> [k, n].

        Phi <- Phi - step (Phi L - Psi),   Phi_0 = 0,   L = B B^T

    Blocks [B^T (m rows); Psi (k); Phi (k)], 1 layer an iteration, 1 head (V = -step on Phi, K = Q =
    the rows B), the linear map R: Phi <- step Psi; width m + 2k. After l iterations the error is
    `richardson_error(kappa, l)` of the answer for step = `best_step(lambda_max, lambda_2)`.

    With `step` the weights are those of the source, and a graph with step >= 2 / lambda_max is
    refused, as the iteration would diverge. Without, the weights have step 1 and the input map
    multiplies B by sqrt(s) and Psi by s, s = 2 / (lambda_max + lambda_2) of the graph at hand: the
    same recursion with each graph's best step. Equivalent to `demands @ np.linalg.pinv(B @ B.T)`.

    A demand's mean is taken away, as L^+ 1 = 0. A disconnected graph is refused.
    """
    return Network(_richardson(nodes, edges, demands, iterations, step), **options)


def electric_flow(
    nodes: int,
    edges: int,
    demands: int,
    iterations: int,
    step: float | None = None,
    **options: Unpack[NetworkOptions],
) -> Network:
    """The flow Phi B on the edges, [k, m]: `electric_potentials` and one layer more.

    f = Psi L^+ B meets the demands, f B^T = Psi, with the least sum of squares, which is the
    energy: f_e is the current of edge e divided by the root of its conductance (the entry of B).
    The last layer writes B^T Phi^T E over the rows of B (E = [I_k | 0], k rows more; so k <= n),
    with the linear map R: B <- -B. Width m + 3k.
    """
    spec = _richardson(nodes, edges, demands, iterations, step, flow=True)
    layout, block = spec.layout, spec.layout["B"]
    last = Layer(
        heads=(head(Move(block, block), layout["phi"], layout["E"]),),
        linear=(Move(block, block, -1.0),),
    )
    spec = replace(
        spec,
        name="electric flow",
        stages=(*spec.stages, Stage(layers=(last,))),
        output=Port(name="flow", shape=(demands, edges), block="B", transposed=True),
        constants={"E": np.eye(demands, nodes)},
        identities=("E",),
        theorem={},
    )
    return Network(spec, **options)


def _richardson(
    nodes: int,
    edges: int,
    demands: int,
    iterations: int,
    step: float | None,
    *,
    flow: bool = False,
) -> Spec:
    at_least(2, nodes=nodes)
    at_least(1, edges=edges, demands=demands, iterations=iterations)
    positive(step=step)
    if flow and demands > nodes:
        raise InputError(f"{demands} demands on {nodes} nodes; the flow has room for {nodes}")
    layout = Layout.of(B=edges, psi=demands, phi=demands, **({"E": demands} if flow else {}))
    weight = 1.0 if step is None else float(step)
    phi, psi = layout["phi"], layout["psi"]
    linear = (Move(phi, psi, weight),)
    layer = graphs.laplacian_layer(layout, Move(phi, phi, -weight), linear=linear)

    def prepare(incidence: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        values = graphs.connected_spectrum(incidence)
        if step is not None:
            largest = float(values[..., -1].max())
            if step * largest >= 2:
                raise InputError(
                    f"step is {step:g}, at or beyond 2/lambda_max = {2 / largest:.4g} of a graph, "
                    "so the iteration would diverge; build the network with a smaller step, or "
                    "without one for each graph's best"
                )
            return incidence, graphs.centred(given)
        best = (2 / (values[..., -1] + values[..., 1])).to(incidence.dtype)[..., None, None]
        # Flows need Phi B of the graph as given, which is Phi / sqrt(s) times sqrt(s) B.
        return incidence * best.sqrt(), graphs.centred(given) * (best.sqrt() if flow else best)

    scaled = (
        "the input map multiplies B by sqrt(s) and Psi by s (by sqrt(s) for the flow), "
        "s = 2 / (lambda_max + lambda_2) of each graph"
    )
    return graphs.network_spec(
        "electric potentials",
        layout,
        nodes,
        (Stage(layers=(layer,), repeat=iterations),),
        given="demands",
        block="psi",
        output="potentials",
        prepare=prepare,
        notes=(CENTRED,) if step is not None else (CENTRED, scaled),
    )


def electric_quadratic(
    nodes: int,
    edges: int,
    demands: int,
    stages: int,
    lambda_max: float | None = None,
    **options: Unpack[NetworkOptions],
) -> Network:
    """Psi L^+ with quadratic convergence: `net(incidence [n, m], demands [k, n])` -> [k, n].

        stage l:   c = (9/4)^l / (3 lambda_max)
                   Phi <- Phi (I - c L),   then   Phi <- Phi (I - c L),  B^T <- B^T (I - c L)

    from Phi = Psi, read times (9/4)^stages / lambda_max. With t = (9/4)^l L / lambda_max a stage
    maps t <- (9/4) t (1 - t/3)^2, which tends to 1, and leaves L^+ t in Phi: the error is
    `newton_schulz_error(kappa, stages, power=2)`. Blocks [B^T (m rows); Phi (k)], 2 layers a stage,
    1 head, width m + k.

    Stop when converged: the whitening overwrites B, and what rounding leaves of the demands' mean
    grows by 9/4 a stage. Without `lambda_max` the input map divides B by the root of each graph's
    own, and Psi by it. With it, any number above a third of a graph's will do; a smaller one is
    refused, as t >= 3 does not come back.
    """
    at_least(1, stages=stages)
    name = "electric potentials, quadratic"
    spec = whitening_spec(name, nodes, edges, demands, stages, lambda_max, power=2)
    return Network(spec, **options)


def best_step(lambda_max: float, lambda_2: float) -> float:
    """The step with the fastest convergence of Richardson's iteration."""
    positive(lambda_max=lambda_max, lambda_2=lambda_2)
    return 2 / (lambda_max + lambda_2)


def richardson_error(condition: float, iterations: int) -> float:
    """((kappa - 1) / (kappa + 1))^iterations: the factor that is left of the error, at most."""
    return ((condition - 1) / (condition + 1)) ** iterations


def iterations_for(condition: float, error: float) -> int:
    """The iterations of Richardson's method that leave a factor `error` of the error."""
    positive(error=error)
    if not (condition > 1 and error < 1):
        return 1
    return math.ceil(math.log(error) / math.log(richardson_error(condition, 1)))


def richardson(
    incidence: graphs.Incidence, demands: graphs.Demands, iterations: int, step: float | None = None
) -> graphs.Demands:
    """The recursion in NumPy, with each graph's best step unless told otherwise."""
    graph = graphs.laplacian(incidence)
    largest, second = graphs.extremes(incidence)
    steps = 2 / (largest + second) if step is None else step
    balanced = demands - demands.mean(axis=-1, keepdims=True)
    potentials = np.zeros_like(demands)
    for _ in range(iterations):
        potentials = potentials - steps * (potentials @ graph - balanced)
    return potentials


def exact_potentials(incidence: graphs.Incidence, demands: graphs.Demands) -> graphs.Demands:
    """Psi L^+ by LAPACK."""
    return np.asarray(
        demands @ np.linalg.pinv(graphs.laplacian(incidence), rcond=1e-12, hermitian=True)
    )


def draw(rng: np.random.Generator, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Skip rings no worse conditioned than the one of section 8, and 10 demands on each."""
    demands = rng.normal(size=(batch, 10, 10))
    return graphs.draw_skip_rings(rng, batch, condition=graphs.CONDITION), demands


graphs.entry(
    summary="electric potentials of a graph by Richardson's iteration, 80 layers",
    build=lambda: electric_potentials(nodes=10, edges=20, demands=10, iterations=80),
    draw=draw,
    reference=lambda incidence, demands: richardson(incidence, demands, 80),
    layers=80,
    width=40,
    error=3.9e-15,
    limit=exact_potentials,
    rate=lambda layers: richardson_error(graphs.CONDITION, layers),
).register("electric")
graphs.entry(
    summary="the electric flow on a graph's edges, 160 iterations and a layer",
    build=lambda: electric_flow(nodes=10, edges=20, demands=10, iterations=160),
    draw=draw,
    reference=lambda incidence, demands: richardson(incidence, demands, 160) @ incidence,
    layers=161,
    width=50,
    error=3.9e-15,
    theorem={},
).register("electric-flow")
graphs.entry(
    summary="electric potentials of a graph with quadratic convergence, 18 layers",
    build=lambda: electric_quadratic(nodes=10, edges=20, demands=10, stages=9),
    draw=draw,
    reference=exact_potentials,
    layers=18,
    width=30,
    error=8.7e-15,
).register("electric-quadratic")
