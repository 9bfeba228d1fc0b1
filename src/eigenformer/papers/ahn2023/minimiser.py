"""Theorem 1 without training: the closed form of the best single layer, perturbed at random."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ...core import rng
from ...incontext import (
    Gaussian,
    InContextFolder,
    LinearAttention,
    LinearAttentionModel,
    Regression,
)
from ...incontext.models.forms import Full
from ...runs import Scale
from ..findings import Finding, Findings, Number
from ..judging import answer, finding
from ..seeds import line, panel
from ..study import Analysis
from .settings import SPECTRUM, covariance, held_out

TASK = Regression(dim=5, points=20, covariates=Gaussian(spectrum=SPECTRUM, basis="run"))
"""w* ~ N(0, I) here, as the theorem has it."""
SIZES = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Norms of perturbations over those of what they perturb."""
CLEAR = 0.1
"""From here on a sampled difference must be clear of 0."""
DIRECTIONS = 40
PROMPTS = 20_000
DOUBT = 4.0
"""Standard errors: some of 200 true differences of 0 come 2 or 3 below."""


def minimiser(sigma: Float[Tensor, "d d"], points: int) -> Float[Tensor, "d d"]:
    """A of Theorem 1: U diag(1 / ((n + 1)/n lambda_i + sum lambda / n)) U^T."""
    values, vectors = torch.linalg.eigh(sigma)
    inverse = 1 / ((points + 1) / points * values + values.sum() / points)
    found: Tensor = (vectors * inverse) @ vectors.T
    return found


def population_loss(
    a: Float[Tensor, "*b d d"], sigma: Float[Tensor, "d d"], points: int
) -> Float[Tensor, "*b"]:
    """E (w . x_q - x_q^T A^T S w)^2 for w ~ N(0, I), from the Wishart moments of S.

    E S = Sigma and E S^2 = ((n + 1) Sigma^2 + tr(Sigma) Sigma) / n.
    """
    square = ((points + 1) * sigma @ sigma + torch.trace(sigma) * sigma) / points
    terms = sigma - 2 * sigma @ a.mT @ sigma + a @ sigma @ a.mT @ square
    return terms.diagonal(dim1=-2, dim2=-1).sum(dim=-1)


def layer(a: Float[Tensor, "d d"]) -> LinearAttentionModel:
    """P = [0 0; 0 1], Q = -[A 0; 0 0] as a model with all of P and Q."""
    model = LinearAttention(layers=1, form="full").build(TASK).double().requires_grad_(False)
    weights, d = Full.of(model.layer(0)), TASK.dim
    weights.p.zero_()
    weights.q.zero_()
    weights.p[0, d, d] = 1.0
    weights.q[0, :d, :d] = -a
    return model


@dataclass(frozen=True, kw_only=True)
class Excess:
    """What perturbations of one size add to the loss, one value for each direction."""

    size: float
    exact: list[float]
    """Of A alone: in expectation."""
    sampled: list[float]
    """Of all of P and Q: the mean over prompts."""
    errors: list[float]
    """Standard errors of `sampled`."""


def perturbations(directions: int, prompts: int) -> list[Excess]:
    """The excess loss at each size."""
    sigma = covariance(TASK, 0)
    best = minimiser(sigma, TASK.points)
    least = population_loss(best, sigma, TASK.points)
    batch = held_out(TASK, 0, prompts)
    base = TASK.errors(layer(best)(batch), batch)
    found = []
    for size in SIZES:
        # The same directions at every size.
        generator = rng(0, "perturbations")
        exact, sampled, errors = [], [], []
        for _ in range(directions):
            moved = best + _direction(generator.normal(size=best.shape), size, best)
            exact.append(float(population_loss(moved, sigma, TASK.points) - least))
            model = layer(best)
            for part in Full.of(model.layer(0)).matrices():
                part.add_(_direction(generator.normal(size=part.shape), size, part))
            difference = TASK.errors(model(batch), batch) - base
            sampled.append(float(difference.mean()))
            errors.append(float(difference.std()) / len(difference) ** 0.5)
        found.append(Excess(size=size, exact=exact, sampled=sampled, errors=errors))
    return found


def _direction(values: object, size: float, like: Tensor) -> Tensor:
    direction = torch.as_tensor(values, dtype=like.dtype)
    found: Tensor = direction * (size * like.norm() / direction.norm())
    return found


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    found = perturbations(DIRECTIONS, PROMPTS)
    sigma = covariance(TASK, 0)
    least = float(population_loss(minimiser(sigma, TASK.points), sigma, TASK.points))
    batch = held_out(TASK, 0, PROMPTS)
    errors = TASK.errors(layer(minimiser(sigma, TASK.points))(batch), batch)
    half = 1.96 * float(errors.std()) / len(errors) ** 0.5
    lines = (
        line("A perturbed, in expectation", {e.size: e.exact for e in found}, "theory"),
        # The least of them may be below 0, which a logarithm has no place for.
        line(
            "P and Q perturbed, sampled",
            {e.size: e.sampled for e in found},
            "algorithm",
            band=False,
        ),
    )
    costs = panel(
        "What a random perturbation of the closed form costs",
        "norm of the perturbation over that of the matrix",
        "loss, less the closed form's",
        lines,
        log="xy",
        note=f"Means over {DIRECTIONS} directions, with their range for A. Sampled: on {PROMPTS} "
        "prompts.",
    )
    loss = Number(
        name="mean squared error of the closed form",
        value=float(errors.mean()),
        low=float(errors.mean()) - half,
        high=float(errors.mean()) + half,
        reference=least,
        source="its expectation, from the moments of the Wishart law",
    )
    return Findings(panels=(costs,), numbers=(loss,), verdicts={"N09": verdict(found)})


def verdict(found: Sequence[Excess]) -> Finding:
    """Holds if no perturbation of A has a lower expected loss, and none of P and Q a lower sample.

    Of P and Q: from a size of 0.1 on every difference is above 0 by 2 standard errors; smaller ones
    cost too little to be seen, and must not be below 0 by 4. Fails if one is, or if one of A is.
    """
    ratios = {
        each.size: [d / e for d, e in zip(each.sampled, each.errors, strict=True)] for each in found
    }
    least = min(min(each.exact) for each in found)
    lowest = min(min(values) for values in ratios.values())
    clear = [r for size, values in ratios.items() if size >= CLEAR for r in values]
    sentence = (
        f"Theorem 1's closed form against {sum(len(e.exact) for e in found)} random perturbations "
        f"of A and as many of P and Q, of relative size {found[0].size:g} to {found[-1].size:g}: "
        f"those of A cost {least:.2g} or more in expectation; sampled differences of those of P "
        f"and Q are {lowest:.1f} standard errors or more, and from a size of {CLEAR:g} on "
        f"{min(clear):.1f} or more."
    )
    lower = least <= 0 or lowest < -DOUBT
    more = "Ten times as many prompts, 200,000: two minutes."
    return finding(answer(min(clear) > 2 and not lower, lower), sentence, more)


MINIMISER = Analysis(
    name="ahn2023-minimiser",
    title="The best single layer in closed form",
    section="3, theorem 1",
    analyse=analyse,
    note="Without training, the same at both scales. A layer that the theorem gives is a step of "
    "descent preconditioned by a regularised inverse of the covariance.",
)
