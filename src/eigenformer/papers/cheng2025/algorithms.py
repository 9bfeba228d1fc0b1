"""The iterations under the constructions, with a multiplier of their step that can be tuned.

`construct` has them as networks, with each graph's own step: multiplier 1 here. At few layers a
longer or shorter step is better, so that is what a trained model has to beat.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from ...incontext import Graphs, GraphTask

MULTIPLIERS = tuple(float(v) for v in torch.logspace(-1, 0.5, 31, dtype=torch.float64))
"""0.1 to 3.2, in equal ratios; 1 is one of them."""


Spectrum = tuple[float, float]
"""lambda_max and lambda_2, which set the step."""


def mean_spectrum(graphs: Graphs) -> Spectrum:
    """Over the graphs of a batch."""
    values = torch.linalg.eigvalsh(graphs.laplacian)
    return float(values[:, -1].mean()), float(values[:, 1].mean())


def iterate(
    task: GraphTask,
    graphs: Graphs,
    layers: int,
    *,
    multiplier: float = 1.0,
    spectrum: Spectrum | None = None,
) -> Float[Tensor, "B k n"]:
    """The answer after `layers` layers of the construction, up to a factor for the embedding.

    - potentials: Richardson's iteration from 0, step 2 / (lambda_max + lambda_2);
    - embedding: Newton and Schulz's iteration, from L / lambda_max;
    - heat: (1 - time L / layers)^layers.

    With one `spectrum` for all graphs the layers have fixed weights; without, each graph's own is
    used, as by the input map of `construct`'s networks.
    """
    laplacian, psi = graphs.laplacian, graphs.demands
    if task.quantity == "heat":
        phi = psi
        for _ in range(layers):
            phi = phi - (multiplier * task.time / layers) * (phi @ laplacian)
        return phi
    if spectrum is None:
        values = torch.linalg.eigvalsh(laplacian)
        largest, second = values[:, -1, None, None], values[:, 1, None, None]
    else:
        largest, second = (laplacian.new_tensor(value) for value in spectrum)
    if task.quantity == "potentials":
        step = multiplier * 2 / (largest + second)
        phi = torch.zeros_like(psi)
        for _ in range(layers):
            phi = phi - step * (phi @ laplacian - psi)
        return phi
    eye = torch.eye(laplacian.shape[1], dtype=laplacian.dtype)
    t, phi = laplacian * (multiplier / largest), psi
    for _ in range(layers):
        half = eye - t / 3
        phi = phi @ half
        t = 2.25 * (half @ t @ half)
    return phi


def algorithm_loss(
    task: GraphTask,
    graphs: Graphs,
    layers: int,
    *,
    multiplier: float = 1.0,
    spectrum: Spectrum | None = None,
) -> float:
    found = iterate(task, graphs, layers, multiplier=multiplier, spectrum=spectrum)
    return float(task.loss(found, graphs))


def best_multiplier(
    task: GraphTask, graphs: Graphs, layers: int, spectrum: Spectrum | None = None
) -> float:
    """The one of `MULTIPLIERS` with the least loss on `graphs`."""
    return min(
        MULTIPLIERS,
        key=lambda m: algorithm_loss(task, graphs, layers, multiplier=m, spectrum=spectrum),
    )
