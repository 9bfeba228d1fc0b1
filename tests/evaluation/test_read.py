"""Matrices from files and from standard input."""

import io
import sys

import numpy as np
import pytest

from eigenformer import problems
from eigenformer.core import InputError
from eigenformer.evaluation import read_batches, read_matrices

TWO_ROWS = [[1.0, -2.5], [3e2, 4.0]]


def check(found, *expected):
    assert len(found) == len(expected)
    for matrix, values in zip(found, expected, strict=True):
        assert matrix.dtype == np.float64
        np.testing.assert_array_equal(matrix, values)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int8, np.uint64, bool])
def test_npy(tmp_path, dtype):
    path = tmp_path / "a.npy"
    np.save(path, np.ones((2, 3), dtype))
    check(read_matrices(str(path)), np.ones((2, 3)))
    np.save(path, np.ones((4, 2, 3), dtype))
    check(read_matrices(str(path)), *[np.ones((2, 3))] * 4)


@pytest.mark.parametrize(
    "text",
    [
        "1,-2.5\n300,4\n",
        "1, -2.5\n3e2, 4",
        "1;-2.5\n300;4\n\n\n",
        "1 -2.5\n300 4",
        "  1\t-2.5  \r\n3.0E+2\t+4.\r\n",
        "1,-2.5,\n300,4,\n",
        "# a comment\n1 -2.5\n# another\n300 4\n",
        "\ufeff1,-2.5\n300,4\n",
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "txt", "CSV"])
def test_text(tmp_path, text, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_text(text, encoding="utf-8")
    check(read_matrices(str(path)), TWO_ROWS)


def test_matrices_between_empty_lines(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("\n1 -2.5\n300 4\n\n\n5\n\n6 7 8\n")
    check(read_matrices(str(path)), TWO_ROWS, [[5.0]], [[6.0, 7.0, 8.0]])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[1, -2.5], [3e2, 4]]", [TWO_ROWS]),
        ("[[[1, -2.5], [300, 4]], [[5]]]", [TWO_ROWS, [[5.0]]]),
        ("[[1]]", [[[1.0]]]),
        ("[[[1]]]", [[[1.0]]]),
    ],
)
def test_json(tmp_path, text, expected):
    path = tmp_path / "a.json"
    path.write_text(text)
    check(read_matrices(str(path)), *expected)


@pytest.mark.parametrize("text", [" [[1, -2.5], [3e2, 4]]", "1 -2.5\n300 4", "1,-2.5\n300,4\n"])
def test_standard_input(monkeypatch, text):
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    check(read_matrices("-"), TWO_ROWS)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([[1j]]), "complex"),
        (np.array([["a"]]), "type <U1"),
        (np.zeros(3), "1 dimensions"),
        (np.zeros((0, 3)), r"empty, of shape \(0, 3\)"),
        (np.array([[None]]), "not a .npy file of numbers"),
    ],
)
def test_arrays_that_are_refused(tmp_path, array, message):
    path = tmp_path / "a.npy"
    np.save(path, array)
    with pytest.raises(InputError, match=message):
        read_matrices(str(path))


def test_paths_that_are_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_matrices(str(tmp_path / "a.npy"))
    (tmp_path / "b.csv").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        read_matrices(str(tmp_path / "b.csv"))
    np.save(tmp_path / "c.npy", [[1.0, np.nan]])
    with pytest.raises(InputError, match=r"c\.npy holds a nan or inf"):
        read_matrices(str(tmp_path / "c.npy"))


def test_batches_are_runs_of_one_shape(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("[[[1]], [[2]], [[1, 2], [2, 1]], [[3]]]")
    batches = read_batches(str(path), problems.get("eigenvalues"))
    assert [batch.shape for batch in batches] == [(2, 1, 1), (1, 2, 2), (1, 1, 1)]
    path.write_text("[[[1]], [[1, 2], [3, 4]]]")
    with pytest.raises(InputError, match=r"a.json: input 1 is not symmetric"):
        read_batches(str(path), problems.get("eigenvalues"))
