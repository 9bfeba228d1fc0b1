"""The model card (README.md) of a shipped model, in Markdown."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..core import to_json
from ..ensembles import Ensemble
from .shipped import ShippedModel


@dataclass(frozen=True, kw_only=True)
class PaperFigures:
    """What a table of Charton (2022) says of a model."""

    problem: str
    dims: str
    table: int
    row: str
    """What the table says of the model."""
    accuracy: dict[str, float]
    """Percent right, by tolerance as a fraction ("0.05"), or "exact"."""

    @property
    def coefficients(self) -> int:
        """Of the matrix."""
        rows, columns = self.dims.split("x")
        return int(rows) * int(columns)


Reported = Callable[[str, str, Ensemble], PaperFigures | None]
"""The paper's model of a problem whose size (such as "5x5") and law are nearest."""


def card(model: ShippedModel, reported: Reported | None = None) -> str:
    """What the model does, how well, where it fails, and the command that trains it again.

    With `reported` it stands beside the paper's models.
    """
    beside = []
    if reported is not None:
        beside.append(f"## Beside the paper\n\n{_beside_the_paper(model, reported)}")
    sections = [
        f"# {model.name}\n\n{_summary(model)}",
        f"## Accuracy\n\n{_accuracy(model)}",
        *([f"## By size\n\n{_by_size(model)}"] if model.by_size else []),
        *beside,
        f"## Limits\n\n{_limits(model)}",
        f"## Training\n\n{_training(model)}",
    ]
    return "\n\n".join(sections) + "\n"


def _summary(model: ShippedModel) -> str:
    task = model.config.task
    ensemble = {k: v for k, v in to_json(task.ensemble).items() if k not in ("name", "dims")}
    settings = ", ".join(
        f"{key.replace('_', ' ')} {_text(value)}" for key, value in ensemble.items()
    )
    network = model.config.model
    name = network.registry.name_of(network)
    stacks = ", ".join(
        f"{side} {stack.layers} layer{'s' if stack.layers > 1 else ''} of width {stack.width}, "
        f"{stack.heads} heads"
        for side, stack in zip(("encoder", "decoder"), network.stacks, strict=False)
    )
    stages = len(model.status["commands"])
    noise = f"; noise {task.noise:g} on the input" if task.noise else ""
    parameters = "parameter" if model.parameters == 1 else "parameters"
    rows = {
        "problem": model.problem,
        "matrices": f"{_dims(model)}, ensemble {model.ensemble} ({settings}){noise}",
        "form": (
            f"{_form(network.reads, task.encoder.label)} in, "
            f"{_form(network.writes, task.decoder.label)} out"
        ),
        "network": f"{name}: {stacks or network.describe()}",
        **({"told": network.told} if network.told else {}),
        "size": f"{model.parameters:,} {parameters}, {model.weight} in {model.precision}",
        "recipe": f"`{model.config.recipe}`, {model.examples:,} examples"
        f"{f' in {stages} stages' if stages > 1 else ''}, seed {model.config.seed}",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items())]) + (
        f'\n\n```python\nimport eigenformer as ef\n\nsolver = ef.load("{model.name}")\n```'
    )


def _form(medium: str, encoding: str) -> str:
    return f"tokens ({encoding})" if medium == "tokens" else "numbers"


def _dims(model: ShippedModel) -> str:
    return str(model.config.task.ensemble.dims)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _accuracy(model: ShippedModel) -> str:
    result = model.result
    lines = [
        "| within | right, % | 95% interval | rounding ceiling, % |"
        + "".join(f" score `{name}`, % |" for name in _paper_scores(model)),
        "|---|---|---|---|" + "---|" * len(_paper_scores(model)),
    ]
    for tolerance in model.config.evaluation.tolerances:
        right, ceiling = model.accuracy(tolerance), model.ceiling(tolerance)
        lines.append(
            f"| {100 * tolerance:g}% | {_percent(right)} | {_interval(right)} | "
            f"{_percent(ceiling)} |"
            + "".join(
                f" {_percent(result['accuracy'][name][f'{tolerance:g}'])} |"
                for name in _paper_scores(model)
            )
        )
    return (
        f"Of {result['n']:,} fresh matrices, with the weights as they are here; score "
        f"`{result['score']}`, seed {result['seed']}, which no test set of the training has. "
        f"{_exact(model)}{_percent(result['valid'])}% are well-formed.\n\n"
        + "\n".join(lines)
        + f"\n\nThe same again: `eigenformer evaluate {model.name} --seed {result['seed']} "
        f"--n {result['n'] + result['rejected']}`."
    )


def _exact(model: ShippedModel) -> str:
    if model.config.model.writes != "tokens":
        return ""
    return (
        f"{_percent(model.result['exact'])}% of the answers are the true ones to the last digit "
        "that the encoding has, "
    )


def _by_size(model: ShippedModel) -> str:
    """A line a shape, with the accuracies in percent."""
    tolerances = model.config.evaluation.tolerances
    lines = [
        "| matrices | " + " | ".join(f"within {100 * t:g}%" for t in tolerances) + " |",
        "|---|" + "---|" * len(tolerances),
    ]
    for dims, result in model.by_size.items():
        shares = result["accuracy"][result["score"]]
        cells = " | ".join(_percent(shares[f"{t:g}"]) for t in tolerances)
        lines.append(f"| {dims} | {cells} |")
    n = next(iter(model.by_size.values()))["n"]
    return f"Of {n:,} matrices each, by the same weights:\n\n" + "\n".join(lines)


def _paper_scores(model: ShippedModel) -> list[str]:
    """The paper's own score, where the problem has one beside that which decides."""
    return [n for n in ("paper",) if n in model.result["accuracy"] and n != model.result["score"]]


def _percent(proportion: dict[str, Any]) -> str:
    return f"{100 * proportion['value']:.1f}"


def _interval(proportion: dict[str, Any]) -> str:
    return f"{100 * proportion['low']:.1f} to {100 * proportion['high']:.1f}"


def _beside_the_paper(model: ShippedModel, reported: Reported) -> str:
    dims = _dims(model)
    law = model.config.task.ensemble
    figures = reported(model.problem, "5x5" if model.by_size else dims, law)
    if figures is None:
        return "Charton (2022) has no fixed-size model of this problem."
    shares = model.result
    if figures.dims in model.by_size:
        dims, shares = figures.dims, model.by_size[figures.dims]
    right = shares["accuracy"][shares["score"]]
    where = "" if dims == _dims(model) else f" at {dims}"
    start = f"Charton (2022), Table {figures.table}, reports of {figures.row}: {_figures(figures)}."
    if figures.dims != dims:
        return f"The paper has no {dims} model of this problem; {figures.dims} is nearest. {start}"
    ours = {key: shares["exact"] if key == "exact" else right[key] for key in figures.accuracy}
    sides: dict[str, list[str]] = {"above that": [], "equal to it": [], "below that": []}
    for key, percent in figures.accuracy.items():
        # As both are printed.
        gap = round(100 * ours[key]["value"], 1) - percent
        side = "above that" if gap > 0 else "below that" if gap < 0 else "equal to it"
        sides[side].append(_tolerance(key))
    told = ", ".join(
        f"{side} {'at each' if len(keys) == len(ours) else ', '.join(keys)}"
        for side, keys in sides.items()
        if keys
    )
    return f"{start} This model is {told}{where}."


def _figures(figures: PaperFigures) -> str:
    found = (f"{value:g}% {_tolerance(key)}" for key, value in figures.accuracy.items())
    return ", ".join(found)


def _tolerance(key: str) -> str:
    return key if key == "exact" else f"within {100 * float(key):g}%"


def _limits(model: ShippedModel) -> str:
    n = next(iter(model.limits.values()))["n"]
    lines = [
        "| what is different | right within 5%, % | 95% interval |",
        "|---|---|---|",
        *(
            f"| {text} | {_percent(found)} | {_interval(found)} |"
            for text, found in model.limits.items()
        ),
    ]
    known = (
        f"Its weights depend on no size and no scale; it was trained on {_dims(model)}. It may be "
        "wrong elsewhere"
        if model.config.model.any_size
        else f"It knows matrices like those it was trained on: {_dims(model)}, of its ensemble and "
        "scale. Elsewhere it answers too, and may be wrong, as a rule with a caution. Nothing is "
        "rescaled here, as `solve` does"
    )
    return (
        f"{known}: look at the residuals of an answer (`eigenformer solve`). Of {n:,} matrices "
        "each:\n\n" + "\n".join(lines)
    )


def _stages(model: ShippedModel) -> str:
    count = len(model.status["commands"])
    if count == 1:
        return f", as run `{model.config.id}`"
    return f" in {count} stages, each from the weights of the one before"


def _training(model: ShippedModel) -> str:
    status, environment = model.status, model.environment
    # Lines that fit a page; a shell reads them as one.
    command = "\n".join(re.sub(r" (--)", r" \\\n    \1", line) for line in status["commands"])
    place = ", ".join(
        str(part)
        for part in (
            environment.get("device_name"),
            f"torch threads: {environment['threads']}"
            if environment.get("device") == "cpu"
            else None,
        )
        if part
    )
    return (
        f"```\n{command}\n```\n\n"
        f"trains it again{_stages(model)}: {model.examples:,} examples in "
        f"{status['training_seconds']:,.0f} seconds{f' ({place})' if place else ''}; the weights "
        f"are those of the best evaluation, after {status['best_at']:,} of the last "
        f"{status['examples']:,} examples, rounded to {model.precision}. "
        "`metrics.jsonl` has the accuracies on the way.\n\n"
        "The training can be interrupted and goes on exactly where it stood by the same command. "
        "There is no optimizer state here: what resumes is the run's folder in the run store where "
        "it is trained. A finished run stays as it is, since its learning rate has run out; with "
        "more `--examples` the command is a new run."
    )
