"""`eigenformer bench NAME`: benchmarks of the code and of the recipes."""

import importlib
import subprocess
import sys
from pathlib import Path

from ..core import InputError, unknown
from .parse import parse

USAGE = """\
usage: eigenformer bench speed [--save]
       eigenformer bench training [--device cuda --precision bfloat16 --compile]
       eigenformer bench efficiency [--ablations] [--set gpu] [--rerun]
       eigenformer bench inference

speed: data, training steps, decoding and scoring on this machine, as ratios
training: how much of a processor or GPU training uses
efficiency: how many examples each recipe needs to the same accuracy
inference: how fast trained networks answer, beside NumPy
More: eigenformer bench efficiency --help, for each of them
"""


def main(args: list[str]) -> int:
    if not args or args[0] in ("--help", "-h"):
        print(USAGE, end="")
        return 0 if args else 2
    name, *rest = args
    if name == "speed":
        return parse(speed, rest, prog="bench speed")
    if name not in ("training", "efficiency", "inference"):
        raise unknown("benchmark", name, ("speed", "training", "efficiency", "inference"))
    status: int = importlib.import_module(f".bench_{name}", __package__).main(rest)
    return status


def speed(save: bool = False) -> int:
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
