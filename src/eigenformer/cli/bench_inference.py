"""`eigenformer bench inference`: how fast trained networks answer, beside NumPy."""

import subprocess
import sys
from pathlib import Path

from ..core import InputError
from ..runs import find_run
from .parse import parse


def main(args: list[str]) -> int:
    return parse(inference, args, prog="bench inference")


def inference(run: str | None = None, model: str | None = None, save: bool = False) -> int:
    """Time 10,000 answers to 3x3 eigenvalue problems on one thread, and one at a time.

    The shipped model, the paper's architecture at the shipped model's size and at the paper's (4/1
    layers, 512 wide; both write the whole answer token by token), and NumPy, batched and looped.

    Args:
        run: a trained model of the paper's architecture, in place of random weights; its accuracy
            is printed beside the shipped model's.
        model: with --run, a run of the shipped model's architecture in its place: for a comparison
            at equal accuracy.
        save: keep the figures in the source tree too, as benchmarks/results.json.
    """
    script = Path(__file__).parents[3] / "benchmarks" / "run.py"
    if not script.exists():
        raise InputError(
            "the benchmarks are part of the source tree, which this installation lacks; "
            "clone the project and run it there"
        )
    if model is not None and run is None:
        raise InputError("--model is compared with a run; give that with --run")
    arguments = [str(find_run(name).path) for name in (run, model) if name is not None]
    options = ["--save"] if save else []
    command = [sys.executable, str(script), "inference", *arguments, *options]
    return subprocess.run(command).returncode
