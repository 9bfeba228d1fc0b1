"""The sides of a comparison: numbers of a table that differ in the training seed only."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..evaluation import Proportion
from ..runs import Experiment, Measured, Record
from .claims import Evidence
from .compare import SEEDS, mean, mean_half_width
from .study import Value

TOLERANCES = (5, 2, 1, 0.5)
"""In percent, as in most tables."""

ABSENT = object()
"""Stands for a label that a cell must not have."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One side of a comparison."""

    name: str
    """What the sentence calls it, such as "P1000"."""
    table: str
    values: tuple[Value, ...]
    """One a training seed, the missing too; none if the table has no such cell at this scale."""

    @property
    def measured(self) -> list[Measured]:
        return [value.measured for value in self.values if value.measured is not None]

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
    """The numbers of `table` with the labels `where`, which leave at most the seed open."""
    found = [
        value
        for value in evidence.values(table)
        if all(value.labels.get(key, ABSENT) == wanted for key, wanted in where.items())
    ]
    kinds = {repr(sorted(set(v.labels.items()) - {("seed", v.labels.get("seed"))})) for v in found}
    if len(kinds) > 1:
        raise ValueError(f"{where} leaves more than the seed of {table} open: {sorted(kinds)}")
    return Side(name=name, table=table, values=tuple(found))


def scaled(
    evidence: Evidence, laptop: Mapping[str, object], full: Mapping[str, object]
) -> dict[str, object]:
    """Labels at scale laptop, or at the two others, which have the paper's."""
    return dict(laptop if evidence.scale == "laptop" else full)


def tightest(
    pick: Callable[[float], Sequence[Side]],
    tolerances: Sequence[float] = TOLERANCES[::-1],
    floor: float = 0.5,
) -> tuple[str, Sequence[Side]]:
    """The tightest tolerance (percent) at which some side reaches `floor`, or else the loosest.

    `pick` gives the sides at a tolerance; `tolerances` are the tightest first.
    """
    for tolerance in tolerances:
        found = pick(tolerance)
        if any(one.mean >= floor for one in found):
            break
    return f"{tolerance:g}%", found


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
