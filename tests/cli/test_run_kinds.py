"""Every kind of run by the same commands: train, resume, evaluate, sweep, track."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from command_line import TINY, complaint, run

from eigenformer.runs import stored_runs
from eigenformer.training import KINDS, Execution, RunFolder, Trainer

PROMPTS = [*("--dim", "2", "--points", "5", "--batch", "16", "--steps", "60")]
COMMANDS: dict[str, list[str]] = {
    "tokens": ["fast", *(word for word in TINY if word not in ("--workers", "0"))],
    "prompts": ["linear-attention", *PROMPTS, "--evaluation.every", "30"],
}
"""By kind: a recipe and its options."""
EVERY_KIND = pytest.mark.parametrize("kind", COMMANDS)


def test_every_kind_has_a_row() -> None:
    assert set(COMMANDS) == set(KINDS.names())


def stopped_on_the_way(kind: str, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run that was killed in the middle, after its state had been saved."""
    step = Trainer.step

    def stops(trainer: Trainer, share: object) -> bool:
        if trainer.progress.step >= 25:
            raise KeyboardInterrupt
        return step(trainer, share)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", stops)
        assert run("train", *COMMANDS[kind], "--save-seconds", "0", "--workers", "0") == 130
    (folder,) = stored_runs()
    assert folder.status()["state"] == "running"
    return folder


@EVERY_KIND
def test_resume_and_evaluate(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = stopped_on_the_way(kind, monkeypatch)
    assert run("resume", folder.path.name, "--workers", "0") == 0
    assert folder.finished
    capsys.readouterr()
    assert run("evaluate", folder.path.name, "--n", "200", "--json") == 0
    (result,) = json.loads(capsys.readouterr().out)
    assert result["n"] == 200 and result["seed"] == 1
    assert run("evaluate", str(folder.path), "--n", "50", "--output", "scores.json") == 0
    assert folder.path.name in capsys.readouterr().out.replace("\n", "")
    assert Path("scores.json").exists()
    assert run("info", "--json") == 0
    assert json.loads(capsys.readouterr().out)["runs"] == [folder.path.name]


@EVERY_KIND
def test_sweep(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", *COMMANDS[kind], "--vary", "seed=0,1", "--loaders", "0"]
    assert run(*words, "--dry-run", "--json") == 0
    planned = json.loads(capsys.readouterr().out)
    assert [row["finished"] for row in planned] == [False, False]
    assert run(*words, "--workers", "2", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["state"] for row in rows] == ["finished", "finished"]
    assert {row["run"] for row in rows} == {folder.path.name for folder in stored_runs()}
    scores = [row["accuracy"]["0.05"]["value"] if kind == "tokens" else row["loss"] for row in rows]
    assert all(score >= 0 for score in scores)
    assert run(*words) == 0
    shown = capsys.readouterr().out
    assert ("test loss" if kind == "prompts" else "95% intervals") in shown


@pytest.mark.sweep
@EVERY_KIND
def test_sweep_with_ray(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", *COMMANDS[kind], "--vary", "seed=0,1", "--loaders", "0", "--engine", "ray"]
    assert run(*words, "--workers", "2", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["state"] for row in rows] == ["finished", "finished"]


@pytest.mark.sweep
@EVERY_KIND
def test_track(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert find_spec("trackio") is not None
    monkeypatch.setenv("TRACKIO_DIR", str(Path("tracked").resolve()))
    words = ["train", *COMMANDS[kind], "--workers", "0", "--track", "trackio"]
    assert run(*words) == 0
    assert "mirrored by trackio" in capsys.readouterr().out
    (folder,) = stored_runs()
    tracked = json.loads((folder.path / "tracked.json").read_text())["trackio"]
    assert tracked["lines"] == len(folder.metrics())


def test_what_is_of_one_kind_is_refused_for_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train", *COMMANDS["prompts"], "--quiet") == 0
    (folder,) = stored_runs()
    told = complaint(["evaluate", folder.path.name, "--dims", "3x3"], capsys, out=None)
    assert "--dims is about matrices" in told
    told = complaint(["train", *COMMANDS["prompts"], "--stages", "2x2:50"], capsys)
    assert "is a run of prompts; --stages takes runs of tokens" in told
    told = complaint(["solve", "inverse", "--matrix", "1", "--model", folder.path.name], capsys)
    assert "is a run of prompts; this takes runs of tokens" in told
    told = complaint(["train", "linear-attention", "--task", "knitting"], capsys)
    assert "unknown in-context task 'knitting'" in told
    told = complaint(["train", "linear-attention", "--task", "graph", "--steps", "2"], capsys)
    assert "reads prompts" in told or "asks for" in told
    assert Execution().workers == "auto"
