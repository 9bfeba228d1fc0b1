"""Typed files of examples (.npz): what `eigenformer data export` writes and training reads."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core import InputError, rng
from ..core.serialize import checksum
from ..encodings import PAD, Examples, Task, with_eos
from ..ensembles import Matrices
from .config import DataFile

FORMAT = "eigenformer examples 1"


@dataclass(frozen=True, eq=False, slots=True)
class StoredExamples:
    """Inputs and their answers, as read from a file."""

    problem: str
    inputs: Matrices
    answers: Matrices


def save_examples(path: Path, problem: str, inputs: Matrices, answers: Matrices) -> None:
    """Write float64 matrices with their shapes; `load_examples` reads them back exactly."""
    fields = {"format": np.array(FORMAT), "problem": np.array(problem)}
    for side, matrices in (("inputs", inputs), ("answers", answers)):
        fields[side] = matrices.values
        fields[f"{side}_rows"] = matrices.rows
        fields[f"{side}_columns"] = matrices.columns
    if inputs.kinds is not None:
        fields["kinds"] = inputs.kinds
    partial = path.with_name(path.name + ".partial")
    with open(partial, "wb") as file:
        np.savez_compressed(file, **fields)
    partial.replace(path)


def load_examples(path: Path) -> StoredExamples:
    """Read what `save_examples` wrote; another or a damaged file is an `InputError`."""
    try:
        with np.load(path, allow_pickle=False) as file:
            if "format" not in file or str(file["format"]) != FORMAT:
                raise InputError(f"{path} was not written by `eigenformer data export`")
            kinds = file["kinds"] if "kinds" in file else None
            sides = [
                Matrices(file[side], file[f"{side}_rows"], file[f"{side}_columns"], kinds)
                for side in ("inputs", "answers")
            ]
            return StoredExamples(str(file["problem"]), *sides)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; check the path") from None
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is not a file of examples, or is damaged") from None


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
        expected = task.problem.registry.name_of(task.problem)
        if stored.problem != expected:
            raise InputError(f"{path} holds examples of {stored.problem}, not of {expected}")
        self.inputs, self.answers = stored.inputs, stored.answers
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
