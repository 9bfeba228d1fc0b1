"""`eigenformer demo`: train a small model here, score it, solve with it; run a constructed one."""

import shutil
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.text import Text

from ..core import InputError
from .answers import show
from .parse import parse

MATRIX = np.array([[3.1, -1.2, 0.5], [-1.2, 7.4, 2.0], [0.5, 2.0, -4.8]])
FRESH_SEED = 2026
FRESH = 2_000
NEEDED = 0.95


def main(args: list[str]) -> int:
    return parse(demo, args, prog="demo")


def demo(seed: int = 0, workers: int = 1) -> int:
    """Train a transformer on eigenvalues of random 3x3 matrices, score it, solve a matrix with it.

    A few minutes on two CPU cores. Run again, it goes on from what is already there. Exits with 1
    if fewer than 95% of 2,000 fresh matrices are solved within 5%.

    Args:
        seed: of the model and its examples.
        workers: background processes that make batches ahead.
    """
    from ..construct import newton_inverse
    from ..evaluation import beside_lapack, evaluate, result_table
    from ..reports import learning_curve
    from ..runs import run
    from ..runs.recipes import fast
    from ..training import Execution, Interrupted
    from ..zoo import load

    if find_spec("matplotlib") is None:
        raise InputError("the demo draws with matplotlib: pip install 'eigenformer[plot]'")
    console = Console()

    def say(text: str, heading: str = "") -> None:
        console.print(Text(heading, style="bold").append(text, style="not bold"), soft_wrap=True)

    config = fast(problem="eigenvalues", dims="3x3", seed=seed)
    say(
        f" on eigenvalues of random symmetric 3x3 matrices, {config.examples:,} of them, "
        "each seen once.",
        heading="1. Training",
    )
    begun = time.monotonic()
    try:
        folder = run(config, Execution(workers=workers), console=console)
    except Interrupted as stopped:
        print(f"eigenformer: {stopped} (or run the demo again)", file=sys.stderr)
        return stopped.exit_status
    say(f"   {time.monotonic() - begun:.0f} seconds; everything is in {folder.path}\n")

    say(f" on {FRESH:,} matrices that it has never seen.", heading="2. Scoring")
    solver = load(str(folder.path))
    result = evaluate(solver, solver.problem, solver.task.ensemble, FRESH, FRESH_SEED, name="fresh")
    console.print(result_table(result))
    picture = folder.path / "learning_curve.png"
    learning_curve([folder], picture, "Eigenvalues of 3x3 matrices, one CPU")
    say(f"   learning curve: {picture}\n")

    say(" a matrix of our own.", heading="3. Solving")
    show(beside_lapack(solver, MATRIX[None]), console)

    say(
        " a transformer for its inverse, weight by weight, not trained.",
        heading="\n4. Constructing",
    )
    network = newton_inverse(dim=3, steps=12)
    residuals = [
        np.linalg.norm(np.eye(3) - MATRIX @ state["X"][0].numpy(), 2)
        for state in network.trace(MATRIX)
    ]
    say(f"   {network.depth} layers of attention, one Newton step each after the first;")
    say(f"   ||I - A X|| after every second: {', '.join(f'{r:.0e}' for r in residuals[1::2])}")
    say(
        f"\n   Yours: {command()} solve inverse '4 1; 2 3' --polish"
        f"\n   More:  {command()} construct list"
        f"\n          {command()} evaluate {folder.path}"
    )
    reached = result.at(0.05) >= NEEDED
    if not reached:
        say(
            f"only {100 * result.at(0.05):.1f}% within 5%: less than the {100 * NEEDED:g}% expected"
        )
    return 0 if reached else 1


def command() -> str:
    """How `eigenformer` is called from here: by its path where its environment isn't activated."""
    beside = Path(sys.executable).with_name("eigenformer")
    found = shutil.which("eigenformer")
    if not beside.exists() or (found and Path(found).samefile(beside)):
        return "eigenformer" if found else f"{sys.executable} -m eigenformer"
    here = Path.cwd()
    return str(beside.relative_to(here) if beside.is_relative_to(here) else beside)
