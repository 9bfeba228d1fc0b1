"""Error against layers and condition number, and weights in three regimes: `-completion`."""

from collections.abc import Mapping, Sequence

import torch

from ...incontext import BlockAttentionModel, Completions, InContextFolder
from ...runs import Scale
from ..findings import Finding, Findings, Number, Panel
from ..judging import answer, finding
from ..seeds import RANGE, curve, geometric_mean, line, number, panel
from ..study import Analysis
from .algorithms import best_rate, conjugate_gradient, gradient_descent, newton
from .settings import REGIMES, SIZES, CompletionSize, Regime, run_name, runs, task

TEST_MATRICES = 2000
_ERROR = "mean squared error of D, relative"
_DEEP = 3
"""Layers from which on a second-order method is to be ahead of every first-order one."""
_SEEDS = 3
"""So many a condition number before anything but a failure is decided."""

Errors = dict[tuple[Regime, float, int], list[float]]


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    size = SIZES[scale]
    tests = {condition: _test(size, condition) for condition in size.conditions}
    errors: Errors = {}
    shares: dict[Regime, list[float]] = {}
    for regime in REGIMES:
        for condition in size.conditions:
            for depth in size.depths[regime]:
                names = [run_name(regime, condition, depth, s) for s in range(size.seeds)]
                if names[0] not in folders:
                    continue
                models = [BlockAttentionModel.of(folders[n].model()) for n in names]
                errors[regime, condition, depth] = [
                    _loss(model, tests[condition]) for model in models
                ]
                if regime != "scalar" and condition == size.conditions[0]:
                    shares.setdefault(regime, []).extend(map(scalar_share, models))
    depths = size.depths["scalar"]
    known = {c: _algorithms(tests[c], _tuning(size, c), max(depths)) for c in tests}
    panels = [_by_depth(size, errors, known[c], c) for c in size.conditions]
    deep = [d for d in depths if d >= _DEEP]
    sides = {
        (c, d): (errors["scalar", c, d], known[c]["conjugate gradient"][d])
        for c in size.conditions
        for d in deep
    }
    numbers = [
        number(
            f"error of {d} layers, condition {c:g}",
            trained,
            reference=reference,
            source="conjugate gradient, as many steps",
            centre=geometric_mean,
        )
        for (c, d), (trained, reference) in sides.items()
    ]
    first, depth = size.conditions[0], max(size.depths["full"])
    for regime in REGIMES:
        numbers.append(
            number(
                f"error of {depth} layers, {regime}, condition {first:g}",
                errors[regime, first, depth],
                centre=geometric_mean,
            )
        )
    numbers += [
        Number(
            name=f"share of weights that is block-scalar, {regime}",
            value=sum(found) / len(found),
            low=min(found),
            high=max(found),
        )
        for regime, found in shares.items()
    ]
    return Findings(
        panels=tuple(panels),
        numbers=tuple(numbers),
        verdicts={
            "N15": second_order(sides, size.seeds),
            "N16": one_rule(shares, size.seeds),
        },
    )


def second_order(
    sides: Mapping[tuple[float, int], tuple[Sequence[float], float]], seeds: int
) -> Finding:
    """Ahead of the conjugate gradient method of as many steps, at three layers and more.

    That method bounds all first-order ones. It holds if every seed is ahead everywhere, of enough
    seeds; weights that were trained for a short time are not refuted by falling short.
    """
    ahead = [max(trained) < reference for trained, reference in sides.values()]
    told = ", ".join(
        f"{geometric_mean(trained):.2g} against {reference:.2g} at {depth} layers, condition "
        f"{condition:g}"
        for (condition, depth), (trained, reference) in sides.items()
    )
    yes = all(ahead) and seeds >= _SEEDS
    sentence = (
        f"Error of trained networks against the conjugate gradient method's of as many steps, "
        f"which bounds first-order methods: {told}; ahead in {sum(ahead)} of {len(ahead)}."
    )
    return finding(
        answer(yes, False),
        sentence,
        f"{_SEEDS} seeds or more, deeper networks and longer training: only where errors fall from "
        "layer to layer as their own squares is an order seen",
    )


def one_rule(shares: Mapping[Regime, Sequence[float]], seeds: int) -> Finding:
    """Whether weights that could be anything became multiples of the identity on each block."""
    told = ", ".join(f"{regime} {min(found):.2f}" for regime, found in shares.items())
    yes = min(min(found) for found in shares.values()) > 0.95 and seeds >= _SEEDS
    return finding(
        answer(yes, False),
        f"Share of the products of weights that is a multiple of the identity on each block, least "
        f"of the seeds: {told}. A rule can be read off only where that is near 1, and then its "
        "coefficients are to be compared.",
        "longer training of full weights in each regime, until the share is above 0.95",
    )


@torch.no_grad()
def scalar_share(model: BlockAttentionModel) -> float:
    """The share of ||W_h||^2 + ||V_h||^2 in multiples of the identity on the blocks of A and C."""
    inside = total = 0.0
    first = model.layers[0].weights()[0].shape[1] - model.missing  # type: ignore[operator]
    for layer in model.layers:
        for weights in layer.weights():  # type: ignore[operator]
            total += float(weights.square().sum())
            for part in (slice(None, first), slice(first, None)):
                block = weights[:, part, part]
                trace = block.diagonal(dim1=1, dim2=2).sum(1)
                inside += float((trace.square() / block.shape[1]).sum())
    return inside / total


def _test(size: CompletionSize, condition: float) -> Completions:
    problem = task(size, condition)
    return problem.draw(0, 0, TEST_MATRICES, purpose="test of study", dtype=torch.float64)


def _tuning(size: CompletionSize, condition: float) -> Completions:
    return task(size, condition).draw(0, 0, 500, purpose="tuning", dtype=torch.float64)


@torch.no_grad()
def _loss(model: BlockAttentionModel, test: Completions) -> float:
    return _relative(model.double()(test), test)


def _relative(found: torch.Tensor, test: Completions) -> float:
    return float((found - test.target).square().mean() / test.target.square().mean())


def _algorithms(test: Completions, tuning: Completions, steps: int) -> dict[str, dict[int, float]]:
    """Errors by steps; gradient descent with the best rate for each number of steps."""
    descent = {n: gradient_descent(test, n, best_rate(tuning, n))[-1] for n in range(1, steps + 1)}
    by_name = {
        "conjugate gradient": dict(enumerate(conjugate_gradient(test, steps))),
        "gradient descent, tuned": descent,
        "Newton's iteration": dict(enumerate(newton(test, steps))),
    }
    return {
        name: {n: _relative(found, test) for n, found in values.items() if n}
        for name, values in by_name.items()
    }


def _by_depth(
    size: CompletionSize, errors: Errors, known: Mapping[str, dict[int, float]], condition: float
) -> Panel:
    lines = [
        line(
            f"trained, {regime}",
            {d: errors[regime, condition, d] for d in size.depths[regime]},
            centre=geometric_mean,
        )
        for regime in REGIMES
        if (regime, condition, size.depths[regime][0]) in errors
    ]
    lines += [curve(name, values) for name, values in known.items()]
    return panel(
        f"Block completion, condition {condition:g}", "layers, or steps", _ERROR, lines, log="y",
        note=RANGE,
    )  # fmt: skip


COMPLETION = Analysis(
    name="lutz2025-completion",
    title="Linear attention trained on block completion, by layers and condition number",
    section="abstract",
    runs=runs,
    analyse=analyse,
    note="Matrices of 6 x 6 with 3 rows and columns to complete, 600 steps of 64, two seeds. "
    "Weights of the form scalar are multiples of the identity on each block from the start, which "
    "the paper's are not; full ones are trained at three layers. Distributed: complete rows see "
    "those of their own of two machines only; limited: scores of rank 3. The paper's text beyond "
    "its abstract could not be read.",
)
