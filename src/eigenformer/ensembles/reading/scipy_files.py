"""What SciPy reads: MATLAB's .mat and Matrix Market's .mtx."""

import io
from typing import Any

import numpy as np
from jaxtyping import Float64

from ...core import InputError
from .arrays import LARGEST, matrices_of

SCIPY = "reading {} needs SciPy: pip install 'eigenformer[files]'"


def mat(content: bytes, name: str) -> list[Float64[np.ndarray, "m n"]]:
    """The one matrix of a MATLAB file, dense or sparse."""
    try:
        from scipy.io import loadmat
    except ImportError:
        raise InputError(SCIPY.format("a .mat file")) from None
    try:
        found = loadmat(io.BytesIO(content))
    except Exception as error:  # a damaged file, or version 7.3, which is HDF5
        newer = isinstance(error, NotImplementedError)
        why = "is of version 7.3; save it with -v7" if newer else "is damaged"
        raise InputError(f"{name} {why}") from None
    named = {key: item for key, item in found.items() if not key.startswith("__")}
    if len(named) != 1:
        raise InputError(
            f"{name} holds {len(named)} variables ({', '.join(sorted(named)[:9]) or 'none'}); save "
            "the one that is meant"
        )
    item: Any = next(iter(named.values()))
    return _matrix(item, name)


def mtx(content: bytes, name: str) -> list[Float64[np.ndarray, "m n"]]:
    """The matrix of a Matrix Market file, zeros where it gives none; a pattern is ones."""
    try:
        from scipy.io import mminfo, mmread
    except ImportError:
        raise InputError(SCIPY.format("a Matrix Market file")) from None
    try:
        rows, columns, *_ = mminfo(io.BytesIO(content))
        if max(rows, columns) > LARGEST:
            raise InputError(
                f"{name} holds a matrix of {rows}x{columns}; at most {LARGEST} rows or columns are "
                "read"
            )
        found = mmread(io.BytesIO(content))
    except InputError:
        raise
    except Exception as error:  # what SciPy raises on a damaged file has no common class
        reason = " ".join(str(error).split())
        raise InputError(f"{name} is damaged, or no Matrix Market file: {reason}") from None
    return _matrix(found, name)


def _matrix(found: Any, name: str) -> list[np.ndarray]:
    if hasattr(found, "tocoo"):
        places = found.tocoo()
        if max(found.shape) > LARGEST:
            raise InputError(f"{name} holds a matrix of {found.shape[0]}x{found.shape[1]}")
        pairs = np.stack([places.row, places.col])
        if np.unique(pairs, axis=1).shape[1] != pairs.shape[1]:
            raise InputError(f"{name} gives a coefficient twice; keep one")
        found = found.toarray()
    if not isinstance(found, np.ndarray) or found.ndim != 2:
        raise InputError(f"{name} holds no matrix of two dimensions; save one")
    return matrices_of(found, name)
