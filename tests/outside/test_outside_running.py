"""Faults found from outside in running, and of the surroundings (audit of 2026-11, C and E).

How each was found stands in its docstring; damaged folders have a table of their own in
tests/training/test_damage_table.py, hostile values of fields in tests/training/test_every_field.py.
"""

import errno
import os
import shutil
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch

import eigenformer as ef
from eigenformer import cli
from eigenformer.construct import compile, program
from eigenformer.runs import jobs
from eigenformer.runs.recipes import fast
from eigenformer.training import Execution, RunFolder

TINY = [
    "--problem",
    "transpose",
    "--dims",
    "2x2",
    "--width",
    "32",
    "--layers",
    "1",
    "1",
    "--batch-size",
    "8",
    "--seed",
    "3",
]
QUICK = ["--evaluation.tests.0.size", "8", "--workers", "0", "--quiet"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EIGENFORMER_RUNS", raising=False)
    monkeypatch.setenv("EIGENFORMER_PLUGINS", "")


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one sentence of a command that is refused; nothing has been written."""
    before = set(Path().rglob("*"))
    capsys.readouterr()
    assert cli.main(list(words)) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "Traceback" not in error
    assert set(Path().rglob("*")) == before
    return error


def test_c1_a_finished_run_goes_on_with_fresh_examples(capsys: pytest.CaptureFixture[str]) -> None:
    """C1: found by continuing a run; the examples were the same again, bit for bit."""
    words = ["train", "fast", *TINY, "--examples", "16", *QUICK, "--folder", "first"]
    assert cli.main(words) == 0
    assert cli.main(["resume", "first", "--examples", "16", "--workers", "0", "--quiet"]) == 0
    assert "16 fresh examples" in capsys.readouterr().out
    (after,) = Path("runs").glob("*")
    one, two = RunFolder(Path("first")).config(), RunFolder(after).config()
    first, second = (run.draw(0, 0, 1, torch.float32).data.truth for run in (one, two))
    assert one.seed == two.seed and not torch.equal(first, second)


def test_c2_data_of_another_problem_leaves_nothing_behind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """C2: found with a file of another problem; a folder with state "running" was left."""
    words = ["data", "export", "add", "--dims=2x2", "--n=3", "--output=a.npz"]
    assert cli.main(words) == 0
    said = refused(capsys, "train", "fast", *TINY, "--data", "a.npz", "--folder", "run")
    assert "holds examples of add, not of transpose" in said


def test_c2_no_compiler(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """C2: found on a machine without C++; 122 lines of traceback."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    said = refused(capsys, "train", "fast", *TINY, "--compile", "--folder", "run")
    assert "needs a C++ compiler" in said


def test_c4_fp15_is_lawts() -> None:
    """C4: found by writing 9,000 sequences with LAWT and here; three differed."""
    encoding = ef.encodings.get("FP15")
    ids = encoding.encode(np.array([[[9.665]]]))
    assert encoding.words(ids)[0][-1] == "FP966/-2"


def test_c4_one_row_has_words() -> None:
    """C4: found in a notebook; a bare TypeError."""
    encoding = ef.encodings.get("P1000")
    assert encoding.words(encoding.encode(np.array([[[1.0]]]))[0])[-1] == "E-2"


@pytest.mark.parametrize(
    "body",
    [
        lambda A: A if A[0, 0] > 0 else -A,
        lambda A: A if A > 0 else -A,
        lambda A: A @ np.linalg.inv(A),
        lambda A: A if A else -A,
    ],
)
def test_c5_a_program_that_looks_at_numbers(body: object) -> None:
    """C5: found by writing programs; raw TypeError and LinAlgError."""
    with pytest.raises(ef.InputError):
        compile(program(body), shapes={"A": (2, 2)})


def test_c5_p1000_does_not_advise_itself() -> None:
    """C5: found with entries of 1e200."""
    with pytest.raises(ef.InputError) as said:
        ef.encodings.get("P1000").encode(np.array([[[1e200]]]))
    assert "(P1000)" not in str(said.value)


def test_c5_wilsons_interval_ends_at_one() -> None:
    """C5: found by comparing with statsmodels; an ulp below 1."""
    from eigenformer.evaluation import binomial_interval

    assert all(binomial_interval(n, n)[1] == 1 and binomial_interval(0, n)[0] == 0
               for n in range(1, 3000))  # fmt: skip


def test_c6_a_plug_in_fails_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """C6: found with a plug-in that raises when imported; every command ended in a traceback."""
    from eigenformer.core import registry

    broken = metadata.EntryPoint("mine", "no_such_module_of_mine", registry.PLUGIN_GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [broken])
    monkeypatch.setattr(registry, "_plugins_loaded", False)
    assert "fast" in __import__("eigenformer.runs.recipes", fromlist=["x"]).RECIPES.names()
    assert "the plug-in mine (no_such_module_of_mine) cannot be imported" in capsys.readouterr().err
    Path("mine.py").write_text("1 / 0")
    assert "mine.py cannot be imported, ZeroDivisionError" in refused(
        capsys, "info", "--plugin", "mine.py"
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--dims 100000x100000", "matrices of 100000x100000"),
        ("--dims 1-100000000x1", "1-100000000x1"),
        ("--evaluation.tests.0.size 100000000000", "size is"),
        ("--workers 1000", "workers is 1000"),
        ("--width 1000000 --heads 1", "width is 1000000"),
        ("--width 99968 --heads 1 --layers 900 900", "weights, with gradients and moments"),
        ("--model.max-dim 1000000000", "max_dim is 1000000000"),
        ("--batch-size 10000000000", "batch_size is 10000000000"),
        ("--layers 1000000 1", "layers is 1000000"),
        ("--examples 100000000000000000000", "examples is 100000000000000000000"),
        ("--optimizer.rate inf", "rate is inf"),
        ("--optimizer.clip inf", "clip is inf"),
        ("--optimizer.betas nan 0.9", "betas.0 is nan"),
        ("--optimizer.betas -1 0.9", "betas.0 is -1"),
        ("--optimizer.epsilon inf", "epsilon is inf"),
        ("--optimizer.weight-decay -1", "weight_decay is -1"),
        ("--evaluation.tolerances 0.05 nan", "tolerances are (0.05, nan)"),
        ("--save-seconds nan", "save_seconds is nan"),
    ],
)
def test_c6_e3_what_cannot_fit_or_be_meant(
    words: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """C6, E3: found with hostile values; memory errors, tracebacks, hangs, folders left behind."""
    kept = [word for word in TINY if words.split()[0] not in TINY or word]
    said = refused(capsys, "train", "fast", *kept, *words.split(), "--folder", "run")
    assert says.replace("_", "-") in said.replace("_", "-")


def test_e4_a_terminal_of_one_column(monkeypatch: pytest.MonkeyPatch) -> None:
    """E4: found with COLUMNS=1; a training of 7 s took 531 s."""
    monkeypatch.setenv("COLUMNS", "1")
    assert cli.main(["info"]) == 0
    assert int(os.environ["COLUMNS"]) >= 40


@pytest.mark.parametrize(
    "variables",
    [{"WORLD_SIZE": "abc"}, {"WORLD_SIZE": "2"}, {"WORLD_SIZE": "2", "RANK": "x"},
     {"WORLD_SIZE": "0"}],
)  # fmt: skip
def test_e4_settings_of_a_launcher(
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """E4: found with WORLD_SIZE=abc in the environment; tracebacks."""
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    said = refused(capsys, "train", "fast", *TINY, "--examples", "8", "--folder", "run")
    assert "WORLD_SIZE" in said or "RANK" in said


def test_e4_few_files_may_be_open(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """E4: found with 20 file descriptors; a training hung for 582 s."""
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (20, 20))
    said = refused(capsys, "train", "fast", *TINY, "--examples", "8", "--folder", "run")
    assert "at most 20 files may be open" in said


def test_e4_standard_output_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """E4: found with `>&-`; a traceback."""
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.main(["--version"]) == 0


def test_e2_a_folder_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """E2: found in another user's folder; tracebacks."""

    def denied(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", denied)
    words = ["train", "fast", *TINY, "--examples", "8", *QUICK, "--folder", "run"]
    assert cli.main(words) == 1
    assert "cannot use run: permission denied" in capsys.readouterr().err


def test_e1_e2_a_resume_checks_what_it_builds_on(capsys: pytest.CaptureFixture[str]) -> None:
    """E1, E2: found by damaging folders; "finished" with the history lost, a file of the user's own
    in evals/ a traceback."""
    words = ["train", "fast", *TINY, "--examples", "16", *QUICK, "--folder", "run"]
    assert cli.main(words) == 0
    Path("run/evals/notes.json").write_text("mine")
    Path("run/status.json").unlink()
    assert cli.main(["resume", "run", "--workers", "0", "--quiet"]) == 0
    shutil.copytree("run", "other")
    for name in ("metrics.jsonl", "model.safetensors"):
        Path("other", name).write_bytes(b"garbage\n")
    Path("other/status.json").unlink()
    capsys.readouterr()
    assert cli.main(["resume", "other", "--workers", "0", "--quiet"]) == 2
    assert "other/metrics.jsonl has changed since the last state" in capsys.readouterr().err


def test_a_run_that_may_not_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E2: a sweep into another's folder; as root nothing is refused, so the refusal is made."""

    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", str(tmp_path / "r"))

    monkeypatch.setattr(jobs, "run", refused)
    config = fast(problem="transpose", dims="2x2", layers=(1, 1), examples=64)
    result = jobs.perform(jobs.Job(config=config, execution=Execution(), store=str(tmp_path)))
    place = tmp_path / "r"
    assert result.state == "failed"
    assert result.message.startswith(f"cannot use {place}: operation not permitted; check who")
