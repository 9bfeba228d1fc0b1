"""`eigenformer bench NAME`: benchmarks of the code and of the recipes."""

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ..core import InputError, at_least, unknown
from .parse import parse

USAGE = """\
usage: eigenformer bench speed [--save]
       eigenformer bench training [--device cuda --precision bfloat16 --compile]
       eigenformer bench efficiency [--set tuned] [--search] [--ablations]
       eigenformer bench inference
       eigenformer bench trust [--matrices 10000] [--models NAME ...]
       eigenformer bench polish [--matrices 1000]
       eigenformer bench certificates [--matrices 100000]
       eigenformer bench start

speed: data, training steps, decoding and scoring on this machine, as ratios
training: how much of a processor or GPU training uses
efficiency: how many examples each recipe needs to the same accuracy
inference: how fast trained networks answer, beside NumPy
trust: whether wrong answers to matrices unlike the training come with a caution
polish: what polish makes of rough answers, by LAPACK's test ratios
certificates: whether a proved bound ever misses the truth, and how much above the error it is
start: how soon lists and help are there, in starts of NumPy
More: eigenformer bench efficiency --help, for each of them
"""


def main(args: list[str]) -> int:
    if not args or args[0] in ("--help", "-h"):
        print(USAGE, end="")
        return 0 if args else 2
    name, *rest = args
    here: dict[str, Callable[..., int]] = {
        "speed": speed,
        "inference": inference,
        "trust": trust,
        "certificates": certificates,
    }
    if name in here:
        return parse(here[name], rest, prog=f"bench {name}")
    if name not in ("training", "efficiency", "polish", "start"):
        raise unknown("benchmark", name, (*here, "training", "efficiency", "polish", "start"))
    status: int = importlib.import_module(f".bench_{name}", __package__).main(rest)
    return status


def speed(save: bool = False) -> int:
    """Measure data generation, training steps, decoding and scoring on this machine.

    Args:
        save: keep the figures in the source tree too, as benchmarks/results.json.
    """
    return _benchmark([], save)


def inference(run: str | None = None, model: str | None = None, save: bool = False) -> int:
    """Time 10,000 answers to 3x3 eigenvalue problems on one thread, and one at a time.

    The shipped model, the paper's architecture at the shipped model's size and at the paper's (4/1
    layers, 512 wide; both write the whole answer token by token), and NumPy, batched and looped.
    Then networks of any size, 5x5 to 50x50, in batches and one by one, beside NumPy and PyTorch.

    Args:
        run: a trained model of the paper's architecture, in place of random weights; its accuracy
            is printed beside the shipped model's.
        model: with --run, a run of the shipped model's architecture in its place: for a comparison
            at equal accuracy.
        save: keep the figures in the source tree too, as benchmarks/results.json.
    """
    from ..runs import find_run

    if model is not None and run is None:
        raise InputError("--model is compared with a run; give that with --run")
    runs = [str(find_run(name).path) for name in (run, model) if name is not None]
    return _benchmark(["inference", *runs], save) or _benchmark(["sizes"], save)


def trust(matrices: int = 10_000, models: tuple[str, ...] = (), save: bool = False) -> int:
    """Ask shipped models about twelve kinds of matrices that no training drew, 2x2 to 5x5.

    Correlation, Hilbert, Lehmer and Pascal matrices, Laplacians, signs, small integers, diagonal,
    permutation, rank-one, graded and scaled ones, through `solve`: how many answers are off by more
    than 5%, and how many of those have neither a caution nor a shown chance of at most a half.

    Args:
        matrices: for each model and problem; 10,000 take 10 minutes of a core in all.
        models: names of shipped models; without them all.
        save: keep the figures in the source tree too, as benchmarks/results.json.
    """
    at_least(1, matrices=matrices)
    if models:
        from ..zoo import shipped_models

        for name in models:
            if name not in (known := shipped_models()):
                raise unknown("shipped model", name, known)
    return _benchmark(["trust", str(matrices), *models], save)


def certificates(matrices: int = 100_000, save: bool = False) -> int:
    """Hold proved bounds against answers whose errors are known, to adversarial matrices.

    Clusters, ties, zeros, graded spectra and blocks, scales from 1e-150 to 1e150, 1x1 to 20x20, of
    every problem: true answers are known by construction, or from mpmath. How many bounds are below
    the error (none should be), and how much above it they are where the question is well-posed.

    Args:
        matrices: in all, each with an answer: a true one, LAPACK's, or one that is off.
        save: keep the figures in the source tree too, as benchmarks/results.json.
    """
    at_least(1, matrices=matrices)
    return _benchmark(["certificates", str(matrices)], save)


def _benchmark(arguments: list[str], save: bool) -> int:
    """Run the source tree's own script; its exit status."""
    script = Path(__file__).parents[3] / "benchmarks" / "run.py"
    if not script.exists():
        raise InputError(
            "the benchmarks are part of the source tree, which this installation lacks; "
            "clone the project and run them there"
        )
    command = [sys.executable, str(script), *arguments, *(["--save"] if save else [])]
    return subprocess.run(command).returncode
