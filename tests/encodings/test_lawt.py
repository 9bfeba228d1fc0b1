"""Tokens agree with those of the LAWT code on the matrices that it encoded."""

import json
from pathlib import Path

import numpy as np
import pytest

from eigenformer import encodings

LAWT = json.loads((Path(__file__).parent / "lawt.json").read_text())
MATRICES = [
    np.array([[float(x) for x in row.split()] for row in matrix.split(";")])
    for matrix in LAWT["matrices"]
]


@pytest.mark.parametrize("name", LAWT["tokens"])
def test_words_are_lawts(name):
    encoding = encodings.get(name)
    for matrix, words in zip(MATRICES, LAWT["tokens"][name], strict=True):
        m, n = matrix.shape
        expected = [f"V{m}", f"V{n}", *words.split()]
        ids = encoding.encode(matrix[None])
        assert encoding.words(ids) == [expected]
        np.testing.assert_array_equal(encoding.ids(expected), ids[0])


def test_the_file_covers_every_encoding():
    assert len(MATRICES) == 120
    assert {encodings.get(name).label for name in LAWT["tokens"]} == set(encodings.COMMON)
