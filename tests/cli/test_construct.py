"""`eigenformer construct`: lists, shows, checks, runs and draws, and refuses with one sentence."""

import json
from dataclasses import replace

import numpy as np
import pytest
from command_line import complaint, run

from eigenformer.construct import CATALOGUE

MATRIX = "4,1,0.5\n1,3,-1\n0.25,-2,5\n"


def wrong_entry():
    return replace(CATALOGUE.get("gd-step"), error=0.0, width=6)


@pytest.fixture
def wrong(monkeypatch):
    known = {**CATALOGUE._by_name, "wrong": wrong_entry}
    monkeypatch.setattr(CATALOGUE, "_by_name", known)


@pytest.fixture
def matrix(tmp_path):
    path = tmp_path / "matrix.csv"
    path.write_text(MATRIX)
    return path


def test_the_list_has_every_network(capsys):
    assert run("construct", "list") == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert run("construct", "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in listed] == list(CATALOGUE.names())
    for entry in listed:
        assert f"\n{entry['name']} " in f"\n{text}"
        assert {"summary", "source", "layers", "heads", "width", "theorem"} <= set(entry)


@pytest.mark.parametrize("name", ["newton", "least-squares", "logistic"])
def test_show(name, capsys):
    assert run("construct", "show", name) == 0
    text = capsys.readouterr().out
    for word in ("layers", "width", "parameters", "theorem", "head 1: "):
        assert word in text


def test_passes(capsys):
    assert run("construct", "show", "newton-lemma", "--passes") == 0
    assert "schedule of 2 layers" in capsys.readouterr().out


def test_check_passes(capsys):
    assert run("construct", "check", "gd-step", "least-squares", "--samples", "50") == 0
    text = capsys.readouterr().out
    assert text.count("  ok") == 2 and "all 2 as they should be" in text
    assert "theorem: layers T + 3 = 11" in text
    assert run("construct", "check", "gd-step", "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["passed"] and found["error"] <= found["allowed"]


@pytest.mark.usefixtures("wrong")
def test_check_fails(capsys):
    assert run("construct", "check", "gd-step", "wrong", "--samples", "50") == 1
    text = capsys.readouterr().out
    assert "WRONG: width, error" in text and "1 of 2 wrong" in text


@pytest.mark.slow
def test_everything_is_as_it_should_be():
    assert run("construct", "check", "--all") == 0


def test_an_inverse_of_the_input_s_own_shape(matrix, tmp_path, capsys):
    output = tmp_path / "answer.npy"
    assert run("construct", "run", "newton", "--input", matrix, "--output", output) == 0
    text = capsys.readouterr().out
    assert "width 12" in text and "right within 0.5%" in text
    expected = np.linalg.inv(np.loadtxt(matrix, delimiter=","))
    np.testing.assert_allclose(np.load(output)[0], expected, atol=1e-14)
    assert run("construct", "run", "newton", "--input", matrix, "--json") == 0
    (entry,) = json.loads(capsys.readouterr().out)
    np.testing.assert_allclose(entry["answer"], expected, atol=1e-14)


def test_a_file_for_each_input(tmp_path, capsys):
    draw = np.random.default_rng(0).standard_normal
    paths = []
    for name, values in (("a", draw((20, 5))), ("y", draw((20, 1))), ("q", draw((1, 5)))):
        paths.append(tmp_path / f"{name}.csv")
        np.savetxt(paths[-1], values, delimiter=",")
    assert run("construct", "run", "least-squares", "--input", *paths) == 0
    text = capsys.readouterr().out
    assert "11 layers" in text and "prediction =" in text
    assert "the same steps in NumPy differ by at most" in text
    assert run("construct", "run", "least-squares", "--input", *paths, "--json") == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["prediction"] == pytest.approx(entry["numpy"], abs=1e-12)


def test_plots(tmp_path, capsys):
    for name in ("newton", "gd-step"):
        path = tmp_path / f"{name}.png"
        assert run("construct", "plot", name, "--output", path) == 0
        assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2\n2,4\n", "singular"),
        ("1,nan\n2,4\n", "nan"),
        ("1,2,3\n2,4,5\n", "2x3"),
    ],
)
def test_bad_matrices(content, message, tmp_path, capsys):
    path = tmp_path / "bad.csv"
    path.write_text(content)
    words = ["construct", "run", "newton", "--input", str(path)]
    assert message in complaint(words, capsys)


def test_without_a_command_it_says_what_there_is(capsys):
    assert run("construct") == 2
    assert "construct plot NAME" in capsys.readouterr().out


def test_solve_polishes(matrix, tmp_path, capsys):
    path = tmp_path / "small.csv"
    path.write_text("3,1\n-2,4\n")
    assert run("solve", "inverse", "--input", path, "--polish") == 0
    text = capsys.readouterr().out
    assert "||I - A X||_2 at each step: " in text
    assert run("solve", "inverse", "--input", path, "--polish", "--json") == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert len(entry["residuals"]) == entry["steps"] + 1 and entry["residuals"][-1] < 1e-15
    assert entry["restarted"] is False and entry["measure"] == "||I - A X||_2"
    rough, exact = np.array(entry["unpolished"]), np.linalg.inv([[3, 1], [-2, 4]])
    assert 1e-9 < np.abs(rough - exact).max() < 1e-2
    np.testing.assert_allclose(entry["answer"], exact, rtol=1e-14)
    assert entry["model"].endswith(", polished")
    # A model for 2x2 matrices has no answer to 3x3; the iteration starts without it.
    assert run("solve", "inverse", "--input", matrix, "--model", "inverse-2x2", "--polish") == 0
    assert "A^T/||A||_2^2" in capsys.readouterr().out.replace("\n", " ")
