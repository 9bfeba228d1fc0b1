"""Failures and memorisation as tables."""

import pytest
from failing_solvers import Wrong, blurred, exact, task_of

from eigenformer.papers import Table
from eigenformer.papers.charton2022 import PAPER, analyses
from eigenformer.papers.charton2022.analyses import FAILURES, MEMORISATION
from eigenformer.papers.charton2022.failures import failures
from eigenformer.papers.charton2022.memorisation import kept_memorisation


def numbers(table: Table, *keys: str) -> dict[tuple[object, ...], float]:
    """The table's numbers by these labels."""
    return {
        tuple(value.labels[key] for key in keys): value.measured.value
        for value in table.computed("laptop")
        if value.measured is not None
    }


def test_failures_tell_what_wrong_answers_still_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    task = task_of("inverse")
    record = failures(Wrong(task, blurred(0.005), name="blurred"), task, 400)
    monkeypatch.setattr(analyses, "kept_failures", lambda: {"blurred": record})
    split = record.predictors["condition"].separation
    assert split is not None
    below = f"condition number of the input below {split.threshold:.4g}"
    distance = record.measures["distance"]
    assert numbers(FAILURES, "share", "answers") == pytest.approx(
        {
            ("right within 5%", "all"): record.right.value,
            ("well-formed", "all"): record.well_formed.value,
            ("distance within 5%", "all"): distance.everywhere["0.05"].value,
            ("distance within 5%", "wrong"): distance.failures["0.05"].value,
            (below, "right"): split.successes_below.value,
            (below, "wrong"): 1 - split.failures_above.value,
        }
    )
    (figure,) = FAILURES.figures("laptop")
    assert "blurred" in figure.alt


def test_what_has_no_condition_number_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    task = task_of("transpose")
    record = failures(Wrong(task, exact), task, 400)
    monkeypatch.setattr(analyses, "kept_failures", lambda: {"exact": record})
    assert not FAILURES.figures("laptop")


def test_memorisation_stands_beside_its_control() -> None:
    found = list(numbers(MEMORISATION, "model", "quantity").values())
    records = list(kept_memorisation().values())
    assert records and len(found) % len(records) == 0
    each = len(found) // len(records)
    for place, record in enumerate(records):
        figures = found[each * place : each * (place + 1)]
        estimates = (record.correlation, record.control, record.excess, record.lookup)
        assert figures[:4] == [one.value for one in estimates]
        near, far = (record.quarters[place].right["0.05"] for place in (0, -1))
        shares = (record.fresh["0.05"], record.trained["0.05"], near, far)
        assert figures[4:8] == [share.value for share in shares]


def test_the_paper_has_both() -> None:
    assert PAPER.studies["failures"] == FAILURES
    assert PAPER.studies["memorisation"] == MEMORISATION
