"""What becomes of a run folder in which one file is damaged: a table of (file, damage, outcome)."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from run_kinds import SHORT, tokens

from eigenformer.core import InputError
from eigenformer.training import EvaluationConfig, Execution, RunFolder, TestSet, Trainer, train

QUIET = Execution(workers=0, quiet=True, device="cpu", save_seconds=0.0)
MODEL = "model.safetensors"


def interrupted(run: object, path: Path, at: int) -> None:
    """Train until step `at`, and end as by SIGKILL, with every step's state saved."""
    step = Trainer.step

    def stops(trainer: Trainer, share: object) -> bool:
        if trainer.progress.step >= at:
            raise KeyboardInterrupt
        return step(trainer, share)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "step", stops)
        train(run, path, QUIET)  # type: ignore[arg-type]


def small() -> object:
    """20 steps; evaluated after 10 and 20, a line of the log after each evaluation."""
    return tokens(evaluation=EvaluationConfig(every=320, tests=(TestSet(size=20),)))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A finished run, the same interrupted after 10 steps and after 15, and another run."""
    root = tmp_path_factory.mktemp("damage")
    train(small(), root / "finished", QUIET)  # type: ignore[arg-type]
    interrupted(small(), root / "evaluated", 10)
    interrupted(small(), root / "interrupted", 15)
    other = tokens(seed=5, evaluation=EvaluationConfig(every=320, tests=(TestSet(size=20),)))
    train(other, root / "other", QUIET)
    return {path.name: path for path in root.iterdir()}


def removed(file: Path, other: Path) -> None:
    file.unlink()


def cut(file: Path, other: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def altered(file: Path, other: Path) -> None:
    content = bytearray(file.read_bytes())
    # Within the last number or weight, so that JSON stays JSON.
    places = [i for i, b in enumerate(content) if chr(b) in "123456"]
    content[places[-1] if file.suffix != ".safetensors" else -9] ^= 1
    file.write_bytes(content)


def garbage(file: Path, other: Path) -> None:
    file.write_bytes(b"\xff\x00garbage\n")


def replaced(file: Path, other: Path) -> None:
    if file.parent.name == "evals":  # equal for two models of no use
        file.write_text(json.dumps({**json.loads(file.read_text()), "n": 7}))
        return
    shutil.copy(other, file)


def a_folder(file: Path, other: Path) -> None:
    file.unlink()
    file.mkdir()


EVERY = (removed, cut, altered, garbage, replaced)
NAMED, RESTORED, GOES_ON = "named", "restored", "goes on"
FIRST, LAST = "evals/000000000320-test.json", "evals/000000000640-test.json"
STATE = "state/{:010d}.safetensors"
TABLE: list[tuple[str, str, tuple[Callable[[Path, Path], None], ...], str]] = [
    # Of a finished run.
    ("finished", "metrics.jsonl", EVERY, NAMED),
    ("finished", FIRST, EVERY, NAMED),
    ("finished", LAST, EVERY, NAMED),
    ("finished", "config.json", EVERY, NAMED),
    ("finished", "status.json", (removed,), RESTORED),
    ("finished", "status.json", (cut, garbage), NAMED),
    ("finished", "env.json", (removed, cut, garbage), RESTORED),
    ("finished", "lock", (removed, garbage), GOES_ON),
    # The best model is restored where a kept state is that of its evaluation.
    ("evaluated", MODEL, EVERY, RESTORED),
    ("interrupted", MODEL, EVERY, NAMED),
    ("interrupted", "metrics.jsonl", EVERY, NAMED),
    ("interrupted", FIRST, EVERY, NAMED),
    ("interrupted", "config.json", EVERY, NAMED),
    ("interrupted", "env.json", (removed, cut), RESTORED),
    ("interrupted", "status.json", (removed, replaced), GOES_ON),
    ("interrupted", "status.json", (cut, garbage), NAMED),
    # Of two states the older one is taken.
    ("interrupted", STATE.format(15), EVERY, GOES_ON),
    ("interrupted", "state/0000000015.json", EVERY, GOES_ON),
]
ROWS = [(kind, file, how, outcome) for kind, file, hows, outcome in TABLE for how in hows]


@pytest.mark.parametrize(
    ("kind", "file", "how", "outcome"), ROWS, ids=[f"{k}-{f}-{h.__name__}" for k, f, h, _ in ROWS]
)
def test_the_table(
    kind: str,
    file: str,
    how: Callable[[Path, Path], None],
    outcome: str,
    folders: dict[str, Path],
    tmp_path: Path,
) -> None:
    folder = RunFolder(Path(shutil.copytree(folders[kind], tmp_path / "run")))
    other = folders["other"] / file
    how(folder.path / file, other if other.exists() else folders["other"] / STATE.format(20))
    if outcome == NAMED:
        with pytest.raises(InputError) as refused:
            train(folder.config(), folder.path, QUIET)
        said = str(refused.value)
        assert file in said and "\n" not in said
        state = "finished" if kind == "finished" else "running"
        assert file == "status.json" or folder.status()["state"] == state
        return
    assert train(folder.config(), folder.path, QUIET).finished
    if kind != "evaluated":
        assert folder.model_file.read_bytes() == (folders["finished"] / MODEL).read_bytes()
    folder.load_model()
    assert {line["step"] for line in folder.metrics()} >= {10, 20}
    json.loads((folder.path / "env.json").read_text())


def test_an_unreadable_file_is_named(folders: dict[str, Path], tmp_path: Path) -> None:
    for file in ("config.json", "metrics.jsonl", MODEL, FIRST, "lock"):
        folder = RunFolder(Path(shutil.copytree(folders["interrupted"], tmp_path / file)))
        a_folder(folder.path / file, folder.path)
        with pytest.raises((InputError, OSError)) as refused:
            train(folder.config(), folder.path, QUIET)
        assert file in str(refused.value)


def test_files_of_somebody_elses_are_left_alone(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = RunFolder(Path(shutil.copytree(folders["interrupted"], tmp_path / "run")))
    ours = ("evals/notes.json", "state/notes.json", "notes.txt", "evals/plan-b.json")
    for name in ours:
        (folder.path / name).write_text("mine")
    assert train(folder.config(), folder.path, QUIET).finished
    assert all((folder.path / name).read_text() == "mine" for name in ours)
    assert list(folder.evaluations("test")) == [320, 640]


@pytest.mark.parametrize(
    "change", [{"best": None}, {"step": "x"}, {"step": 10**12}, {"step": -1}, {"done": None}]
)
def test_a_state_edited_by_hand(
    change: dict[str, object], folders: dict[str, Path], tmp_path: Path
) -> None:
    from eigenformer.core import content_hash

    folder = RunFolder(Path(shutil.copytree(folders["interrupted"], tmp_path / "run")))
    for file in (folder.path / "state").glob("*.json"):
        record = json.loads(file.read_text())
        record["progress"] |= change
        del record["checksum"]
        file.write_text(json.dumps({**record, "checksum": content_hash(record)}))
    with pytest.raises(InputError, match="counters are impossible"):
        train(folder.config(), folder.path, QUIET)


@pytest.mark.parametrize("kind", SHORT)
def test_a_training_that_fails_says_so(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> bool:
        raise RuntimeError("no more\nof this")

    monkeypatch.setattr(Trainer, "step", fails)
    with pytest.raises(RuntimeError):
        train(SHORT[kind](), tmp_path / "run", QUIET)
    assert RunFolder(tmp_path / "run").status() == {"state": "failed", "why": "no more"}
