"""What linear attention on blocks learned: its function, its heads, its gates."""

import math
from functools import partial
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from ..core.plot import COLOURS, MORE_COLOURS, plain, pyplot, save
from ..ensembles import Matrices
from ..models import Question
from ..models.blocks import BlockModel
from .iterations import Iteration, best_error, chebyshev, minimax, newton, smallest_served
from .parts import Cell, FactTable, Insight, Sketch
from .spectra import Spectra, matrices, of_matrices, of_one_value, once

WITHIN = 0.01
"""What counts as right here: an error of s, or a residual, below this."""
_TINY = 1e-7
"""An x that no network here serves, to see by what it is multiplied."""


def block_findings(model: BlockModel) -> tuple[Insight, ...]:
    return (function_by_layer(model), beside_classical(model), heads(model))


def function_by_layer(model: BlockModel) -> Insight:
    """f after each layer: how wrong, how far it reaches, how fast it grows at 0."""
    spectra = of_matrices(model)
    x = np.geomspace(1e-6, 0.99, 600)
    curve, tiny = of_one_value(model, x), of_one_value(model, np.array([_TINY]))
    power = 2 if model.config.computes == "inverse" else 1
    slopes = tiny.goal[:, 0, 0] / _TINY**power
    reach = [smallest_served(x, error[:, 0], WITHIN) for error in curve.error]
    rows: list[tuple[Cell, ...]] = []
    high = [float(np.quantile(error, 0.9)) for error in spectra.error]
    others = [_errors(iteration, spectra, len(high)) for iteration in classical(model, len(high))]
    for i, error in enumerate(spectra.error):
        order = (
            math.log(high[i]) / math.log(high[i - 1]) if i and high[i] < high[i - 1] < 1 else None
        )
        rows.append(
            (
                i + 1,
                float(slopes[i]),
                float(np.median(error)),
                high[i],
                order,
                *(other[i] for other in others),
            )
        )
    depth, last = len(rows), reach[-1]
    pace = float(abs(slopes[-1]) ** (1 / depth))
    share = 100 * float((spectra.error[-1] < WITHIN).mean())
    x_power = "x^2" if power == 2 else "x"
    where = "nowhere near x = 1" if math.isnan(last) else f"from {last:.2g} to 1"
    says = [
        f"After the last layer s is within {100 * WITHIN:g}% of 1 for x = sigma / scale {where}; "
        f"{share:.1f}% of the singular values of 10x10 matrices are there.",
        f"Tiny values are multiplied by {pace:.2f} a layer: s = {slopes[-1]:.3g} {x_power} in the "
        "end.",
    ]
    says += _plan(high)
    orders = [
        float(row[4])
        for row, before in zip(rows[1:], high, strict=False)
        if isinstance(row[4], float) and 0.01 < before < 0.7
    ]
    if orders:
        says.append(
            "While the 90% quantile e is between 1% and 70% and falls, a layer makes it e^p with p "
            f"from {min(orders):.1f} to {max(orders):.1f} (Newton's order is 2, Chebyshev's 3)."
        )
    says.append(
        "The polynomial after layer l has the degree 3^l. 90%: the quantile of |1 - s| over the "
        "singular values of 10x10 matrices, of the network and of the others after as many steps."
    )
    columns = ("layer", f"s / {x_power}", "median", "90%", "order", "Newton's", "Chebyshev's")
    return Insight(
        name="function",
        title="The function of the singular values, layer by layer",
        says=tuple(says),
        grid=FactTable(columns=(*columns, "minimax"), rows=tuple(rows), format=".1e"),
        sketch=Sketch(
            alt="s after several layers against x = sigma / scale, and the error after the last "
            "layer beside Newton's, Chebyshev's and the minimax iteration of as many steps.",
            draw=partial(_draw_function, model, curve, spectra),
        ),
        facts={"serves_from": last, "growth": pace, "slope_at_0": float(slopes[-1])},
    )


def _errors(iteration: Iteration, spectra: Spectra, steps: int) -> list[float]:
    """The 90% quantile of an iteration's errors on the same values after each step."""
    values = list(iteration.values(spectra.x.ravel(), steps))[1:]
    return [float(np.quantile(np.abs(1 - value), 0.9)) for value in values]


def _plan(high: list[float]) -> list[str]:
    """Whether large values wait for the small ones, as in a minimax composition, or settle."""
    settled = next((i for i, error in enumerate(high) if error < 0.05), len(high) - 1)
    later = max(high[settled:])
    if settled == len(high) - 1:
        return ["All values come near 1 together, in the last layer."]
    if later < 0.1:
        return [
            f"Most values have settled after layer {settled + 1} (90% within {high[settled]:.1e}) "
            f"and stay within {later:.1e}, while small ones are still raised: an iteration that "
            "leaves a small error, not a minimax composition."
        ]
    worst = high.index(later, settled) + 1
    return [
        f"It is not one rule repeated: after layer {settled + 1} most values are near 1 (90% "
        f"within {high[settled]:.1e}), then they are given up again (90% within {later:.1g} after "
        f"layer {worst}) while small ones are raised, and all fall together in the last "
        f"{len(high) - worst} layers, as in a minimax composition."
    ]


def classical(model: BlockModel, steps: int) -> list[Iteration]:
    """Newton's, Chebyshev's and the minimax iteration for what the network computes."""
    inverse = model.config.computes == "inverse"
    return [
        newton(inverse=inverse),
        chebyshev(inverse=inverse),
        minimax(inverse=inverse, steps=steps, tolerance=WITHIN),
    ]


def beside_classical(model: BlockModel) -> Insight:
    """How far the network reaches beside iterations of as many steps, and of as many products."""
    config, inverse = model.config, model.config.computes == "inverse"
    products = 2 * config.heads * config.layers
    x = np.geomspace(1e-6, 0.99, 600)
    own = of_one_value(model, x)
    reach = smallest_served(x, own.error[-1][:, 0], WITHIN)
    power = 2 if inverse else 1
    slope = of_one_value(model, np.array([_TINY])).goal[-1, 0, 0] / _TINY**power
    rows: list[tuple[Cell, ...]] = [
        (
            "learned",
            config.layers,
            products,
            f"3^{config.layers}",
            float(abs(slope) ** (1 / config.layers)),
            reach,
        )
    ]
    for iteration in classical(model, config.layers):
        rows.append(_row(iteration, config.layers))
    for iteration in (newton(inverse=inverse), chebyshev(inverse=inverse)):
        rows.append(_row(iteration, products // iteration.products))
    steps = products // 2
    rows.append(_row(minimax(inverse=inverse, steps=steps, tolerance=WITHIN), steps))
    newtons, _, best = (
        each.serves(config.layers, WITHIN) for each in classical(model, config.layers)
    )
    says = [
        f"Of {config.layers} steps each, Newton's iteration reaches down to x = {newtons:.2g}, and "
        f"the best composition of as many steps to {best:.2g}.",
    ]
    if math.isnan(reach):
        says.append(f"The network is not within {100 * WITHIN:g}% at x = 1: it has no reach yet.")
    else:
        counts = range(1, config.layers + 1)
        enough = (n for n in counts if best_error(reach, n, inverse=inverse) < WITHIN)
        needed = next(enough, None)
        says.append(
            f"The network reaches {reach:.2g}, for which the best composition needs "
            f"{f'more than {config.layers}' if needed is None else needed} steps of one head."
        )
    says += [
        f"A layer has {config.heads} heads, {2 * config.heads} products of matrices; in as many "
        "products the classical iterations make more steps and reach further.",
        "Degrees are those of the polynomial in x.",
    ]
    columns = ("", "steps", "products", "degree", "growth a step", "within 1% from x =")
    return Insight(
        name="beside",
        title="Beside Newton's, Chebyshev's and the minimax composition",
        says=tuple(says),
        grid=FactTable(columns=columns, rows=tuple(rows)),
    )


def _row(iteration: Iteration, steps: int) -> tuple[Cell, ...]:
    degree = (
        f"2 * {iteration.degree}^{steps} - 1"
        if iteration.inverse
        else f"{iteration.degree}^{steps}"
    )
    growth = iteration.growth(min(steps, 40))
    reach = iteration.serves(steps, WITHIN)
    shown: Cell = reach if reach > 1e-11 else "below 1e-11"
    return iteration.name, steps, steps * iteration.products, degree, growth, shown


def right(model: BlockModel, a: Float64[np.ndarray, "B n n"], answers: Tensor) -> float:
    """The percentage of answers whose residual is below `WITHIN`."""
    x = answers.mT if model.config.computes == "inverse" else answers
    residual = model.residual(torch.from_numpy(a), x.double())
    return 100 * float((residual < WITHIN).double().mean())


def heads(model: BlockModel, count: int = 500) -> Insight:
    """What each head does: the accuracy of a pass in which it adds nothing."""
    single, a = once(model), matrices(count, purpose="explain-heads")
    question = Question.of("values", Matrices.of(a), None, False)
    whole = right(model, a, single.run_with_hooks(question, {}, 0).values)
    lost = np.zeros((model.config.layers, model.config.heads))
    for layer, head in np.ndindex(*lost.shape):
        hooks = {f"pass.0.layer.{layer}.heads": partial(_silent, head)}
        without = right(model, a, single.run_with_hooks(question, hooks, 0).values)
        lost[layer, head] = whole - without
    idle = int((lost < 1).sum())
    rows = tuple((i + 1, *map(float, row)) for i, row in enumerate(lost))
    columns = ("layer", *(f"head {j + 1}" for j in range(model.config.heads)))
    dead = np.argwhere(lost < 1)
    says = [
        f"One pass answers {whole:.1f}% of {count} 10x10 matrices within {100 * WITHIN:g}%; the "
        "table says how many points of it are lost where a head adds nothing.",
        f"Without any one of {lost.size - idle} of the {lost.size} heads a point or more is lost, "
        f"and with {int((lost > whole - 1).sum())} of them everything.",
    ]
    if idle:
        named = ", ".join(f"{i + 1}.{j + 1}" for i, j in dead[:8])
        more = f" and {idle - 8} more" if idle > 8 else ""
        says.append(f"Nearly idle (layer.head): {named}{more}.")
    return Insight(
        name="heads",
        title="Which head does what: points of accuracy lost without it",
        says=tuple(says),
        grid=FactTable(columns=columns, rows=rows, format=".1f"),
        sketch=Sketch(
            alt="Points of accuracy lost without each head, a row a head and a column a layer.",
            draw=partial(_draw_heads, lost),
        ),
        facts={"whole": whole},
    )


def _silent(head: int, value: Tensor) -> Tensor:
    value[:, head] = 0
    return value


def _draw_function(model: BlockModel, curve: Spectra, spectra: Spectra, path: Path) -> None:
    plt = pyplot()
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.8), layout="constrained")
    depth, x = len(curve.goal), curve.x[:, 0]
    shown = sorted({max(1, round(depth * share)) for share in (0.12, 0.3, 0.45, 0.7, 0.85, 1)})
    colours = (*MORE_COLOURS[4:6], MORE_COLOURS[7], *COLOURS[1:4])
    for layer, colour in zip(shown, colours[-len(shown) :], strict=True):
        wide = 2.2 if layer == depth else 1.3
        left.plot(x, curve.goal[layer - 1, :, 0], color=colour, linewidth=wide, label=f"{layer}")
    left.axhline(1, color="#999999", linewidth=0.8, zorder=0)
    left.set_ylim(-0.1, 1.6)
    inverse = model.config.computes == "inverse"
    left.set_ylabel("s = sigma f(sigma), to become 1" if inverse else "s = f(sigma), to become 1")
    left.legend(title="after layer", frameon=False, fontsize="small", title_fontsize="small")
    right.scatter(
        spectra.x[:150], spectra.error[-1][:150], s=3, color=COLOURS[3], alpha=0.35, linewidths=0
    )
    right.plot(x, curve.error[-1][:, 0], color=COLOURS[3], linewidth=2.2, label="learned")
    styles = zip(classical(model, depth), COLOURS[:3], strict=True)
    for iteration, colour in styles:
        *_, last = iteration.values(x, depth)
        error = np.maximum(np.abs(1 - last), 1e-16)
        wide = 0.6 if iteration.name == "minimax" else 1.3  # it goes up and down hundreds of times
        right.plot(x, error, color=colour, linewidth=wide, label=iteration.name)
    right.axhline(WITHIN, color="#999999", linewidth=0.8, linestyle=":", zorder=0)
    right.set_yscale("log")
    right.set_ylim(1e-7, 3)
    right.set_ylabel(f"|1 - s| after {depth} steps")
    right.legend(frameon=False, fontsize="small", loc="lower left")
    for axes in (left, right):
        axes.set_xscale("log")
        axes.set_xlabel("x = sigma / scale")
    plain(left, right)
    save(figure, path)


def _draw_heads(lost: Float64[np.ndarray, "L h"], path: Path) -> None:
    plt = pyplot()
    layers, count = lost.shape
    figure, axes = plt.subplots(figsize=(7.6, 2.9), layout="constrained")
    wide = 0.8 / count
    colours = (*COLOURS, *MORE_COLOURS[4:])
    for head in range(count):
        place = np.arange(1, layers + 1) + (head - (count - 1) / 2) * wide
        label = f"head {head + 1}"
        colour = colours[head % len(colours)]
        axes.bar(place, np.maximum(lost[:, head], 0), wide * 0.9, color=colour, label=label)
    axes.set_xticks(range(1, layers + 1))
    axes.set_xlabel("layer")
    axes.set_ylabel("points lost without it")
    plain(axes)
    save(figure, path, axes.get_legend_handles_labels()[0])
