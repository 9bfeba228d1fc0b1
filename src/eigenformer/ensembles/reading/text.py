"""A text to its matrices: which of the usual ways of writing one it is."""

import re

import numpy as np
from jaxtyping import Float64

from ...core import InputError
from .brackets import CLOSE, OPEN, bracketed
from .cells import matrix_of, short
from .latex import latex, looks_like_latex
from .prints import blocks, julia_print, r_print
from .rows import plain_rows
from .scipy_files import mtx

MOST_CHARACTERS = 20_000
"""Of one matrix that is typed or pasted; files are bounded by their size."""

_SAME = str.maketrans(
    dict.fromkeys("\u2212\u2013\ufe63\uff0d", "-")
    | dict.fromkeys("\u00a0\u2007\u2009\u202f\u200a\u2002\u2003", " ")
    | dict.fromkeys("\ufeff\u200b\u2060\u200e\u200f")
)
# A blank that keeps digits together is how some write thousands.
_NARROW = re.compile(r"\d[\u00a0\u2007\u2009\u202f\u200a]\d{3}(?!\d)")
_COMMENT = re.compile(r"\s(?:#|%|//)(.*)")
_SEPARATOR = re.compile(r"\s*\"?sep=(.)\"?\s*", re.IGNORECASE)


def parse_matrix(text: str, largest: int = 32) -> Float64[np.ndarray, "m n"]:
    """The one matrix that a text spells; see `read_text`.

    More than one, or one of more than `largest` rows or columns, is an `InputError`.
    """
    if len(text) > MOST_CHARACTERS:
        raise InputError(
            f"the text has {len(text):,} characters; a matrix of at most {largest}x{largest} takes "
            "far fewer"
        )
    found = read_text(text)
    if len(found) > 1:
        raise InputError(f"there are {len(found)} matrices; give one at a time")
    rows, columns = found[0].shape
    if max(rows, columns) > largest:
        raise InputError(
            f"the matrix is {rows}x{columns}; at most {largest}x{largest} is taken here"
        )
    return found[0]


def matrix_text(matrix: Float64[np.ndarray, "m n"], digits: int = 6) -> str:
    """A matrix as lines of numbers, which `read_text` reads; 17 digits give it back exactly."""
    cells = [[f"{value:.{digits}g}" for value in row] for row in matrix]
    width = max(len(cell) for row in cells for cell in row)
    return "\n".join("  ".join(cell.rjust(width) for cell in row) for row in cells)


def read_text(text: str) -> list[Float64[np.ndarray, "m n"]]:
    """The matrices that a text spells, at least one.

    Understood are the ways of docs/reading.md: rows on lines or after `;`, CSV, TSV, brackets of
    any language, LaTeX, what NumPy, torch, MATLAB, Julia and R print, JSON. Anything else, and
    whatever can be read in two ways, is an `InputError`.
    """
    if text.lstrip().lower().startswith("%%matrixmarket"):
        return mtx(text.lstrip().encode(), "the text")
    if narrow := _NARROW.search(text):
        joined = re.sub(r"\D", "", narrow[0])
        raise InputError(
            f"{short(narrow[0])} can be read as {joined} or as two numbers; write it without the "
            "narrow blank, or with an ordinary one"
        )
    text = text.translate(_SAME).replace("\r\n", "\n").replace("\r", "\n")
    lines = _without_comments(text)
    if looks_like_latex(text):
        cells, times, over = latex(" ".join(lines))
        return [matrix_of(cells, times, over)]
    if (printed := r_print(lines)) is not None:
        return [matrix_of(printed)]
    if (julia := julia_print(lines)) is not None:
        matrix = matrix_of(plain_rows(julia[0]))
        if matrix.shape != julia[1]:
            raise InputError(
                f"{short(lines[0])} stands above {matrix.shape[0]}x{matrix.shape[1]} numbers; give "
                "all of them"
            )
        return [matrix]
    if any(mark in line for line in lines for mark in (*OPEN, *CLOSE)):
        found, times, over = bracketed("\n".join(lines))
        return [matrix_of(rows, times, over) for rows in found]
    if lines and (separator := _SEPARATOR.fullmatch(lines[0])):
        lines = [_as_tabs(line, separator[1]) for line in lines[1:]]
    found_blocks = blocks(lines)
    if not found_blocks:
        return [matrix_of([])]  # which says that there is none
    several = len(found_blocks) > 1
    matrices = [
        _block(rows, factor, f"matrix {i}: " if several else "")
        for i, (rows, factor, _) in enumerate(found_blocks, start=1)
    ]
    unnamed = several and not all(named for _, _, named in found_blocks[1:])
    if unnamed and {len(matrix) for matrix in matrices} == {1} and _alike(matrices):
        raise InputError(
            f"the {len(matrices)} lines with empty lines between them can be the rows of one "
            f"matrix or {len(matrices)} matrices; take the empty lines away, or put each matrix "
            "in brackets: [[[1, 2]], [[3, 4]]]"
        )
    return matrices


def _alike(matrices: list[np.ndarray]) -> bool:
    return len({matrix.shape for matrix in matrices}) == 1


def _block(lines: list[str], factor: float, where: str) -> np.ndarray:
    try:
        matrix: np.ndarray = matrix_of(plain_rows(lines), factor)
    except InputError as error:
        raise InputError(f"{where}{error}") from None
    return matrix


def _as_tabs(line: str, separator: str) -> str:
    """A line of a file that says by what its numbers are separated, as one of tabs."""
    parts = re.split(r'("[^"]*")', line)
    parts[::2] = [part.replace(separator, "\t") for part in parts[::2]]
    return "".join(parts)


def _without_comments(text: str) -> list[str]:
    """Lines without comments: whole lines that begin with # or %, and words after numbers.

    What follows numbers may belong to them (5 % 6 %): only words are a comment there.
    """
    lines = []
    for line in text.strip("\n").split("\n"):
        found = _COMMENT.search(line)
        if line.lstrip().startswith(("#", "%", "//", "```")):
            continue
        if found is None:
            lines.append(line)
        elif re.match(r"\s*[^\W\d_]", found[1]) and not re.search(r"[#%]", found[1]):
            lines.append(line[: found.start()].rstrip())
        else:
            comment = line[found.start() :].strip()
            raise InputError(
                f"{short(comment)} can be a comment or belong to the numbers; take it away"
            )
    return lines
