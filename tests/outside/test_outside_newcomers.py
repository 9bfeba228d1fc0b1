"""What a new user met who followed README.md and the pages as printed, with a clock."""

import time
from pathlib import Path

import pytest
from rich.console import Console

from eigenformer.cli import main
from eigenformer.core.kept import read_kept
from eigenformer.evaluation.read import names_a_file
from eigenformer.papers import facts
from eigenformer.runs.recipes import fast
from eigenformer.runs.store import find_run
from eigenformer.training.progress import PlainDisplay
from eigenformer.zoo.facts import in_words


def test_kept_lists_are_those_of_this_code() -> None:
    """Row D9: otherwise `paper list` takes many seconds of a core."""
    assert read_kept(facts.FILE, facts._sources()) is not None, "run docs/make_lists.py"


def test_a_wide_list_comes_in_parts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row D5: in 80 columns no heading and no figure of `paper list` is cut."""
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["paper", "list"]) == 0
    shown = capsys.readouterr().out
    assert "…" not in shown and "vladymyrov2024-mixed-noise " in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_the_beginning_of_a_runs_path_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row D7: `resume runs/sizefree`, as README says of names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EIGENFORMER_RUNS", raising=False)
    run = Path("runs/sizefree-add-3x3-0123")
    run.mkdir(parents=True)
    (run / "config.json").write_text("{}")
    assert find_run("runs/sizefree").path == find_run("sizefree").path == run


@pytest.mark.parametrize("text", ["matrix.cvs", "book.xlsx", "../a b/m.csv", "notes.md"])
def test_what_ends_as_a_file_is_one(text: str) -> None:
    """Row B5: a misspelt or missing file is said to be missing, not read as numbers."""
    assert names_a_file(text)


@pytest.mark.parametrize("text", ["1.5 2.5", "[1 2; 3 4].T", "1 2; 3 4.", "1e5", "np.eye(3)"])
def test_what_ends_as_a_number_is_none(text: str) -> None:
    """Row B5."""
    assert not names_a_file(text)


def test_a_small_file_has_a_size() -> None:
    """Row D11: 176 bytes are not 0 kB."""
    assert in_words(176) == "0.18 kB" and in_words(35_616) == "36 kB"


def test_an_option_in_a_recipes_place(capsys: pytest.CaptureFixture[str]) -> None:
    """Row D6."""
    assert main(["train", "--dims", "2x2"]) == 2
    assert "a recipe is to be named first: fast" in capsys.readouterr().err


def test_what_is_left_follows_the_pace_so_far(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row D11: `make demo` said 9 minutes, 2, 6, 1, as its last steps had a rate each."""
    now = iter([0.0, 100.0, 200.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    display = PlainDisplay(Console(width=80))
    display.start(fast(examples=3_000), "runs/x", 1_000)  # resumed
    display.step(1_500, 50.0, 1.0)  # five examples a second
    display.step(2_000, 400.0, 1.0)
    first, second = capsys.readouterr().out.splitlines()[1:]
    assert "5 min" in first and "3 min 20 s" in second
