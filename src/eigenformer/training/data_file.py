"""Files of examples (.npz, .jsonl): `eigenformer data export` writes them, training reads them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core import InputError, from_json, rng, to_json
from ..core.serialize import checksum, parse_json
from ..encodings import PAD, Encoding, Examples, Reason, Task, with_eos
from ..ensembles import Matrices
from ..evaluation import takes
from .config import DataFile

FORMAT = "eigenformer examples 1"


@dataclass(frozen=True, eq=False, slots=True)
class StoredExamples:
    """Inputs and their answers, as read from a file."""

    problem: str
    inputs: Matrices
    answers: Matrices


def save_examples(path: Path, task: Task, inputs: Matrices, answers: Matrices) -> None:
    """Write examples; `load_examples` reads them back.

    .npz holds float64 matrices, exactly. .jsonl holds tokens, as the task's encodings spell the
    matrices: a line that describes the file, then one an example.
    """
    writers = {".npz": _save_npz, ".jsonl": _save_jsonl}
    if path.suffix not in writers:
        raise InputError(f"{path} ends in {path.suffix or 'no suffix'}; give .npz or .jsonl")
    partial = path.with_name(path.name + ".partial")
    try:
        writers[path.suffix](partial, task, inputs, answers)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _save_npz(path: Path, task: Task, inputs: Matrices, answers: Matrices) -> None:
    fields: dict[str, Any] = {"format": np.array(FORMAT), "problem": np.array(task.problem.name)}
    for side, matrices in (("inputs", inputs), ("answers", answers)):
        fields[side] = matrices.values
        fields[f"{side}_rows"] = matrices.rows
        fields[f"{side}_columns"] = matrices.columns
    if inputs.kinds is not None:
        fields["kinds"] = inputs.kinds
    with open(path, "wb") as file:
        np.savez_compressed(file, **fields)


def _save_jsonl(path: Path, task: Task, inputs: Matrices, answers: Matrices) -> None:
    head = {
        "format": FORMAT,
        "problem": task.problem.name,
        "encoder": to_json(task.encoder),
        "decoder": to_json(task.decoder),
    }
    asked = task.encoder.words(task.encoder.encode(inputs))
    answered = task.decoder.words(task.decoder.encode(answers))
    with open(path, "w") as file:
        file.write(json.dumps(head) + "\n")
        for x, y in zip(asked, answered, strict=True):
            file.write(json.dumps({"input": " ".join(x), "output": " ".join(y)}) + "\n")


def load_examples(path: Path) -> StoredExamples:
    """Read what `save_examples` wrote; another or a damaged file is an `InputError`."""
    if not path.exists():
        raise InputError(f"{path} does not exist; check the path")
    readers = {".npz": _load_npz, ".jsonl": _load_jsonl}
    if path.suffix not in readers:
        raise InputError(f"{path} ends in {path.suffix or 'no suffix'}; give .npz or .jsonl")
    return readers[path.suffix](path)


def _load_npz(path: Path) -> StoredExamples:
    try:
        with open(path, "rb") as stored, np.load(stored, allow_pickle=False) as file:
            fields = dict(file)
    except Exception:  # what zipfile, zlib and numpy raise on a damaged file has no common class
        raise InputError(f"{path} is not a file of examples, or is damaged") from None
    needed = {
        "format",
        "problem",
        *(s + t for s in ("inputs", "answers") for t in ("", "_rows", "_columns")),
    }
    if not needed <= set(fields) or str(fields["format"]) != FORMAT:
        raise InputError(f"{path} was not written by `eigenformer data export`")
    kinds = fields.get("kinds")
    sides = []
    for side in ("inputs", "answers"):
        values, rows, columns = (fields[side + part] for part in ("", "_rows", "_columns"))
        if not _is_batch(values, rows, columns, kinds):
            raise InputError(f"{path}: its {side} are not matrices with their sizes; it is damaged")
        sides.append(Matrices(values, rows, columns, kinds))
    if len(sides[0]) != len(sides[1]):
        raise InputError(
            f"{path} holds {len(sides[0])} inputs and {len(sides[1])} answers; it is damaged"
        )
    return StoredExamples(str(fields["problem"]), *sides)


def _is_batch(
    values: np.ndarray, rows: np.ndarray, columns: np.ndarray, kinds: np.ndarray | None
) -> bool:
    """Whether these are the fields of `Matrices`: finite, at least one, of sizes that fit."""
    counts = [rows, columns, *([] if kinds is None else [kinds])]
    if values.dtype != np.float64 or values.ndim != 3 or len(values) == 0:
        return False
    if any(count.dtype != np.int64 or count.shape != (len(values),) for count in counts):
        return False
    sides = zip((rows, columns), values.shape[1:], strict=True)
    fit = all(count.min() >= 1 and count.max() <= most for count, most in sides)
    return bool(fit and np.isfinite(values).all())


def _load_jsonl(path: Path) -> StoredExamples:
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        lines = [parse_json(line, "") for line in text.splitlines() if line.strip()]
    except InputError:
        raise InputError(f"{path} is not JSON lines, or is damaged") from None
    if not lines or not isinstance(lines[0], dict) or lines[0].get("format") != FORMAT:
        raise InputError(f"{path} was not written by `eigenformer data export`")
    if "problem" not in lines[0] or not all(isinstance(line, dict) for line in lines):
        raise InputError(f"{path} is not a file of examples, or is damaged")
    head, rows = lines[0], lines[1:]
    if not rows:
        raise InputError(f"{path} holds no examples")
    sides = []
    for side, codec in (("input", "encoder"), ("output", "decoder")):
        encoding = from_json(Encoding, head.get(codec), f"{path}: {codec}")
        words = [str(row.get(side, "")).split() for row in rows]
        ids = np.full((len(rows), max(map(len, words))), PAD)
        for i, sequence in enumerate(words):
            ids[i, : len(sequence)] = encoding.ids(sequence)
        decoded = encoding.decode(ids)
        if not decoded.valid.all():
            line = int(np.argmin(decoded.valid))
            raise InputError(f"{path}, line {line + 2}: {Reason(decoded.reason[line]).text}")
        sides.append(decoded.matrices)
    return StoredExamples(str(head["problem"]), *sides)


def data_file(path: Path) -> DataFile:
    """The config of training from `path`."""
    load_examples(path)
    return DataFile(path=str(path.resolve()), sha256=checksum(path))


class FileExamples:
    """Batches from a file, in a new seeded order at every pass over it."""

    def __init__(self, config: DataFile, task: Task) -> None:
        path = Path(config.path)
        stored = load_examples(path)
        if checksum(path) != config.sha256:
            raise InputError(f"{path} has changed since the run began; train on it as a new run")
        expected = task.problem.name
        if stored.problem != expected:
            raise InputError(f"{path} holds examples of {stored.problem}, not of {expected}")
        self.inputs, self.answers = stored.inputs, stored.answers
        for m, n in np.unique(np.stack([self.inputs.rows, self.inputs.columns], 1), axis=0):
            if not takes(task.problem, task.ensemble, int(m), int(n)):
                raise InputError(
                    f"{path} holds inputs of {m}x{n}, but the run is for {task.ensemble.dims} "
                    "matrices; give the file's --dims"
                )
        self.input_ids = task.encoder.encode(self.inputs)
        self.output_ids = with_eos(task.decoder.encode(self.answers))

    def batch(self, seed: int, index: int, size: int) -> Examples:
        """Batch `index`: a pure function of the file and the arguments."""
        total = len(self.inputs)
        positions = np.arange(index * size, (index + 1) * size)
        rows = np.empty(size, np.int64)
        for turn in np.unique(positions // total):
            order = rng(seed, "order", int(turn)).permutation(total)
            here = positions // total == turn
            rows[here] = order[positions[here] % total]
        inputs, answers = self.inputs[rows], self.answers[rows]
        return Examples(
            inputs, answers, _trim(self.input_ids[rows]), _trim(self.output_ids[rows]), 0
        )


def _trim(ids: np.ndarray) -> np.ndarray:
    """Without columns that are padding in every row."""
    return ids[:, : int((ids != PAD).sum(axis=1).max())]
