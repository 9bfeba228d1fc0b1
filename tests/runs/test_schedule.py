"""Which run is next, what stops a plan, and the options of engines: no run is waited for."""

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from engine_examples import QUIET, Heard, chain, experiment, jobs, states
from hypothesis import given, settings
from hypothesis import strategies as st

from eigenformer.core import InputError
from eigenformer.runs import Experiment, Plan
from eigenformer.runs.engine import JobOptions, Outcome, RunQueue, exit_status
from eigenformer.runs.jobs import JobResult, is_locked, make_job, perform
from eigenformer.runs.local_engine import LocalEngine
from eigenformer.runs.options import EngineOptions, job_options, make_engine
from eigenformer.training import Execution, RunFolder
from eigenformer.training.signals import stop_signals


def pretend(job: Any, state: str) -> JobResult:
    """What is left of a run that ended so."""
    if state == "finished":
        folder = job.run_folder
        folder.create(job.config, {"git": None, "eigenformer": "0"})
        folder.save_model({"weight": torch.zeros(1)})
        folder.save_status("finished")
    return JobResult(state=state, message="as told")  # type: ignore[arg-type]


@settings(max_examples=25)
@given(
    parents=st.lists(st.integers(-1, 4), min_size=1, max_size=6),
    ends=st.lists(st.sampled_from(["finished", "finished", "failed", "diverged"]), min_size=6),
    order=st.randoms(use_true_random=False),
    workers=st.integers(1, 3),
)
def test_any_plan_is_run_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    parents: list[int],
    ends: list[str],
    order: random.Random,
    workers: int,
) -> None:
    made: list[Experiment] = []
    for i, parent in enumerate(parents):
        after = made[parent] if 0 <= parent < i else None
        made.append(experiment(f"run-{i}", seed=i, after=after))
    told = {one.identity: end for one, end in zip(made, ends, strict=False)}
    plan = Plan.of(made)
    store = tmp_path_factory.mktemp("store")
    heard = Heard()
    schedule = RunQueue(plan, JobOptions(execution=QUIET, store=store), heard)
    running: list[Any] = []
    while schedule.left or running:
        while len(running) < workers and (found := schedule.next()):
            running.append(found)
        if not running:
            assert not schedule.left, "runs are left, none is under way, and none begins"
            break
        one, job = running.pop(order.randrange(len(running)))
        schedule.end(one, job, pretend(job, told[one.identity]))
    outcomes = schedule.outcomes()
    assert [outcome.experiment for outcome in outcomes] == list(plan.experiments)
    assert len(heard.ends) == len(outcomes)
    assert len(set(heard.begun)) == len(heard.begun)
    for outcome in outcomes:
        before = outcome.experiment.after
        good = before is None or states(outcomes)[before.name] == "finished"
        assert outcome.state == (told[outcome.experiment.identity] if good else "skipped")
        assert (outcome.experiment.name in heard.begun) == good


def test_a_stopped_schedule_begins_nothing(tmp_path: Path) -> None:
    schedule = RunQueue(chain(), jobs(tmp_path), Heard())
    one, job = schedule.next() or (None, None)
    assert one is not None and job is not None
    schedule.stop(15)
    schedule.end(one, job, JobResult(state="stopped", message="saved", signal=15))
    outcomes = schedule.outcomes()
    assert {outcome.state for outcome in outcomes} == {"stopped"}
    assert [outcome.message for outcome in outcomes].count("not begun") == 3
    assert exit_status(outcomes) == 143


def test_signals_are_collected_and_handlers_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stop_signals() as received:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)
        assert received == [signal.SIGTERM]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_that_a_run_no_longer_heeds_stops_the_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C during a run's last evaluation: that run is finished, the next does not begin."""
    saved = RunFolder.save_evaluation

    def interrupt(folder: RunFolder, examples: int, test: str, result: dict[str, Any]) -> None:
        saved(folder, examples, test, result)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(RunFolder, "save_evaluation", interrupt)
    plan = Plan.of([experiment("short", steps=1), experiment("next", steps=1, seed=1)])
    outcomes = LocalEngine().run(plan, jobs(tmp_path), Heard())
    assert states(outcomes) == {"short": "finished", "next": "stopped"}
    assert exit_status(outcomes) == 130


def test_trouble_with_a_file_is_a_failed_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunFolder, "save_state", full)
    job = make_job(experiment("short", steps=1).config, tmp_path / "runs", QUIET)
    result = perform(job)
    assert result.state == "failed"
    assert "the disk is full" in result.message
    assert not is_locked(job.run_folder)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"workers": 0}, "workers is 0; give 1 or more"),
        ({"retries": -1}, "retries is -1; give 0 or more"),
        ({"processes": 0}, "processes is 0; give 1 or more"),
        ({"threads": -1}, "threads is -1; give at least 0"),
        ({"save_seconds": -1.0, "workers": -1}, "workers is -1"),
    ],
)
def test_bad_options_are_one_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        EngineOptions(**options)


def test_options_make_an_engine() -> None:
    options = EngineOptions(workers=3, retries=1, processes=2, loaders=0, device="cpu", quiet=True)
    assert make_engine(options) == LocalEngine(workers=3, retries=1, processes=2)
    made = job_options(options).execution
    assert made == Execution(workers=0, device="cpu", quiet=True)


def test_without_ray_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eigenformer.runs.ray_engine.find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"pip install 'eigenformer\[sweep\]'"):
        EngineOptions(engine="ray")


def test_outcomes_make_an_exit_status() -> None:
    one = experiment("one")

    def status(*found: str, number: int = 0) -> int:
        return exit_status([Outcome(experiment=one, state=s, signal=number) for s in found])  # type: ignore[arg-type]

    assert status() == status("finished", "finished") == 0
    assert status("finished", "diverged") == status("skipped") == status("failed") == 1
    assert status("failed", "stopped", number=2) == 130
