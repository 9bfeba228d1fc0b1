"""Numbers of a table find their places, and none is lost."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eigenformer.papers import PaperCell, PaperTable, Value
from eigenformer.papers.charton2022.results import paper_tables
from eigenformer.reports.blocks import Grid, GridHead
from eigenformer.reports.layout import OurNumber, layout
from eigenformer.reports.numbers import (
    count,
    label_text,
    our_entry,
    paper_entry,
    percent,
)
from eigenformer.runs import Label, Measured


def our(
    labels: dict[str, Label], number: float | None, paper: dict[str, Label] | None
) -> OurNumber:
    """`paper` are the labels of the counterpart that differ, or None."""
    measured = None if number is None else Measured(value=number, unit="count")
    counterpart = None if paper is None else {**labels, **paper}
    value = Value(labels=labels, measured=measured, paper=counterpart)
    return OurNumber(value=value, state="not run")


def made_up(labels: Sequence[dict[str, Label]], common: dict[str, Any]) -> PaperTable:
    """A table of the paper whose numbers are 1, 2, 3, ..."""
    cells = tuple(PaperCell(labels=one, value=place) for place, one in enumerate(labels, 1))
    return PaperTable(name="table99", title="", task="", common=common, notes="", cells=cells)


def grid_of(*given: Any) -> Grid:
    grid = layout(*given)
    assert grid is not None
    return grid


def texts(grid: Grid, side: str) -> Counter[str]:
    return Counter(
        entry.text for line in grid.slots for slot in line for entry in getattr(slot, side)
    )


def column(grid: Grid, *labels: str) -> tuple[int, GridHead]:
    return next(
        (place, one)
        for place, one in enumerate(grid.columns)
        if tuple(label.text for label in one.labels) == labels
    )


PAPER = made_up(
    [
        {"dims": dims, "encoding": encoding, "tolerance": tolerance}
        for tolerance in (5, 1)
        for dims in ("5x5", "8x8")
        for encoding in ("P10", "P1000")
    ],
    {"heads": "8/8", "metric": "accuracy"},
)


def test_a_number_stands_beside_its_counterpart_under_both_labels() -> None:
    one = our({"dims": "2x2", "encoding": "P10", "tolerance": 5}, 0.5, {"dims": "5x5"})
    grid = grid_of(("tolerance",), ("dims", "encoding"), [one], PAPER)
    place, head = column(grid, "2x2", "P10")
    assert [label.paper for label in head.labels] == ["5x5", None]
    assert [row.labels[0].text for row in grid.rows] == ["5%", "1%"]
    assert [entry.text for entry in grid.slots[0][place].paper] == ["1"]
    assert [entry.text for entry in grid.slots[0][place].ours] == ["0.5"]
    # The rest of the paper's column stays in it.
    assert [entry.text for entry in grid.slots[1][place].paper] == ["5"]
    assert [tuple(label.text for label in one.labels) for one in grid.columns] == [
        ("2x2", "P10"),
        ("5x5", "P1000"),
        ("8x8", "P10"),
        ("8x8", "P1000"),
    ]
    assert [one.paper_only for one in grid.columns] == [False, True, True, True]
    assert grid.common == ("The paper's: heads 8/8.",)


def test_two_sizes_of_ours_share_a_counterpart() -> None:
    ours = [
        our({"dims": dims, "encoding": "P10", "tolerance": 5}, None, {"dims": "5x5"})
        for dims in ("2x2", "3x3")
    ]
    grid = grid_of(("tolerance",), ("dims", "encoding"), ours, PAPER)
    for dims in ("2x2", "3x3"):
        place, head = column(grid, dims, "P10")
        assert head.labels[0].paper == "5x5"
        assert [line[place].paper[0].text for line in grid.slots] == ["1", "5"]
        assert grid.slots[0][place].ours[0].missing


def test_a_row_whose_counterparts_differ_gives_them_with_each_number() -> None:
    ours = [
        our({"encoding": encoding, "dims": "2x2", "tolerance": 5}, 0.5, {"dims": dims})
        for encoding, dims in (("P10", "5x5"), ("P1000", "8x8"))
    ]
    grid = grid_of(("dims",), ("encoding", "tolerance"), ours, PAPER)
    assert grid.rows[0].labels[0].text == "2x2" and grid.rows[0].labels[0].paper is None
    numbers = [slot.paper[0] for slot in grid.slots[0] if slot.ours]
    assert [(one.text, one.details) for one in numbers] == [
        ("1", ("size 5x5",)),
        ("4", ("size 8x8",)),
    ]


def test_seeds_share_a_place_even_where_a_table_lists_them() -> None:
    labels: dict[str, Label] = {"dims": "5x5", "encoding": "P10", "tolerance": 5}
    ours = [
        our({**labels, "seed": seed}, number, {}) for seed, number in enumerate((1.5, 3.5, None))
    ]
    grid = grid_of(("tolerance", "seed"), ("dims", "encoding"), ours, PAPER)
    assert grid.row_keys == ("tolerance",)
    place, _ = column(grid, "5x5", "P10")
    (entry,) = grid.slots[0][place].ours
    assert (entry.text, entry.details) == ("2.5000", ("2 of 3 seeds", "1.5000 to 3.5000"))
    assert texts(grid, "paper")["1"] == 1


def test_what_neither_row_nor_column_tells_stands_with_the_number() -> None:
    ours = [
        our({"dims": "5x5", "score": score, "tolerance": 5}, number, None)
        for score, number in (("l1", 0.25), ("l2", 0.75))
    ]
    grid = grid_of(("tolerance",), ("dims",), ours, None)
    assert [(e.text, e.details) for e in grid.slots[0][0].ours] == [
        ("0.25", ("score l1",)),
        ("0.75", ("score l2",)),
    ]
    assert grid.common == ()
    alone = grid_of(("tolerance",), ("dims",), ours[:1], None)
    assert alone.common == ("Ours: score l1.",)


def test_labels_that_the_paper_leaves_out_are_not_made_up() -> None:
    paper = made_up([{"loops": None, "tolerance": 5}, {"tolerance": 1}], {"dim": None})
    one = our({"loops": 4, "dim": 64, "tolerance": 5}, 0.5, {"loops": None, "dim": None})
    grid = grid_of(("loops",), ("tolerance", "dim"), [one], paper)
    assert [label.paper for row in grid.rows for label in row.labels] == [None, None]
    place, head = column(grid, "5%", "64")
    assert [label.paper for label in head.labels] == [None, None]
    assert [entry.details for entry in grid.slots[0][place].paper] == [()]
    assert not any(text.startswith("The paper's") for text in grid.common)


def test_nothing_at_all_is_no_grid() -> None:
    assert layout(("tolerance",), (), [], None) is None
    assert layout(("tolerance",), (), [], made_up([], {})) is None


LABELS = st.fixed_dictionaries(
    {
        "dims": st.sampled_from(["2x2", "3x3", "5x5"]),
        "encoding": st.sampled_from(["P10", "P1000", "FP15"]),
        "tolerance": st.sampled_from([5, 1, 0.5]),
    },
    optional={"seed": st.integers(0, 2), "score": st.sampled_from(["l1", "l2"])},
)
COUNTERPART = st.none() | st.fixed_dictionaries(
    {"dims": st.sampled_from(["5x5", "8x8", "9x9"])},
    optional={"encoding": st.sampled_from(["P10", "P1000"])},
)


@given(
    ours=st.lists(st.tuples(LABELS, COUNTERPART), max_size=12, unique_by=lambda one: repr(one[0])),
    rows=st.permutations(["dims", "encoding", "tolerance", "seed"]),
    split=st.integers(0, 4),
)
def test_no_number_is_lost_and_none_of_ours_doubled(
    ours: list[tuple[dict[str, Label], dict[str, Label] | None]], rows: list[str], split: int
) -> None:
    values = [our(labels, 100.0 + i, paper) for i, (labels, paper) in enumerate(ours)]
    grid = grid_of(rows[:split], rows[split:], values, PAPER)
    assert set(texts(grid, "paper")) == {str(cell.value) for cell in PAPER.cells}
    # Repetitions, and repeated labels, are one entry that says how many they are.
    number = sum(
        int(entry.details[0].split()[0]) if "seeds" in "".join(entry.details) else 1
        for line in grid.slots
        for slot in line
        for entry in slot.ours
    )
    assert number == len(ours)
    assert len(grid.slots) == len(grid.rows)
    assert all(len(line) == len(grid.columns) for line in grid.slots)
    for place, one in enumerate(grid.columns):
        assert ("ours" in one.sides) == any(line[place].ours for line in grid.slots)
        assert ("paper" in one.sides) == any(line[place].paper for line in grid.slots)


@pytest.mark.parametrize("name", sorted(paper_tables()))
def test_a_table_of_the_paper_alone_is_laid_out_whole(name: str) -> None:
    paper = paper_tables()[name]
    keys = list(dict.fromkeys(key for cell in paper.cells for key in cell.labels))
    grid = grid_of(keys[:1], keys[1:], [], paper)
    assert sum(texts(grid, "paper").values()) == len(paper.cells)
    assert all(one.paper_only and one.sides == ("paper",) for one in grid.columns)


@pytest.mark.parametrize(
    ("fraction", "text"), [(1, "100"), (0, "0"), (0.97215, "97.2"), (0.99999, "100.0")]
)
def test_percent(fraction: float, text: str) -> None:
    assert percent(fraction) == text


def test_numbers_in_words() -> None:
    assert [count(x) for x in (90_000, 12.5, 0.00473, -0.5)] == [
        "90,000",
        "12.500",
        "0.0047",
        "-0.5",
    ]
    assert label_text("tolerance", 0.5) == "0.5%"
    assert label_text("noise", 0.01) == "0.01σ"
    assert label_text("layers", None) == "–"
    assert label_text("metric", "epochs_to_95") == "epochs to 95%"


def test_an_accuracy_has_its_interval_and_ceiling() -> None:
    one = Measured(value=0.9721, low=0.968, high=0.975, n=10_000, ceiling=0.981)
    entry = our_entry([one])
    assert (entry.text, entry.details) == ("97.2", ("96.8 to 97.5", "ceiling 98.1"))
    assert (entry.share, entry.ceiling) == (0.9721, 0.981)


def test_bounds_stay_bounds() -> None:
    reached = Measured(value=30_000, unit="examples")
    bound = Measured(value=90_000, unit="examples", at_least=True)
    assert our_entry([bound]).text == "> 90,000"
    both = our_entry([bound, reached])
    assert both.text == "> 60,000"
    assert both.details == ("examples", "2 seeds", "30,000 to > 90,000")


def test_an_interval_decides_the_digits() -> None:
    one = Measured(value=12.90637, unit="count", low=12.897, high=12.9158)
    assert our_entry([one]).text == "12.9064"
    assert our_entry([one]).details == ("12.8970 to 12.9158",)


@pytest.mark.parametrize(
    ("number", "unit", "text", "details"),
    [
        (76, "epochs", "76 epochs", ("as told",)),
        (28.8, "M", "28.8 M", ("as told",)),
        (2276171, "", "2,276,171", ()),
        (97.0, "", "97.0", ()),
        ("[+, 314, E-2]", "", "[+, 314, E-2]", ()),
        (None, "", "–", ()),
    ],
)
def test_the_papers_numbers_are_printed_as_there(
    number: float | str | None, unit: str, text: str, details: tuple[str, ...]
) -> None:
    detail = "".join(details)
    entry = paper_entry(PaperCell(labels={}, value=number, unit=unit, detail=detail))
    assert (entry.text, entry.details, entry.missing) == (text, details, number is None)
