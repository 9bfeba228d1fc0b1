"""Matrices as people paste, print and keep them: the tables of docs/reading.md, and files."""

import io
import json
import re
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import eigenformer as ef
from eigenformer import problems
from eigenformer.core import InputError
from eigenformer.ensembles.reading import parse_matrix, read_matrices, read_text
from eigenformer.ensembles.reading.text import MOST_CHARACTERS, matrix_text
from eigenformer.evaluation import read_batches
from eigenformer.evaluation.read import parse_batches

PAGE = (Path(__file__).parents[2] / "docs" / "reading.md").read_text(encoding="utf-8")
ROWS = [
    (found[1], found[2].replace("\\|", "|").replace("↵", "\n").replace("⇥", "\t"), found[3])
    for found in re.finditer(r"^\| ([^|`]+) \| `((?:[^`])+)` \| (.+) \|$", PAGE, flags=re.M)
]
matrices = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=6),
    elements=st.floats(allow_nan=False, allow_infinity=False),
)


def test_the_page_has_its_tables() -> None:
    assert len(ROWS) > 70 and len({name for name, _, _ in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("text", "outcome"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_a_row_of_the_page_is_so_behind_every_door(
    text: str, outcome: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.csv"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    doors = {
        "text": lambda: read_text(text)[0],
        "the playground": lambda: parse_matrix(text, 10),
        "--matrix": lambda: parse_batches(text, problems.get("transpose"))[0][0],
        "file": lambda: read_matrices(file)[0],
        "standard input": lambda: read_batches("-", problems.get("transpose"))[0][0],
        "Python": lambda: ef.read(text),
        "Python, a file": lambda: ef.read(file),
    }
    for door in doors.values():
        if outcome.startswith("`"):
            np.testing.assert_allclose(door(), json.loads(outcome.strip("`")), rtol=1e-15)
        else:
            with pytest.raises(InputError) as refused:
                door()
            assert outcome in " ".join(str(refused.value).split())


# A matrix in any dialect and with any decoration is that matrix or refused.

NUMBERS = st.one_of(
    st.integers(-12, 12).map(str),
    st.integers(-1500, 150_000).map(str),
    st.decimals(-2000, 2000, places=1).map(str),
    st.decimals(-5, 5, places=3).map(str),
    st.sampled_from(["-0.5", ".5", "3.", "1e3", "-2.5E-4", "1000", "0", "+7", "1/3", "-5/4"]),
)
Cells = list[list[str]]


def lines(between: str, end: str = "\n", begin: str = "", close: str = ""):
    return lambda cells: end.join(begin + between.join(row) + close for row in cells)


def nested(pair: str, between: str = ", ", rows: str = ", "):
    listed = lines(between, rows, pair[0], pair[1])
    return lambda cells: f"{pair[0]}{listed(cells)}{pair[1]}"


def r_print(cells: Cells) -> str:
    head = "     " + " ".join(f"[,{j + 1}]" for j in range(len(cells[0])))
    return "\n".join([head, *(f"[{i + 1},] {' '.join(row)}" for i, row in enumerate(cells))])


def tex(name: str, options: str = "", between: str = " & ", end: str = r" \\ "):
    return lambda cells: (
        rf"\begin{{{name}}}{options} " + lines(between, end)(cells) + rf" \end{{{name}}}"
    )


DIALECTS = {
    "blanks": lines(" "), "wide": lines("   "), "csv": lines(","), "csv blank": lines(", "),
    "semicolons": lines(";"), "semicolons blank": lines("; "), "tsv": lines("\t"),
    "rows": lines(" ", "; "), "rows commas": lines(", ", "; "), "rows tight": lines(",", ";"),
    "ended": lines(" ", ";\n"), "trailing": lines(",", ",\n"), "bars": lines(" ", "\n", "| ", " |"),
    "table": lines(" | ", "\n", "| ", " |"), "returns": lines(",", "\r\n"),
    "apart": lines(" ", "\n\n"), "tabs and commas": lines(",\t"), "tabs and marks": lines(";\t"),
    "matlab": lambda cells: f"[{lines(' ', '; ')(cells)}]",
    "matlab commas": lambda cells: f"[{lines(', ', ';')(cells)}];",
    "matlab lines": lambda cells: f"[{lines(' ')(cells)}]",
    "matlab goes on": lambda cells: f"[{lines(', ', '; ...' + chr(10))(cells)}]",
    "python": nested("[]"), "tight": nested("[]", ",", ","), "numpy": nested("[]", " ", "\n "),
    "tuples": nested("()"), "mathematica": nested("{}"),
    "array": lambda cells: f"np.array({nested('[]')(cells)})",
    "tensor": lambda cells: f"tensor({nested('[]', ', ', ',  ')(cells)}, dtype=torch.float64)",
    "julia": lambda c: f"{len(c)}×{len(c[0])} Matrix{{Float64}}:\n{lines('  ', chr(10), ' ')(c)}",
    "r": r_print,
    "matlab display": lambda cells: "A =\n\n" + lines("     ", "\n", "     ")(cells) + "\n",
    "pmatrix": tex("pmatrix"), "bmatrix": tex("bmatrix", between="&", end=r"\\[2pt]"),
    "array env": tex("array", "{" + "c" * 5 + "}"),
    "ocr": lambda cells: tex("array", " { l l l }")([[f"{{ {c} }}" for c in r] for r in cells]),
    "cr": lambda cells: r"\pmatrix{" + lines(" & ", r" \cr ")(cells) + "}",
    "bare": lines(" & ", r" \\ "),
}  # fmt: skip
BRACKETED = {
    name for name, write in DIALECTS.items() if write([["1"]])[:2] in ("[1", "[[", "((", "{{", "np",
    "te", r"\b", r"\p")
}  # fmt: skip
COMMA_COLUMNS = {"csv", "trailing", "returns", "rows tight", "tight", "matlab commas"}
"""In which a decimal comma cannot be seen."""
STYLES = {
    "plain": lambda cell: cell,
    "quoted": lambda cell: f'"{cell}"',
    "decimal comma": lambda cell: cell.replace(".", ","),
    "quoted decimal comma": lambda cell: f'"{cell.replace(".", ",")}"',
    "latex comma": lambda cell: cell.replace(".", "{,}"),
    "minus": lambda cell: cell.replace("-", "\u2212"),
    "thousands": lambda cell: f"{int(cell):,}" if re.fullmatch(r"-?\d{4,}", cell) else cell,
    "narrow": lambda cell: f"{int(cell):,}".replace(",", "\u202f") if cell.isdigit() else cell,
    "fraction": lambda cell: re.sub(r"^(\d)/(\d)$", r"\\frac{\1}{\2}", cell),
    "short fraction": lambda cell: re.sub(r"^(-?)(\d)/(\d)$", r"\1\\frac\2\3", cell),
    "braces": lambda cell: f"{{ {cell} }}",
    "phantom": lambda cell: cell if cell.startswith("-") else rf"\phantom{{-}}{cell}",
    "sign apart": lambda cell: re.sub("^-", "- ", cell),
    "fortran": lambda cell: cell.replace("e", "D").replace("E", "D"),
    "unit": lambda cell: f"{cell} kg",
    "percent": lambda cell: f"{cell}%",
    "currency": lambda cell: f"${cell}",
}
WITH_BLANKS = {"sign apart", "unit", "braces"}
"""Styles that put a blank into a cell; where blanks separate this is another text."""
ALTERS = {"unit", "percent", "currency"}


def named(text: str, cells: Cells, mark: str) -> str:
    return mark.join(f"c{j}" for j in range(len(cells[0]))) + "\n" + text


DECORATIONS = {
    "none": (lambda text, cells: text, 1),
    "name": (lambda text, cells: f"A = {text}", 1),
    "latex name": (lambda text, cells: rf"\mathbf{{A}}_1 = {text}.", 1),
    "dollars": (lambda text, cells: f"$$ {text} $$", 1),
    "end": (lambda text, cells: f"{text};", 1),
    "comment": (lambda text, cells: f"# a matrix\n{text} # the end", 1),
    "percent": (lambda text, cells: f"% 1 2 3\n{text} % the end", 1),
    "number comment": (lambda text, cells: f"{text} # 3", 1),
    "columns": (lambda text, cells: named(text, cells, ","), 1),
    "columns blank": (lambda text, cells: named(text, cells, " "), 1),
    "columns tab": (lambda text, cells: named(text, cells, "\t"), 1),
    "rows": (lambda text, cells: re.sub("^", "row: ", text, flags=re.M), 1),
    "index": (lambda text, cells: re.sub("^", "r,", named(text, cells, ","), flags=re.M), 1),
    "times": (lambda text, cells: f"2*{text}", 2),
    "factor": (lambda text, cells: f"2{text}", 2),
    "half": (lambda text, cells: rf"\frac{{1}}{{2}}{text}", Fraction(1, 2)),
    "half 2": (lambda text, cells: rf"\frac12 {text}", Fraction(1, 2)),
    "minus": (lambda text, cells: f"-{text}", -1),
    "over": (lambda text, cells: f"{text}/4", Fraction(1, 4)),
    "scale": (lambda text, cells: f"   1.0e+03 *\n\n{text}", 1000),
    "transposed": (lambda text, cells: f"{text}'", None),
    "transposed 2": (lambda text, cells: f"{text}.T", None),
    "power": (lambda text, cells: f"{text}^2", None),
    "inverse": (lambda text, cells: f"{text}^{{-1}}", None),
    "function": (lambda text, cells: f"inv({text})", None),
    "function 2": (lambda text, cells: f"np.sqrt({text})", None),
    "determinant": (lambda text, cells: rf"\det {text}", None),
    "plus": (lambda text, cells: f"{text} + 1", None),
    "product": (lambda text, cells: f"{text} {text}", None),
    "market": (lambda text, cells: f"%%MatrixMarket matrix coordinate real general\n{text}", None),
    "unit behind": (lambda text, cells: f"{text} kg", None),
    "cast": (lambda text, cells: f"np.array({text}, 2)", None),
}
# What a decoration does to a text without brackets is not to the matrix: "-1 2" is no -[1 2].
ONLY_BRACKETED = {"times", "factor", "half", "half 2", "minus", "over", "power", "inverse",
                  "product", "function", "function 2", "determinant", "plus"}  # fmt: skip


@st.composite
def written(draw: st.DrawFn) -> tuple[str, Cells, Fraction | int | None]:
    """A text, the numbers in it, and what they are multiplied by; None where it must be refused."""
    m, n = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    cells = draw(st.lists(st.lists(NUMBERS, min_size=n, max_size=n), min_size=m, max_size=m))
    dialect = draw(st.sampled_from(sorted(DIALECTS)))
    style = draw(st.sampled_from(sorted(STYLES)))
    decoration = draw(st.sampled_from(["none", *DECORATIONS]))
    decorate, factor = DECORATIONS[decoration]
    styled = [[STYLES[style](cell) for cell in row] for row in cells]
    text = DIALECTS[dialect](styled)
    bracketed = dialect in BRACKETED
    one_column_of_commas = n == 1 and not bracketed and "|" not in text and "&" not in text
    hidden = style in ("decimal comma", "thousands") and (
        dialect in COMMA_COLUMNS or one_column_of_commas or (bracketed and n == 1)
    )
    split = style in WITH_BLANKS and dialect in ("blanks", "wide", "rows", "bars", "ended", "apart")
    nested_deeper = style == "braces" and dialect == "mathematica"
    if hidden or split or nested_deeper or (decoration in ONLY_BRACKETED and not bracketed):
        style, decorate, factor = "plain", DECORATIONS["none"][0], 1
        text = DIALECTS[dialect](cells)
    if style in ALTERS:
        factor = None
    return decorate(text, cells), cells, factor


def check(example: tuple[str, Cells, Fraction | int | None]) -> bool:
    """Whether the text was read, which it has to be as what was written."""
    text, cells, factor = example
    try:
        found = read_text(text)
    except InputError as refused:
        assert str(refused)
        return False
    assert factor is not None and len(found) == 1, found
    expected = [[float(Fraction(cell.rstrip(".")) * factor) for cell in row] for row in cells]
    np.testing.assert_allclose(found[0], expected, rtol=1e-14, atol=0)
    return True


@settings(max_examples=400)
@given(written())
def test_what_is_read_is_what_was_written(example: tuple[str, Cells, Fraction | None]) -> None:
    check(example)


@pytest.mark.slow
def test_what_is_read_is_what_was_written_20_000_times() -> None:
    read = []
    settings(max_examples=20_000)(given(written())(lambda example: read.append(check(example))))()
    print(f"{sum(read):,} of {len(read):,} texts read, the others refused")
    assert sum(read) > len(read) / 4


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


def test_a_semicolon_on_a_line_of_its_own_ends_a_matrix() -> None:
    """Such a line was a row of nothing, and an IndexError behind a single row."""
    np.testing.assert_array_equal(parse_matrix("A =\n 1 2\n 3 4\n;"), [[1, 2], [3, 4]])
    with pytest.raises(InputError, match="row 1 is not a number"):
        parse_matrix("A =\n\n     $0\n;")
    with pytest.raises(InputError, match="row 2 has no numbers"):
        parse_matrix("1 2\n;\n3 4")


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


# Files.

TWO = np.array([[1.0, -2.5], [300, 4]])


def test_files_of_scipy(tmp_path: Path) -> None:
    for name, values in [("dense", TWO), ("sparse", scipy.sparse.coo_array(TWO))]:
        scipy.io.mmwrite(tmp_path / f"{name}.mtx", values)
        scipy.io.savemat(tmp_path / f"{name}.mat", {"A": values})
        for suffix in ("mtx", "mat"):
            np.testing.assert_array_equal(ef.read(tmp_path / f"{name}.{suffix}"), TWO)
    symmetric = np.array([[2.0, 1], [1, 3]])
    scipy.io.mmwrite(tmp_path / "symmetric.mtx", scipy.sparse.coo_array(symmetric))
    text = (tmp_path / "symmetric.mtx").read_text()
    assert "symmetric" in text
    np.testing.assert_array_equal(ef.read(tmp_path / "symmetric.mtx"), symmetric)
    np.testing.assert_array_equal(ef.read(text), symmetric)  # pasted


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.CSV", "a.tex", "a"])
def test_text_is_text_whatever_its_name(tmp_path: Path, encoding: str, name: str) -> None:
    (tmp_path / name).write_text("1;-2,5\n300;4\n", encoding=encoding)
    np.testing.assert_array_equal(ef.read(tmp_path / name), TWO)


def test_npz_and_npy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for values in (TWO, np.stack([TWO, 2 * TWO])):
        np.savez(tmp_path / "a.npz", matrix=values)
        np.save(tmp_path / "a.npy", values)
        for name in ("a.npz", "a.npy"):
            np.testing.assert_array_equal(ef.read(tmp_path / name), values)
            content = io.TextIOWrapper(io.BytesIO((tmp_path / name).read_bytes()))
            monkeypatch.setattr(sys, "stdin", content)
            np.testing.assert_array_equal(ef.read("-"), values)


def test_our_own_export(tmp_path: Path) -> None:
    out = tmp_path / "a.npz"
    words = ["data", "export", "add", "--dims=2x2", "--n=3", f"--output={out}"]
    assert ef_main(words) == 0
    with np.load(out) as file:
        np.testing.assert_array_equal(ef.read(out), file["inputs"])


def ef_main(words: list[str]) -> int:
    from eigenformer.cli import main

    return main(words)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.mtx", b"%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 5\n1 1 6\n",
         "a.mtx gives a coefficient twice; keep one"),
        ("a.mtx", b"%%MatrixMarket matrix coordinate complex general\n1 1 1\n1 1 5 1\n",
         "a.mtx holds complex numbers"),
        ("a.mtx", b"%%MatrixMarket matrix coordinate real general\n2000000 2 0\n",
         "a.mtx holds a matrix of 2000000x2"),
        ("a.mtx", b"%%MatrixMarket matrix array real general\n2 2\n1\n2\n", "a.mtx is damaged"),
        ("a.mtx", b"1 2", "a.mtx is not a .mtx file"),
        ("a.mat", b"MATLAB 5.0 MAT-file", "a.mat is damaged"),
        ("a.xlsx", b"PK\x03\x04 no zip", "a.xlsx is not a .npz file of numbers"),
        ("a.csv", b"1,2\n3,\xe4", "a.csv is not a text file in UTF-8 or UTF-16"),
        ("a.csv", "1,2".encode("utf-16-le"), "a.csv is not a text file"),
    ],
)  # fmt: skip
def test_a_file_that_is_refused(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as refused:
        read_matrices(tmp_path / name)
    assert sentence in str(refused.value)


def test_files_with_more_than_one_thing(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=TWO, b=TWO)
    scipy.io.savemat(tmp_path / "a.mat", {"A": TWO, "B": TWO})
    for name, what in [("a.npz", "2 arrays (a, b)"), ("a.mat", "2 variables (A, B)")]:
        with pytest.raises(InputError) as refused:
            read_matrices(tmp_path / name)
        assert what in str(refused.value)


def test_without_scipy_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scipy.io.mmwrite(tmp_path / "a.mtx", TWO)
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(InputError, match=r"pip install 'eigenformer\[files\]'"):
        ef.read(tmp_path / "a.mtx")


def test_matrices_of_several_shapes_are_no_batch() -> None:
    with pytest.raises(InputError, match="matrices of 1x1 and 1x2"):
        ef.read("[[[1]], [[1, 2]]]")
