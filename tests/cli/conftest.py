"""Runs small enough to make in every session, so that no test depends on a shipped model."""

from pathlib import Path

import pytest
from command_line import TINY, run

from eigenformer.runs.recipes import fast
from eigenformer.training import RunFolder


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has its own run store and folder, and lines of 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EIGENFORMER_RUNS", "runs")
    monkeypatch.setenv("COLUMNS", "80")


def save_untrained(path: Path, problem: str, dims: str, encoding: str) -> Path:
    """A run folder with the initial weights."""
    config = fast(problem=problem, dims=dims, encoding=encoding, width=32, layers=(1, 1))
    folder = RunFolder(path)
    folder.create(config, {})
    model = config.model.build(config.task.encoder, config.task.decoder, seed=0)
    folder.save_model(dict(model.state_dict()))
    folder.save_status("finished", why="a test", examples=0)
    return path


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Answers inverse of 3x3 matrices in FP15, badly."""
    return save_untrained(tmp_path_factory.mktemp("models") / "inv", "inverse", "3x3", "FP15")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of transpose, 2x2."""
    folder = tmp_path_factory.mktemp("models") / "transpose"
    assert run("train", "fast", *TINY, "--folder", folder) == 0
    return folder
