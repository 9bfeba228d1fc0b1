"""`eigenformer bench`: the benchmarks of the source tree, as ratios measured in one run."""

import subprocess
import sys
from pathlib import Path

from ..core import InputError
from .parse import parse


def main(args: list[str]) -> int:
    return parse(bench, args, prog="bench")


def bench(save: bool = False) -> int:
    """Measure data generation, training steps, decoding and scoring on this machine.

    Args:
        save: keep the figures in the source tree too, as benchmarks/results.json.
    """
    script = Path(__file__).parents[3] / "benchmarks" / "run.py"
    if not script.exists():
        raise InputError(
            "the benchmarks are part of the source tree, which this installation lacks; "
            "clone the project and run `make bench`"
        )
    options = ["--save"] if save else []
    return subprocess.run([sys.executable, str(script), *options]).returncode
