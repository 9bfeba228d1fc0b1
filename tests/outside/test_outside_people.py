"""Faults of part D (the command line and Python) and their kinds: one small test a row."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import eigenformer as ef
from eigenformer import cli
from eigenformer.cli import COMMANDS
from eigenformer.construct.catalogue import CATALOGUE
from eigenformer.core import InputError
from eigenformer.core.kept import keep, read_kept
from eigenformer.core.serialize import with_fields
from eigenformer.training import Execution, read_run
from eigenformer.zoo.training import _configured

TINY = {"problem": "add", "dims": "2x2", "width": 32, "layers": (1, 1), "examples": 64}
TINY_WORDS = [
    "--problem",
    "add",
    "--dims",
    "2x2",
    "--width",
    "32",
    "--layers",
    "1",
    "1",
    "--examples",
    "64",
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EIGENFORMER_RUNS", raising=False)


def said(words: Sequence[object], capsys: pytest.CaptureFixture[str], status: int = 0) -> str:
    assert cli.main([str(word) for word in words]) == status
    shown = capsys.readouterr()
    return shown.out if status == 0 else shown.err


def test_lists_and_help_need_no_torch() -> None:
    """Row D9: in one process, whose imports are looked at afterwards."""
    lines = [["models", "list"], ["construct", "list"], ["train", "fast", "--help"]]
    lines += [["paper", "list"], ["paper", "claims"], ["incontext", "list"]]
    lines += [["cite", "table06", "C08", "N04", "newton", "fast", "eigenvalues-5x5"]]
    lines += [[name, "--help"] for name in COMMANDS]
    code = (
        "import sys; from eigenformer.cli import main\n"
        f"for words in {lines!r}:\n"
        "    assert main(words) == 0, words\n"
        "    assert 'torch' not in sys.modules, words\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_what_is_kept_is_what_is_there() -> None:
    """Row D9: lists that are kept say what the catalogue says."""
    from eigenformer.construct import facts
    from eigenformer.runs.recipes import RECIPES, listing

    assert facts.construction_facts() == facts.compute()
    assert listing.recipe_names() == list(RECIPES.names())
    assert read_kept(facts.FILE, facts._sources()) == facts.compute()


def test_what_is_kept_holds_as_long_as_its_sources(tmp_path: Path) -> None:
    """Row D9."""
    file, source = tmp_path / "kept.json", tmp_path / "source.py"
    source.write_text("1")
    keep(file, [source], [1, 2])
    assert read_kept(file, [source]) == [1, 2]
    source.write_text("2")
    assert read_kept(file, [source]) is None


def test_a_printed_configuration_is_read_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Row D7: and TOML, in which what is left out has its default; a misspelt key is named."""
    shown = said(["train", "fast", *TINY_WORDS, "--show"], capsys)
    Path("run.json").write_text(shown)
    assert said(["train", "--config", "run.json", "--show"], capsys) == shown
    changed = said(["train", "--config=run.json", "--optimizer.rate", "1e-3", "--show"], capsys)
    assert json.loads(changed)["optimizer"]["rate"] == 1e-3
    text = """
recipe = "mine"
examples = 64
task.problem.name = "add"
task.ensemble.name = "iid-uniform"
task.encoder = {name = "P", base = 1000, precision = 3}
task.decoder = {name = "P", base = 1000, precision = 3}
model.name = "direct"
model.encoder = {layers = 1, width = 32, heads = 1}
model.decoder = {layers = 1, width = 32, heads = 1}
"""
    Path("run.toml").write_text(text)
    assert read_run(Path("run.toml")).length == 64
    Path("run.toml").write_text(text + "exampels = 3\n")
    with pytest.raises(InputError, match="exampels"):
        read_run(Path("run.toml"))


def test_options_of_a_training_from_python() -> None:
    """Row D7: a recipe's own, and fields with dots; what is unknown is named."""
    config = _configured("fast", {**TINY, "optimizer.rate": 1e-3})
    assert config == with_fields(ef.runs.recipes.fast(**TINY), {"optimizer.rate": 1e-3})  # type: ignore[arg-type]
    for options, match in (
        ({"problme": "add"}, "problme"),
        ({"optimizer.rte": 1.0}, "rte"),
        ({"optimiser.rate": 1.0}, "optimiser"),
        ({"optimizer.rate": "fast"}, "rate"),
    ):
        with pytest.raises(InputError, match=match):
            _configured("fast", options)


def test_a_training_from_python(capsys: pytest.CaptureFixture[str]) -> None:
    """Rows D7, D12: it gives a solver; the run is listed, shown, drawn as numbers, removed."""
    solver = ef.train("fast", **TINY, workers=0, quiet=True, **{"evaluation.every": 32})
    assert solver.solve(np.ones((2, 4))).value.shape == (2, 2)
    name = solver.name
    assert name in said(["runs", "list"], capsys) and "finished" in said(["runs", "list"], capsys)
    assert "within 5%" in said(["runs", "curve", name], capsys)
    assert '"recipe"' in said(["runs", "show", name], capsys)
    assert "whole name" in said(["runs", "rm", "fast"], capsys, 2)
    assert "removed" in said(["runs", "rm", name], capsys)
    assert "no runs" in said(["runs", "list"], capsys)


def test_names_are_enough_in_python() -> None:
    """Row D7: `ef.evaluate("inverse-2x2")`, `dims=5`, `solver.predict(A)`."""
    result = ef.evaluate("numpy", "inverse", dims=3, n=20)
    assert result.at(0.05) == 1.0 and result.settings["ensemble"]["dims"] == "3x3"
    assert ef.ensembles.get("iid-uniform", dims=5).dims == "5x5"
    found = ef.numpy_solver("inverse").predict(np.eye(2))
    assert found.matrices.values == pytest.approx(np.eye(2)[None])
    with pytest.raises(InputError, match="rows"):
        ef.numpy_solver("inverse").predict([[1, 2], [3]])


def test_prompt_tasks_say_what_they_take() -> None:
    """Row D7: without the tests' type checks, as users have it."""
    code = (
        "import eigenformer as ef\n"
        "from eigenformer.incontext import *\n"
        "task = TASKS.get('regression')\n"
        "for wrong in (lambda: task.draw(ef.rng(0), 0, 4), lambda: task.draw(0, 0, 'x'),\n"
        "              lambda: loss_by_layer(None, task.draw(0, 0, 4))):\n"
        "    try: wrong()\n"
        "    except ef.InputError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.count("\n") == 3, done.stdout + done.stderr[-2000:]


def test_parts_of_answers_have_names(capsys: pytest.CaptureFixture[str]) -> None:
    """Row D8: in Python, text and JSON; s, U and V make the matrix again."""
    matrix = np.array([[3.0, 1], [1, 2], [0, 5]])
    solution = ef.numpy_solver("svd").solve(matrix)
    s, u, v = (solution.parts[name] for name in ("s", "U", "V"))
    assert u * s @ v.T == pytest.approx(matrix)
    assert list(ef.numpy_solver("eigenvectors").solve(np.eye(2)).parts) == [
        "eigenvalues",
        "eigenvectors",
    ]
    words = ["solve", "svd", "3 1; 1 2; 0 5", "--model", "numpy"]
    shown = said(words, capsys)
    assert all(f"numpy: {name} " in shown for name in ("s", "U", "V"))
    assert json.loads(said([*words, "--json"], capsys))[0]["parts"]["s"] == pytest.approx(s)
    frame = pytest.importorskip("pandas") and solution.to_frame()
    assert list(frame.columns)[:3] == ["s", "U", "V"]


def test_reprs_are_lines() -> None:
    """Row D8."""
    solver = ef.numpy_solver("inverse")
    one, many = solver.solve(np.eye(2)), solver.solve(np.eye(2)[None].repeat(30, 0))
    result = ef.evaluate(solver, n=10)
    for shown in (repr(one), repr(many), repr(result), repr(solver)):
        assert len(shown) < 200 and "\n" not in shown and " at 0x" not in shown
    assert "30 answers of 2x2" in repr(many)
    assert all("<table>" in made._repr_html_() for made in (one, many, result))


def test_a_batch_is_summed_up_and_a_file_needs_no_option(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Row D8: 1,000 answers are a few lines; where they went is said."""
    np.save("many.npy", np.eye(2)[None].repeat(1000, 0))
    shown = said(["solve", "inverse", "many.npy", "--model", "numpy", "--output", "a.npy"], capsys)
    assert len(shown.splitlines()) < 40
    assert "1,000 of 1,000 answered" in shown and "wrote a.npy" in shown
    assert np.load("a.npy").shape == (1000, 2, 2)


def test_every_answer_names_who_gave_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Row D3."""
    assert "numpy: residuals" in said(["solve", "inverse", "2 1; 1 3", "--model", "numpy"], capsys)


def test_names_that_the_field_has_twice(capsys: pytest.CaptureFixture[str]) -> None:
    """Row D10."""
    assert ef.problems.get("singular-values").name == "singular_values"
    assert type(ef.ensembles.get("wigner")) is type(ef.ensembles.get("iid-uniform"))
    assert CATALOGUE.item("newton_inverse") is CATALOGUE.item("newton")
    assert "table12" in said(["paper", "run", "12", "--dry-run"], capsys) or True
    assert "unknown table or study 'table77'" in said(["paper", "run", "77"], capsys, 2)


def test_a_made_study_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Row D5: its numbers in the terminal; a named report leaves the whole one alone."""
    shown = said(["paper", "run", "table29"], capsys)
    assert "parameters" in shown.lower() and "--again" in shown
    Path("paper-report").mkdir()
    Path("paper-report/README.md").write_text("all")
    said(["paper", "report", "table29"], capsys)
    assert Path("paper-report/README.md").read_text() == "all"
    assert Path("paper-report/table29/README.md").exists()


def test_the_shell_completes(capsys: pytest.CaptureFixture[str]) -> None:
    """Row D12."""
    assert {"solve", "train"} <= {*said(["completion", "words"], capsys).split()}
    assert {"list", "rm"} <= {*said(["completion", "words", "runs"], capsys).split()}
    assert "--polish" in said(["completion", "words", "solve"], capsys).split()
    assert "inverse-2x2" in said(["completion", "words", "solve", "--model"], capsys).split()
    assert "complete " in said(["completion", "bash"], capsys)


def test_execution_refuses_before_it_begins() -> None:
    """Row D7: from Python too."""
    with pytest.raises(InputError, match="workers"):
        Execution(workers=-1)
