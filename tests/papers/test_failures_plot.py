"""The figure of failures says what its records say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from failing_solvers import Wrong, blurred, exact, sheared, task_of
from matplotlib import pyplot

from eigenformer.core import InputError
from eigenformer.papers.charton2022.failures import FailureRecord, failures
from eigenformer.papers.charton2022.failures_plot import plot_failures


@pytest.fixture
def kept_open(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Figures stay open, so that a test can read what is in them."""
    monkeypatch.setattr(pyplot, "close", lambda figure: None)
    yield
    monkeypatch.undo()
    pyplot.close("all")


def record_of(problem: str, answer: Any, **options: Any) -> FailureRecord:
    task = task_of(problem)
    return failures(Wrong(task, answer, name=problem, **options), task, 400)


def test_a_row_a_record_with_its_numbers(tmp_path: Path, kept_open: None) -> None:
    records = [
        record_of("inverse", blurred(0.005)),
        record_of("eigenvectors", sheared, malformed=range(5)),
    ]
    plot_failures(records, tmp_path / "failures.png")
    assert (tmp_path / "failures.png").read_bytes().startswith(b"\x89PNG")
    axes = pyplot.gcf().axes
    assert len(axes) == 4
    for histogram, record, name in zip(
        axes[::2], records, ("condition", "basis_condition"), strict=True
    ):
        found = record.predictors[name].separation
        assert found is not None
        title = histogram.get_title(loc="left")
        wrong = record.n - record.right.count
        assert title.startswith(f"{record.model}: {wrong} of 400 wrong at 5%")
        assert f"{100 * found.successes_below.value:.1f}% of the right" in title
        assert f"below {found.threshold:.4g}" in title
    for profile, record in zip(axes[1::2], records, strict=True):
        heights = [bar.get_height() for bar in profile.patches]
        assert heights == pytest.approx([100 * group.right.value for group in record.profile])


def test_the_threshold_is_drawn_where_it_is(tmp_path: Path, kept_open: None) -> None:
    record = record_of("inverse", blurred(0.005))
    plot_failures([record], tmp_path / "failures.png")
    found = record.predictors["condition"].separation
    assert found is not None
    (line,) = pyplot.gcf().axes[0].lines
    assert np.asarray(line.get_xdata()) == pytest.approx([found.threshold] * 2)


def test_without_failures_there_is_no_threshold(tmp_path: Path, kept_open: None) -> None:
    plot_failures([record_of("svd", exact)], tmp_path / "failures.png")
    histogram = pyplot.gcf().axes[0]
    assert not histogram.lines
    assert histogram.get_title(loc="left") == "svd: 0 of 400 wrong at 5%"


def test_what_cannot_be_drawn_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="transpose"):
        plot_failures([record_of("transpose", exact)], tmp_path / "failures.png")
    with pytest.raises(InputError, match="no record"):
        plot_failures([], tmp_path / "failures.png")
