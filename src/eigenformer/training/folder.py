"""The run folder: config, environment, metrics, evaluations, weights, and the state to resume from.

config.json        the resolved configuration, with a schema version and the kind of run
env.json           versions, git commit, device
metrics.jsonl      a line every few steps and at each evaluation
evals/*.json       complete results of each evaluation
model.safetensors  the best model so far, by the first test set; of some kinds the last one
snapshots/         weights along the way, where the run keeps some
state/             the last two states: weights, optimizer, counters, each with a checksum
status.json        how the run ended
lock               held by the process that trains
"""

import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic

import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor
from typing_extensions import TypeVar

from ..core import InputError, content_hash, load_json, save_json
from ..core.serialize import checksum, parse_json, write_atomically
from .run import Run, run_from_json, run_to_json

_KEPT_STATES = 2
STATES = ("finished", "stopped", "diverged", "failed", "running", "new")
_EVALUATION = re.compile(r"(\d{12})-.+\.json")
_NUMBERED = re.compile(r"\d{10}")
RunT = TypeVar("RunT", bound=Run, default=Run, covariant=True)


@dataclass(frozen=True, eq=False, slots=True)
class State:
    """All that a run needs to go on bit for bit: tensors by name, and counters."""

    tensors: dict[str, Tensor]
    progress: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)
    """Checksums of the run's other files when it was saved; none in states of earlier versions."""


class RunFolder(Generic[RunT]):
    """One run on disk. Every file is replaced whole, so a crash leaves the old or the new one.

    This class takes runs of every kind; subclasses refuse those of others.
    """

    kind: type[Any] = Run

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[Path, tuple[Any, str]] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    @property
    def config_file(self) -> Path:
        return self.path / "config.json"

    @property
    def metrics_file(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def model_file(self) -> Path:
        return self.path / "model.safetensors"

    @property
    def _states(self) -> Path:
        return self.path / "state"

    # Identity.

    def create(self, run: Run, environment: dict[str, Any]) -> None:
        """Make the folder, or check that it belongs to `run`."""
        if self.config_file.exists():
            self._is_of(run)
            for folder in (self._states, self.path / "evals"):
                folder.mkdir(exist_ok=True)
            if not self.has_environment():  # nothing is built on it
                self.save_environment(environment)
            return
        for folder in (self.path, self._states, self.path / "evals"):
            folder.mkdir(parents=True, exist_ok=True)
        self.save_environment(environment)
        save_json(self.config_file, run_to_json(run))

    def has_environment(self) -> bool:
        """Whether env.json is there, and JSON."""
        try:
            load_json(self.path / "env.json")
        except InputError:
            return False
        return True

    def save_environment(self, environment: dict[str, Any]) -> None:
        save_json(self.path / "env.json", environment)

    def _is_of(self, run: Run) -> None:
        if run_to_json(self.config()) != run_to_json(run):
            raise InputError(f"{self.path} holds another run; choose another folder")

    def config(self) -> RunT:
        """The run's configuration; a missing, damaged or foreign one is an `InputError`."""
        if not self.path.is_dir():
            raise InputError(f"{self.path} is not a run folder: it does not exist")
        if not self.config_file.exists():
            raise InputError(f"{self.path} is not a run folder: it has no config.json")
        run: RunT = self.kind.of(
            run_from_json(load_json(self.config_file), str(self.config_file)), self.path
        )
        return run

    def lock(self) -> FileLock:
        """The run's lock, acquired; it is released when the process ends, however it ends."""
        lock = FileLock(self.path / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise InputError(
                f"another process is training in {self.path}; wait for it or stop it first"
            ) from None
        return lock

    # How it ended.

    def status(self) -> dict[str, Any]:
        """`{"state": "finished" | "stopped" | "diverged" | "failed" | "running" | "new", ...}`."""
        file = self.path / "status.json"
        found = load_json(file) if file.exists() else {"state": "new"}
        if not isinstance(found, dict) or found.get("state") not in STATES:
            raise InputError(f"{file} does not say how the run ended; delete it and resume")
        return found

    def save_status(self, state: str, **details: Any) -> None:
        save_json(self.path / "status.json", {"state": state, **details})

    @property
    def finished(self) -> bool:
        return bool(self.status()["state"] == "finished")

    def ended(self, run: Run) -> bool:
        """Whether `run` is finished here and all that it left is there, restored if need be.

        Not where the status says so and the newest state doesn't, as after a status of another run.
        """
        if not self.config_file.exists():
            return False
        self._is_of(run)
        if not self.finished:
            return False
        saved = self.load_state(torch.device("cpu"))
        if saved is None:  # a model that came without its states
            self.metrics()
            self.load_model()
            return True
        state, _ = saved
        if state.progress.get("done") == "":
            return False
        self.check(state)
        return True

    # The best model.

    def save_model(self, tensors: dict[str, Tensor]) -> None:
        tensors = _contiguous(tensors)
        write_atomically(self.model_file, save(tensors, {"sha256": _digest(tensors)}))

    def load_model(self) -> dict[str, Tensor]:
        """The weights of the best model so far."""
        if not self.model_file.exists():
            raise InputError(
                f"{self.path} has no model yet: its first evaluation has not been reached; "
                f"go on with `eigenformer resume {self.path}`"
            )
        damaged = InputError(f"{self.model_file} is damaged; restore it or train again")
        try:
            with safe_open(self.model_file, "pt") as file:
                metadata = file.metadata() or {}
            tensors = load_file(self.model_file)
        except SafetensorError:
            raise damaged from None
        if metadata.get("sha256") != _digest(tensors):
            raise damaged
        return tensors

    def save_snapshot(self, step: int, tensors: dict[str, Tensor]) -> None:
        file = self._snapshot(step)
        file.parent.mkdir(exist_ok=True)
        write_atomically(file, save(_contiguous(tensors)))

    def snapshots(self) -> tuple[int, ...]:
        """The steps whose weights were kept."""
        files = (self.path / "snapshots").glob("*.safetensors")
        return tuple(sorted(int(file.stem) for file in files if _NUMBERED.fullmatch(file.stem)))

    def load_snapshot(self, step: int) -> dict[str, Tensor]:
        """The weights after `step` steps; `InputError` with the steps kept if there is none."""
        if step not in self.snapshots():
            kept = ", ".join(map(str, self.snapshots())) or "none"
            raise InputError(f"{self.path} has no snapshot of step {step}; it has {kept}")
        try:
            return load_file(self._snapshot(step))
        except SafetensorError:
            raise InputError(f"{self._snapshot(step)} is damaged; restore it") from None

    def _snapshot(self, step: int) -> Path:
        return self.path / "snapshots" / f"{step:010d}.safetensors"

    # States.

    def save_state(self, state: State) -> None:
        """Write a state beside the last one, then drop the ones before."""
        step = state.progress["step"]
        tensors_file = self._states / f"{step:010d}.safetensors"
        write_atomically(tensors_file, save(_contiguous(state.tensors)))
        record = {
            "progress": state.progress,
            "tensors": checksum(tensors_file),
            "files": self._checksums(state.progress),
        }
        # The small file is written last: a state exists only when all of it does.
        save_json(self._states / f"{step:010d}.json", {**record, "checksum": content_hash(record)})
        for old in self._saved()[:-_KEPT_STATES]:
            old.unlink()
            old.with_suffix(".safetensors").unlink(missing_ok=True)

    def load_state(self, device: torch.device) -> tuple[State, str] | None:
        """The newest intact state and a note on damaged ones passed over; None if there is none."""
        saved = self._saved()
        damaged: list[str] = []
        for file in reversed(saved):
            try:
                return self._load_state(file, device), "; ".join(damaged)
            except InputError as error:
                damaged.append(str(error))
        if saved:
            raise InputError(
                f"no saved state of {self.path} is intact ({damaged[0]}); "
                "delete its folder state/ to train from the beginning"
            )
        return None

    def _load_state(self, file: Path, device: torch.device) -> State:
        record = load_json(file)
        needed = {"progress", "tensors", "checksum"}
        if not isinstance(record, dict) or set(record) - {"files"} != needed:
            raise InputError(f"{file} is not a saved state")
        if record.pop("checksum") != content_hash(record):
            raise InputError(f"{file} has a wrong checksum")
        tensors_file = file.with_suffix(".safetensors")
        if not tensors_file.exists():
            raise InputError(f"{tensors_file} is missing")
        if checksum(tensors_file) != record["tensors"]:
            raise InputError(f"{tensors_file} has a wrong checksum")
        tensors = load_file(tensors_file, device=str(device))
        return State(tensors, record["progress"], record.get("files", {}))

    def _saved(self) -> list[Path]:
        files = self._states.glob("*.json")
        return sorted(file for file in files if _NUMBERED.fullmatch(file.stem))

    # What a resumed run builds on.

    def check(self, state: State) -> str:
        """Check the history and the models that belong to `state`; a note on what was restored.

        A model that is gone or damaged is restored from a state that has it. Anything else that is
        not as it was when the state was saved is an `InputError` that names it.
        """
        if not state.files:  # of an earlier version
            self.metrics()
            if self.model_file.exists():
                self.load_model()
            return ""
        size = state.progress["metrics_size"]
        now = self._checksums(state.progress)
        model = self.model_file.name
        for name, sum_ in state.files.items():
            if name == model or now.get(name) == sum_:
                continue
            how = "has changed" if name in now else "is gone"
            raise InputError(
                f"{self.path / name} {how} since the last state was saved; restore it, or delete "
                f"the folder {self._states} and status.json to train from the beginning"
            )
        self.metrics()
        if not state.files.get(model) or now.get(model) == state.files[model]:
            if self.model_file.exists():
                self.load_model()
            elif state.progress["best_at"]:
                return self._restored(state)
            return ""
        later = self.metrics_file.read_bytes()[size:] if self.metrics_file.exists() else b""
        if b'"evaluation"' in later and self.model_file.exists():
            self.load_model()  # of an evaluation after the state, which is made again
            return ""
        return self._restored(state)

    def _restored(self, state: State) -> str:
        """Restore the best model from a state that was saved with it."""
        best = state.progress["best_at"]
        for file in self._saved():
            try:
                saved = self._load_state(file, torch.device("cpu"))
            except InputError:
                continue
            if saved.progress["examples"] == saved.progress["best_at"] == best:
                weights = {
                    name.removeprefix("model/"): tensor
                    for name, tensor in saved.tensors.items()
                    if name.startswith("model/")
                }
                self.save_model(weights)
                return f"restored {self.model_file}, which was gone or damaged, from {file}"
        raise InputError(
            f"{self.model_file}, the best model (after {best:,} examples), is gone or damaged, and "
            "no saved state has it; restore it, or delete the folder "
            f"{self._states} and status.json to train from the beginning"
        )

    def _checksums(self, progress: dict[str, Any]) -> dict[str, str]:
        """Of all that was written up to a state, by name; of the configuration, what it means."""
        found = {"config.json": content_hash(self.config().identity())}
        if size := progress["metrics_size"]:
            content = self.metrics_file.read_bytes() if self.metrics_file.exists() else b""
            if content:
                found["metrics.jsonl"] = hashlib.sha256(content[:size]).hexdigest()
        names = [file for at, file in self._evaluations() if at <= progress["examples"]]
        names += [self._snapshot(step) for step in self.snapshots() if step <= progress["step"]]
        for file in [*names, self.model_file]:
            if file.exists():
                found[str(file.relative_to(self.path))] = self._checksum(file)
        return found

    def _checksum(self, file: Path) -> str:
        """`checksum`, computed again only when the file is another."""
        stat = file.stat()
        key = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
        if self._known.get(file, (None, ""))[0] != key:
            self._known[file] = (key, checksum(file))
        return self._known[file][1]

    def _evaluations(self) -> list[tuple[int, Path]]:
        """The number of examples and the file of each evaluation; other files are not ours."""
        found = []
        for file in sorted((self.path / "evals").glob("*.json")):
            if name := _EVALUATION.fullmatch(file.name):
                found.append((int(name[1]), file))
        return found

    def rewind(self, metrics_size: int, examples: int) -> None:
        """Drop metrics and evaluations written after the state that a run resumes from."""
        if self.metrics_file.exists():
            os.truncate(self.metrics_file, min(metrics_size, self.metrics_file.stat().st_size))
        for at, file in self._evaluations():
            if at > examples:
                file.unlink()
        for file in self.path.rglob("*.partial"):
            file.unlink()

    # Metrics.

    def append_metrics(self, line: dict[str, Any]) -> None:
        with open(self.metrics_file, "a") as file:
            file.write(json.dumps(line, allow_nan=False) + "\n")

    def metrics(self) -> list[dict[str, Any]]:
        """Every complete line of metrics.jsonl."""
        if not self.metrics_file.exists():
            return []
        text = self.metrics_file.read_text(encoding="utf-8", errors="replace")
        try:
            lines = [parse_json(line, "") for line in text.split("\n")[:-1]]
        except InputError:
            lines = [None]
        if not all(isinstance(line, dict) for line in lines):
            raise InputError(f"{self.metrics_file} is damaged; restore or delete it")
        return lines

    def training_seconds(self) -> float:
        """The time that the steps took, without evaluations and interruptions.

        The clock begins anew after an evaluation: steps between a line and an evaluation count at
        the rate of the next line.
        """
        total, before = 0.0, 0
        for line in self.metrics():
            if line["kind"] == "train":
                total += (line["examples"] - before) / line["examples_per_second"]
                before = line["examples"]
        return total

    def save_evaluation(self, examples: int, test: str, result: dict[str, Any]) -> None:
        save_json(self.path / "evals" / f"{examples:012d}-{test}.json", result)

    def evaluations(self, test: str) -> dict[int, dict[str, Any]]:
        """The results on one test set, by the number of training examples."""
        end = f"-{test}.json"
        files = self._evaluations()
        return {at: load_json(file) for at, file in files if file.name[12:] == end}

    def remove(self) -> None:
        shutil.rmtree(self.path)


def _digest(tensors: dict[str, Tensor]) -> str:
    """The SHA-256 of named tensors: names, shapes and bytes."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].cpu()
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        found.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def _contiguous(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
