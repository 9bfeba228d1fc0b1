"""`eigenformer paper`: the tables from the command line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import complaint, run

import eigenformer.cli.paper as command
from eigenformer.papers import Table
from eigenformer.runs import Cell, Experiment, Records, Scale, accuracy
from eigenformer.runs.recipes import fast
from eigenformer.training import EvaluationConfig, TestSet

_LABELS = {"encoding": "P1000", "dims": "2x2"}


def experiments(scale: Scale) -> tuple[Experiment, ...]:
    config = fast("transpose", "2x2", width=32, layers=(1, 1), examples=128, batch_size=32)
    tests = EvaluationConfig(every=64, tests=(TestSet(size=20),))
    config = replace(config, evaluation=tests)
    first = Experiment(
        name="first",
        config=config,
        cells=(Cell(labels={**_LABELS, "tolerance": 5}, read=accuracy(0.05)),),
    )
    return first, Experiment(name="second", config=replace(config, seed=1), after=first)


TINY = Table(
    name="table01",
    title="Two tiny runs",
    section="4.1",
    rows=("encoding", "tolerance"),
    columns=("dims",),
    experiments=experiments,
)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(command.TABLES, TINY.name, TINY)


def test_all_tables_and_figures_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("paper", "list", "--scale", "laptop", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert len(facts) == 32
    assert [fact["name"] for fact in facts if fact["name"].startswith("figure")] == [
        *("figure1", "figure2", "figure3")
    ]
    trained = [fact["laptop"] for fact in facts if fact["laptop"]["runs"]]
    assert len(trained) == 28
    assert all(at["examples"] > 0 < at["flops"] and at["seconds"] > 0 for at in trained)


@pytest.mark.usefixtures("tiny")
def test_runs_are_made_once_and_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = tmp_path / "records"
    words = ("paper", "run", "table01", "--records", records, "--quiet", "--loaders", "0")
    assert run(*words) == 0
    kept = [Records(records).get(one) for one in experiments("laptop")]
    assert [record.state for record in kept if record is not None] == ["finished", "finished"]
    before = {file.name: file.read_bytes() for file in records.iterdir()}
    # With its record kept, a run is not made again, even where the store has lost it.
    assert run(*words) == 0
    assert {file.name: file.read_bytes() for file in records.iterdir()} == before
    capsys.readouterr()
    assert run(*(word for word in words if word != "--quiet")) == 0
    assert "have been made" in capsys.readouterr().out
    assert run("paper", "run", "table01", "--records", records, "--dry-run") == 0
    assert capsys.readouterr().out.startswith("0 runs to make")
    assert run("paper", "list", "--scale", "laptop", "--records", records) == 0
    assert "2/2" in capsys.readouterr().out
    to = tmp_path / "report"
    assert run("paper", "report", "table01", "--records", records, "--to", to) == 0
    assert "Two tiny runs" in (to / "README.md").read_text()
    assert "Two tiny runs" in (to / "index.html").read_text()


@pytest.mark.usefixtures("tiny")
def test_dry_run_names_the_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("paper", "run", "table01", "--records", tmp_path, "--dry-run") == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in shown[:2]] == ["first", "second"]
    assert shown[2].startswith("2 runs to make: 256 examples")
    assert not (tmp_path / "runs").exists()


def test_a_computed_table_has_nothing_to_train(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("paper", "run", "table29") == 0
    assert "paper report table29" in capsys.readouterr().out


def test_a_claim_without_runs_is_undecided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("paper", "claims", "C07", "--records", tmp_path, "--json") == 0
    (fact,) = json.loads(capsys.readouterr().out)
    assert (fact["id"], fact["state"]) == ("C07", "undecided")
    assert "table06" in fact["found"] + fact["would_decide"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["paper", "run", "table30"], "unknown table 'table30'"),
        (["paper", "run"], "no table is named"),
        (["paper", "run", "table06", "--only", "nothing"], "unknown run 'nothing'"),
        (["paper", "report", "figur2"], "unknown table 'figur2'"),
        (["paper", "claims", "C99"], "unknown claim 'C99'"),
        (["paper", "tables"], "unknown paper command 'tables'"),
        (["paper", "run", "table06", "--scale", "desktop"], "desktop"),
    ],
)
def test_bad_input(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert says in complaint(words, capsys)


def test_what_takes_long_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    said = complaint(["paper", "run", "table06", "--scale", "paper"], capsys)
    assert "--yes" in said
    assert "years" in said
