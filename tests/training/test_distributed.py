"""torchrun with two processes does what one process does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
import eigenformer.training.loop as loop
loop.LOG_STEPS = 1
from tiny import tiny_config, tiny_task
from eigenformer.training import Execution, OptimizerConfig, train
# In bfloat16 a difference in the last bit of a gradient shows in the third digit of an update.
muon = OptimizerConfig(kind="muon", rate=2e-3, muon_precision="float32")
config = tiny_config(examples=1600, task=tiny_task(dims=sys.argv[2]), optimizer=muon)
train(config, Path(sys.argv[1]), Execution(workers=0, quiet=True, device="cpu"))
"""


def losses(folder: Path) -> list[float]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [line["loss"] for line in map(json.loads, lines) if line["kind"] == "train"]


@pytest.mark.parametrize("dims", ["2x2", pytest.param("1-3", marks=pytest.mark.slow)])
def test_two_processes_give_the_losses_of_one(tmp_path: Path, dims: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parent),
        "OMP_NUM_THREADS": "1",
    }
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    for name, launcher in (("one", []), ("two", launch)):
        done = subprocess.run(
            [sys.executable, *launcher, str(script), str(tmp_path / name), dims],
            env=environment,
            timeout=300,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    one, two = losses(tmp_path / "one"), losses(tmp_path / "two")
    assert len(one) == 50
    assert two == pytest.approx(one, abs=1e-5)
