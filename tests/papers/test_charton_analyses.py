"""Failures and memorisation as tables."""

import pytest
from failing_solvers import Wrong, blurred, exact, task_of

from eigenformer.papers import Table
from eigenformer.papers.charton2022.analyses import ANALYSES, failure_table, memorisation_table
from eigenformer.papers.charton2022.failures import failures
from eigenformer.papers.charton2022.memorisation import kept_memorisation


def numbers(table: Table, *keys: str) -> dict[tuple[object, ...], float]:
    """The table's numbers by these labels."""
    return {
        tuple(value.labels[key] for key in keys): value.measured.value
        for value in table.computed("laptop")
        if value.measured is not None
    }


def test_failures_tell_what_wrong_answers_still_meet() -> None:
    task = task_of("inverse")
    record = failures(Wrong(task, blurred(0.005), name="blurred"), task, 400)
    table = failure_table(lambda: [record])
    split = record.predictors["condition"].separation
    assert split is not None
    below = f"condition number of the input below {split.threshold:.4g}"
    distance = record.measures["distance"]
    assert numbers(table, "share", "answers") == pytest.approx(
        {
            ("right within 5%", "all"): record.right.value,
            ("well-formed", "all"): record.well_formed.value,
            ("distance within 5%", "all"): distance.everywhere["0.05"].value,
            ("distance within 5%", "wrong"): distance.failures["0.05"].value,
            (below, "right"): split.successes_below.value,
            (below, "wrong"): 1 - split.failures_above.value,
        }
    )
    (figure,) = table.figures("laptop")
    assert "blurred" in figure.alt


def test_what_has_no_condition_number_is_not_drawn() -> None:
    task = task_of("transpose")
    record = failures(Wrong(task, exact), task, 400)
    assert not failure_table(lambda: [record]).figures("laptop")


def test_memorisation_stands_beside_its_control() -> None:
    (record,) = kept_memorisation().values()
    found = list(numbers(memorisation_table(lambda: [record]), "quantity").values())
    estimates = (record.correlation, record.control, record.excess, record.lookup)
    assert found[:4] == [one.value for one in estimates]
    near, far = (record.quarters[place].right["0.05"] for place in (0, -1))
    shares = (record.fresh["0.05"], record.trained["0.05"], near, far)
    assert found[4:8] == [share.value for share in shares]


def test_the_package_brings_both() -> None:
    assert [table.name for table in ANALYSES if table.computed("laptop")] == [
        "failures",
        "memorisation",
    ]
