"""A tracker hears each line of the metrics once, and can never stop a run."""

import json
import os
import subprocess
import sys
import types
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
from tiny import tiny_config

from eigenformer.core import InputError, to_json
from eigenformer.training import EvaluationConfig, Execution, RunFolder, TestSet, train
from eigenformer.training.execution import check_tracker
from eigenformer.training.progress import Display
from eigenformer.training.tracking import Mirror


class Tracker(types.ModuleType):
    """A module with the part of wandb's and trackio's signatures that they share."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__spec__ = ModuleSpec(name, None)
        self.runs: list[dict[str, Any]] = []
        self.logged: list[tuple[int | None, dict[str, Any]]] = []
        self.finished = 0
        self.broken = False

    def init(
        self,
        project: str | None = None,
        name: str | None = None,
        config: dict[str, Any] | None = None,
        resume: str | None = None,
        id: str | None = None,
    ) -> "Tracker":
        self.runs.append(
            {"project": project, "name": name, "config": config, "resume": resume, "id": id}
        )
        print("a greeting")
        return self

    def log(self, data: dict[str, Any], step: int | None = None) -> None:
        if self.broken:
            raise ConnectionError("nobody answers")
        self.logged.append((step, data))

    def finish(self) -> None:
        self.finished += 1


class Notes(Display):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> Tracker:
    tracker = Tracker("wandb")
    monkeypatch.setitem(sys.modules, "wandb", tracker)
    return tracker


def short() -> Any:
    evaluation = EvaluationConfig(every=320, tests=(TestSet(size=20),))
    return tiny_config(examples=3200, evaluation=evaluation)


def steps(folder: RunFolder) -> list[int]:
    return [line["step"] for line in folder.metrics()]


def test_every_line_is_mirrored(
    wandb: Tracker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = train(short(), tmp_path / "run", Execution(workers=0, quiet=True, track="wandb"))
    assert [step for step, _ in wandb.logged] == steps(folder)
    (begun,) = wandb.runs
    assert begun["project"] == "eigenformer" and begun["name"] == "run"
    assert begun["config"] == to_json(short())
    assert begun["resume"] == "never" and begun["id"]
    assert wandb.finished == 1
    for (_, data), line in zip(wandb.logged, folder.metrics(), strict=True):
        if line["kind"] == "train":
            assert data["train/loss"] == line["loss"]
        else:
            assert data["evaluation/accuracy/test/0.05"] == line["accuracy"]["test"]["0.05"]
        assert "train/time" not in data
        assert all(isinstance(value, (int, float)) for value in data.values())
    assert "greeting" not in capsys.readouterr().out
    # Nothing is new, so the tracker does not hear of the run again.
    train(short(), tmp_path / "run", Execution(workers=0, quiet=True, track="wandb"))
    assert len(wandb.runs) == 1


def folder_with(path: Path, lines: int) -> RunFolder:
    folder = RunFolder(path)
    folder.create(short(), {})
    for step in range(len(folder.metrics()), lines):
        folder.append_metrics({"kind": "train", "step": step, "loss": None, "time": 1.0})
    return folder


def test_a_run_that_goes_on_continues_its_tracked_run(wandb: Tracker, tmp_path: Path) -> None:
    display = Notes()
    first = Mirror(folder_with(tmp_path, 3), "wandb", display)
    first.update()
    folder_with(tmp_path, 5)
    first.update()
    # Killed: what came after the last saved state is cut off, and made again.
    second = Mirror(folder_with(tmp_path, 6), "wandb", display)
    second.finish()
    assert [step for step, _ in wandb.logged] == [0, 1, 2, 3, 4, 5]
    assert [begun["resume"] for begun in wandb.runs] == ["never", "allow"]
    assert wandb.runs[0]["id"] == wandb.runs[1]["id"]
    assert wandb.logged[0][1] == {}
    assert len(display.notes) == 2 and "mirrored by wandb" in display.notes[0]


def test_lines_made_again_after_a_kill_are_not_told_again(wandb: Tracker, tmp_path: Path) -> None:
    Mirror(folder_with(tmp_path, 5), "wandb", Notes()).finish()
    folder = RunFolder(tmp_path)
    folder.rewind(0, 0)
    assert folder.metrics() == []
    Mirror(folder_with(tmp_path, 4), "wandb", Notes()).finish()
    Mirror(folder_with(tmp_path, 7), "wandb", Notes()).finish()
    assert [step for step, _ in wandb.logged] == [0, 1, 2, 3, 4, 5, 6]


def test_each_tracker_has_its_own_count(
    wandb: Tracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trackio = Tracker("trackio")
    monkeypatch.setitem(sys.modules, "trackio", trackio)
    Mirror(folder_with(tmp_path, 2), "wandb", Notes()).finish()
    Mirror(folder_with(tmp_path, 3), "trackio", Notes()).finish()
    Mirror(folder_with(tmp_path, 4), "wandb", Notes()).finish()
    assert [step for step, _ in trackio.logged] == [0, 1, 2]
    assert [step for step, _ in wandb.logged] == [0, 1, 2, 3]
    assert trackio.runs[0]["id"] is None  # trackio takes none


def test_a_tracker_that_fails_stops_nothing(
    wandb: Tracker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wandb.broken = True
    folder = train(short(), tmp_path / "run", Execution(workers=0, quiet=True, track="wandb"))
    assert folder.finished
    out = capsys.readouterr().out
    assert out.count("wandb failed (ConnectionError: nobody answers); the run goes on") == 1
    # Later, all of it can be told.
    wandb.broken = False
    train(short(), tmp_path / "run", Execution(workers=0, quiet=True, track="wandb"))
    assert [step for step, _ in wandb.logged] == steps(folder)


def test_an_absent_tracker_is_refused_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eigenformer.training.execution.find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"needs trackio: pip install 'eigenformer\[track\]'"):
        train(short(), tmp_path / "run", Execution(workers=0, quiet=True, track="trackio"))
    assert not (tmp_path / "run").exists()
    with pytest.raises(InputError, match="pip install wandb"):
        check_tracker("wandb")
    check_tracker("none")


SCRIPT = """
import sys
from pathlib import Path
from test_tracking import short
from eigenformer.core import InputError
from eigenformer.training import Execution, RunFolder, train
import eigenformer.training.loop as loop
if sys.argv[2] == "fails":
    # After the first evaluation has been told, in the middle of a run.
    def full(*_):
        raise InputError("in the middle")
    save, seen = RunFolder.save_state, []
    RunFolder.save_state = lambda *a: full() if seen else (seen.append(1), save(*a))
try:
    train(short(), Path(sys.argv[1]) / "run", Execution(workers=0, quiet=True, track="trackio"))
except InputError:
    sys.exit(7)
"""
READ = """
import json
from trackio.sqlite_storage import SQLiteStorage
runs = SQLiteStorage.get_run_records("eigenformer")
print(json.dumps([runs, SQLiteStorage.get_logs("eigenformer", "run")]))
"""


@pytest.mark.sweep
def test_trackio_has_the_run_once(tmp_path: Path) -> None:
    pytest.importorskip("trackio")
    environment = {
        **os.environ,
        "TRACKIO_DIR": str(tmp_path / "trackio"),
        "PYTHONPATH": os.pathsep.join(
            [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
        ),
        "OMP_NUM_THREADS": "1",
    }

    def call(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", *words], env=environment, capture_output=True, text=True
        )

    interrupted = call(SCRIPT, str(tmp_path), "fails")
    assert interrupted.returncode == 7, interrupted.stderr
    done = call(SCRIPT, str(tmp_path), "goes on")
    assert done.returncode == 0, done.stderr
    assert "failed" not in done.stdout
    runs, logged = json.loads(call(READ).stdout.splitlines()[-1])
    assert len(runs) == 1
    lines = RunFolder(tmp_path / "run").metrics()
    assert sorted(entry["step"] for entry in logged) == [line["step"] for line in lines]
    losses = {line["step"]: line["loss"] for line in lines if line["kind"] == "train"}
    assert {e["step"]: e["train/loss"] for e in logged if "train/loss" in e} == losses
