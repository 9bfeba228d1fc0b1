"""What would decide a claim: which runs, how many examples, how many hours."""

import math
from collections.abc import Iterable, Sequence
from statistics import median
from weakref import WeakKeyDictionary

from ....runs import Experiment, Plan, Scale
from ....runs.cost import cost, duration
from ....training import TrainConfig
from ... import Evidence
from ...claims import SEEDS, mean, welch_half_width
from .parts import Part, difference_of
from .sides import Side, few_seeds

_LONGER = 4
"""Times as many examples for models that were too weak."""
_MOST_SEEDS = 30
_GPU_HOURS = 1 / 6
"""What a run of scale gpu takes at most (see `full_size.GPU_FLOPS`)."""
Rates = dict[tuple[str, ...], list[float]]


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
    """The runs of another scale; "" where that is this one, or a larger one."""
    if evidence.scale == scale or (scale == "gpu" and evidence.scale == "paper"):
        return ""
    runs = [run for name in tables for run in evidence.tables[name].experiments(scale)]
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
    are those of timed runs of the same kind, in proportion to examples, or else `study.cost`'s;
    `times` multiplies both.
    """
    runs = tuple(experiments)
    if distinct:
        runs = Plan.of(runs).experiments
    text = f"{times * sum(run.config.length for run in runs):,.0f} examples"
    if (scale or evidence.scale) == "gpu":
        return f"{text}, at most {times * len(runs) * _GPU_HOURS:.2g} H200 hours"
    rates = timed(evidence)
    return f"{text}, about {duration(times * sum(_seconds(run.tokens, rates) for run in runs))}"


def _seconds(config: TrainConfig, rates: Rates) -> float:
    for kind in _kinds(config):
        if kind in rates:
            return median(rates[kind]) * config.examples
    return cost(config).seconds


_timed: WeakKeyDictionary[Evidence, Rates] = WeakKeyDictionary()


def timed(evidence: Evidence) -> Rates:
    """Seconds an example of the finished runs of a scale, by kind: from closely alike to any."""
    if evidence not in _timed:
        rates: Rates = {}
        for table in evidence.tables.values():
            for run in Plan.of(table.experiments(evidence.scale)).experiments:
                record = evidence.records.get(run)
                if record is not None and record.seconds > 0 and record.examples > 0:
                    for kind in _kinds(run.tokens):
                        rates.setdefault(kind, []).append(record.seconds / record.examples)
        _timed[evidence] = rates
    return _timed[evidence]


def _kinds(config: TrainConfig) -> tuple[tuple[str, ...], ...]:
    """What a run's speed goes by, the most telling first; enough to go by another's."""
    task, model = config.task, config.model
    problem = task.problem.name
    size = (problem, str(task.ensemble.dims), type(model).__name__)
    return (*size, repr(model)), size
