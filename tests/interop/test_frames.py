"""Data frames in and out."""

import sys

import numpy as np
import pandas as pd
import pytest
import torch

import eigenformer as ef
from eigenformer import construct
from eigenformer.core import InputError

A = np.array([[2.0, 1.0, -1.0], [1.0, 3.0, 0.5], [-1.0, 0.5, 4.0]])
FRAMES = {
    "plain": pd.DataFrame(A),
    "labelled": pd.DataFrame(A, columns=["x", "y", "z"], index=["a", "b", "c"]),
    "nullable": pd.DataFrame(A).astype("Float64"),
    "mixed": pd.DataFrame(A).astype({0: "Int64"}),
    "list": A.tolist(),
    "torch": torch.from_numpy(A),
    "fortran": np.asfortranarray(A),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_matrix_may_come_as(kind: str) -> None:
    solver = ef.numpy_solver("eigenvalues")
    expected = np.sort(np.linalg.eigvalsh(A))[::-1, None]
    np.testing.assert_allclose(solver.solve(FRAMES[kind]).value, expected)


@pytest.mark.parametrize("kind", ["plain", "labelled", "list", "torch"])
def test_constructed_networks_take_the_same(kind: str) -> None:
    network = construct.newton_inverse(dim=3, steps=15)
    np.testing.assert_allclose(network(FRAMES[kind]), np.linalg.inv(A), atol=1e-8)


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (pd.DataFrame({"a": ["x", "y"], "b": [1.0, 2.0]}), "values of type object"),
        (pd.DataFrame({"a": [1.0, np.nan], "b": [np.nan, 2.0]}), "nan"),
        (pd.DataFrame({"a": [1.0, None], "b": [None, 2.0]}, dtype="Float64"), "nan"),
        (pd.DataFrame({"a": []}), "empty|values of type object"),
        (pd.Series([1.0, 2.0]), "has 1 dimensions"),
    ],
)
def test_frames_that_are_no_matrices(frame: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        ef.numpy_solver("eigenvalues").solve(frame)


def test_a_solution_as_a_frame() -> None:
    solution = ef.numpy_solver("inverse").solve(np.stack([A, A + np.eye(3)]))
    frame = solution.to_frame()
    assert len(frame) == 2
    assert frame.valid.tolist() == [True, True]
    np.testing.assert_array_equal(frame.condition_number, solution.certificate["condition_number"])
    one = ef.numpy_solver("inverse").solve(A)
    pd.testing.assert_frame_equal(one.to_frame(), frame[:1])


def test_a_result_as_a_frame() -> None:
    ensemble = ef.ensembles.get("iid-uniform", dims=(2, 2))
    result = ef.evaluate(ef.load("inverse-2x2"), ef.problems.get("inverse"), ensemble, n=50)
    frame = result.to_frame()
    assert len(frame) == sum(map(len, result.accuracy.values()))
    row = frame[(frame.score == "l1") & (frame.tolerance == 0.05)].iloc[0]
    assert row.right == result.at(0.05)
    assert (row["count"], row.n, row.ceiling) == (
        result.accuracy["l1"][0.05].count,
        50,
        result.ceiling["l1"][0.05].value,
    )
    assert (frame.low <= frame.right).all()
    assert (frame.right <= frame.high + 1e-12).all()


def test_without_pandas_a_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    solution = ef.numpy_solver("inverse").solve(A)
    with pytest.raises(InputError, match=r"pip install 'eigenformer\[pandas\]'"):
        solution.to_frame()
