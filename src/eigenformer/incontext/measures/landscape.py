"""Gradient noise, and the Hessian's conditioning, at a model's weights (Ahn et al. 2024)."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import functional_call

from ...core import InputError
from ..batches import Batch
from ..models import InContextModel
from ..tasks import Task


def gradient(model: InContextModel, task: Task, batch: Batch) -> Float[Tensor, " parameters"]:
    """The gradient of the mean loss, all parameters as one vector."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise InputError(
            "the model has no parameter that requires a gradient; call requires_grad_(True)"
        )
    with torch.enable_grad():
        found = torch.autograd.grad(task.loss(model(batch), batch), parameters)
    return torch.cat([part.flatten() for part in found])


def gradient_noise(
    model: InContextModel, task: Task, *, seed: int = 0, batch: int = 20, samples: int = 1000
) -> Float[Tensor, " samples"]:
    """||gradient of a batch - mean gradient||_2 for `samples` batches, their mean for the mean."""
    like = next(model.parameters())
    total = torch.zeros((), dtype=torch.float64, device=like.device)
    gradients = []
    for index in range(samples):
        drawn = task.draw(seed, index, batch, purpose="noise", dtype=like.dtype).to(like.device)
        gradients.append(gradient(model, task, drawn))
        total = total + gradients[-1].double()
    mean = total / samples
    return torch.stack([(each - mean).norm() for each in gradients])


def kurtosis(values: Float[Tensor, " v"]) -> float:
    """E (v - mean)^4 / variance^2: 3 for a normal law, more for heavier tails (`scipy.stats`)."""
    centred = values.double() - values.double().mean()
    return float(centred.pow(4).mean() / centred.square().mean().square())


def hessian_eigenvalues(
    model: InContextModel, task: Task, batch: Batch
) -> Float[Tensor, " parameters"]:
    """The eigenvalues, ascending, of the Hessian of the mean loss in all trained parameters.

    The whole matrix is computed: for models of up to some thousands of parameters.
    """
    named = {name: p.detach() for name, p in model.named_parameters()}
    sizes = [p.numel() for p in named.values()]

    def loss(vector: Tensor) -> Tensor:
        parts = torch.split(vector, sizes)
        weights = {
            name: part.view_as(p) for (name, p), part in zip(named.items(), parts, strict=True)
        }
        return task.loss(functional_call(model, weights, (batch,)), batch)

    point = torch.cat([p.flatten() for p in named.values()])
    # Not torch.func.hessian: its forward mode scripts code, which torch itself calls deprecated.
    hessian: Tensor = torch.func.jacrev(torch.func.grad(loss))(point)
    eigenvalues: Tensor = torch.linalg.eigvalsh((hessian + hessian.T) / 2)
    return eigenvalues


def robust_condition(eigenvalues: Float[Tensor, " parameters"]) -> float:
    """lambda_max / lambda_median, the median over the sizes of the eigenvalues.

    (Ahn et al. 2024, section 3; after Jiang, Malik and Li 2023.)
    """
    return float(eigenvalues.max() / eigenvalues.abs().median())
