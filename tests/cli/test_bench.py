"""`eigenformer bench`: its benchmarks, and the comparison of recipes from kept results."""

import json
import re
import sys

import pytest
from command_line import run


def efficiency(*words: str) -> int:
    return run("bench", "efficiency", "--records", "records", *words)


@pytest.mark.parametrize("precision", ["float32", pytest.param("bfloat16", marks=pytest.mark.slow)])
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


@pytest.mark.parametrize("name", ["held-out", "tuned", "gpu"])
@pytest.mark.parametrize("more", [[], ["--ablations"]])
def test_without_results_nothing_is_claimed(
    name: str, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if more:
        case = {"gpu": "eigenvalues-5x5", "tuned": "add-3x3", "held-out": "matmul-2x2"}[name]
        more = [*more, "--case", case]
    assert efficiency("--set", name, *more) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "not run" in shown.out
    assert not re.search(r"\d\.\dx", shown.out)
    assert max(len(line.rstrip()) for line in shown.out.splitlines()) <= 80


@pytest.mark.parametrize("more", [[], ["--ablations"]])
def test_efficiency_as_json(more: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("bench", "efficiency", "--json", "--case", "eigenvalues-3x3", *more) == 0
    first = json.loads(capsys.readouterr().out)[0]
    assert (first["contestant"], first["seed"], first["state"]) == ("fast", 0, "finished")
    assert (first["needed"]["value"], first["target"]) == (26_400, 0.95)


def test_speed_runs_the_benchmarks_of_the_source_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "true")
    assert run("bench", "speed") == 0
    monkeypatch.setattr(sys, "executable", "false")
    assert run("bench", "speed", "--save") == 1
