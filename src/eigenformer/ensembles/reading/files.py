"""Files of matrices, and standard input: what a file is, its content says, not its name."""

import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from ...core import InputError
from .arrays import LARGEST, matrices_of
from .scipy_files import mat, mtx
from .text import read_text

MOST_BYTES = 2**26


def read_matrices(source: str | Path) -> list[Float64[np.ndarray, "m n"]]:
    """The matrices in a file, or in standard input if `source` is "-", at least one.

    .npy and .npz (one array, [m, n] or [B, m, n], or what `eigenformer data export` wrote), .mat
    with one matrix and .mtx (through SciPy, the extra `files`), or text in any way that
    `read_text` reads: .csv, .tsv, .json, .txt, .tex. Anything else is an `InputError`.
    """
    name = "standard input" if source == "-" else str(source)
    try:
        matrices = of_bytes(_stdin() if source == "-" else _content(Path(source)), name)
    except InputError as error:
        message = str(error)
        raise InputError(message if message.startswith(name) else f"{name}: {message}") from None
    for matrix in matrices:
        if max(matrix.shape) > LARGEST:
            raise InputError(
                f"{name} holds a matrix of {matrix.shape[0]}x{matrix.shape[1]}; "
                f"at most {LARGEST} rows or columns are read"
            )
    return matrices


def of_bytes(content: bytes, name: str) -> list[Float64[np.ndarray, "m n"]]:
    """The matrices that a file of this content holds; its name decides nothing but the words."""
    for begin, read in _BINARY.items():
        if content.startswith(begin):
            return read(content, name)
    suffix = Path(name).suffix.lower()
    if suffix in (".npy", ".npz", ".mat", ".mtx", ".xlsx", ".ods", ".pkl", ".pt"):
        raise InputError(f"{name} is not a {suffix} file of numbers, or is damaged")
    return read_text(_decoded(content, name))


def _stdin() -> bytes:
    buffer = getattr(sys.stdin, "buffer", None)
    return sys.stdin.read().encode() if buffer is None else buffer.read()


def _content(path: Path) -> bytes:
    if not path.exists():
        raise InputError(f"{path} does not exist; check the path")
    if path.is_dir():
        raise InputError(f"{path} is a folder; give a file with a matrix")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path} is larger than {MOST_BYTES >> 20} MB; give fewer matrices")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None


def _decoded(content: bytes, name: str) -> str:
    """Text in UTF-8, or in UTF-16 with the mark that spreadsheets put first."""
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{name} is not a text file in UTF-8 or UTF-16; save it as one") from None
    if "\0" in text:
        raise InputError(f"{name} is not a text file; save the matrix as text or .npy")
    return text


def _npy(content: bytes, name: str) -> list[np.ndarray]:
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except Exception:  # what numpy's own parsers raise on a damaged file has no common class
        raise InputError(f"{name} is not a .npy file of numbers, or is damaged") from None
    return matrices_of(array, name)


def _npz(content: bytes, name: str) -> list[np.ndarray]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if any(not entry.endswith(".npy") for entry in archive.namelist()):
                raise InputError(f"{name} is an archive of other files; save a spreadsheet as .csv")
            if sum(entry.file_size for entry in archive.infolist()) > 8 * MOST_BYTES:
                raise InputError(f"{name} unpacks to too much; give fewer matrices")
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = dict(file)
    except InputError:
        raise
    except Exception:  # what zipfile, zlib and numpy raise on a damaged file has no common class
        raise InputError(f"{name} is not a .npz file of numbers, or is damaged") from None
    if {"format", "inputs", "inputs_rows", "inputs_columns"} <= set(arrays):  # our own export
        inputs = matrices_of(arrays["inputs"], name)
        rows, columns = arrays["inputs_rows"], arrays["inputs_columns"]
        sizes = np.stack([np.ravel(rows), np.ravel(columns)], axis=1)
        if len(sizes) != len(inputs) or sizes.min() < 1 or (sizes > inputs[0].shape).any():
            raise InputError(f"{name}: its inputs do not fit their sizes; it is damaged")
        return [matrix[:m, :n] for matrix, (m, n) in zip(inputs, sizes, strict=True)]
    if len(arrays) != 1:
        raise InputError(
            f"{name} holds {len(arrays)} arrays ({', '.join(sorted(arrays)[:9])}); save the one "
            "that is meant"
        )
    return matrices_of(next(iter(arrays.values())), name)


_BINARY: dict[bytes, Callable[[bytes, str], list[np.ndarray]]] = {
    b"\x93NUMPY": _npy,
    b"PK\x03\x04": _npz,
    b"PK\x05\x06": _npz,
    b"MATLAB": mat,
    b"%%MatrixMarket": mtx,
    b"\xef\xbb\xbf%%MatrixMarket": mtx,
}
"""What files begin with."""
