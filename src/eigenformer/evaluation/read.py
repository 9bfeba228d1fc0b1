"""Matrices from files: .npy, .csv, .json, or text on standard input."""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from ..core import InputError

LARGEST = 1000
"""The most rows or columns that a file may give: a guard against reading something else."""


def read_matrices(source: str) -> list[Float64[np.ndarray, "m n"]]:
    """One or several matrices from a file, or from standard input if `source` is "-".

    .npy: an array [m, n] or [B, m, n]. .json: rows as lists, or a list of matrices. .csv and text: a
    row a line, numbers separated by commas, semicolons or blanks, matrices separated by empty lines.
    Standard input: JSON if it begins with "[", else text. Anything else is an `InputError`.
    """
    if source == "-":
        text = sys.stdin.read()
        name = "standard input"
        values = _json(text, name) if text.lstrip().startswith("[") else _text(text, name)
    else:
        path = Path(source)
        readers = {".npy": _npy, ".json": _json_file, ".csv": _text_file, ".txt": _text_file}
        if path.suffix.lower() not in readers:
            raise InputError(
                f"{source} ends in {path.suffix or 'no suffix'}; give a .npy, .csv, .txt or .json file, "
                "or - for standard input"
            )
        if not path.exists():
            raise InputError(f"{source} does not exist; check the path")
        if path.is_dir():
            raise InputError(f"{source} is a folder; give a file with a matrix")
        values = readers[path.suffix.lower()](path)
        name = source
    if not values:
        raise InputError(f"{name} holds no matrix; give at least one row of numbers")
    for matrix in values:
        if max(matrix.shape) > LARGEST:
            raise InputError(
                f"{name} holds a matrix of {matrix.shape[0]}x{matrix.shape[1]}; "
                f"at most {LARGEST} rows or columns are read"
            )
    return values


def _npy(path: Path) -> list[np.ndarray]:
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError):
        raise InputError(f"{path} is not a .npy file of numbers, or is damaged") from None
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path} holds several arrays; give a .npy file with one")
    return _split(array, str(path))


def _split(array: np.ndarray, name: str) -> list[np.ndarray]:
    if array.dtype.kind == "c":
        raise InputError(f"{name} holds complex numbers; only real matrices are solved")
    if array.dtype.kind not in "iuf":
        raise InputError(f"{name} holds {array.dtype} values; give a matrix of numbers")
    if array.ndim not in (2, 3):
        raise InputError(
            f"{name} holds an array with {array.ndim} dimensions; give [m, n], or [B, m, n] for several"
        )
    if array.size == 0:
        raise InputError(f"{name} holds an empty array of shape {array.shape}")
    values = array.astype(np.float64)
    return list(values) if values.ndim == 3 else [values]


def _json_file(path: Path) -> list[np.ndarray]:
    return _json(_decode(path), str(path))


def _json(text: str, name: str) -> list[np.ndarray]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{name} is not valid JSON (line {error.lineno}: {error.msg})") from None
    if not isinstance(data, list):
        raise InputError(
            f"{name} holds a JSON {type(data).__name__}; give rows such as [[1, 2], [3, 4]]"
        )
    if not data:
        return []
    several = all(isinstance(m, list) and m and all(isinstance(r, list) for r in m) for m in data)
    return [_rows(matrix, name) for matrix in data] if several else [_rows(data, name)]


def _rows(rows: list[Any], name: str) -> np.ndarray:
    if not all(isinstance(row, list) for row in rows):
        raise InputError(f"{name}: each row must be a list of numbers, such as [[1, 2], [3, 4]]")
    for row in rows:
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
        return path.read_text()
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a text file") from None


def _text_file(path: Path) -> list[np.ndarray]:
    return _text(_decode(path), str(path))


def _text(text: str, name: str) -> list[np.ndarray]:
    matrices, rows = [], []
    for number, line in enumerate(io.StringIO(text), start=1):
        stripped = line.strip().lstrip("\ufeff")
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
