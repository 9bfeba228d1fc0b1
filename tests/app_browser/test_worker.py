"""The processes that answer: the same answers, the same sentences, and they can be lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from eigenformer.app import answers, worker
from eigenformer.app.comparison import CompareState
from eigenformer.app.state import AskState, BuildState
from eigenformer.core import InputError

pytestmark = pytest.mark.app


def nothing() -> None:
    """To warm up for."""


def for_ever() -> None:
    """What takes too long."""
    while True:
        pass


@pytest.fixture
def lane() -> Iterator[worker.Lane]:
    lane = worker.Lane(nothing)
    yield lane
    lane.stop()


@pytest.fixture(scope="module")
def process() -> Iterator[None]:
    worker.start()
    yield
    worker.stop()


def test_it_answers_as_this_process_does(process: None) -> None:
    assert worker.call(answers.ask_model, AskState()) == answers.ask_model(AskState())
    assert (
        worker.call(answers.build_network, BuildState())[:3]
        == answers.build_network(BuildState())[:3]
    )
    # The figure's SVG has ids of its own each time.
    state = BuildState(layer=2)
    assert worker.call(answers.step_network, state)[1] == answers.step_network(state)[1]


def test_it_compares_as_this_process_does(process: None) -> None:
    asked = CompareState(solvers=("LAPACK", "constructed Newton"), sweep="noise", matrices=10)
    stop, known = threading.Event(), []
    for _ in asked.points():
        known.append(worker.work(stop, answers.compare_point, asked, known))
    assert known[:2] == [answers.compare_point(asked, known[:n]) for n in range(2)]
    assert 'download="comparison.csv"' in worker.work(stop, answers.comparison_html, asked, known)


def test_what_it_refuses_is_refused_here(process: None) -> None:
    with pytest.raises(InputError, match="2x3"):
        worker.call(answers.ask_model, AskState(matrix="1 2 3; 4 5 6"))


def test_after_it_was_killed_another_one_answers(lane: worker.Lane) -> None:
    never = threading.Event()
    lost = lane.call(never, os.getpid)
    with pytest.raises(InputError, match="the process that computes the answers was ended"):
        lane.call(never, os.kill, lost, signal.SIGKILL)
    assert lane.call(never, os.getpid) != lost


def test_e6_what_is_stopped_ends_whether_it_runs_or_waits(lane: worker.Lane) -> None:
    """Row E6: the process went on for minutes."""
    first, second, said = threading.Event(), threading.Event(), []

    def ask(stop: threading.Event) -> None:
        with pytest.raises(worker.StoppedWork):
            lane.call(stop, time.sleep, 600)
        said.append(stop)

    pid = lane.call(threading.Event(), os.getpid)
    threads = [threading.Thread(target=ask, args=(stop,)) for stop in (first, second)]
    threads[0].start()
    while not lane._turn.locked():
        time.sleep(0.01)
    threads[1].start()
    for stop, thread in zip((second, first), reversed(threads), strict=True):
        stop.set()
        thread.join(60)
    assert said == [second, first]
    assert not os.path.exists(f"/proc/{pid}")
    assert lane.call(threading.Event(), abs, -3) == 3


def test_e6_an_answer_that_takes_too_long_is_ended() -> None:
    """Row E6: nothing limited what a question may take."""
    lane = worker.Lane(nothing, patience=0.2)
    try:
        with pytest.raises(InputError, match=r"took more than 0\.2 seconds"):
            lane.call(threading.Event(), for_ever)
        assert lane.call(threading.Event(), abs, -3) == 3
    finally:
        lane.stop()


def test_e6_a_visitor_has_a_few_questions_and_one_long_work_at_a_time() -> None:
    """Row E6: one could fill every place in the queue."""
    with worker.a_question("a"), worker.a_question("a"), worker.a_question("a"):
        with worker.a_question("a"):
            with pytest.raises(InputError, match="4 questions at once"), worker.a_question("a"):
                pass
            with worker.a_question("b"):
                pass
        with worker.a_question("a"):
            pass
    some = worker.some_work
    with some("a") as first, some("b") as other, some("a") as second:
        assert first.is_set() and not second.is_set()
        worker.stop_work("a")
        assert second.is_set() and not other.is_set()


@pytest.mark.parametrize("ended", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_the_page(ended: signal.Signals) -> None:
    code = """
import time
from eigenformer.app import answers, state, worker
if __name__ == "__main__":
    worker.start()
    worker.call(answers.step_network, state.BuildState())
    print(worker._questions._process.pid, flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as page:
        assert page.stdout is not None
        pid = int(page.stdout.readline())
        page.send_signal(ended)
    for _ in range(100):
        if not os.path.exists(f"/proc/{pid}"):
            return
        signal.sigtimedwait([], 0.1)
    raise AssertionError(f"process {pid} goes on")
