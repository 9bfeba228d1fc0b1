"""What models do beyond their accuracy, as tables: where they fail, whether they memorise."""

from collections.abc import Iterator
from functools import partial

from ...evaluation import Proportion
from ...runs import Label, Measured, Scale
from ..study import Figure, Table, Value
from .failures import FailureRecord, kept_failures
from .failures_plot import plot_failures
from .memorisation import Memorisation, kept_memorisation
from .rank import Estimate

_TOLERANCES = ("0.05", "0.01")
_CONDITIONS = {
    "condition": "condition number of the input",
    "basis_condition": "condition number of the predicted basis",
}


def _failed(scale: Scale) -> list[Value]:
    return [value for record in kept_failures().values() for value in _failures(record)]


def _drawn(scale: Scale) -> list[Figure]:
    records = [one for one in kept_failures().values() if one.predictors and one.profile]
    figure = Figure(
        name="failures",
        alt="Histograms of condition numbers of right and of wrong answers with the threshold "
        "that separates them best, and accuracy by condition number, for "
        f"{', '.join(one.model for one in records)}.",
        caption="Left: condition numbers of right and of wrong answers, as shares of their own, "
        "and the threshold that separates them best. Right: accuracy by the condition number of "
        "the input, in tenths of the test set.",
        draw=partial(plot_failures, records),
    )
    return [figure] if records else []


def _remembered(scale: Scale) -> list[Value]:
    return [value for record in kept_memorisation().values() for value in _memorisation(record)]


def _failures(record: FailureRecord) -> Iterator[Value]:
    key = f"{record.tolerance:g}"
    within = f"within {100 * record.tolerance:g}%"

    def value(share: str, answers: str, found: Proportion) -> Value:
        labels: dict[str, Label] = {"model": record.model, "share": share, "answers": answers}
        return Value(labels=labels, measured=_accuracy(found), paper=None)

    yield value(f"right {within}", "all", record.right)
    yield value("well-formed", "all", record.well_formed)
    for name, measure in record.measures.items():
        share = f"{name.replace('_', ' ')} {within}"
        yield value(share, "all", measure.everywhere[key])
        if measure.failures[key].n:
            yield value(share, "wrong", measure.failures[key])
    for name, predictor in record.predictors.items():
        split = predictor.separation
        if split is None:
            continue
        share = f"{_CONDITIONS[name]} below {split.threshold:.4g}"
        above = split.failures_above
        yield value(share, "right", split.successes_below)
        yield value(share, "wrong", Proportion(count=above.n - above.count, n=above.n))


def _memorisation(record: Memorisation) -> Iterator[Value]:
    def value(quantity: str, measured: Measured) -> Value:
        labels: dict[str, Label] = {"model": record.model, "quantity": quantity}
        return Value(labels=labels, measured=measured, paper=None)

    first = "correlation of the error with the distance to the nearest training matrix"
    yield value(first, _estimate(record.correlation))
    yield value("the same with matrices not trained on", _estimate(record.control))
    yield value("difference: above 0 if nearby training matrices help", _estimate(record.excess))
    yield value(
        "the correlation if the nearest training matrix's answer were given",
        _estimate(record.lookup),
    )
    for tolerance in [key for key in _TOLERANCES if key in record.fresh]:
        within = f"right within {100 * float(tolerance):g}%"
        yield value(f"{within}, fresh matrices", _accuracy(record.fresh[tolerance]))
        yield value(f"{within}, training matrices", _accuracy(record.trained[tolerance]))
        near, far = record.quarters[0], record.quarters[-1]
        for where, quarter in (("nearest to", near), ("farthest from", far)):
            share = f"{within}, the quarter {where} training matrices"
            yield value(share, _accuracy(quarter.right[tolerance]))


def _accuracy(found: Proportion) -> Measured:
    low, high = found.interval
    return Measured(value=found.value, low=low, high=high, n=found.n)


def _estimate(found: Estimate) -> Measured:
    return Measured(value=found.value, unit="count", low=found.low, high=found.high)


FAILURES = Table(
    name="failures",
    label="Failures",
    title="Where models fail, what is still right then, and what tells it",
    section="4.5 and 4.6",
    rows=("model", "share"),
    columns=("answers",),
    computed=_failed,
    figures=_drawn,
    note="Percent of all, of the right, and of the wrong answers. Thresholds are the ones that "
    "separate right from wrong best, chosen on the same matrices, as in the paper.",
)
"""Which of the paper's criteria wrong answers still meet, and which number tells them."""
MEMORISATION = Table(
    name="memorisation",
    label="Memory",
    title="Whether models interpolate between training matrices",
    section="7",
    rows=("model", "quantity"),
    columns=(),
    computed=_remembered,
    note="Spearman's rank correlations, with 95% bootstrap intervals. Distance also goes with "
    "the size of a matrix and with how crowded its region is, so the same distance to matrices "
    "that the model has not seen stands beside.",
)
"""Whether errors grow with the distance to the nearest training matrix."""
