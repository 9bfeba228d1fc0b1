"""`eigenformer cite`: names of all kinds, and those of nothing."""

import re
from pathlib import Path

import pytest
from command_line import TINY, complaint, run

from eigenformer.papers.citing import known_names
from eigenformer.runs import stored_runs

KEY = re.compile(r"^@\w+\{(.+),$", re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("table06", ["table06", "charton2022"]),
        ("C08", ["C08", "charton2022"]),
        ("N04", ["N04", "giannou2024"]),
        ("fu2024", ["fu2024"]),
        ("efficiency", []),
        ("eigenvalues-5x5", ["eigenvalues-5x5", "charton2022"]),
        ("newton-order-3", ["construct-newton-order-3", "giannou2024"]),
        ("svd", ["construct-svd"]),
        ("fast", ["recipe-fast", "charton2022"]),
        ("linear-attention", ["recipe-linear-attention", "vonoswald2023", "ahn2023"]),
    ],
)
def test_what_is_cited(name: str, keys: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert name in known_names()
    assert run("cite", name) == 0
    assert KEY.findall(capsys.readouterr().out) == ["eigenformer", *keys]


def test_a_run_says_what_was_trained_and_with_what(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("train", "fast", *TINY, "--quiet") == 0
    (folder,) = stored_runs()
    name = folder.path.name
    capsys.readouterr()
    assert run("cite", name, "--text") == 0
    software, made, paper = capsys.readouterr().out.splitlines()
    assert software.startswith("The eigenformer authors, “eigenformer: ")
    assert made.startswith(f"“The training run {name}”, transpose 2x2, recipe fast, 1,280 examples")
    assert "seed 0, finished, trained with eigenformer " in made
    assert paper.startswith("François Charton, “Linear algebra with transformers”")
    # By its folder it is the same, and each entry stands once.
    assert run("cite", folder.path, name, "table06", "--text") == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


@pytest.mark.parametrize(
    ("name", "meant"), [("tabl06", "table06"), ("newton-ordr-3", "newton-order-3")]
)
def test_a_misspelt_name(name: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = complaint(["cite", name], capsys)
    assert f"construction {name!r}: did you mean {meant!r}?" in said


def test_a_folder_that_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text("{")
    assert "config.json" in complaint(["cite", str(tmp_path)], capsys)
