"""How alike a model and an algorithm are: sensitivities to the query (von Oswald et al. 2023)."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from ..algorithms import RegressionAlgorithm
from ..batches import Prompts, at_query
from ..models import InContextModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """Means over prompts."""

    cosine: float
    """Of the two sensitivities."""
    sensitivity_difference: float
    """||difference of the sensitivities||_2"""
    prediction_difference: float
    """|difference of the predictions|"""


def sensitivities(model: InContextModel, prompts: Prompts) -> Float[Tensor, "B d"]:
    """d prediction / d x_q of each prompt: an algorithm that is linear in the query has its w."""
    with torch.enable_grad():
        query = prompts.query.detach().clone().requires_grad_(True)
        prediction = at_query(model(replace(prompts, query=query)))
        # Prompts do not meet, so the sum's gradient holds each prompt's own.
        (gradient,) = torch.autograd.grad(prediction.sum(), query)
    return gradient


def alignment(
    model: InContextModel, algorithm: RegressionAlgorithm, prompts: Prompts, step: int
) -> Alignment:
    """The model beside the algorithm's iterate after `step` steps."""
    mine = sensitivities(model, prompts)
    other = algorithm.weights(prompts, step)[-1]
    with torch.no_grad():
        prediction = at_query(model(prompts))
    expected = (other * prompts.query).sum(dim=1)
    cosine = torch.cosine_similarity(mine, other, dim=1, eps=torch.finfo(mine.dtype).tiny)
    return Alignment(
        cosine=float(cosine.mean()),
        sensitivity_difference=float((mine - other).norm(dim=1).mean()),
        prediction_difference=float((prediction - expected).abs().mean()),
    )


def response(
    model: InContextModel, prompts: Prompts, values: Float[Tensor, " V"], coordinate: int = 0
) -> Float[Tensor, "V B"]:
    """Predictions as one coordinate of the query takes each value, all else the same.

    Beside it, the truth is linear: w* . x_q (Giannou et al. 2024: values in [-14.9, 14.9] hold 99%
    of what was trained on, [-100, 100] goes far beyond).
    """
    found = []
    with torch.no_grad():
        for value in values:
            query = prompts.query.clone()
            query[:, coordinate] = value
            found.append(at_query(model(replace(prompts, query=query))))
    return torch.stack(found)
