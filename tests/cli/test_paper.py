"""`eigenformer paper` and its synonym for some papers, over a paper from outside and over ours."""

import json
import os
import signal
import sys
from fractions import Fraction
from pathlib import Path
from types import FrameType

import pytest
from command_line import complaint, run
from outside_paper import CLAIMS, TINY, experiments

import eigenformer
from eigenformer.papers.paper import GROUP
from eigenformer.runs import Records
from eigenformer.runs.engine import Outcome
from eigenformer.runs.progress import Board


def install(folder: Path, line: str) -> None:
    """Another package with an entry point, as `pip install` leaves it in `folder`."""
    info = folder / "other-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{line}\n")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(tmp_path, "tiny2020 = outside_paper:PAPER")
    monkeypatch.syspath_prepend(tmp_path)


def test_all_tables_figures_and_studies_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("paper", "list", "--scale", "laptop", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert len(facts) == 36 + 29 + 4 + 2
    trained = [fact["laptop"] for fact in facts if fact["laptop"]["runs"]]
    assert len(trained) == 30 + 26 + 4 + 2
    assert all(at["examples"] > 0 and at["seconds"] > 0 for at in trained)
    assert run("incontext", "list", "--scale", "laptop", "--json") == 0
    assert json.loads(capsys.readouterr().out) == facts[36:-6]


@pytest.mark.usefixtures("tiny")
def test_scales_and_costs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("paper", "list", "tiny2020") == 0
    out = capsys.readouterr().out.replace("\n", " ")
    assert "Nobody (2020) tiny2020-table1  Two tiny runs · 4.1 T1" in out
    assert "tiny2020-one  Two tiny runs on prompts · 3 T2" in out
    assert run("paper", "list", "tiny2020", "--scale", "paper") == 0
    assert "16B" in capsys.readouterr().out


@pytest.mark.usefixtures("tiny")
def test_runs_are_made_once_and_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    records = tmp_path / "records"
    words = ("paper", "run", TINY.name, "--quiet", "--loaders", "0")
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
    assert run("paper", "run", TINY.name, "--dry-run") == 0
    assert capsys.readouterr().out.startswith("0 runs to make")
    # What was made is repeated on request: from further seeds, and at twice the length.
    assert run("paper", "run", TINY.name, "--seeds", "2", "--gate", "--dry-run") == 0
    out = capsys.readouterr().out
    assert "-of-seed-1: " in out and "-times-2: " in out
    assert run(*words, "--gate") == 0
    longer = [one.repeated(times=Fraction(2)) for one in experiments("laptop")]
    lengths = [Records(records).get(one).examples for one in longer]  # type: ignore[union-attr]
    assert lengths == [2 * record.examples for record in kept if record is not None]
    assert run("paper", "list", "tiny2020", "--scale", "laptop") == 0
    assert "2/2" in capsys.readouterr().out
    to = tmp_path / "report"
    assert run("paper", "report", TINY.name, "--to", to) == 0
    assert "Two tiny runs" in (to / "README.md").read_text()
    assert "Two tiny runs" in (to / "index.html").read_text()


@pytest.mark.usefixtures("tiny")
def test_a_study_is_made_once_and_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("paper", "run", "tiny2020-one") == 0
    out = capsys.readouterr().out
    assert out.startswith("2 runs: 96 examples, about ")
    assert "2/2 layers-2 finished after 0 s, test loss" in out
    assert "T2 holds" in out
    assert run("paper", "run", "tiny2020-one") == 0
    assert capsys.readouterr().out.startswith("all of these runs have been made\n")
    to = tmp_path / "report"
    assert run("paper", "report", "tiny2020-one", "--to", to) == 0
    for name in ("README.md", "index.html"):
        text = (to / name).read_text()
        assert "Two losses are there." in text
        # The claim has another study, which has not been made; others are not asked about.
        assert "T2" in text and "T3" not in text
        assert "tiny2020-two: not made" in text
    assert (to / "tiny2020-one-1.svg").exists()
    assert run("paper", "report", "tiny2020", "--to", to) == 0
    assert "T1" in (text := (to / "README.md").read_text()) and "T3" in text


@pytest.mark.usefixtures("tiny")
def test_claims_say_what_was_found_and_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("paper", "run", "tiny2020-one", "--quiet") == 0
    assert capsys.readouterr().out == ""
    assert run("paper", "claims", "T2", "--json") == 0
    (fact,) = json.loads(capsys.readouterr().out)
    assert (fact["id"], fact["state"], fact["missing"]) == ("T2", "undecided", ["tiny2020-two"])
    (said,) = fact["studies"]
    assert (said["study"], said["state"], said["examples"]) == ("tiny2020-one", "holds", 96)
    assert run("paper", "claims", "tiny2020") == 0
    out = capsys.readouterr().out
    assert [line[:2] for line in out.splitlines() if line[:1] == "T"] == list(CLAIMS)
    assert "`eigenformer paper run tiny2020-two --scale laptop`" in out
    assert out.endswith(
        "3 claims at scale laptop: 0 hold, 0 fail, 3 undecided; 1 with a decided part\n"
    )


def test_a_report_on_a_table_runs_little_else(tmp_path: Path) -> None:
    package = str(Path(eigenformer.__file__).parent)
    entered = set()

    def note(frame: FrameType, event: str, argument: object) -> None:
        """Files whose functions are called, unless by an import."""
        file, above = frame.f_code.co_filename, frame
        if frame.f_back and frame.f_back.f_code.co_filename == "<frozen importlib._bootstrap>":
            return  # it sets a module as an attribute of its room
        while file.startswith(package) and above.f_code.co_name != "<module>" and above.f_back:
            above = above.f_back
        if file.startswith(package) and not above.f_code.co_filename.startswith(package):
            entered.add(Path(file).relative_to(package).as_posix())

    before = sys.gettrace()
    sys.settrace(note)
    try:
        assert run("paper", "report", "table12", "--to", tmp_path) == 0
    finally:
        sys.settrace(before)
    assert len(entered) < 45
    tables = {file for file in entered if file.startswith("papers/charton2022/table")}
    assert tables == {"papers/charton2022/table12.py"}


@pytest.mark.usefixtures("tiny")
def test_a_dry_run_trains_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("paper", "run", "tiny2020", "--dry-run") == 0
    shown = capsys.readouterr().out.splitlines()
    # Two of three studies share their runs.
    names = ["first", "second", *["layers-1", "layers-2"] * 2]
    assert [line.partition(":")[0] for line in shown[:6]] == names
    assert shown[6].startswith(f"6 runs to make: {2 * 128 + 4 * 48} examples")
    assert run("paper", "run", "tiny2020", "--dry-run", "--only", "second") == 0
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        *("first", "second", "2 runs to make")
    ]
    assert not (tmp_path / "runs").exists()


@pytest.mark.usefixtures("tiny")
def test_a_study_that_fails_does_not_stop_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("tiny2020-far", "tiny2020-two", "tiny2020-one", "--workers", "2", "--loaders", "0")
    assert run("paper", "run", *words) == 1
    shown = capsys.readouterr()
    assert "tiny2020-far: layers-1, layers-2 diverged; its settings need another rate" in shown.out
    assert "tiny2020-two: RuntimeError: no such thing" in shown.out and "Traceback" in shown.err
    assert "T2 holds" in shown.out


@pytest.mark.usefixtures("tiny")
def test_a_study_stopped_by_a_signal_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(self: Board, outcome: Outcome) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(Board, "ended", interrupt)
        assert run("paper", "run", "tiny2020-one") == 130
    assert "T2" not in capsys.readouterr().out
    assert run("paper", "run", "tiny2020-one") == 0
    assert "1/2 layers-1 finished: already" in capsys.readouterr().out


def test_tables_and_studies_of_several_papers_in_one_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("table12", "giannou2024-regression", "--records", tmp_path, "--dry-run")
    assert run("paper", "run", *words) == 0
    out = capsys.readouterr().out
    assert "wigner-a-10: 240,000 examples" in out and "52 runs to make" in out
    assert "condition-1-layers-1-seed-0: 10,240,000 examples, about" in out


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


def test_the_history_of_a_rule_is_printed_where_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("paper", "claims", "C35") == 0
    short = capsys.readouterr().out
    assert "rule registered" not in short and "--history" in short
    assert run("paper", "claims", "C35", "--history") == 0
    assert "rule registered" in capsys.readouterr().out
    assert all(line == line.rstrip() for line in short.splitlines()[2:])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["paper", "run", "table30"], "unknown table or study 'table30'"),
        (["paper", "run"], "no study is named"),
        (["paper", "run", "table06", "--only", "nothing"], "unknown run 'nothing'"),
        (["paper", "report", "figur2"], "unknown table or study 'figur2'"),
        (["paper", "claims", "C99"], "unknown claim 'C99'"),
        (["paper", "tables"], "unknown paper command 'tables'"),
        (["paper", "run", "table06", "--scale", "desktop"], "desktop"),
        (["paper", "run", "fu2024", "--scale", "gpu"], "no settings for scale gpu"),
        (["incontext", "run", "table06"], "unknown table or study 'table06'"),
        (["incontext", "report", "fu2024-similar"], "did you mean 'fu2024-similarity'?"),
        (["incontext", "claims", "C07"], "unknown claim 'C07'"),
        (["incontext", "run", "fu2024", "--workers", "0"], "workers is 0; give 1 or more"),
    ],
)
def test_bad_input(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert says in complaint(words, capsys)


@pytest.mark.usefixtures("tiny")
def test_what_takes_long_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    said = complaint(["paper", "run", "tiny2020-one", "--scale", "paper"], capsys)
    assert "--yes" in said
    assert "16,000,000,000 examples" in said


def test_years_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    said = complaint(["paper", "run", "table06", "--scale", "paper"], capsys)
    assert "--yes" in said
    assert "years" in said


@pytest.mark.parametrize("prog", ["paper", "incontext"])
def test_the_usage_and_the_help(prog: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(prog) == 2
    assert run(prog, "--help") == 0
    out = capsys.readouterr().out
    assert out.count(f"usage: eigenformer {prog} list") == 2
    assert max(map(len, out.splitlines())) <= 100
    for name in ("list", "run", "claims", "report"):
        assert run(prog, name, "--help") == 0
        out = capsys.readouterr().out
        assert out.startswith(f"usage: eigenformer {prog} {name} ")
        assert max(map(len, out.splitlines())) <= 80
