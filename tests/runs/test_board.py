"""What is shown of a plan under way is what its run folders say."""

import io
import re
from pathlib import Path

import pytest
from engine_examples import chain
from rich.console import Console

from eigenformer.runs.engine import Outcome, Silence
from eigenformer.runs.progress import Board, last_lines, progress
from eigenformer.training import RunFolder


def train_line(examples: int) -> dict[str, object]:
    return {"kind": "train", "examples": examples, "examples_per_second": 1234.5, "loss": 1.0}


def folder_with(path: Path, lines: int) -> RunFolder:
    path.mkdir()
    folder = RunFolder(path)
    accuracy = {"test": {"0.05": 0.875, "0.02": 0.5}, "other": {"0.05": 0.1}}
    folder.append_metrics({"kind": "evaluation", "examples": 1, "accuracy": {}})
    for i in range(lines):
        folder.append_metrics(train_line(16 * i))
    folder.append_metrics({"kind": "evaluation", "examples": 1600, "accuracy": accuracy})
    return folder


def console(terminal: bool) -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, force_terminal=terminal, width=100, color_system=None), text


@pytest.mark.parametrize("lines", [0, 1, 101, 1000])
def test_the_last_lines_of_metrics(lines: int, tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "run", lines)
    with open(folder.metrics_file, "a") as file:
        file.write('{"kind": "train", "exam')  # a line that is being written
    found = last_lines(folder)
    assert found["evaluation"]["examples"] == 1600
    assert found.get("train") == (train_line(16 * (lines - 1)) if lines else None)
    assert last_lines(RunFolder(tmp_path / "not-yet")) == {}


def test_a_line_for_each_run(tmp_path: Path) -> None:
    plan = chain()
    one, two = plan.experiments[:2]
    screen, text = console(terminal=False)
    with progress(plan, screen) as report:
        assert isinstance(report, Board)
        report.began(one, folder_with(tmp_path / "one", 101))
        report.began(two, RunFolder(tmp_path / "two"))
        screen.print(report.render())
        report.ended(Outcome(experiment=one, state="finished"))
        report.ended(Outcome(experiment=two, state="failed", message="a [sentence]"))
        report.note("a note")
    shown = re.sub(r" after \d+ s", "", text.getvalue()).splitlines()
    assert shown[:2] == [
        f"third begins, in {tmp_path / 'one'}",
        f"first begins, in {tmp_path / 'two'}",
    ]
    scores = "right within 5%: 87.5%, 2%: 50.0%"
    assert shown[2].split() == ["third", "50%", "1,234", "examples/s", *scores.split()]
    assert shown[3].split() == ["first", "0%", "waiting"]
    assert shown[4].strip() == "0 of 4 done"
    assert shown[5:] == [
        f"1/4 third finished, {scores}",
        "2/4 first failed: a [sentence]",
        "a note",
    ]


def test_quiet_is_silent_and_a_terminal_is_live(tmp_path: Path) -> None:
    screen, text = console(terminal=True)
    with progress(chain(), screen, quiet=True) as report:
        assert isinstance(report, Silence)
        report.note("nothing")
    assert text.getvalue() == ""
    with progress(chain(), screen) as report:
        report.began(chain().experiments[0], folder_with(tmp_path / "one", 101))
        report.note("heard")
    assert "heard" in text.getvalue() and "0 of 4 done" in text.getvalue()
