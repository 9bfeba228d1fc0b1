"""Matrices as people paste them."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from eigenformer.core import InputError
from eigenformer.ensembles.matrix_text import MOST_CHARACTERS, matrix_text, parse_matrix

EXPECTED = [[1.0, -2.5], [3e-3, 4.0]]
matrices = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6),
    elements=st.floats(allow_nan=False, allow_infinity=False),
)


@pytest.mark.parametrize(
    "text",
    [
        "1 -2.5\n3e-3 4",
        "1,-2.5\r\n3e-3,4\r\n",
        "1;-2.5\n3e-3;4",
        "1\t-2.5\n3e-3\t4",
        "1 -2.5; 3e-3 4",
        "[1 -2.5; 3e-3 4]",
        "A = [1, -2.5; ...\n     3e-3, 4];",
        "[1 -2.5\n 3e-3 4]",
        "[[1, -2.5], [3e-3, 4]]",
        "[[1. -2.5]\n [3e-03 4.]]",
        "np.array([[1, -2.5], [0.003, 4]], dtype=np.float32)",
        "array([[ 1.   , -2.5  ],\n       [ 0.003,  4.   ]])",
        "torch.tensor([[[1, -2.5], [3e-3, 4]]], device='cuda:0', dtype=torch.float64)",
        "M = Matrix([[1, -2.5], [3e-3, 4]])",
        "{{1, -2.5}, {3E-3, 4}}",
        "| 1 -2.5 |\n| 3e-3 4 |",
        "1 \u22122.5\n3e-3 4",
        r"\begin{pmatrix} 1 & -2.5 \\ 3\times 10^{-3} & 4 \end{pmatrix}",
        r"$$\left[\begin{array}{cc} 1 & - 2.5 \\[2pt] 3 \cdot 10^{-3} & \frac{8}{2} \\ \end{array}"
        r"\right]$$",
        "1 -5/2\n0.003 8/2",
    ],
)
def test_it_reads_what_people_paste(text: str) -> None:
    np.testing.assert_allclose(parse_matrix(text), EXPECTED, rtol=1e-15)


@given(matrices)
def test_a_written_matrix_reads_back_exactly(matrix: np.ndarray) -> None:
    np.testing.assert_array_equal(parse_matrix(matrix_text(matrix, digits=17)), matrix)


@given(matrices)
def test_json_reads_back_exactly(matrix: np.ndarray) -> None:
    np.testing.assert_array_equal(parse_matrix(json.dumps(matrix.tolist())), matrix)


@given(matrices)
def test_numpys_own_text_reads_back_exactly(matrix: np.ndarray) -> None:
    with np.printoptions(floatmode="unique", linewidth=10_000):
        np.testing.assert_array_equal(parse_matrix(repr(matrix)), matrix)
        np.testing.assert_array_equal(parse_matrix(str(matrix)), matrix)


@given(st.text(max_size=400))
def test_any_text_is_a_matrix_or_a_sentence(text: str) -> None:
    _read(text)


@given(st.text("[](){}.,;:|&\\-+=/ \n\t0123456789eEA$'\"naif", max_size=600))
def test_any_text_of_its_own_characters_is_a_matrix_or_a_sentence(text: str) -> None:
    _read(text)


@given(
    st.lists(
        st.sampled_from(
            [r"\begin{pmatrix}", r"\end{array}", r"\frac{1}{2}", r"\left", r"\\", "[2pt]", "&", "1",
             r"\times 10^{3", "{", "}", "np.array(", "[", "]", ", dtype=x)", "...\n", ";", "$"]
        ),
        max_size=80,
    )
)  # fmt: skip
def test_any_mixture_of_its_words_is_a_matrix_or_a_sentence(words: list[str]) -> None:
    _read("".join(words))


def _read(text: str) -> None:
    try:
        found = parse_matrix(text)
    except InputError as error:
        assert str(error)
        return
    assert found.ndim == 2 and min(found.shape) >= 1 and max(found.shape) <= 32
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "there is no matrix yet; give rows of numbers, such as 1 2; 3 4"),
        ("[]", "there is no matrix yet; give rows of numbers, such as 1 2; 3 4"),
        ("1 nan", "'nan' in row 1 is not a finite number; give a number there"),
        ("1 2\n-inf 3", "'-inf' in row 2 is not a finite number; give a number there"),
        ("1 2; 3", "row 2 has 1 numbers and row 1 has 2; give every row the same number of "
         "columns"),
        ("1 two", "'two' in row 1 is not a number; give digits such as -1.5 or 2e3"),
        ("1,,2", "row 1 has an empty place; give a number there"),
        ("[1 2", "a '[' is never closed; check the brackets"),
        ("1 2]", "a ']' has no bracket that it closes; check the brackets"),
        ("[1 2] 3", "'3' stands outside of the brackets; take it away"),
        ("[[1, 2], 3]", "'3' stands between the rows; put every number in a row"),
        ("[[[1]], [[2]]]", "there are 2 matrices; give one at a time"),
        ("((((1))))", "there are 4 brackets inside one another; a matrix has two"),
        ("1e999", "'1e999' in row 1 is too large for a 64-bit number"),
        ("1/0", "'1/0' in row 1 divides by zero"),
        (r"\alpha & 1", "the LaTeX command \\alpha is not part of a matrix of numbers; give the "
         "numbers between & and \\\\"),
        ("\n".join(["1 " * 50] * 50), "the matrix is 50x50; at most 32x32 is taken here"),
        ("1 " * MOST_CHARACTERS, "the text has 40,000 characters; a matrix of at most 32x32 takes "
         "far fewer"),
    ],
)  # fmt: skip
def test_a_mistake_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as found:
        parse_matrix(text)
    assert str(found.value) == sentence


def test_one_number_is_a_matrix() -> None:
    assert parse_matrix("5").tolist() == [[5.0]]


def test_huge_numbers_that_exist_are_read() -> None:
    assert parse_matrix("1e300 -1e-300").tolist() == [[1e300, -1e-300]]
