"""Matrices from files, text and standard input, fit for a problem."""

import re
from itertools import groupby
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from ..core import InputError
from ..ensembles import Matrices
from ..ensembles.reading import LARGEST, read_matrices, read_text
from ..problems import Problem


def read(source: str | Path) -> Float64[np.ndarray, "m n"] | Float64[np.ndarray, "B m n"]:
    """One matrix, or several of one shape as a batch, as `solve` takes them.

    `source` is a file (a path, or a text that names one or ends as a file's name does), "-" for
    standard input, or the matrix itself as text: all that docs/reading.md lists. Matrices of
    several shapes are an `InputError`, for which `evaluation.read_matrices` gives a list.
    """
    if isinstance(source, str) and not names_a_file(source):
        matrices = read_text(source)
    else:
        matrices = read_matrices(source)
    shapes = sorted({matrix.shape for matrix in matrices})
    if len(shapes) > 1:
        raise InputError(
            f"{_name(source)} holds matrices of {' and '.join(f'{m}x{n}' for m, n in shapes)}; "
            "evaluation.read_matrices gives them as a list"
        )
    return matrices[0] if len(matrices) == 1 else np.stack(matrices)


def names_a_file(text: str) -> bool:
    """Whether a text stands for a file, or standard input, and not for a matrix."""
    if text == "-" or "\n" in text or len(text) > 4096:
        return text == "-"
    # "1" may be a file or a matrix of one number; so a bare name is a file only if it is no text.
    ending = re.fullmatch(r"[^;\[\](){}]*\.[A-Za-z]\w{1,5}", text)  # .csv, .xlsx, a misspelt .cvs
    return bool(ending) or (not any(map(str.isdigit, text)) and Path(text).exists())


def read_batches(source: str, problem: Problem) -> list[Float64[np.ndarray, "B m n"]]:
    """`read_matrices` in order, neighbours of one shape together, all of them fit for `problem`.

    Raises `InputError`, with the name of the source, for a matrix that the problem does not admit.
    """
    return _batches(read_matrices(source), problem, _name(source))


def parse_batches(text: str, problem: Problem) -> list[Float64[np.ndarray, "B m n"]]:
    """The matrices that a text spells, in any way that `read_text` reads, fit for `problem`."""
    matrices = read_text(text)
    if max(max(matrix.shape) for matrix in matrices) > LARGEST:
        raise InputError(f"the matrix is too large; at most {LARGEST} rows or columns are read")
    return _batches(matrices, problem, "the matrix")


def _batches(matrices: list[np.ndarray], problem: Problem, name: str) -> list[np.ndarray]:
    try:
        problem.check(Matrices.concatenate([Matrices.of(matrix[None]) for matrix in matrices]))
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    return [np.stack(list(group)) for _, group in groupby(matrices, key=np.shape)]


def _name(source: str | Path) -> str:
    return "standard input" if source == "-" else str(source)
