"""Runs of every kind by one loop: stopped, resumed, refused, and the same from the same config."""

import json
import math
import os
import shutil
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from run_kinds import SHORT, diverging, endless
from torch import Tensor

from eigenformer.core import InputError
from eigenformer.training import (
    KINDS,
    Execution,
    Interrupted,
    RunFolder,
    Share,
    Trainer,
    fit,
    train,
)
from eigenformer.training.run import run_from_json, run_to_json

QUIET = Execution(workers=0, quiet=True, device="cpu")
OFTEN = Execution(workers=0, quiet=True, device="cpu", save_seconds=0.0)
TIMES = ("time", "seconds", "examples_per_second")
EVERY_KIND = pytest.mark.parametrize("kind", SHORT)


class Stopped(Exception):
    pass


def lines(folder: RunFolder) -> list[dict[str, Any]]:
    return [{k: v for k, v in line.items() if k not in TIMES} for line in folder.metrics()]


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    root = tmp_path_factory.mktemp("runs")
    return {kind: train(short(), root / kind, QUIET) for kind, short in SHORT.items()}


def test_every_kind_has_a_row() -> None:
    assert set(SHORT) == set(KINDS.names())


@EVERY_KIND
def test_a_run_that_was_stopped_goes_on_bit_for_bit(
    kind: str, finished: dict[str, RunFolder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, whole = SHORT[kind](), finished[kind]
    step = Trainer.step

    def stops(trainer: Trainer, share: Share) -> bool:
        if trainer.progress.step == run.steps * 3 // 5:
            raise Stopped
        return step(trainer, share)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", stops)
        with pytest.raises(Stopped):
            train(run, tmp_path / "stopped", OFTEN)
    assert RunFolder(tmp_path / "stopped").status()["state"] == "failed"
    resumed = train(run, tmp_path / "stopped", QUIET)
    assert lines(resumed) == lines(whole)
    assert same(resumed.load_model(), whole.load_model())
    assert resumed.snapshots() == whole.snapshots() == tuple(run.snapshot_steps)
    for at in whole.snapshots():
        assert same(resumed.load_snapshot(at), whole.load_snapshot(at))


@EVERY_KIND
def test_in_memory_and_in_a_folder_are_the_same_run(
    kind: str, finished: dict[str, RunFolder]
) -> None:
    state = finished[kind].load_state(torch.device("cpu"))
    assert state is not None
    for name, tensor in fit(SHORT[kind]()).state_dict().items():
        assert torch.equal(tensor, state[0].tensors[f"model/{name}"])


@EVERY_KIND
def test_a_finished_run_is_left_as_it_is(kind: str, finished: dict[str, RunFolder]) -> None:
    folder = finished[kind]
    status = folder.status()
    assert (status["state"], status["why"]) == ("finished", "all examples used")
    assert status["examples"] == SHORT[kind]().length
    files = {p: p.stat().st_mtime_ns for p in folder.path.rglob("*") if p.name != "lock"}
    train(SHORT[kind](), folder.path, QUIET)
    assert files == {p: p.stat().st_mtime_ns for p in files}
    with pytest.raises(InputError, match="holds another run; choose another folder"):
        train(SHORT[kind](seed=1), folder.path, QUIET)


@EVERY_KIND
def test_loaders_change_nothing(kind: str, finished: dict[str, RunFolder], tmp_path: Path) -> None:
    other = train(SHORT[kind](), tmp_path / "run", Execution(workers=2, quiet=True, device="cpu"))
    assert lines(other) == lines(finished[kind])


@EVERY_KIND
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_stops(kind: str, tmp_path: Path, number: int) -> None:
    before = signal.getsignal(signal.SIGINT)
    timer = threading.Timer(1.5, os.kill, (os.getpid(), number))
    timer.start()
    with pytest.raises(Interrupted, match="eigenformer resume") as caught:
        train(endless(kind), tmp_path / "run", QUIET)
    timer.join()
    assert caught.value.exit_status == 128 + number
    folder = RunFolder(tmp_path / "run")
    assert folder.status()["state"] == "stopped"
    saved = folder.load_state(torch.device("cpu"))
    assert saved is not None and saved[0].progress["examples"] == folder.status()["examples"] > 0
    assert signal.getsignal(signal.SIGINT) is before


@EVERY_KIND
def test_divergence_stops_with_the_last_good_model_and_state(kind: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lower learning rate"):
        train(diverging(kind), tmp_path / "run", QUIET)
    folder = RunFolder(tmp_path / "run")
    assert folder.status()["state"] == "diverged"
    losses = [line["loss"] for line in folder.metrics() if "loss" in line]
    assert all(loss is None or math.isfinite(loss) for loss in losses)
    if folder.model_file.exists():
        assert all(bool(tensor.isfinite().all()) for tensor in folder.load_model().values())


@EVERY_KIND
def test_a_run_survives_json_and_names_itself(kind: str) -> None:
    run = SHORT[kind]()
    data = json.loads(json.dumps(run_to_json(run)))
    assert data["kind"] == kind
    assert run_from_json(data, "it") == run
    # Before there were kinds, none was said.
    del data["kind"]
    assert run_from_json(data, "it") == run
    assert run.id == SHORT[kind]().id != SHORT[kind](seed=1).id
    assert run.id.startswith(run.label)


@EVERY_KIND
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"schema": 99}, "schema version 99, this version reads 1"),
        ({"kind": "dreams"}, "unknown kind of run 'dreams'"),
        ({"kind": 7}, "has the kind 7"),
        ({"colour": "red"}, "unknown key of .* 'colour'"),
    ],
)
def test_a_foreign_configuration_is_refused(
    kind: str, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        run_from_json({**run_to_json(SHORT[kind]()), **changes}, "it")


OLD = Path(__file__).parent / "old_runs"
"""Runs that were stopped at commit 1c6776e, where there were no kinds."""


def test_an_old_run_on_tokens_resumes(tmp_path: Path) -> None:
    folder = RunFolder(Path(shutil.copytree(OLD / "tokens", tmp_path / "run")))
    done = train(folder.config(), folder.path, QUIET)
    assert done.finished
    (loss,) = [line["loss"] for line in done.metrics() if line.get("step") == 60 and "loss" in line]
    # What that version gave, where it went on itself.
    assert loss == pytest.approx(5.195535211977751, rel=1e-3)


def test_an_old_run_on_prompts_is_read_and_gets_one_sentence(tmp_path: Path) -> None:
    folder = RunFolder(Path(shutil.copytree(OLD / "prompts", tmp_path / "run")))
    assert folder.config() == SHORT["prompts"](optimizer=folder.config().optimizer)  # type: ignore[attr-defined]
    assert folder.snapshots() == (0, 60)
    with pytest.raises(InputError, match="another version of eigenformer; delete the run's"):
        train(folder.config(), folder.path, QUIET)
    shutil.rmtree(folder.path / "state")
    folder.path.joinpath("state").mkdir()
    assert train(folder.config(), folder.path, QUIET).finished
