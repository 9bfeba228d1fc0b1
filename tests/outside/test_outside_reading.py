"""Faults found from outside in reading matrices, a test a kind; the audit of 2026-11, part B.

Sources are the threads in which users of related tools reported the like, as far as part B names
them, or how the fault was found.
"""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from eigenformer import cli

Door = Callable[..., list[list[float]] | str]


@pytest.fixture
def solve(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Door:
    """What `solve` reads of a text (or of standard input, or a file), or why it refuses it."""

    def read(text: str | None, piped: str = "", file: Path | None = None) -> list | str:
        monkeypatch.setattr(sys, "stdin", io.StringIO(piped))
        given = ["--input", str(file or "-")] if text is None else ["--matrix", text]
        status = cli.main(["solve", "transpose", *given, "--model", "numpy", "--json"])
        out, error = capsys.readouterr()
        if status == 2:
            return error
        (entry,) = json.loads(out)
        return np.transpose(entry["answer"]).tolist()

    return read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"2\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", [[2, 4], [6, 8]]),
        (r"\frac{1}{2}\begin{pmatrix} 2 & 4 \end{pmatrix}", [[1, 2]]),
        (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} 5", None),
        (r"\begin{pmatrix} 1 2 & 3 \end{pmatrix}", None),
        (r"\begin{pmatrix} 1\frac{1}{2} & 3 \end{pmatrix}", None),
    ],
)
def test_b1_what_stands_beside_a_matrix_is_applied_or_refused(
    text: str, expected: list[list[float]] | None, solve: Door
) -> None:
    """B1: found by pasting LaTeX; the factor was written into the first entry."""
    found = solve(text)
    assert found == expected if expected else "error: " in found


@pytest.mark.parametrize("text", ["1,5;2,5\n3,5;4,5", "1,5\t2,5\n3,5\t4,5", "1,5 2,5\n3,5 4,5"])
def test_b2_decimal_commas(text: str, solve: Door) -> None:
    """B2: found with spreadsheets of countries with decimal commas."""
    assert solve(None, text) == solve(text) == [[1.5, 2.5], [3.5, 4.5]]


def test_b2_two_readings_are_both_said(solve: Door) -> None:
    """B2: found with spreadsheets; the one line was four columns."""
    for refused in (solve("1,5;2,5"), solve(None, "1,5;2,5")):
        assert "the rows 1 5; 2 5 or as the decimals 1.5  2.5" in refused


@pytest.mark.parametrize("text", ["inv([1 2; 3 4])", "np.sqrt([[1, 4]])", "toeplitz([1 2 3])"])
def test_b3_a_function_is_not_its_argument(text: str, solve: Door) -> None:
    """B3: found by pasting code; the function was dropped."""
    assert "is a function of the matrix" in solve(text)


@pytest.mark.parametrize(
    "text", ["4 1; 2 3", "1/2 \u22121\n3 4", "[4 1; 2 3]", "array([[1., 2.]])"]
)
def test_b4_one_text_is_one_matrix(text: str, tmp_path: Path, solve: Door) -> None:
    """B4: found by giving one text to every door."""
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert solve(text) == solve(None, text) == solve(None, file=tmp_path / "a.txt")
    assert not isinstance(solve(text), str)


@pytest.mark.parametrize(
    "text",
    [
        r"A = \begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}",
        "A =\n\n     1     2\n     3     4\n",
        r"\begin{array} { l l } { 1 } & { 2 } \\ { 3 } & { 4 } \end{array}",
        r"\begin{pmatrix} \frac22 & 2{,}0 \\ \phantom{-}3 & 4 \end{pmatrix}",
        "2×2 Matrix{Float64}:\n 1.0  2.0\n 3.0  4.0",
        "     [,1] [,2]\n[1,]    1    2\n[2,]    3    4",
        "tensor([[1., 2.],\n        [3., 4.]], device='cuda:0', grad_fn=<MulBackward0>)",
        "%%MatrixMarket matrix array real general\n2 2\n1\n3\n2\n4\n",
        '"1","2"\n"3","4"',
        "a,b\n1,2\n3,4",
        "% of MATLAB\n1 2\n3 4",
        "sep=;\n1;2\n3;4",
        "1.0D0 2\n3 4",
    ],
)
def test_b5_what_programs_print_is_read(text: str, solve: Door) -> None:
    """B5: found by pasting the prints of other programs."""
    assert solve(None, text) == solve(text) == [[1, 2], [3, 4]]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_b5_a_table_of_a_spreadsheet(encoding: str, tmp_path: Path, solve: Door) -> None:
    """B5: found with spreadsheets; .tsv and UTF-16 were refused."""
    (tmp_path / "a.tsv").write_text("1\t2\n3\t4\n", encoding=encoding)
    assert solve(None, file=tmp_path / "a.tsv") == [[1, 2], [3, 4]]


def test_b5_its_own_export(tmp_path: Path, solve: Door, capsys: pytest.CaptureFixture[str]) -> None:
    """B5: found by solving what `data export` wrote; .npz was refused."""
    words = ["data", "export", "add", "--dims=2x2", "--n=1", f"--output={tmp_path / 'a.npz'}"]
    assert cli.main(words) == 0
    capsys.readouterr()
    assert not isinstance(solve(None, file=tmp_path / "a.npz"), str)
