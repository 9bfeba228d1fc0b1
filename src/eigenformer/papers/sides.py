"""The sides of a comparison, numbers that differ in the training seed only, and when two differ.

By the intervals of accuracies, and by Welch's test over training seeds; and whether the models had
ended learning, by the same runs at another length.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ..evaluation import Proportion
from ..runs import Experiment, Measured, Record
from ..runs.experiment import Reading, Unit, examples_until
from .claims import Evidence
from .study import Value

TOLERANCES = (5, 2, 1, 0.5)
"""In percent, as in most tables."""

ABSENT = object()
"""Stands for a label that a cell must not have."""
FACTOR = 2.0
"""Numbers of examples that differ by less count as equal, where equality is claimed."""
SEEDS = 3
"""Training runs a side from which on their spread is known well enough to judge by. Of the kept
pairs of runs that differ in the seed alone one in five differs by more than 20 points."""
POINT = 0.01
"""What twice the length may change of an accuracy that counts as final."""
DOUBLINGS = 10
"""Of the length, at the pace of the last one, within which a bound that is missed may yet be
reached: a thousand times the examples, about what stands between our runs and the paper's."""
_LENGTHS = (Fraction(2), Fraction(1, 2))
"""Of the same run, over a run's own: either shows what twice the length changes."""
# Two-sided 95% quantiles of Student's t with 1, 2, ... degrees of freedom.
_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a comparison."""

    name: str
    """What the sentence calls it, such as "P1000"."""
    table: str
    values: tuple[Value, ...]
    """One a training seed, the missing too; none if the table has no such cell at this scale."""
    again: tuple[Measured | None, ...] = ()
    """What the same runs at twice or half the length have, one for each of `values`; None: not
    kept."""
    times: Fraction = Fraction(1)
    """The length of the runs, over that of the table's."""

    @property
    def measured(self) -> list[Measured]:
        return [value.measured for value in self.values if value.measured is not None]

    @property
    def settled(self) -> bool:
        """Whether longer training would change none of the measured accuracies: see `settled`."""
        again = self.again or (None,) * len(self.values)
        return all(
            settled(value.measured, other)
            for value, other in zip(self.values, again, strict=True)
            if value.measured is not None
        )

    @property
    def unsettled(self) -> list[Experiment]:
        """The runs that are not known to have ended learning."""
        again = self.again or (None,) * len(self.values)
        return [
            value.experiment
            for value, other in zip(self.values, again, strict=True)
            if value.experiment is not None
            and (value.measured is None or not settled(value.measured, other))
        ]

    @property
    def mean(self) -> float:
        """Of the training seeds; nan until one has been measured."""
        found = [one.value for one in self.measured]
        return mean(found) if found else float("nan")

    @property
    def experiments(self) -> list[Experiment]:
        return [value.experiment for value in self.values if value.experiment is not None]

    @property
    def missing(self) -> list[Experiment]:
        """The runs that have not been made."""
        return [v.experiment for v in self.values if v.measured is None and v.experiment]

    @property
    def text(self) -> str:
        """Name and number, with the 95% interval: of the test set, or of the training seeds.

        The name alone if nothing has been measured.
        """
        return f"{self.name} {self.number}" if self.measured else self.name.rstrip(",:")

    @property
    def number(self) -> str:
        """The number alone; there must be one."""
        found = self.measured
        if found[0].unit == "examples":
            return _examples(found)
        if len(found) == 1:
            return percent(found[0].value, found[0].low, found[0].high)
        half = mean_half_width([one.value for one in found])
        interval = percent(self.mean, max(self.mean - half, 0.0), min(self.mean + half, 1.0))
        return f"{interval[:-1]}, {len(found)} seeds)"


def side(evidence: Evidence, name: str, table: str, where: Mapping[str, object]) -> Side:
    """The numbers of `table` with the labels `where`, which leave at most the seed open.

    Kept runs from further training seeds, up to `SEEDS`, count as the table's own, and those of 2,
    4, ... times the length in their place, once all seeds have them.
    """
    found = [
        value
        for value in evidence.values(table)
        if all(value.labels.get(key, ABSENT) == wanted for key, wanted in where.items())
    ]
    kinds = {repr(sorted(set(v.labels.items()) - {("seed", v.labels.get("seed"))})) for v in found}
    if len(kinds) > 1:
        raise ValueError(f"{where} leaves more than the seed of {table} open: {sorted(kinds)}")
    values = [*found, *_further_seeds(evidence, found)]
    times = Fraction(1)
    while longer := _longer(evidence, values):
        values, times = longer, 2 * times
    again = tuple(_again(evidence, value) for value in values)
    return Side(name=name, table=table, values=tuple(values), again=again, times=times)


def _longer(evidence: Evidence, values: Sequence[Value]) -> list[Value]:
    """The same numbers at twice the length; [] unless all seeds that have one have it there."""
    found = []
    for value in values:
        measured = evidence.repeated(value, times=Fraction(2))
        if value.measured is None or value.experiment is None or measured is None:
            return []
        longer = value.experiment.repeated(times=Fraction(2))
        found.append(replace(value, measured=measured, experiment=longer))
    return found


def _further_seeds(evidence: Evidence, found: Sequence[Value]) -> list[Value]:
    runs = [value.experiment for value in found if value.experiment is not None]
    if not runs or len(found) >= SEEDS:
        return []
    known = {run.tokens.seed for run in runs}
    more = []
    for seed in sorted(set(range(SEEDS)) - known):
        measured = evidence.repeated(found[0], seed=seed)
        if measured is not None:
            again = runs[0].repeated(seed=seed)
            more.append(replace(found[0], measured=measured, experiment=again))
    return more


def _again(evidence: Evidence, value: Value) -> Measured | None:
    if value.measured is None or value.measured.unit != "accuracy":
        return None
    kept = (evidence.repeated(value, times=times) for times in _LENGTHS)
    return next((one for one in kept if one is not None), None)


def reread(evidence: Evidence, one: Side, read: Reading) -> Side:
    """The same runs by another number of their records."""
    values = []
    for value in one.values:
        record = None if value.experiment is None else evidence.records.get(value.experiment)
        values.append(replace(value, read=read, measured=None if record is None else read(record)))
    again = tuple(_again(evidence, value) for value in values)
    return replace(one, values=tuple(values), again=again)


def until(evidence: Evidence, one: Side, level: float, tolerance: float) -> Side:
    """The same runs by the examples that they take until a level (fractions) is right.

    Which compares what still learns, and is not final.
    """
    return reread(evidence, one, examples_until(level, tolerance))


def settled(now: Measured, again: Measured | None) -> bool:
    """Whether an accuracy is final: twice the length changes it by less than a point, or than its
    95% interval.

    One within a point of its ceiling, or whose interval includes that, has nowhere to go. A plateau
    that is longer than the run is not seen.
    """
    low, high = (now.value if end is None else end for end in (now.low, now.high))
    ceiling = 1.0 if now.ceiling is None else now.ceiling
    if max(now.value + POINT, high) >= ceiling:
        return True
    return again is not None and abs(again.value - now.value) < max(POINT, (high - low) / 2)


def doublings(one: Side, bound: float) -> float:
    """How often the length must double until a mean accuracy is at `bound`, at the pace of the last
    doubling that is known; inf if that changed nothing."""
    again = one.again or (None,) * len(one.values)
    pairs = [
        (value.measured.value, other.value)
        for value, other in zip(one.values, again, strict=True)
        if value.measured is not None and other is not None
    ]
    if not pairs:
        return math.inf
    now, other = (mean(each) for each in zip(*pairs, strict=True))
    gap, change = bound - max(now, other), abs(now - other)
    return gap / change if change else math.inf


def scaled(
    evidence: Evidence, laptop: Mapping[str, object], full: Mapping[str, object]
) -> dict[str, object]:
    """Labels at scale laptop, or at the two others, which have the paper's."""
    return dict(laptop if evidence.scale == "laptop" else full)


def best(sides: Iterable[Side]) -> Side:
    """The one with the largest mean; one that has not been measured only if none has."""
    return max(sides, key=lambda one: one.mean if one.measured else -1.0)


def records_of(evidence: Evidence, one: Side) -> list[Record]:
    """The records of the runs on a side, as far as they have ended."""
    found = [evidence.records.get(experiment) for experiment in one.experiments]
    return [record for record in found if record is not None and record.state != "running"]


def percent(value: float, low: float | None = None, high: float | None = None) -> str:
    """A fraction as "93.1 (91.0 to 95.2)"."""
    interval = "" if low is None or high is None else f" ({100 * low:.1f} to {100 * high:.1f})"
    return f"{100 * value:.1f}{interval}"


def proportion(found: Proportion) -> str:
    """A proportion with its interval, in percent."""
    return percent(found.value, *found.interval)


def seeds_of(sides: Iterable[Side]) -> str:
    """How many training runs stand on a side: "one seed a side", "1 to 3 seeds a side"."""
    counts = sorted({len(one.measured) for one in sides if one.measured})
    if not counts:
        return ""
    if counts == [1]:
        return "one seed a side"
    return f"{' to '.join(str(n) for n in dict.fromkeys((counts[0], counts[-1])))} seeds a side"


def few_seeds(sides: Iterable[Side]) -> bool:
    """Whether some side has too few training seeds to judge by their spread."""
    return any(len(one.measured) < SEEDS for one in sides)


def _examples(found: Sequence[Measured]) -> str:
    each = [f"{'more than ' if one.at_least else ''}{one.value:,.0f}" for one in found]
    return f"{', '.join(dict.fromkeys(each))} examples" + (
        f" ({len(found)} seeds)" if len(found) > 1 else ""
    )


def above(values: Sequence[Measured], bound: float) -> bool | None:
    """Whether a population proportion is at least `bound`: by the 95% intervals of every value.

    None if some interval contains the bound, or nothing was measured.
    """
    lows = [v.low if v.low is not None else v.value for v in values]
    highs = [v.high if v.high is not None else v.value for v in values]
    if values and min(lows) >= bound:
        return True
    if values and max(highs) < bound:
        return False
    return None


def larger(a: Sequence[Measured], b: Sequence[Measured]) -> bool | None:
    """Whether trained models `a` are better than `b`: True, False (worse), None (not decided).

    Values are accuracies. By the 95% interval of the difference of means (Welch), of three training
    seeds a side or more; fewer decide nothing.
    """
    x, y = _of_unit(a, "accuracy"), _of_unit(b, "accuracy")
    if min(len(x), len(y)) < SEEDS:
        return None
    difference = mean(x) - mean(y)
    half = welch_half_width(x, y)
    if abs(difference) <= half:
        return None
    return difference > 0


def fewer(a: Sequence[Measured], b: Sequence[Measured]) -> bool | None:
    """Whether trained models `a` need fewer examples than `b`: True, False (more), None.

    By the 95% interval of the difference of mean logarithms (Welch), of three training seeds a side
    or more; fewer decide nothing. Values that are lower bounds count as such: a side that has any
    needs no fewer, and one that has only such needs more than one that has none.
    """
    logs = [[math.log(max(value, 1.0)) for value in _of_unit(side, "examples")] for side in (a, b)]
    x, y = logs
    if min(len(x), len(y)) < SEEDS:
        return None
    difference, half = mean(y) - mean(x), welch_half_width(x, y)
    for sign, (ours, mine), (theirs, other) in ((1, (a, x), (b, y)), (-1, (b, y), (a, x))):
        if any(value.at_least for value in ours):
            continue
        never = all(value.at_least for value in theirs) and min(other) >= max(mine)
        if never or sign * difference > half:
            return sign > 0
    return None


def _of_unit(values: Sequence[Measured], unit: Unit) -> list[float]:
    wrong = [value.unit for value in values if value.unit != unit]
    if wrong:
        raise ValueError(f"values of unit {wrong[0]} are compared as {unit}")
    return [value.value for value in values]


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def mean_half_width(values: Sequence[float]) -> float:
    """Half the 95% interval of a mean, of two values or more (Student's t)."""
    freedom = len(values) - 1
    return _quantile(freedom) * math.sqrt(_variance_of_mean(values))


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95% interval of a mean (Student's t); of one value everything."""
    half = mean_half_width(values) if len(values) > 1 else math.inf
    return mean(values) - half, mean(values) + half


def welch_half_width(x: Sequence[float], y: Sequence[float]) -> float:
    """Half the 95% interval of the difference of two means with unequal variances (Welch 1947).

    The same as `scipy.stats.ttest_ind(x, y, equal_var=False).confidence_interval()`, with degrees
    of freedom rounded down.
    """
    u, v = _variance_of_mean(x), _variance_of_mean(y)
    if u + v == 0:
        return 0.0
    freedom = (u + v) ** 2 / (u**2 / (len(x) - 1) + v**2 / (len(y) - 1))
    return _quantile(freedom) * math.sqrt(u + v)


def _quantile(freedom: float) -> float:
    """For degrees of freedom beyond the table the last one's, which is larger."""
    whole = math.floor(freedom + 1e-9)  # 3.9999999999 is a 4
    return _T95[min(max(whole, 1), len(_T95)) - 1]


def _variance_of_mean(values: Sequence[float]) -> float:
    centre = mean(values)
    return sum((v - centre) ** 2 for v in values) / (len(values) - 1) / len(values)
