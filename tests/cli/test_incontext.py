"""`eigenformer incontext`: the studies from the command line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from command_line import complaint, run

import eigenformer.cli.incontext as command
from eigenformer.incontext import (
    Evaluation,
    InContextFolder,
    LinearAttention,
    Optimizer,
    Regression,
    RunConfig,
)
from eigenformer.papers import Finding
from eigenformer.papers.incontext_study import (
    CLAIMS,
    Findings,
    Line,
    Number,
    Panel,
    Run,
    Scale,
    Study,
)


def runs(scale: Scale, rate: float = 1e-3) -> list[Run]:
    return [
        Run(
            name=f"layers-{layers}",
            config=RunConfig(
                task=Regression(dim=2, points=4),
                model=LinearAttention(layers=layers),
                optimizer=Optimizer(kind="sgd", rate=rate),
                steps=6 if scale == "laptop" else 1_000_000_000,
                batch=8,
                evaluation=Evaluation(every=6, size=8),
            ),
        )
        for layers in (1, 2)
    ]


def analyse(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    losses = [list(folder.test_losses().values())[-1] for folder in folders.values()]
    return Findings(
        panels=(
            Panel(
                title="Loss",
                x="layers",
                y="loss",
                lines=(Line(label="a", x=(1, 2), y=tuple(losses)),),
            ),
        ),
        numbers=(Number(name="loss", value=losses[-1]),),
        verdicts={"N08": Finding(state="holds", sentence="Two losses are there.")},
    )


def study(name: str, **changes: Any) -> Study:
    given: dict[str, Any] = {
        "title": "Two tiny runs",
        "paper": "von Oswald et al. (2023)",
        "section": "3",
        "claims": ("N08",),
        "runs": runs,
        "analyse": analyse,
    }
    return Study(name=name, **{**given, **changes})


def diverging(scale: Scale) -> list[Run]:
    return runs(scale, rate=1e30)


def interrupted(scale: Scale, folders: Mapping[str, InContextFolder]) -> Findings:
    raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "far-away": study("far-away", claims=("N09",), runs=diverging),
        "tiny-one": study("tiny-one"),
        "tiny-two": study("tiny-two", analyse=interrupted),
    }
    monkeypatch.setattr(command, "studies", lambda: known)


def test_studies_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("incontext", "list", "--records", tmp_path, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert [fact["name"] for fact in facts] == ["far-away", "tiny-one", "tiny-two"]
    assert all(fact["seconds"] > 0 and not fact["made"] for fact in facts)
    assert {(fact["runs"], fact["prompts"]) for fact in facts} == {(2, 96)}
    assert run("incontext", "list", "--records", tmp_path, "--scale", "paper") == 0
    out = capsys.readouterr().out
    assert "16B" in out and "about" not in out
    assert "tiny-one  Two tiny runs · von Oswald et al. (2023), 3" in out


def test_a_study_is_made_once_and_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--records", tmp_path / "records")
    assert run("incontext", "run", "tiny-one", *where) == 0
    out = capsys.readouterr().out
    assert out.startswith("1 study to make: 2 runs, 96 prompts, about ")
    assert "2/2 layers-2 finished, test loss" in out
    assert "N08 holds" in out
    assert run("incontext", "run", "tiny-one", *where) == 0
    assert capsys.readouterr().out == "all of these have been made\n"
    assert run("incontext", "list", *where, "--json") == 0
    assert [fact["made"] for fact in json.loads(capsys.readouterr().out)] == [False, True, False]
    to = tmp_path / "report"
    assert run("incontext", "report", "tiny-one", *where, "--to", to) == 0
    for name in ("README.md", "index.html"):
        text = (to / name).read_text()
        assert "Two losses are there." in text
        # The claim has another study, which has not been made; others are not asked about.
        assert "N08" in text and "N09" not in text
        assert "tiny-two: not made" in text
    assert (to / "tiny-one-1.svg").exists()


def test_claims_say_what_was_found_and_what_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--records", tmp_path / "records")
    assert run("incontext", "run", "tiny-one", "--quiet", *where) == 0
    assert capsys.readouterr().out == ""
    assert run("incontext", "claims", "N08", *where, "--json") == 0
    (fact,) = json.loads(capsys.readouterr().out)
    assert (fact["id"], fact["state"], fact["missing"]) == ("N08", "undecided", ["tiny-two"])
    (found,) = fact["found"]
    assert (found["study"], found["state"], found["prompts"]) == ("tiny-one", "holds", 96)
    assert run("incontext", "claims", *where) == 0
    out = capsys.readouterr().out
    assert [line[:3] for line in out.splitlines() if line[:1] == "N"] == list(CLAIMS)
    assert "`eigenformer incontext run tiny-two --scale laptop`" in out
    assert out.endswith("14 claims at scale laptop: 0 holds, 0 fails, 14 undecided\n")


def test_a_dry_run_trains_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("incontext", "run", "all", "--records", tmp_path, "--dry-run") == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in shown[:3]] == ["far-away", "tiny-one", "tiny-two"]
    # Two of them share their runs.
    assert shown[3].startswith("3 studies to make: 4 runs, 192 prompts")
    assert not (tmp_path / "runs").exists()


def test_a_study_that_fails_does_not_stop_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("incontext", "run", "far-away", "tiny-one", "--records", tmp_path) == 1
    out = capsys.readouterr().out
    assert "far-away: layers-1, layers-2 diverged; its settings need another rate" in out
    assert "N08 holds" in out


def test_after_an_interrupt_it_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("incontext", "run", "tiny-one", "tiny-two", "--records", tmp_path)
    assert run(*words) == 130
    shown = capsys.readouterr()
    assert shown.out.endswith(
        "interrupted: 1 of 2 studies made; the same command goes on from here\n"
    )
    assert shown.err == ""


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["incontext", "run"], "no study is named"),
        (["incontext", "run", "tiny-on"], "unknown study 'tiny-on': did you mean 'tiny-one'?"),
        (["incontext", "report", "figure8"], "unknown study 'figure8'"),
        (["incontext", "claims", "N99"], "unknown claim 'N99'"),
        (["incontext", "study"], "unknown incontext command 'study'"),
        (["incontext", "run", "tiny-one", "--scale", "gpu"], "gpu"),
        (["incontext", "run", "tiny-one", "--jobs", "0"], "jobs is 0; give 1 or more"),
    ],
)
def test_bad_input(
    words: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in complaint(words, capsys)


def test_what_takes_long_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    said = complaint(["incontext", "run", "tiny-one", "--scale", "paper"], capsys)
    assert "--yes" in said
    assert "16,000,000,000 prompts" in said


def test_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("incontext") == 2
    assert run("incontext", "--help") == 0
    out = capsys.readouterr().out
    assert out.count("usage: eigenformer incontext list") == 2
    assert max(map(len, out.splitlines())) <= 100


@pytest.mark.parametrize("name", ["list", "run", "claims", "report"])
def test_the_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("incontext", name, "--help") == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: eigenformer incontext {name} ")
    assert max(map(len, out.splitlines())) <= 80
