"""`eigenformer sweep`: a run for each combination of values, of whatever fields or options."""

import itertools
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from command_line import complaint, run

from eigenformer.cli.sweep_run import grid_of
from eigenformer.core import InputError
from eigenformer.models import DirectConfig
from eigenformer.runs import Experiment
from eigenformer.runs.grid import Axis
from eigenformer.runs.recipes import fast
from eigenformer.training import RunFolder

SMALL = [
    *("--width", "32", "--layers", "1", "1", "--batch-size", "32", "--examples", "320"),
    *("--evaluation.every", "160", "--evaluation.tests.0.size", "50"),
    *("--problem", "transpose", "--dims", "2x2"),
]
"""Ten steps, two evaluations."""


def shown(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_run_for_each_combination(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", "fast", *SMALL, "--vary", "seed=0,1", "--vary", "model.mantissa=median,mode"]
    assert run(*words, "--loaders", "0", "--json") == 0
    rows = shown(capsys)
    assert [(row["seed"], row["model.mantissa"]) for row in rows] == [
        *(("0", "median"), ("0", "mode"), ("1", "median"), ("1", "mode")),
    ]
    assert {row["state"] for row in rows} == {"finished"}
    for row in rows:
        config = json.loads((Path("runs") / row["run"] / "config.json").read_text())
        assert str(config["seed"]) == row["seed"]
        assert config["model"]["mantissa"] == row["model.mantissa"]
        within = row["accuracy"]["0.05"]
        assert within["low"] <= within["value"] <= within["high"] and within["n"] == 50
    assert len({row["run"] for row in rows}) == 4
    # Again, as a table: nothing is trained.
    times = {file: file.stat().st_mtime_ns for file in Path("runs").rglob("*.*")}
    assert run(*words) == 0
    out = capsys.readouterr().out
    heading = next(line for line in out.splitlines() if "model.mantissa" in line)
    assert heading.split() == ["seed", "model.mantissa", "5%", "2%", "1%", "0.5%", "state"]
    assert "95% intervals" in out and max(map(len, out.splitlines())) <= 80
    assert times == {file: file.stat().st_mtime_ns for file in Path("runs").rglob("*.*")}


def test_a_dry_run_trains_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", "fast", *SMALL, "--vary", "width=32,64", "--dry-run"]
    assert run(*words, "--json") == 0
    small, large = shown(capsys)
    assert small["examples"] == large["examples"] == 320
    assert 2 < large["flops"] / small["flops"] < 5
    assert not small["finished"] and small["seconds"] > 0
    assert run(*words) == 0
    out = capsys.readouterr().out
    assert out.count("to do") == 3 and "640 examples" in out
    assert not Path("runs").exists()


def test_an_interrupted_sweep_goes_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["sweep", "fast", *SMALL, "--vary", "seed=0,1", "--loaders", "0", "--json"]
    saved = RunFolder.save_evaluation

    def interrupt(folder: RunFolder, examples: int, test: str, result: dict[str, Any]) -> None:
        saved(folder, examples, test, result)
        os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(RunFolder, "save_evaluation", interrupt)
        assert run(*words) == 130
    captured = capsys.readouterr()
    assert captured.err == "eigenformer: stopped and saved; the same command goes on\n"
    assert [row["state"] for row in json.loads(captured.out)] == ["stopped", "stopped"]
    assert [row["accuracy"] for row in json.loads(captured.out)] == [{}, {}]
    assert run(*words) == 0
    assert [row["state"] for row in shown(capsys)] == ["finished", "finished"]


def test_what_takes_more_than_an_hour_asks(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", "paper", "--vary", "encoding=P10,FP15"]
    error = complaint(words, capsys)
    assert "120,000,000 examples" in error
    assert "on this machine; add --yes to begin all the same" in error
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "nothing varies; give at least one --vary"),
        (["--vary", "seed"], "--vary is 'seed'; give a field and values"),
        (["--vary", "seed=0,,1"], "--vary is 'seed=0,,1'"),
        (["--vary", "=1,2"], "--vary is '=1,2'"),
        (["--vary", "seed=1,1"], "--vary seed=1,1 has a value twice"),
        (["--vary", "sede=1,2"], "unknown option --sede: did you mean --seed?"),
        (["--vary", "seed=0,x"], "--seed is 'x', but it takes whole numbers"),
        (["--vary", "model.encoder.layer=1"], "did you mean --model.encoder.layers?"),
        (["--vary", "seed=0,1", "--folder", "x"], "are for `eigenformer train`"),
        (["--vary", "seed=0,1", "--workers", "0"], "workers is 0; give 1 or more"),
        (["--vary", "seed=0,1", "--engine", "slurm"], "it takes one of 'local', 'ray'"),
        (["--vary", "seed=0,1", "--engin", "ray"], "unknown option --engin"),
        (["--vary", "seed=0,1", "--engine", "slurm", "--problem", "add"], "--engine is 'slurm'"),
    ],
)
def test_bad_input_is_one_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence in complaint(["sweep", "fast", *words], capsys)
    assert not Path("runs").exists()


def test_an_absent_extra_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eigenformer.runs.ray_engine.find_spec", lambda _: None)
    words = ["sweep", "fast", "--problem", "add", "--vary", "seed=0,1", "--engine", "ray"]
    assert "pip install 'eigenformer[sweep]'" in complaint(words, capsys)


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sweep", "fast", "--help") == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: eigenformer sweep fast")
    for option in ("--vary", "--engine {local,ray}", "--workers", "--dry-run", "--yes", "--track"):
        assert option in out
    for ugly in ("\x1b", "default: None", "{None}", "--no-", "as-json", "MISSING"):
        assert ugly not in out
    assert max(map(len, out.splitlines())) <= 80
    assert run("sweep") == 2
    assert run("sweep", "--help") == 0
    assert capsys.readouterr().out.count("usage: eigenformer sweep RECIPE") == 2


def test_the_last_axis_varies_fastest() -> None:
    axes = [Axis.parse("seed=3,4,5"), Axis.parse("layers=2 1,1 1")]
    points = grid_of("fast", axes, ["--width", "64"])
    expected = [
        fast(seed=seed, layers=layers, width=64)
        for seed, layers in itertools.product((3, 4, 5), ((2, 1), (1, 1)))
    ]
    assert [point.experiment.config for point in points] == expected
    assert points[0].values == {"seed": "3", "layers": "2 1"}
    assert points[0].experiment.name == "seed-3-layers-2-1"


def test_fields_at_any_depth() -> None:
    def only(text: str) -> Experiment:
        (point,) = grid_of("fast", [Axis.parse(text)], [])
        return point.experiment

    model = only("model.encoder.layers=6").config.model
    assert isinstance(model, DirectConfig) and model.encoder.layers == 6
    assert only("compile=true").config.compile
    assert not only("compile=false").config.compile
    assert only("--batch_size=7").config.batch_size == 7
    assert only("optimizer.muon_rate=1e-3").config.optimizer.muon_rate == 1e-3
    with pytest.raises(InputError, match="seed is -1"):
        only("seed=-1")
