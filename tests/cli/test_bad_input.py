"""Commands on bad input: one sentence, exit status 2, nothing else."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_line import complaint

from eigenformer import cli

HILBERT = 1.0 / (np.arange(14)[:, None] + np.arange(14) + 1)
GOOD = [[2.0, 1.0, 0.5], [1.0, 3.0, -1.0], [0.0, -2.0, 4.0]]


def npy(value: object) -> Callable[[Path], None]:
    return lambda path: np.save(path, np.asarray(value))


def text(content: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(content) and None


def raw(content: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content) and None


def truncated(path: Path) -> None:
    np.save(path, np.asarray(GOOD))
    path.write_bytes(path.read_bytes()[:-20])


def with_entry(value: float) -> np.ndarray:
    matrix = np.array(GOOD)
    matrix[1, 2] = value
    return matrix


# name of the file, what makes it, what the sentence must say
BAD_FILES = [
    ("wide.csv", text("1,2,3\n4,5,6\n"), "2x3"),
    ("tall.npy", npy(np.ones((5, 2))), "5x2"),
    ("row.csv", text("1,2,3\n"), "1x3"),
    ("ragged.csv", text("1,2\n3\n"), "row 2 has 1 numbers and row 1 has 2"),
    ("ragged.json", text("[[1, 2], [3]]"), "row 2 has 1 numbers and row 1 has 2"),
    ("vector.npy", npy([1.0, 2.0]), "1 dimensions"),
    ("number.npy", npy(3.0), "0 dimensions"),
    ("deep.npy", npy(np.ones((2, 2, 2, 2))), "4 dimensions"),
    ("nan.npy", npy(with_entry(np.nan)), "nan or inf"),
    ("inf.npy", npy(with_entry(np.inf)), "nan or inf"),
    ("nan.csv", text("1,nan\n2,3\n"), "'nan' in row 1 is not a finite number"),
    ("inf.json", text("[[1, Infinity], [2, 3]]"), "not a finite number"),
    ("overflow.csv", text("1e999,2\n3,4\n"), "too large"),
    ("overflow.json", text(f"[[{10**400}, 2], [3, 4]]"), "too large"),
    ("zero.npy", npy(np.zeros((3, 3))), "singular"),
    ("singular.csv", text("1,2\n2,4\n"), "singular"),
    ("rank.npy", npy(np.arange(9.0).reshape(3, 3)), "singular"),
    ("hilbert.npy", npy(HILBERT), "condition number"),
    ("nearly.npy", npy([[1.0, 1.0], [1.0, 1.0 + 2e-16]]), "singular"),
    ("second.npy", npy([GOOD, np.ones((3, 3))]), "input 1 is singular"),
    ("empty.csv", text(""), "no matrix"),
    ("blank.txt", text("\n  \n# a comment\n"), "no matrix"),
    ("empty.json", text(""), "no matrix"),
    ("nothing.json", text("[]"), "no matrix"),
    ("hollow.json", text("[[], []]"), "row 1 has no numbers"),
    ("empty.npy", npy(np.ones((0, 3))), "empty"),
    ("bytes.npy", raw(b""), "not a .npy file"),
    ("truncated.npy", truncated, "not a .npy file"),
    ("text.npy", text("1 2\n3 4\n"), "not a .npy file"),
    ("words.csv", text("1,2\n3,four\n"), "'four' in row 2 is not a number"),
    ("symbols.csv", text("a,1\n1,2\n"), "'a' in row 1 is not a number"),
    ("cell.csv", text("1,,2\n"), "row 1 has an empty place"),
    ("binary.csv", raw(b"\xff\xff\x00\x01"), "not a text file"),
    ("strings.npy", npy([["a", "b"], ["c", "d"]]), "<U1"),
    ("complex.npy", npy([[1j, 2], [3, 4]]), "complex"),
    ("broken.json", text("[[1, 2], [3, 4]"), "a '[' is never closed"),
    ("object.json", text('{"matrix": [[1]]}'), "braces and other brackets"),
    ("strings.json", text('[["one", "2"], ["3", "4"]]'), "'one' in row 1 is not a number"),
    ("null.json", text("[[null, 2], [3, 4]]"), "'null' in row 1 is not a finite number"),
    ("true.json", text("[[true, 2], [3, 4]]"), "'true' in row 1 is not a number"),
    ("mixed.json", text("[[1, 2], 3]"), "'3' stands between the rows"),
    ("huge.csv", text(",".join("1" * 1001) + "\n"), "at most 1000"),
    ("matrix.xlsx", text("1"), "not a .xlsx file"),
    ("matrix", text("one"), "'one' in row 1 is not a number"),
]

# What only a network with an encoding refuses: FP15 holds 1e-9 to 1e9, and V1 to V100.
BAD_FOR_THE_MODEL = [
    ("large.npy", npy(np.diag([1e12, 1.0, 1.0])), "1e+12 is outside the range of FP15"),
    ("large.csv", text("-2e40,0\n0,1e40\n"), "-2e+40 is outside the range of FP15"),
    ("101.npy", npy(np.eye(101)), "101 rows or columns"),
    ("40.npy", npy(np.eye(40)), "40 rows or columns and the model takes 32"),
]


@pytest.mark.parametrize("model", ["untrained", "numpy"])
@pytest.mark.parametrize(("name", "make", "says"), BAD_FILES, ids=[c[0] for c in BAD_FILES])
def test_a_bad_file(
    name: str,
    make: Callable[[Path], None],
    says: str,
    model: str,
    untrained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make(tmp_path / name)
    given = "numpy" if model == "numpy" else str(untrained)
    error = complaint(["solve", "inverse", "--input", name, "--model", given], capsys)
    assert says in error
    assert name in error


@pytest.mark.parametrize(
    ("name", "make", "says"), BAD_FOR_THE_MODEL, ids=[c[0] for c in BAD_FOR_THE_MODEL]
)
def test_what_a_model_cannot_read(
    name: str,
    make: Callable[[Path], None],
    says: str,
    untrained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    make(tmp_path / name)
    args = ["solve", "inverse", "--input", name, "--no-rescale", "--model"]
    assert says in complaint([*args, str(untrained)], capsys)
    assert cli.main([*args, "numpy"]) == 0  # LAPACK has no such limit


def test_a_matrix_that_should_be_symmetric(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("1,2\n2.001,1\n")
    for problem in ("eigenvalues", "eigenvectors", "symmetric_inverse"):
        error = complaint(["solve", problem, "--input", "a.csv", "--model", "numpy"], capsys)
        assert "a.csv: input 0 is not symmetric" in error
        assert "0.001" in error


def test_operands_that_do_not_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("1,2,3\n4,5,6\n")
    assert "a.csv" in complaint(["solve", "add", "--input", "a.csv", "--model", "numpy"], capsys)


# A command and what its sentence must say.
WRONG_COMMANDS = [
    ("solve inverze --input a.csv", "did you mean 'inverse'?"),
    ("solve joint --input a.csv", "several problems"),
    ("solve inverse --input b.csv", "b.csv does not exist"),
    ("solve inverse --input .", ". is a folder"),
    ("solve inverse --input d.csv", "d.csv is a folder"),
    ("solve inverse", "give one file or matrix"),
    ("solve inverse --inptu a.csv", "did you mean --input?"),
    ("solve inverse --input a.csv b.csv", "give one file or matrix"),
    ("solve inverse --input a.csv --model nompy", "unknown run or shipped model 'nompy'"),
    ("solve inverse --input a.csv --model d.csv", "d.csv is not a run folder"),
    ("solve inverse --input a.csv --model numpy --output a.txt", "a.txt must end in"),
    ("solve inverse --input a.csv --model numpy --output no/a.npy", "the folder no does not exist"),
    ("solve inverse --input two.json --model numpy --output a.npy", "a.npy: matrices of several"),
    ("solve matmul --matrix 1e200,1e200 --model numpy --json", "this matrix overflows"),
    ("solve svd --input a.csv --model {untrained}", "was trained on inverse, not on svd"),
    ("train fast --problem inverze", "did you mean 'inverse'?"),
    ("train fast --ensemble iid-unifrom", "did you mean 'iid-uniform'?"),
    ("train fast --encoding P100O", "unknown encoding 'P100O'"),
    ("train fst", "unknown recipe 'fst': did you mean 'fast'?"),
    ("train fast --dims 3x", "dims is '3x'"),
    ("train fast --dims 2x3", "needs square matrices"),
    ("train fast --dims 101x101", "101 rows or columns"),
    ("train fast --scale -1", "scale is -1"),
    ("train fast --width 33", "width 33"),
    ("train fast --examples 0", "examples is 0"),
    ("train fast --workers -1", "workers is -1"),
    ("train fast --optimizer.rat 1", "did you mean --optimizer.rate?"),
    ("train fast --optimizer.rate x", "--optimizer.rate is 'x', but it takes numbers"),
    ("train fast --optimizer.kind sgd", "--optimizer.kind is 'sgd'"),
    ("train fast --batchsize 3", "did you mean --batch-size?"),
    ("train fast --evaluation.target 2", "target is 2"),
    ("train fast --data no.npz", "no.npz does not exist"),
    ("train fast --data a.csv", "a.csv ends in .csv"),
    ("train fast --data x.npz", "x.npz is not a file of examples, or is damaged"),
    ("train fast --data x.jsonl", "x.jsonl was not written by"),
    ("evaluate", "name at least one run"),
    ("evaluate numpy", "name one with --problem"),
    ("evaluate numpy nowhere --problem add", "unknown run or shipped model 'nowhere'"),
    ("evaluate {untrained} --problem add", "was trained on inverse, not on add"),
    ("evaluate {untrained} --n 0", "n is 0"),
    ("evaluate {untrained} --n 5 --score l3", "unknown score 'l3'"),
    ("evaluate {untrained} --n 5 --tolerances -1", "tolerances are (-1.0,)"),
    ("evaluate {untrained} --n 5 --dims 2x3", "dims is '2x3'"),
    ("evaluate {untrained} --n 5 --scale 0", "scale is 0"),
    ("evaluate {untrained} --n 5 --ensemble iid", "unknown ensemble 'iid'"),
    ("evaluate {untrained} --n 5 --output a.npy", "a.npy must end in .json"),
    ("evaluate {untrained} --n 5 --device tpu", "--device is 'tpu'"),
    ("data exprt", "unknown data command 'exprt': did you mean 'export'?"),
    ("data export add", "--output PATH must be given"),
    ("data export add --output a.csv", "a.csv must end in .npz or .jsonl"),
    ("data export ad --output a.npz", "did you mean 'add'?"),
    ("data export add --output a.npz --n 0", "n is 0"),
    ("data inspect a.npz", "a.npz does not exist"),
    ("data inspect bad.jsonl", "bad.jsonl is not JSON lines"),
    ("construct lst", "list"),
    ("construct show newtn", "newton"),
    ("construct show logistic --passes", "laid out by hand"),
    ("construct check", "--all"),
    ("construct check gd-step --all", "--all"),
    ("construct check gd-step --samples 0", "--samples is 0"),
    ("construct run least-squares --input a.csv", "A, y, a_test"),
    ("construct run least-squares --input a.csv a.csv a.csv", "vector"),
    ("construct plot gd-step --output f.txt", ".png"),
    ("solve transpose --input a.csv --model numpy --polish", "only answers to inverse"),
    ("models lst", "did you mean 'list'?"),
    ("models card nothing", "unknown shipped model 'nothing'"),
    ("bench training --steps 0", "steps is 0"),
    ("bench trust --matrices 0", "matrices is 0"),
    ("bench trust --models inverse-2x3", "unknown shipped model 'inverse-2x3': did you mean"),
    ("bench certificates --matrices -3", "matrices is -3"),
    ("bench polish --matrices 0", "matrices is 0"),
    ("bench polish --sizes 5 0", "sizes is 0"),
    ("bench polish --condition inf", "condition is inf"),
    ("bench polish --off nan", "off is nan"),
    ("bench sped", "unknown benchmark 'sped': did you mean 'speed'?"),
    ("bench efficiency --case add-9x9", "'add-9x9': this set has singular-values-2x2"),
]


@pytest.mark.parametrize(("words", "says"), WRONG_COMMANDS)
def test_a_wrong_command_says_so_and_writes_nothing(
    words: str, says: str, untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("2,1\n1,3\n")
    (tmp_path / "two.json").write_text("[[[2]], [[2, 1], [1, 3]]]")
    (tmp_path / "d.csv").mkdir()
    for name in ("x.npz", "x.jsonl"):
        (tmp_path / name).write_text("[]\n")
    (tmp_path / "bad.jsonl").write_text("{")
    before = set(tmp_path.rglob("*"))
    assert says in complaint(words.replace("{untrained}", str(untrained)).split(), capsys)
    assert set(tmp_path.rglob("*")) == before


def test_a_file_that_may_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(path: Path, *_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "a.csv").write_text("1")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    error = complaint(["solve", "inverse", "--input", "a.csv"], capsys)
    assert "a.csv cannot be read: Permission denied" in error


def test_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for content, says in [("", "no matrix"), ("[[1", "never closed"), ("1 x", "'x' in row 1")]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(content))
        error = complaint(["solve", "inverse", "--input", "-", "--model", "numpy"], capsys)
        assert "standard input" in error
        assert says in error


@pytest.mark.parametrize(
    ("content", "says"), [(b"1,2\n2,4\n", "singular"), (b"\xff\xfe\x00", "not a text file")]
)
def test_in_a_process_of_its_own(content: bytes, says: str) -> None:
    words = ["solve", "inverse", "--input", "-", "--model", "numpy"]
    done = subprocess.run(
        [sys.executable, "-m", "eigenformer", *words],
        input=content,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
    )
    error = done.stderr.decode()
    assert done.returncode == 2
    assert done.stdout == b""
    assert error.startswith("eigenformer: error: standard input")
    assert says in error
    assert error.count("\n") == 1


def test_debug_shows_where_it_came_from(tmp_path: Path) -> None:
    from eigenformer.core import InputError

    (tmp_path / "a.csv").write_text("1,2\n2,4\n")
    with pytest.raises(InputError, match="singular"):
        cli.main(["solve", "inverse", "--input", "a.csv", "--model", "numpy", "--debug"])


@pytest.mark.parametrize(
    "matrix",
    ["2 1; 1 3", "[[2, 1], [1, 3]]", "np.array([[2., 1.], [1., 3.]])",
     r"\begin{pmatrix}2 & 1\\1 & 3\end{pmatrix}"],
)  # fmt: skip
def test_a_matrix_written_out(matrix: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["solve", "inverse", "--matrix", matrix, "--model", "numpy", "--json"]
    assert cli.main(words) == 0
    (found,) = json.loads(capsys.readouterr().out)
    np.testing.assert_allclose(found["answer"], [[0.6, -0.2], [-0.2, 0.4]])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "give one file or matrix: a name, --input with a file, or --matrix"),
        (("--matrix", "2 1; 1 3", "--input", "a.csv"), "give one file or matrix"),
        (("--matrix", "2 1; 1"), "row 2 has 1 numbers and row 1 has 2"),
        (("--matrix", "1 2 3; 4 5 6"), "the matrix: "),
        (("--matrix", "x"), "'x' in row 1 is not a number"),
    ],
)
def test_a_matrix_written_out_wrongly(
    words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in complaint(["solve", "inverse", *words, "--model", "numpy"], capsys)


def test_json_is_not_half_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text(json.dumps([GOOD, [[1, 1], [1, 1]]]))
    error = complaint(
        ["solve", "inverse", "--input", "a.json", "--model", "numpy", "--json"], capsys
    )
    assert "input 1 is singular" in error
