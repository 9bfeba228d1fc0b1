"""`eigenformer bench`: its benchmarks, and the comparison of recipes from kept results."""

import json
import sys
from pathlib import Path

import pytest
from command_line import run

from eigenformer.papers.efficiency import SETS, Case, CaseSet
from eigenformer.training import TestSet

TINY = Case(
    problem="transpose",
    dims="2x2",
    layers=(1, 1),
    width=32,
    heads=2,
    fast=640,
    same_tokens=640,
    baselines=16_000,
    tests=TestSet(size=20),
)
RESULTS = ["--results", "results"]


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = CaseSet(cases=(TINY,), contestants=SETS["laptop"].contestants, sentence="tiny")
    monkeypatch.setitem(SETS, "laptop", cases)


def efficiency(*words: str) -> int:
    return run("bench", "efficiency", *RESULTS, *words)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_training(precision: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--dims", "2x2", "--layers", "1", "1", "--width", "32", "--batch-size", "8"]
    words += ["--steps", "2", "--workers", "0", "--device", "cpu", "--precision", precision]
    assert run("bench", "training", *words, "--json") == 0
    (figures,) = json.loads(capsys.readouterr().out)
    used = figures["tflop_per_second"] / figures["peak_tflop_per_second"]
    assert figures["utilisation"] == pytest.approx(used)
    assert 0 < figures["utilisation"] < 1
    assert run("bench", "training", *words) == 0
    assert f"of a large {precision} product's" in capsys.readouterr().out.replace("\n", " ")


@pytest.mark.parametrize("name", ["laptop", "gpu"])
@pytest.mark.parametrize("more", [[], ["--ablations"]])
def test_without_results_nothing_is_claimed(
    name: str, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if (name, more) == ("gpu", ["--ablations"]):
        more = [*more, "--case", "eigenvalues-5x5"]
    assert efficiency("--set", name, *more) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "not run" in shown.out
    means = [line.split()[2:] for line in shown.out.splitlines() if "geometric mean" in line]
    assert len(means) == (0 if more else 1)
    assert all(set(cells) == {"-"} for cells in means)
    assert max(len(line.rstrip()) for line in shown.out.splitlines()) <= 80


def test_training_keeps_a_result(
    tiny: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--contestant", "fast", "--seed", "1"]
    assert efficiency(*words, "--rerun", "--workers", "0", "--quiet") == 0
    assert "not reached" in capsys.readouterr().out
    file = tmp_path / "results" / "transpose-2x2-fast-1.json"
    kept = json.loads(file.read_text())
    assert (kept["state"], kept["seed"], kept["curve"][-1]["examples"]) == ("finished", 1, 640)
    assert efficiency("--json") == 0
    (shown,) = json.loads(capsys.readouterr().out)
    assert shown.items() <= kept.items()

    file.unlink()
    assert efficiency(*words, "--collect") == 0
    assert json.loads(file.read_text()) == kept

    file.write_text(file.read_text().replace(kept["identity"], "0" * 12))
    capsys.readouterr()
    assert efficiency() == 0
    assert "outdated" in capsys.readouterr().out


def test_speed_runs_the_benchmarks_of_the_source_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "true")
    assert run("bench", "speed") == 0
    monkeypatch.setattr(sys, "executable", "false")
    assert run("bench", "speed", "--save") == 1
