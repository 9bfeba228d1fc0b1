"""How long runs take, from records of runs that are like them."""

from collections.abc import Iterable
from statistics import median

from ..runs.cost import cost
from ..runs.experiment import Scale
from ..runs.records import Records
from ..training import Run, TrainConfig
from .study import Table

Rates = dict[tuple[str, ...], list[float]]
"""Seconds an example, by kind of run."""


def rates_of(tables: Iterable[Table], scale: Scale, records: Records) -> Rates:
    """Of the runs of a scale that have been made, by kind: from closely alike to any."""
    rates: Rates = {}
    for table in tables:
        for run in table.distinct(scale):
            record = records.get(run)
            if record is not None and record.seconds > 0 and record.examples > 0:
                for kind in _kinds(run.config):
                    rates.setdefault(kind, []).append(record.seconds / record.examples)
    return rates


def seconds(run: Run, rates: Rates) -> float:
    """Of a run: as of those of its kind, in proportion to examples, or else `runs.cost`'s."""
    for kind in _kinds(run):
        if kind in rates:
            return median(rates[kind]) * run.length
    return cost(run).seconds


def _kinds(run: Run) -> tuple[tuple[str, ...], ...]:
    """What a run's speed goes by, the most telling first; enough to go by another's."""
    if not isinstance(run, TrainConfig):
        return ()
    size = (run.task.problem.name, str(run.task.ensemble.dims), type(run.model).__name__)
    return (*size, repr(run.model)), size
