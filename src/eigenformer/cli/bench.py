"""`eigenformer bench`: the benchmarks of the source tree, as ratios measured in one run."""

import subprocess
import sys
from pathlib import Path

from ..core import InputError


def main(args: list[str]) -> int:
    script = Path(__file__).parents[3] / "benchmarks" / "run.py"
    if not script.exists():
        raise InputError(
            "the benchmarks are part of the source tree, which this installation lacks; "
            "clone the project and run `make bench`"
        )
    return subprocess.run([sys.executable, str(script), *args]).returncode
