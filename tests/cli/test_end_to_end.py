"""From a training to an answer, through the commands alone."""

import importlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import TINY, run

from eigenformer.training import RunFolder
from eigenformer.zoo import load


@pytest.fixture
def matrices(tmp_path: Path) -> np.ndarray:
    return np.random.default_rng(0).uniform(-10, 10, (2, 2, 2))


def test_overrides_reach_the_configuration(trained: Path) -> None:
    config = RunFolder(trained).config()
    assert config.optimizer.rate == 1e-3
    assert config.evaluation.every == 640
    assert config.evaluation.tests[0].size == 50
    assert config.schedule.warmup_steps == 10
    assert config.task.ensemble.dims == "2x2"
    assert config.batch_size == 32
    assert sorted(RunFolder(trained).evaluations("test")) == [640, 1280]


def test_show_prints_what_would_be_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--show", "--task.noise", "0.1", "--model.activation", "relu"]
    words += ["--evaluation.target", "0.5"]
    assert run("train", "fast", *words) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["task"]["noise"] == 0.1
    assert shown["model"]["activation"] == "relu"
    assert shown["evaluation"]["target"] == 0.5
    assert not (tmp_path / "runs").exists()


def test_a_finished_run_is_not_run_again(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (trained / "metrics.jsonl").read_bytes()
    assert run("resume", trained) == 0
    shown = capsys.readouterr()
    assert "is finished; nothing to do" in shown.out
    assert "finished (all examples used) after 1,280 examples" in shown.out
    assert shown.err == ""
    assert (trained / "metrics.jsonl").read_bytes() == before


def test_an_interrupted_run_goes_on(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_folder = tmp_path / "runs" / "mine"
    shutil.copytree(trained, run_folder)
    # As if it had been killed after the first evaluation.
    (run_folder / "status.json").unlink()
    for file in (run_folder / "state").glob("*40.*"):
        file.unlink()
    assert run("resume", "mine", "--workers", "0") == 0
    assert "640 of 1,280 examples done" in capsys.readouterr().out
    for name in ("model.safetensors", "evals/000000001280-test.json"):
        assert (run_folder / name).read_bytes() == (trained / name).read_bytes()


def test_the_run_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [*TINY, "--examples", "32", "--quiet"]
    assert run("train", "fast", *words) == 0
    (folder,) = (tmp_path / "runs").iterdir()
    assert run("train", "fast", *words) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert run("train", "fast", *words, "--seed", "1") == 0
    assert len(list((tmp_path / "runs").iterdir())) == 2
    capsys.readouterr()
    assert run("resume", "fast-transpose") == 2
    assert "fits several runs" in capsys.readouterr().err
    assert run("evaluate", folder.name.rsplit("-")[-1], "--n", "20") == 0
    assert run("info", "--json") == 0
    assert folder.name in capsys.readouterr().out


def test_evaluate(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--problem", "transpose", "--n", "40", "--tolerances", "0.1", "0.02"]
    assert run("evaluate", trained, "numpy", *words, "--output", "r.json", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == json.loads((tmp_path / "r.json").read_text())
    assert [result["solver"] for result in shown] == ["transpose", "numpy"]
    assert {result["n"] for result in shown} == {40}
    assert shown[1]["accuracy"]["l1"]["0.02"]["value"] == 1
    assert {"0.1", "0.02"} <= set(shown[0]["accuracy"]["l1"])
    assert run("evaluate", trained, *words, "--dims", "2x2-3", "--score", "max") == 0
    table = capsys.readouterr().out
    assert table.startswith("transpose: transpose, 40 matrices")
    assert "2x3" in table
    assert max(map(len, table.splitlines())) <= 80
    assert "\x1b" not in table


def test_what_is_known_outlives_trouble_with_the_next(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = importlib.import_module("eigenformer.zoo.scores")
    scored = module.evaluate
    calls: list[str] = []

    def fail_later(solver: Any, *args: Any, **options: Any) -> Any:
        calls.append(solver.name)
        if len(calls) > 1:
            raise OSError(5, "Input/output error")
        return scored(solver, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "evaluate", fail_later)
        words = ["--problem", "transpose", "--n", "10", "--output", "r.json"]
        assert run("evaluate", trained, "numpy", *words) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith("transpose: transpose")
    assert shown.err.count("\n") == 1
    assert len(json.loads((tmp_path / "r.json").read_text())) == 1


@pytest.mark.parametrize("form", ["npy", "csv", "txt", "json", "stdin", "stdin-json"])
@pytest.mark.parametrize("several", [False, True])
def test_every_form_of_input(
    form: str,
    several: bool,
    matrices: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    value = matrices if several else matrices[0]
    lines = "\n\n".join(
        "\n".join(", ".join(map(repr, row)) for row in matrix.tolist())
        for matrix in (matrices if several else matrices[:1])
    )
    name = f"a.{form}"
    if form == "npy":
        np.save(name, value)
    elif form.startswith("stdin"):
        name, text = "-", json.dumps(value.tolist()) if form == "stdin-json" else lines
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    else:
        text = json.dumps(value.tolist()) if form == "json" else lines
        Path(name).write_text(text if form != "txt" else text.replace(", ", "\t"))
    assert run("solve", "transpose", "--input", name, "--model", "numpy", "--json") == 0
    entries = json.loads(capsys.readouterr().out)
    assert len(entries) == (2 if several else 1)
    for entry, matrix in zip(entries, matrices, strict=False):
        np.testing.assert_array_equal(entry["input"], matrix)
        np.testing.assert_array_equal(entry["answer"], matrix.T)
        assert entry["valid"] and entry["error"] == 0
        assert entry["model"] == "numpy"


def test_mixed_shapes_keep_their_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shapes = [(2, 2), (2, 2), (3, 1), (2, 2)]
    mixed = [np.full(shape, float(i + 1)) for i, shape in enumerate(shapes)]
    (tmp_path / "a.json").write_text(json.dumps([m.tolist() for m in mixed]))
    words = ["--input", "a.json", "--model", "numpy", "--output", "b.json"]
    assert run("solve", "transpose", *words) == 0
    assert capsys.readouterr().out.count("─ numpy ─") == 4
    entries = json.loads((tmp_path / "b.json").read_text())
    assert [np.array(entry["answer"]).tolist() for entry in entries] == [
        m.T.tolist() for m in mixed
    ]


def test_solve_with_a_trained_model(
    trained: Path, matrices: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save("a.npy", matrices)
    status = run("solve", "transpose", "--input", "a.npy", "--model", trained, "--output", "b.npy")
    solution = load(str(trained)).solve(matrices)
    assert status == (0 if solution.valid.all() else 1)
    np.testing.assert_array_equal(np.load("b.npy"), solution.value)
    shown = capsys.readouterr().out
    assert shown.count("input") == 2
    assert "\x1b" not in shown
    for valid, reason in zip(solution.valid, solution.reason, strict=True):
        assert ("error" if valid else f"no answer: {reason}") in shown


def test_a_malformed_answer_is_status_1(
    untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save("a.npy", np.random.default_rng(0).uniform(-10, 10, (5, 3, 3)))
    words = ["--input", "a.npy", "--model", untrained]
    assert run("solve", "inverse", *words, "--json", "--output", "b.npy") == 1
    entries = json.loads(capsys.readouterr().out)
    assert len(entries) == 5
    for entry in entries:
        assert entry["answer"] is None
        assert entry["error"] is None
        assert not entry["valid"] and entry["reason"]
        assert entry["certificate"]["condition_number"] > 1
    assert np.isnan(np.load("b.npy")).all()
    assert run("solve", "inverse", *words) == 1
    table = capsys.readouterr().out
    assert "inv: 5 matrices" in table
    assert "no answer because" in table
    assert max(map(len, table.splitlines())) <= 80


def test_cautions(untrained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save("a.npy", [[500.0, 1.0], [2.0, 3.0]])
    run("solve", "inverse", "--input", "a.npy", "--model", untrained)
    shown = capsys.readouterr().out
    assert "caution: inv was trained on 3x3 matrices, not on an input of 2x2" in shown
    assert "for 2x2 there are --model " in shown
    np.save("a.npy", np.diag([500.0, 1.0, 2.0]))
    for words, cautioned in (([], False), (["--no-rescale"], True)):
        run("solve", "inverse", "--input", "a.npy", "--model", untrained, *words)
        shown = capsys.readouterr().out
        assert ("caution: the largest coefficient of an input is 500" in shown) == cautioned
        assert "caution: the share of coefficients that are exactly zero" in shown


def test_without_a_model(
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    module = importlib.import_module("eigenformer.zoo.load")
    monkeypatch.setattr(module, "shipped_models", dict)
    np.save("a.npy", np.ones((2, 2)))
    assert run("solve", "transpose", "--input", "a.npy") == 2
    assert "eigenformer train fast --problem transpose --dims 2x2" in capsys.readouterr().err
    shutil.copytree(trained, tmp_path / "runs" / "mine")
    assert run("solve", "transpose", "--input", "a.npy", "--json") in (0, 1)
    assert json.loads(capsys.readouterr().out)[0]["model"] == "mine"


def test_a_wide_matrix_fits_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    np.save("a.npy", np.random.default_rng(0).uniform(-1e-4, 1e-4, (3, 40)))
    assert run("solve", "transpose", "--input", "a.npy", "--model", "numpy") == 0
    shown = capsys.readouterr().out
    framed = [line for line in shown.splitlines() if line[0] in "╭│╰"]
    assert max(map(len, framed)) <= 80
    assert "..." in shown
    assert "…" not in shown


@pytest.mark.parametrize("suffix", [".npz", ".jsonl"])
def test_a_file_of_examples_is_trained_on(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = f"examples{suffix}"
    options = ["--dims", "2x2", "--n", "200", "--noise", "0.01"]
    assert run("data", "export", "transpose", "--output", file, *options) == 0
    assert capsys.readouterr().out == f"wrote 200 examples of transpose to {file}\n"
    assert run("data", "inspect", file, "--show", "2") == 0
    shown = capsys.readouterr().out
    assert "200" in shown and "2x2" in shown and "answer 1:" in shown and "answer 2:" not in shown
    words = [*TINY, "--examples", "64"]
    assert run("train", "fast", *words, "--data", file, "--folder", "run", "--quiet") == 0
    assert run("train", "fast", *words, "--data", file, "--folder", "run", "--quiet") == 0
    assert "nothing to do" in capsys.readouterr().out
    data = RunFolder(tmp_path / "run").config().data
    assert data is not None
    assert data.path.endswith(file)
    # The file is part of the run's identity.
    assert run("data", "export", "transpose", "--output", file, *options, "--seed", "1") == 0
    assert run("train", "fast", *words, "--data", file, "--folder", "run") == 2
    assert "holds another run" in capsys.readouterr().err


def test_examples_that_cannot_be_written_are_drawn_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--output", "a.jsonl", "--n", "30", "--dims", "1x1", "--encoding", "FP15"]
    assert run("data", "export", "inverse", *words, "--scale", "2e9") == 0
    assert "more could not be written" in capsys.readouterr().out
    assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 31


def test_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    demo = importlib.import_module("eigenformer.cli.demo")
    recipes = importlib.import_module("eigenformer.runs.recipes")
    whole = recipes.fast

    def short(**options: Any) -> Any:
        return whole(**options, width=32, layers=(1, 1), examples=128, batch_size=32)

    monkeypatch.setattr(recipes, "fast", short)
    monkeypatch.setattr(demo, "FRESH", 30)
    assert run("demo", "--workers", "0") == 1  # so short a training reaches nothing
    shown = capsys.readouterr().out
    for part in ("1. Training on", "2. Scoring on 30", "3. Solving a matrix", "95% expected"):
        assert part in shown
    (picture,) = tmp_path.glob("runs/*/learning_curve.png")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_signal_to_the_whole_group_stops_in_good_order(tmp_path: Path) -> None:
    """As `timeout`, a terminal's Ctrl-C and batch systems send it: the workers get it too."""
    words = [*TINY, "--examples", "10000000", "--workers", "1", "--folder", "run"]
    process = subprocess.Popen(
        [sys.executable, "-m", "eigenformer", "train", "fast", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not (tmp_path / "run" / "metrics.jsonl").exists() and process.poll() is None:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGTERM)
    _, error = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert error == "eigenformer: stopped and saved; go on with: eigenformer resume run\n"
    assert RunFolder(tmp_path / "run").status()["state"] == "stopped"
