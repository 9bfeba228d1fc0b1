"""From the parts of a claim to a finding: what it says, and which runs would decide it."""

import math
from collections.abc import Iterable, Sequence

from ..runs import Experiment, Plan, Scale
from ..runs.cost import duration
from .claims import Evidence
from .compare import SEEDS, mean, welch_half_width
from .findings import Finding
from .judging import Part, difference_of, finding, together
from .sides import Side, few_seeds, seeds_of
from .speed import seconds

_LONGER = 4
"""Times as many examples for models that were too weak."""
_MOST_SEEDS = 30
_GPU_HOURS = 1 / 6
"""What a run of scale gpu takes at most."""


def conclude(evidence: Evidence, *parts: Part, beyond: str = "") -> Finding:
    """A claim holds if all its parts do and fails if one does; else it is undecided.

    `beyond` says how an undecided claim is to be decided if runs of tables don't.
    """
    holds = together(part.holds for part in parts)
    told = "; ".join(part.sentence for part in parts)
    setting = setting_of([side for part in parts for side in part.sides])
    more = (beyond or would_decide(evidence, parts)) if holds is None else ""
    return finding(holds, f"{told}{f' [{setting}]' if setting else ''}", more)


def setting_of(sides: Sequence[Side]) -> str:
    """What the compared models were trained on, by which recipe, how often."""
    configs = [run.tokens for side in sides for run in side.experiments]
    problems = dict.fromkeys(f"{c.task.problem.name} {c.task.ensemble.dims}" for c in configs)
    recipes = dict.fromkeys(c.recipe for c in configs)
    known = [
        ", ".join(problems),
        f"recipe {' and '.join(recipes)}" if recipes else "",
        seeds_of(sides),
    ]
    return "; ".join(text for text in known if text)


def would_decide(evidence: Evidence, parts: Sequence[Part]) -> str:
    """Runs, examples and hours that would decide those of `parts` that are undecided."""
    undecided = [one for one in parts if one.holds is None]
    missing = [side for one in undecided if one.why == "missing" for side in one.sides]
    texts = [runs_to_make(evidence, missing)] if missing else []
    for one in undecided:
        if one.why == "absent":
            tables = sorted({side.table for side in one.sides if not side.values})
            texts.append(whole_tables(evidence, tables, "laptop"))
        elif one.why == "strong" and evidence.scale != "paper":
            tables = sorted({side.table for side in one.sides})
            scale: Scale = "gpu" if evidence.scale == "laptop" else "paper"
            texts.append(whole_tables(evidence, tables, scale))
        elif one.why in ("close", "strong"):
            texts.append(_more_seeds(evidence, one))
        elif one.why != "missing":
            texts.append(longer(evidence, one.sides))
    return "; ".join(dict.fromkeys(text for text in texts if text))


def runs_to_make(evidence: Evidence, sides: Iterable[Side]) -> str:
    """The runs that are missing on these sides, with the command that makes them."""
    sides = list(sides)
    tables = sorted({side.table for side in sides if side.missing})
    runs = [run for side in sides for run in side.missing]
    count = len(Plan.of(runs).experiments)
    command = f"`eigenformer paper run {' '.join(tables)} --scale {evidence.scale}`"
    return f"{_runs(count)} of {command}: {would_cost(evidence, runs)}"


def longer(evidence: Evidence, sides: Iterable[Side]) -> str:
    """The same runs, `_LONGER` times as long."""
    runs = [run for side in sides for run in side.experiments]
    return f"the same runs, each {_LONGER} times as long: {would_cost(evidence, runs, _LONGER)}"


def whole_tables(evidence: Evidence, tables: Sequence[str], scale: Scale) -> str:
    """The runs of another scale; "" where that is this one, or a larger one, or there are none."""
    if evidence.scale == scale or (scale == "gpu" and evidence.scale == "paper"):
        return ""
    if any(scale not in evidence.table(name).scales for name in tables):
        return ""
    runs = [run for name in tables for run in evidence.table(name).planned(scale)]
    count = len(Plan.of(runs).experiments)
    command = f"`eigenformer paper run {' '.join(tables)} --scale {scale}`"
    return f"{command}: {_runs(count)}, {would_cost(evidence, runs, scale=scale)}"


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"


def of_full_size(evidence: Evidence, table: str) -> str:
    """What kept analyses of small models leave open: the same of models of the paper's size."""
    runs = whole_tables(evidence, [table], "gpu")
    return f"the same analysis of models of the paper's size{f' ({runs})' if runs else ''}"


def _more_seeds(evidence: Evidence, one: Part) -> str:
    wanted = _seeds_wanted(one)
    runs = [
        side.experiments[0]
        for side in one.sides
        for _ in range(wanted - len(side.measured))
        if side.experiments
    ]
    return (
        f"{wanted} training seeds a side, {_runs(len(runs))} more: "
        f"{would_cost(evidence, runs, distinct=False)}"
    )


def _seeds_wanted(one: Part) -> int:
    """As many as a difference of this size, if it is real, takes to be seen."""
    if few_seeds(one.sides):
        return SEEDS
    if len(one.sides) != 2:
        return 2 * SEEDS
    a, b = one.sides
    if a.measured[0].unit == "accuracy":
        difference, half = difference_of(a, b)
    else:
        x, y = ([math.log(m.value) for m in side.measured] for side in (a, b))
        difference, half = mean(x) - mean(y), welch_half_width(x, y)
    now = min(len(a.measured), len(b.measured))
    if abs(difference) * math.sqrt(_MOST_SEEDS / now) <= half:
        return _MOST_SEEDS
    return max(math.ceil(now * (half / difference) ** 2), now + 1)


def would_cost(
    evidence: Evidence,
    experiments: Iterable[Experiment],
    times: float = 1.0,
    *,
    scale: Scale | None = None,
    distinct: bool = True,
) -> str:
    """How many examples and hours `experiments` are.

    Each run counts once, and with it those that it starts from, unless `distinct` is false. Hours
    are those of the claim's own runs of the same kind, or else `runs.cost`'s; `times` multiplies
    both.
    """
    runs = tuple(experiments)
    if distinct:
        runs = Plan.of(runs).experiments
    text = f"{times * sum(run.config.length for run in runs):,.0f} examples"
    if (scale or evidence.scale) == "gpu":
        return f"{text}, at most {times * len(runs) * _GPU_HOURS:.2g} H200 hours"
    spent = sum(seconds(run.config, evidence.rates) for run in runs)
    return f"{text}, about {duration(times * spent)}"
