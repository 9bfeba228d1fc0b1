"""A run killed at any moment and started again gives what it would have given."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from run_kinds import SHORT

TIMES = {"time", "seconds", "examples_per_second"}
SCRIPT = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from run_kinds import longer
from eigenformer.training import Execution, train
execution = Execution(workers=1, save_seconds=0.3, quiet=True)
train(longer(sys.argv[2]), Path(sys.argv[1]), execution)
"""


def start(folder: Path, kind: str) -> subprocess.Popen[bytes]:
    here = str(Path(__file__).parent)
    environment = {**os.environ, "PYTHONPATH": here, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(folder), kind], env=environment)


def without_times(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k not in TIMES} for line in lines]


def compare(kills: int, folder: Path, kind: str) -> None:
    straight, broken = folder / "straight", folder / "broken"
    begun = time.monotonic()
    assert start(straight, kind).wait(timeout=300) == 0
    whole = time.monotonic() - begun
    moments = np.random.default_rng(kills).uniform(0.2, 0.9, kills) * whole
    survived = 0
    for moment in moments:
        process = start(broken, kind)
        time.sleep(moment)
        survived += process.poll() is not None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert start(broken, kind).wait(timeout=300) == 0
    assert survived < kills, "every process ended before it could be killed"
    assert without_times(broken) == without_times(straight)
    evaluations = sorted(path.name for path in (straight / "evals").iterdir())
    assert evaluations == sorted(path.name for path in (broken / "evals").iterdir())
    for name in (*(f"evals/{e}" for e in evaluations), "model.safetensors", "status.json"):
        assert (straight / name).read_bytes() == (broken / name).read_bytes(), name


@pytest.mark.parametrize("kind", SHORT)
def test_killed_and_resumed_is_never_killed(kind: str, tmp_path: Path) -> None:
    compare(1, tmp_path, kind)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SHORT)
def test_killed_twenty_times(kind: str, tmp_path: Path) -> None:
    compare(20, tmp_path, kind)
