"""`make fuzz`: hostile text, links, files and folders for ten minutes, two for each kind.

Whatever is read, the outcome is a value or an `InputError` with a sentence, within a second of
processor time and a gigabyte of memory. EIGENFORMER_FUZZ_SECONDS sets the time of each kind; a
failure prints the example and the seed that found it.
"""

import base64
import json
import os
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from eigenformer import cli, problems
from eigenformer.app.state import decode
from eigenformer.construct.language import read_program
from eigenformer.core import InputError
from eigenformer.ensembles.reading.text import parse_matrix
from eigenformer.evaluation import read_batches
from eigenformer.runs.recipes import fast
from eigenformer.training import Execution, RunFolder, load_examples, train
from eigenformer.zoo.load import solver_of

pytestmark = pytest.mark.fuzz
SECONDS = float(os.environ.get("EIGENFORMER_FUZZ_SECONDS", "120"))
LONGEST = 1.0
"""Seconds of processor time that one reading may take."""
MOST_MEMORY = 2**30
EXAMPLES = 200
"""Between two looks at the clock."""


def fuzz(examples: SearchStrategy[Any], read: Callable[[Any], object]) -> int:
    """Read examples until the time is over; how many there were."""
    count = 0

    def once(example: Any) -> None:
        nonlocal count
        count += 1
        begun = time.process_time()
        try:
            read(example)
        except InputError as error:
            assert str(error).strip()
        taken = time.process_time() - begun
        assert taken < LONGEST, f"{taken:.1f} s"

    before, number = _peak(), 0
    stop = time.monotonic() + SECONDS
    while time.monotonic() < stop:
        asked = settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        seed(number)(asked(given(examples)(once)))()
        number += 1
    used = _peak() - before
    assert used < MOST_MEMORY, f"{used / 2**20:.0f} MiB"
    print(f"{count:,} examples, {used / 2**20:.0f} MiB more at the most")
    return count


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


# Text.

TEXT = st.text(max_size=2000) | st.binary(max_size=2000).map(lambda b: b.decode("latin-1"))


def mixtures(words: list[str], longest: int) -> SearchStrategy[str]:
    return st.lists(st.sampled_from(words) | st.text(max_size=3), max_size=longest).map("".join)


MATRIX_WORDS = [
    *"[](){}.,;:|&\\-+=/ \n\t0123456789eE$'", "np.array(", "array([[", "]])", ", dtype=float64)",
    r"\begin{pmatrix}", r"\end{pmatrix}", r"\frac{1}{2}", r"\left(", r"\\", "[2pt]", "...\n", "nan",
    "1e999", "1/0", "\u2212", r"\times 10^{3}", "A = ", "-.5", "1 2; 3 4",
]  # fmt: skip
PROGRAM_WORDS = [
    "A: 2x2\n", "B: 12x12 symmetric\n", "start X = ", "repeat 3:\n", "repeat 40:\n", "  ",
    "return ", "target ", "X", "A", "B", "I", "=", "+", "-", "*", "/", "@", "^", "8", "1e300",
    "'", ".T", "(", ")", "norm(", "relu(", "abs(", "inv(", "pinv(", "stored(", "trace(", ":", "\n",
    " ", "#", "0",
    "A = A*A\n", "X = X*(2*I - A*X)\n", "return X\n",
]  # fmt: skip


def test_matrix_text() -> None:
    assert fuzz(TEXT | mixtures(MATRIX_WORDS, 600), parse_matrix) > 0


def test_program_text() -> None:
    begin = st.sampled_from(["", "A: 2x2\n", "A: 3x3\nstart X = A'\nrepeat 9:\n  X = "])
    bodies = st.tuples(begin, TEXT | mixtures(PROGRAM_WORDS, 200)).map("".join)
    assert fuzz(bodies, lambda text: read_program(text).compile()) > 0


# Links.

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40)
    | st.sampled_from([10**400, 10**9, 10**5, 1e308, "../../etc/passwd", "inverse", "9" * 9999])
)  # fmt: skip
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)
FIELDS = st.dictionaries(
    st.sampled_from(
        ["matrix", "problem", "model", "noise", "size", "seed", "program", "layer", "solvers",
         "sweep", "tolerance", "look", "head", "polish", "ensemble", "values", "more"]
    ),
    JSON,
    max_size=5,
)  # fmt: skip


def link(data: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


def test_state_links() -> None:
    states = st.fixed_dictionaries(
        {"v": st.just(1)},
        optional={name: FIELDS | JSON for name in ("tab", "ask", "build", "compare")},
    )
    deep = st.integers(1, 10**5).map(lambda n: base64.urlsafe_b64encode(b"[" * n).decode())
    assert fuzz(TEXT | states.map(link) | JSON.map(link) | deep, decode) > 0


# Files and folders: what the program writes, damaged.


@st.composite
def damages(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """A function that damages the content of a file."""
    kind = draw(st.sampled_from(["cut", "flip", "put", "json", "all"]))
    where, much = draw(st.floats(0, 1)), draw(st.binary(max_size=60))
    value = draw(JSON)

    def damaged(content: bytes) -> bytes:
        at = int(where * len(content))
        if kind == "cut":
            return content[:at]
        if kind == "flip":
            return content[:at] + bytes(255 - b for b in content[at : at + 1]) + content[at + 1 :]
        if kind == "put":
            return content[:at] + much + content[at + len(much) :]
        if kind == "json":
            return _other_leaf(content, where, value)
        return much

    return damaged


def _other_leaf(content: bytes, where: float, value: object) -> bytes:
    """JSON, or lines of it, with one leaf replaced; other content as it was."""
    try:
        data = json.loads(content)
    except ValueError:
        return content
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    if not isinstance(data, dict | list):
        return json.dumps(value).encode()
    walk(data)
    if places:
        node, key = places[min(int(where * len(places)), len(places) - 1)]
        node[key] = value
    return json.dumps(data).encode()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, with a state to resume from."""
    path = tmp_path_factory.mktemp("fuzz") / "run"
    config = fast(problem="transpose", dims="2x2", width=32, layers=(1, 1), examples=64)
    train(config, path, Execution(workers=0, quiet=True))
    return path


def test_data_files(run: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    matrices = rng.normal(size=(3, 2, 2))
    np.save(tmp_path / "good.npy", matrices)
    (tmp_path / "good.json").write_text(json.dumps(matrices.tolist()))
    (tmp_path / "good.csv").write_text("1,2\n3,4\n\n5,6\n7,8\n")
    (tmp_path / "good.txt").write_text("1 2\n3 4\n")
    good = {p.suffix: p.read_bytes() for p in tmp_path.iterdir()}
    for suffix in (".npz", ".jsonl"):
        out = tmp_path / f"good{suffix}"
        assert cli.main(["data", "export", "add", "--dims=2x2", "--n=9", f"--output={out}"]) == 0
        good[suffix] = out.read_bytes()
    inverse = problems.get("inverse")

    def read(example: tuple[str, Callable[[bytes], bytes]]) -> None:
        suffix, damaged = example
        file = tmp_path / f"bad{suffix}"
        file.write_bytes(damaged(good[suffix]))
        if suffix in (".npz", ".jsonl"):
            load_examples(file)
        else:
            read_batches(str(file), inverse)

    assert fuzz(st.tuples(st.sampled_from(sorted(good)), damages()), read) > 0


def test_run_folders(run: Path, tmp_path: Path) -> None:
    files = [str(file.relative_to(run)) for file in run.rglob("*") if file.is_file()]
    files.remove("lock")

    def read(example: tuple[str, Callable[[bytes], bytes]]) -> None:
        name, damaged = example
        bad = tmp_path / "run"
        shutil.rmtree(bad, ignore_errors=True)
        shutil.copytree(run, bad)
        (bad / name).write_bytes(damaged((run / name).read_bytes()))
        folder = RunFolder(bad)
        for look in (
            lambda: solver_of(folder).solve(np.eye(2)),
            folder.status,
            folder.metrics,
            lambda: folder.evaluations("test"),
            lambda: folder.load_state(torch.device("cpu")),
        ):
            try:
                look()
            except InputError as error:
                assert str(error).strip()

    assert fuzz(st.tuples(st.sampled_from(files), damages()), read) > 0
