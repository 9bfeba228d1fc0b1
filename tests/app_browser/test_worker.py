"""The process that answers: the same answers, the same sentences, and it can be lost."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from eigenformer.app import answers, worker
from eigenformer.app.comparison import CompareState
from eigenformer.app.state import AskState, BuildState
from eigenformer.core import InputError

pytestmark = pytest.mark.app


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
    asked = CompareState(solvers=("LAPACK", "constructed Newton"), sweep="noise", matrices=10)
    assert worker.call(answers.compare_solvers, asked, 1) is None
    assert 'download="comparison.csv"' in (worker.call(answers.compare_solvers, asked, 16) or "")


def test_what_it_refuses_is_refused_here(process: None) -> None:
    with pytest.raises(InputError, match="2x3"):
        worker.call(answers.ask_model, AskState(matrix="1 2 3; 4 5 6"))


def test_after_it_was_killed_another_one_answers(process: None) -> None:
    assert worker._pool is not None
    for pid in list(worker._pool._processes):
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(InputError, match="the process that computes the answers was ended"):
        worker.call(answers.ask_model, AskState())
    state = BuildState()
    assert worker.call(answers.step_network, state)[1] == answers.step_network(state)[1]


@pytest.mark.parametrize("ended", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_the_page(ended: signal.Signals) -> None:
    code = """
import time
from eigenformer.app import answers, state, worker
if __name__ == "__main__":
    worker.start()
    worker.call(answers.step_network, state.BuildState())
    print(*worker._pool._processes, flush=True)
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
