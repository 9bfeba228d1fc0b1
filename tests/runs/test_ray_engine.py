"""Ray gives what the local engine gives, whatever is killed."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from engine_examples import Heard, chain, jobs, same, states, trainers, under_way, wait_until

from eigenformer.core import InputError
from eigenformer.runs.engine import exit_status
from eigenformer.runs.local_engine import LocalEngine
from eigenformer.runs.ray_engine import RayEngine

pytestmark = [
    pytest.mark.sweep,
    pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray: make test-sweep"),
    pytest.mark.filterwarnings("ignore"),  # Ray's own are not ours to mend
]
SCRIPT = """
import sys
from pathlib import Path
from engine_examples import Heard, chain, jobs
from eigenformer.runs.engine import exit_status
from eigenformer.runs.ray_engine import RayEngine
sys.exit(exit_status(RayEngine(workers=2, threads=1).run(chain(), jobs(sys.argv[1]), Heard())))
"""


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The plan `chain`, run by the local engine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("local")
    assert exit_status(LocalEngine().run(chain(), jobs(root), Heard())) == 0
    yield root
    torch.set_num_threads(before)


def parent(process: int) -> int:
    """Of a process (Linux): the fourth field of its stat, counted after the name in brackets."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.mark.parametrize("killed", ["trial", "training"])
def test_a_worker_killed_midway_changes_nothing(
    killed: str, local: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "runs"
    struck: list[str] = []

    def kill() -> None:
        wait_until(lambda: bool(under_way(store)), seconds=500)
        name, process = next(iter(under_way(store).items()))
        if killed == "trial":
            process = parent(process)
            assert b"ray::" in Path(f"/proc/{process}/cmdline").read_bytes()
        os.kill(process, signal.SIGKILL)
        struck.append(name)

    thread = threading.Thread(target=kill)
    thread.start()
    heard = Heard()
    outcomes = RayEngine(workers=2, threads=1, retries=1).run(chain(), jobs(tmp_path), heard)
    thread.join()
    assert struck
    assert states(outcomes) == dict.fromkeys(("third", "first", "second", "fourth"), "finished")
    assert heard.begun.index("first") < heard.begun.index("second")
    assert len(heard.notes) == 1 and "was killed; it goes on in a new trial" in heard.notes[0]
    same(tmp_path, local)
    assert list((store / ".jobs").iterdir()) == []
    if killed == "training":  # of its own dead processes Ray's raylet does speak
        assert capfd.readouterr() == ("", ""), "Ray is to be silent"
    # What is finished is not run again.
    again = Heard()
    assert exit_status(RayEngine(workers=2).run(chain(), jobs(tmp_path), again)) == 0
    assert again.begun == []


def test_an_interrupted_sweep_goes_on(local: Path, tmp_path: Path) -> None:
    store = tmp_path / "runs"
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: bool(under_way(store)), seconds=500)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=500)
    assert process.returncode == 130
    assert (out, err) == ("", ""), "Ray is to be silent"
    assert trainers(store) == {}
    assert exit_status(LocalEngine().run(chain(), jobs(tmp_path), Heard())) == 0
    same(tmp_path, local)


def test_what_ray_could_never_give_is_refused(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(InputError, match=r"a run asks for 0\.5 GPU, Ray has 0; ask for less"):
        RayEngine(gpus_per_run=0.5).run(chain(), jobs(tmp_path), Heard())
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"gpus_per_run": 1.5}, "gpus per run is 1.5; give a fraction below 1 or a whole number"),
        ({"workers": 0}, "workers is 0"),
        ({"address": "ray://there:10001"}, "on a machine of the cluster, with address auto"),
    ],
)
def test_bad_options(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        RayEngine(**options)  # type: ignore[arg-type]


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no Ray cluster answers at auto"):
        RayEngine(address="auto").run(chain(), jobs(tmp_path), Heard())
