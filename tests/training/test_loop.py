"""The loop: early stop, skipped steps, divergence, signals, locks, damaged states."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock
from tiny import tiny_config

from eigenformer.core import InputError, to_json
from eigenformer.training import (
    EvaluationConfig,
    Execution,
    RunFolder,
    TestSet,
    TrainConfig,
    Trainer,
    train,
)

QUIET = Execution(workers=0, quiet=True, device="cpu")


def short_config(**changes: Any) -> TrainConfig:
    evaluation = EvaluationConfig(every=320, tests=(TestSet(size=50),))
    return tiny_config(**{"examples": 640, "evaluation": evaluation, **changes})


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    train(short_config(), folder, QUIET)
    return folder


def test_a_finished_run(finished: Path) -> None:
    folder = RunFolder(finished)
    assert folder.status() == {
        "state": "finished",
        "why": "all examples used",
        "examples": 640,
        "best_at": folder.status()["best_at"],
    }
    assert list(folder.evaluations("test")) == [320, 640]
    assert to_json(folder.config()) == to_json(short_config())
    kinds = [line["kind"] for line in folder.metrics()]
    assert kinds == ["evaluation", "train", "evaluation"]
    assert sorted(path.suffix for path in (finished / "state").iterdir()) == [
        ".json",
        ".json",
        ".safetensors",
        ".safetensors",
    ]


def test_early_stop(tmp_path: Path) -> None:
    # A few answers of a beginner are within 99%.
    options = EvaluationConfig(
        every=320,
        tests=(TestSet(size=50),),
        tolerances=(0.99, 0.05),
        target=0.01,
        target_tolerance=0.99,
    )
    folder = train(tiny_config(evaluation=options), tmp_path / "run", QUIET)
    assert folder.status()["why"] == "target reached"
    last = folder.metrics()[-1]
    assert last["kind"] == "evaluation" and last["accuracy"]["test"]["0.99"] >= 0.01
    assert last["examples"] < 9600


def test_a_lock_refuses_a_second_process(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    with (
        FileLock(folder / "lock"),
        pytest.raises(InputError, match="another process is training"),
    ):
        train(short_config(), folder, QUIET)
    train(short_config(), folder, QUIET)


def make_trainer(**changes: Any) -> Trainer:
    return Trainer(tiny_config(**changes))


def test_a_step_that_is_not_finite_changes_nothing() -> None:
    trainer = make_trainer()
    stream = trainer.batches()
    for _ in range(3):
        assert trainer.step(next(stream))
    before = trainer.state()
    saved = {name: tensor.clone() for name, tensor in before.tensors.items()}
    handle = trainer.model.register_forward_hook(lambda *a: a[2] * float("nan"))
    assert not trainer.step(next(stream))
    handle.remove()
    for name, tensor in trainer.state().tensors.items():
        assert torch.equal(tensor, saved[name]), name
    assert trainer.progress.skipped == trainer.progress.skipped_in_a_row == 1
    assert trainer.progress.examples == 4 * 32
    assert trainer.step(next(stream))
    assert trainer.progress.skipped == 1 and trainer.progress.skipped_in_a_row == 0


def test_state_round_trip(tmp_path: Path) -> None:
    a, b = make_trainer(), make_trainer()
    folder = RunFolder(tmp_path / "run")
    folder.create(a.run, {})
    stream = a.batches()
    first = [next(stream) for _ in range(6)]
    for batch in first[:3]:
        a.step(batch)
    folder.save_state(a.state())
    found = folder.load_state(torch.device("cpu"))
    assert found is not None
    b.restore(found[0])
    for batch in first[3:]:
        a.step(batch)
        b.step(batch)
    for name, tensor in a.state().tensors.items():
        assert torch.equal(tensor, b.state().tensors[name]), name
    assert a.progress == b.progress


def damaged(finished: Path, tmp_path: Path) -> tuple[Path, list[Path]]:
    """A copy of a run that still has to finish, and the tensors of its states, newest first."""
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder)
    return folder, sorted((folder / "state").glob("*.safetensors"), reverse=True)


def test_a_damaged_state_falls_back_on_the_one_before(finished: Path, tmp_path: Path) -> None:
    folder, states = damaged(finished, tmp_path)
    content = bytearray(states[0].read_bytes())
    content[-1] ^= 1
    states[0].write_bytes(content)
    (folder / "status.json").unlink()
    found = RunFolder(folder).load_state(torch.device("cpu"))
    assert found is not None
    state, note = found
    assert state.progress["examples"] == 320 and "wrong checksum" in note
    train(short_config(), folder, QUIET)
    again = [line for line in RunFolder(folder).metrics() if line["kind"] == "evaluation"]
    before = [line for line in RunFolder(finished).metrics() if line["kind"] == "evaluation"]
    assert [a["accuracy"] for a in again] == [b["accuracy"] for b in before]


def test_no_intact_state_is_an_error(finished: Path, tmp_path: Path) -> None:
    folder, states = damaged(finished, tmp_path)
    (folder / "status.json").unlink()
    states[0].unlink()
    states[1].write_bytes(states[1].read_bytes()[:100])
    with pytest.raises(InputError, match=r"no saved state of .* is intact"):
        train(short_config(), folder, QUIET)
