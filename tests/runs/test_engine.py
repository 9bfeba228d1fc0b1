"""Plans are run whole, each run once, whatever is interrupted, killed or in another's hands."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from engine_examples import (
    QUIET,
    Heard,
    chain,
    experiment,
    jobs,
    results,
    same,
    states,
    trainers,
    under_way,
    wait_until,
)

from eigenformer.models import StackConfig, TransformerConfig
from eigenformer.runs import Experiment, Plan, run
from eigenformer.runs.engine import JobOptions, exit_status, unfinished
from eigenformer.runs.jobs import make_job
from eigenformer.runs.local_engine import LocalEngine
from eigenformer.training import OptimizerConfig, RunFolder

SCRIPT = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from engine_examples import Heard, chain, jobs
from eigenformer.runs.engine import exit_status
from eigenformer.runs.local_engine import LocalEngine
engine = LocalEngine(workers=int(sys.argv[2]))
sys.exit(exit_status(engine.run(chain(), jobs(sys.argv[1]), Heard())))
"""


def start(root: Path, workers: int, script: str = SCRIPT) -> "subprocess.Popen[bytes]":
    """The plan `chain` in a process of its own."""
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", script, str(root), str(workers)], env=environment
    )


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """As in the processes: the order of sums must not differ."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plan `chain`, run without interruption in this process."""
    root = tmp_path_factory.mktemp("straight")
    heard = Heard()
    outcomes = LocalEngine().run(chain(), jobs(root), heard)
    assert states(outcomes) == dict.fromkeys(("third", "first", "second", "fourth"), "finished")
    assert heard.begun == ["third", "first", "second", "fourth"]
    assert [outcome.experiment.name for outcome in heard.ends] == heard.begun
    return root


def test_what_is_finished_is_not_run_again(straight: Path) -> None:
    files = [*(straight / "runs").rglob("*.*"), *(straight / "records").iterdir()]
    times = {file: file.stat().st_mtime_ns for file in files}
    heard = Heard()
    assert not unfinished(chain(), straight / "runs")
    outcomes = LocalEngine(workers=2).run(chain(), jobs(straight), heard)
    assert exit_status(outcomes) == 0
    assert heard.begun == []
    assert times == {file: file.stat().st_mtime_ns for file in files}


def test_side_by_side_is_one_after_the_other(straight: Path, tmp_path: Path) -> None:
    outcomes = LocalEngine(workers=2).run(chain(), jobs(tmp_path), Heard())
    assert exit_status(outcomes) == 0
    same(tmp_path, straight)
    assert list((tmp_path / "runs" / ".jobs").iterdir()) == []


def test_a_child_with_loaders_of_its_own_ends(tmp_path: Path) -> None:
    """Its loaders are forked while a thread of it waits for its standard input to end."""
    plan = Plan.of([experiment("first", steps=20), experiment("third", steps=20, seed=2)])
    found = []
    for count in (0, 1):
        options = jobs(tmp_path / str(count))
        options = replace(options, execution=replace(QUIET, workers=count))
        outcomes = LocalEngine(workers=2).run(plan, options, Heard())
        assert exit_status(outcomes) == 0
        found.append(results(tmp_path / str(count), plan))
    assert found[0] == found[1]


def killer(store: Path, name: str | None = None) -> threading.Thread:
    """Kills the process of a run that is under way."""

    def kill() -> None:
        def found() -> list[int]:
            there = under_way(store)
            return [there[one] for one in there if name is None or one == name]

        wait_until(lambda: bool(found()))
        os.kill(found()[0], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def test_a_killed_run_goes_on_in_another_process(straight: Path, tmp_path: Path) -> None:
    heard = Heard()
    thread = killer(tmp_path / "runs")
    outcomes = LocalEngine(workers=2, retries=1).run(chain(), jobs(tmp_path), heard)
    thread.join()
    assert exit_status(outcomes) == 0
    assert [("was killed (signal SIGKILL)" in note) for note in heard.notes] == [True]
    same(tmp_path, straight)


@pytest.mark.slow
def test_a_run_that_is_killed_too_often_has_failed_alone(tmp_path: Path) -> None:
    plan = chain()
    first = next(one for one in plan.experiments if one.name == "first")
    job = make_job(first.config, tmp_path / "runs", QUIET)
    thread = killer(tmp_path / "runs", job.run_folder.path.name)
    outcomes = LocalEngine(workers=2, retries=0).run(plan, jobs(tmp_path), Heard())
    thread.join()
    ends = {outcome.experiment.name: outcome for outcome in outcomes}
    assert states(outcomes) == {
        **dict.fromkeys(("third", "fourth"), "finished"),
        **{"first": "failed", "second": "skipped"},
    }
    assert "killed (signal SIGKILL; 0 retries; see " in ends["first"].message
    log = Path(ends["first"].message.rpartition("see ")[2].rstrip(")"))
    assert log.exists()
    assert ends["second"].message == "not run: it starts from first"
    assert exit_status(outcomes) == 1
    # The next call goes on where it stood.
    assert exit_status(LocalEngine().run(plan, jobs(tmp_path), Heard())) == 0


@pytest.mark.slow
@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_interrupted_twice_is_never_interrupted(
    workers: int, straight: Path, tmp_path: Path
) -> None:
    store = tmp_path / "runs"
    process = start(tmp_path, workers)
    wait_until(lambda: bool(under_way(store)))
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) == 130
    assert trainers(store) == {}
    records = jobs(tmp_path).records
    assert records is not None
    kept = [records.get(one) for one in chain().experiments]
    assert any(record is not None and record.state == "running" for record in kept)
    # A second time, without a chance to save.
    process = start(tmp_path, workers)
    wait_until(lambda: bool(under_way(store)))
    process.send_signal(signal.SIGKILL)
    process.wait()
    # No process outlives the engine that started it.
    wait_until(lambda: trainers(store) == {})
    heard = Heard()
    assert exit_status(LocalEngine().run(chain(), jobs(tmp_path), heard)) == 0
    assert heard.begun
    same(tmp_path, straight)


OTHER = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from engine_examples import QUIET, chain
from eigenformer.runs import run
run(chain().experiments[1].config, QUIET, Path(sys.argv[1]) / "runs")
"""


@pytest.mark.parametrize("dies", [pytest.param(False, marks=pytest.mark.slow), True])
def test_a_run_in_other_hands_is_waited_for(dies: bool, straight: Path, tmp_path: Path) -> None:
    store = tmp_path / "runs"
    other = start(tmp_path, 1, OTHER)
    wait_until(lambda: bool(trainers(store)))
    other.send_signal(signal.SIGSTOP)  # until it has been found to be in the way
    heard = Heard()

    def go_on() -> None:
        wait_until(lambda: heard.begun == ["third", "fourth"] and not under_way(store))
        other.send_signal(signal.SIGKILL if dies else signal.SIGCONT)

    thread = threading.Thread(target=go_on)
    thread.start()
    outcomes = LocalEngine().run(chain(), jobs(tmp_path), heard)
    thread.join()
    other.wait(timeout=120)
    assert exit_status(outcomes) == 0
    assert heard.begun == ["third", "fourth", *(["first"] if dies else []), "second"]
    assert heard.notes == ["first is being trained by another process; its turn comes last"]
    same(tmp_path, straight)


def diverging() -> Experiment:
    one = experiment("diverging", optimizer=OptimizerConfig(weight_decay=1e6))
    return replace(one, config=replace(one.config, examples=3200))


def test_what_diverges_is_said_and_not_tried_again(tmp_path: Path) -> None:
    plan = Plan.of([experiment("after", after=diverging())])
    outcomes = LocalEngine().run(plan, jobs(tmp_path), Heard())
    assert states(outcomes) == {"diverging": "diverged", "after": "skipped"}
    assert "not finite" in outcomes[0].message
    heard = Heard()
    outcomes = LocalEngine().run(plan, jobs(tmp_path), heard)
    assert heard.begun == []
    assert states(outcomes) == {"diverging": "diverged", "after": "skipped"}
    assert "delete" in outcomes[0].message


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_cannot_begin_stops_no_other(workers: int, tmp_path: Path) -> None:
    narrow = TransformerConfig(
        encoder=StackConfig(layers=1, width=16, heads=1),
        decoder=StackConfig(layers=1, width=16, heads=1),
    )
    other = experiment("another-model", after=experiment("short", steps=2), model=narrow)
    plan = Plan.of([other, experiment("last", steps=2, seed=5)])
    outcomes = LocalEngine(workers=workers).run(plan, jobs(tmp_path), Heard())
    assert states(outcomes) == {"short": "finished", "another-model": "failed", "last": "finished"}
    assert "other weights" in outcomes[1].message
    assert exit_status(outcomes) == 1


@pytest.mark.slow
def test_torchrun_shares_the_batches_of_a_run(tmp_path: Path) -> None:
    alone = experiment("shared", optimizer=OptimizerConfig(kind="adamw", rate=1e-3))
    run(alone.config, QUIET, tmp_path / "one")
    options = JobOptions(execution=QUIET, store=tmp_path / "runs")
    outcomes = LocalEngine(processes=2).run(Plan.of([alone]), options, Heard())
    assert exit_status(outcomes) == 0, outcomes[0].message
    (one,) = (RunFolder(path) for path in (tmp_path / "one").iterdir())
    two = RunFolder(tmp_path / "runs" / one.path.name)
    assert '"processes": 2' in (two.path / "env.json").read_text()
    losses = [
        [line["loss"] for line in folder.metrics() if line["kind"] == "train"]
        for folder in (one, two)
    ]
    assert len(losses[0]) == 2
    assert losses[1] == pytest.approx(losses[0], abs=1e-5)
