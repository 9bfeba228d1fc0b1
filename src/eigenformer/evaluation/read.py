"""Matrices from files: .npy, .csv, .json, or text on standard input."""

import io
import re
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from ..core import InputError
from ..core.serialize import parse_json
from ..ensembles import Matrices
from ..ensembles.matrix_text import parse_matrix
from ..problems import Problem
from .solver import real_matrices

LARGEST = 1000
"""The most rows or columns that a file may give: a guard against reading something else."""


def read_matrices(source: str) -> list[Float64[np.ndarray, "m n"]]:
    """One or several matrices from a file, or from standard input if `source` is "-".

    .npy: an array [m, n] or [B, m, n]. .json: rows as lists, or a list of matrices. .csv and text:
    a row a line, numbers separated by commas, semicolons or blanks, matrices separated by empty
    lines; lines that begin with # are skipped. Standard input: JSON if it begins with "[", else
    text. Anything else is an `InputError`.
    """
    name = _name(source)
    values = _from_stdin(name) if source == "-" else _from_file(Path(source), name)
    if not values:
        raise InputError(f"{name} holds no matrix; give at least one row of numbers")
    for matrix in values:
        if max(matrix.shape) > LARGEST:
            raise InputError(
                f"{name} holds a matrix of {matrix.shape[0]}x{matrix.shape[1]}; "
                f"at most {LARGEST} rows or columns are read"
            )
    return values


def read_batches(source: str, problem: Problem) -> list[Float64[np.ndarray, "B m n"]]:
    """`read_matrices` in order, neighbours of one shape together, all of them fit for `problem`.

    Raises `InputError`, with the name of the source, for a matrix that the problem does not admit.
    """
    return _batches(read_matrices(source), problem, _name(source))


def parse_batch(text: str, problem: Problem) -> Float64[np.ndarray, "1 m n"]:
    """The matrix that a text spells, in any way that `parse_matrix` reads, fit for `problem`."""
    return _batches([parse_matrix(text, LARGEST)], problem, "the matrix")[0]


def _batches(matrices: list[np.ndarray], problem: Problem, name: str) -> list[np.ndarray]:
    try:
        problem.check(Matrices.concatenate([Matrices.of(matrix[None]) for matrix in matrices]))
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    return [np.stack(list(group)) for _, group in groupby(matrices, key=np.shape)]


def _name(source: str) -> str:
    return "standard input" if source == "-" else source


def _from_stdin(name: str) -> list[np.ndarray]:
    try:
        text = sys.stdin.read()
    except UnicodeDecodeError:
        raise InputError(f"{name} is not text; a .npy file is read by its name") from None
    return _json(text, name) if text.lstrip().startswith("[") else _text(text, name)


def _from_file(path: Path, name: str) -> list[np.ndarray]:
    readers = {".npy": _npy, ".json": _json_file, ".csv": _text_file, ".txt": _text_file}
    suffix = path.suffix.lower()
    if suffix not in readers:
        raise InputError(
            f"{name} ends in {suffix or 'no suffix'}; give a .npy, .csv, .txt or .json file, "
            "or - for standard input"
        )
    if not path.exists():
        raise InputError(f"{name} does not exist; check the path")
    if path.is_dir():
        raise InputError(f"{name} is a folder; give a file with a matrix")
    return readers[suffix](path)


def _npy(path: Path) -> list[np.ndarray]:
    try:
        array = np.load(path, allow_pickle=False)
    except Exception:  # what numpy's own parsers raise on a damaged file has no common class
        raise InputError(f"{path} is not a .npy file of numbers, or is damaged") from None
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path} holds several arrays; give a .npy file with one")
    values = real_matrices(array, str(path))
    return list(values) if values.ndim == 3 else [values]


def _json_file(path: Path) -> list[np.ndarray]:
    return _json(_decode(path), str(path))


def _json(text: str, name: str) -> list[np.ndarray]:
    data = parse_json(text, name)
    if not isinstance(data, list):
        raise InputError(
            f"{name} holds a JSON {type(data).__name__}; give rows such as [[1, 2], [3, 4]]"
        )
    if not data:
        return []
    several = all(isinstance(m, list) and m and all(isinstance(r, list) for r in m) for m in data)
    return [_rows(matrix, name) for matrix in (data if several else [data])]


def _rows(rows: list[Any], name: str) -> np.ndarray:
    for row in rows:
        if not isinstance(row, list):
            raise InputError(
                f"{name}: each row must be a list of numbers, such as [[1, 2], [3, 4]]"
            )
        for value in row:
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise InputError(f"{name} holds {value!r}, which is not a number")
    return _matrix(rows, name)


def _matrix(rows: list[list[float]], name: str) -> np.ndarray:
    widths = sorted({len(row) for row in rows})
    if len(widths) > 1:
        raise InputError(
            f"{name} has rows of different lengths ({widths[0]} and {widths[-1]}); "
            "give every row the same number of columns"
        )
    if widths == [0]:
        raise InputError(f"{name} has rows without numbers")
    try:
        return np.array(rows, dtype=np.float64)
    except OverflowError:
        raise InputError(f"{name} holds a number too large for float64") from None


def _decode(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # Spreadsheets put a byte order mark first.
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a text file") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None


def _text_file(path: Path) -> list[np.ndarray]:
    return _text(_decode(path), str(path))


def _text(text: str, name: str) -> list[np.ndarray]:
    matrices, rows = [], []
    for number, line in enumerate(io.StringIO(text), start=1):
        stripped = line.strip()
        if stripped.startswith("#"):
            continue
        if stripped:
            rows.append(_numbers(stripped, f"{name}, line {number}"))
        elif rows:
            matrices.append(_matrix(rows, name))
            rows = []
    if rows:
        matrices.append(_matrix(rows, name))
    return matrices


def _numbers(line: str, where: str) -> list[float]:
    words = re.split(r"\s*[,;\t]\s*|\s+", line)
    if words and words[-1] == "":
        words.pop()
    numbers = []
    for word in words:
        try:
            numbers.append(float(word))
        except ValueError:
            what = repr(word) if word else "an empty cell"
            raise InputError(f"{where}: {what} is not a number") from None
    return numbers
