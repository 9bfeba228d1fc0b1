"""Similarity of errors and of induced weights, and the steps that match best (Fu et al. 2024).

An error vector of one prompt holds the errors of predicting y_2, ..., y_{n+1}, each from the pairs
before it. SimE is the mean cosine of two algorithms' error vectors; SimW that of their weights.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from ...core import InputError
from ..algorithms import RegressionAlgorithm
from ..batches import Prompts, at_query
from ..models import InContextModel
from ..source import Source
from ..tasks.graph import unit

# Shapes: A layers or steps of one algorithm, S of another, B batch, n pairs, d features.


def prefix(prompts: Prompts, pairs: int) -> Prompts:
    """The first `pairs` pairs, asking for the next label (the query's, if all are taken)."""
    n = prompts.x.shape[1]
    if not 1 <= pairs <= n:
        raise InputError(f"pairs is {pairs}; give 1 to {n}")
    if pairs == n:
        return prompts
    return replace(
        prompts,
        x=prompts.x[:, :pairs],
        y=prompts.y[:, :pairs],
        query=prompts.x[:, pairs],
        target=prompts.y[:, pairs],
    )


def prefix_errors(
    algorithm: RegressionAlgorithm | Callable[[int], RegressionAlgorithm],
    prompts: Prompts,
    steps: int,
) -> Float[Tensor, "S B n"]:
    """The errors after each of 0 .. `steps` steps at y_2, .., y_n and the query.

    Of an algorithm, or of one for each number of pairs.
    """
    found = []
    for pairs in range(1, prompts.x.shape[1] + 1):
        part = prefix(prompts, pairs)
        taken = algorithm if isinstance(algorithm, RegressionAlgorithm) else algorithm(pairs)
        found.append(taken.predictions(part, steps) - part.target)
    return torch.stack(found, dim=2)


def model_errors(
    predictions: Float[Tensor, "A B tokens"], prompts: Prompts
) -> Float[Tensor, "A B n"]:
    """The same for predictions of every label, as a causal model or `fit_readouts` makes them.

    The first label, which nothing precedes, is left out.
    """
    return (predictions - prompts.labels)[:, :, 1:]


def similarity(a: Float[Tensor, "A B v"], b: Float[Tensor, "S B v"]) -> Float[Tensor, "A S"]:
    """The mean over prompts of the cosine of a's and b's vectors: SimE or SimW, as a heat map.

    A vector of zeros, an algorithm without any error, has cosine 0 with every other.
    """
    return torch.einsum("abv,sbv->as", unit(a, (2,)), unit(b, (2,))) / a.shape[1]


def best_match(heat: Float[Tensor, "A S"]) -> tuple[Int64[Tensor, " A"], Float[Tensor, " A"]]:
    """For each row of a heat map the step with the highest similarity, and how high that is."""
    values, steps = heat.max(dim=1)
    return steps, values


def induced_weights(
    model: InContextModel,
    prompts: Prompts,
    *,
    queries: int | None = None,
    seed: int = 0,
    layers: int | None = None,
) -> Float[Tensor, "B d"]:
    """w~ of each prompt: the least-squares fit of the model's predictions at fresh queries N(0, I).

    `queries` of them, 5 d if left out. For a model that is linear in its query it is exact. To have
    it for a part of a prompt give `prefix(prompts, t)`.
    """
    batch, _, d = prompts.x.shape
    count = 5 * d if queries is None else queries
    if count < d:
        raise InputError(f"queries is {count}; a fit of {d} weights needs at least {d}")
    source = Source(seed, "fresh queries", 0, prompts.x.dtype)
    points = source.normal(count, d).to(prompts.x.device)
    found = []
    with torch.no_grad():
        for point in points:
            asked = replace(prompts, query=point.expand(batch, -1))
            found.append(at_query(model(asked, layers)))
    fitted: Tensor = torch.linalg.lstsq(points, torch.stack(found)).solution
    return fitted.T
