"""Run folders that are missing, half-written or damaged, and a disk that is full at any moment."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from command_line import TINY, complaint, run

from eigenformer.training import RunFolder


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    """The trained run, unfinished: killed after its last state was saved."""
    shutil.copytree(trained, tmp_path / "run")
    (tmp_path / "run" / "status.json").unlink()
    return tmp_path / "run"


def damage(file: Path, how: str) -> None:
    content = bytearray(file.read_bytes())
    if how == "missing":
        file.unlink()
        return
    if how == "half":
        del content[len(content) // 2 :]
    elif how == "empty":
        content.clear()
    else:
        content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("how", ["missing", "half", "empty"])
@pytest.mark.parametrize("words", ["resume run", "evaluate run --n 5", "solve transpose"])
def test_a_damaged_configuration(
    copy: Path, how: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(copy / "config.json", how)
    Path("a.csv").write_text("1,2\n3,4\n")
    solve = ["--input", "a.csv", "--model", "run"] if words.startswith("solve") else []
    error = complaint([*words.split(), *solve], capsys)
    assert "run" in error
    assert "config.json" in error


@pytest.mark.parametrize("schema", [0, 99, None])
def test_another_schema_version(
    copy: Path, schema: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = copy / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "schema": schema}))
    for words in (["resume", "run"], ["evaluate", "run"]):
        error = complaint(words, capsys)
        assert f"run/config.json has schema version {schema}, this version reads 1" in error


def test_a_configuration_of_another_version(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = copy / "config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps({**config, "batch_sise": 3}))
    assert "'batch_sise': did you mean 'batch_size'?" in complaint(["resume", "run"], capsys)
    del config["batch_size"]
    file.write_text(json.dumps(config))
    assert "'batch_size'" in complaint(["resume", "run"], capsys)


@pytest.mark.parametrize("how", ["missing", "half", "empty"])
def test_a_damaged_model(copy: Path, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    damage(copy / "model.safetensors", how)
    error = complaint(["evaluate", "run", "--n", "5"], capsys)
    assert ("has no model yet" if how == "missing" else "model.safetensors is damaged") in error


def test_a_model_of_another_configuration(
    copy: Path, untrained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(untrained / "model.safetensors", copy)
    assert "do not fit its configuration" in complaint(["evaluate", "run"], capsys)


@pytest.mark.parametrize("how", ["missing", "half", "empty", "flipped"])
def test_the_state_before_a_damaged_one(
    copy: Path, trained: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(copy / "state" / "0000000040.safetensors", how)
    assert run("resume", "run", "--workers", "0") == 0
    shown = capsys.readouterr()
    assert "passed over a damaged state: run/state/0000000040.safetensors" in shown.out
    assert "640 of 1,280 examples done" in shown.out
    assert shown.err == ""
    for name in ("model.safetensors", "evals/000000001280-test.json", "status.json"):
        assert (copy / name).read_bytes() == (trained / name).read_bytes()


def test_no_intact_state(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in copy.glob("state/*.safetensors"):
        damage(file, "flipped")
    before = {file: file.read_bytes() for file in copy.rglob("*.safetensors")}
    assert "no saved state of run is intact" in complaint(["resume", "run"], capsys)
    assert {file: file.read_bytes() for file in copy.rglob("*.safetensors")} == before


@pytest.mark.parametrize("how", ["half", "empty"])
def test_a_damaged_status(copy: Path, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / "status.json").write_text(json.dumps({"state": "stopped", "examples": 640}))
    damage(copy / "status.json", how)
    assert "status.json is not valid JSON" in complaint(["resume", "run"], capsys)


def test_a_folder_that_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    for name, says in [
        ("empty", "empty is not a run folder: it has no config.json"),
        ("nowhere", "'nowhere'"),
    ]:
        for command in ("resume", "evaluate"):
            assert says in complaint([command, name], capsys)
    error = complaint(["train", "fast", *TINY, "--folder", "file"], capsys, status=1)
    assert "cannot use file: file exists" in error


class FullDisk:
    """After some writes, there is no space left."""

    def __init__(self, writes: int) -> None:
        self.left = writes

    def __call__(self, descriptor: int) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("writes", [0, 3, 6, 10, 13, 17, 20])
def test_a_full_disk(
    writes: int,
    trained: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["train", "fast", *TINY, "--folder", "run"]
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", FullDisk(writes))
        error = complaint(words, capsys, status=1, out=None)
    assert "the disk is full" in error
    folder = RunFolder(Path("run"))
    assert not list(folder.path.rglob("*.partial"))
    if found := folder.load_state(torch.device("cpu")):
        assert found[1] == ""  # what had been saved is intact
    # With space again, it ends as if nothing had been.
    assert run(*words) == 0
    assert capsys.readouterr().err == ""
    for name in ("model.safetensors", "evals/000000001280-test.json", "status.json"):
        assert (folder.path / name).read_bytes() == (trained / name).read_bytes()


def test_a_full_disk_does_not_cost_the_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.csv").write_text("2,0\n0,4\n")
    monkeypatch.setattr(os, "fsync", FullDisk(0))
    for name in ("b.json", "b.npy"):
        words = ["solve", "inverse", "--input", "a.csv", "--model", "numpy", "--output", name]
        assert run(*words) == 1
        shown = capsys.readouterr()
        assert "0.25" in shown.out
        assert "the disk is full" in shown.err
        assert not list(Path().glob("b.*"))
