"""What runs of studies are expected to take on this machine."""

from collections.abc import Iterable

from ...incontext import InContextFolder
from ...runs.cost import Cost
from ...runs.cost import cost as run_cost
from .study import Run


def cost(runs: Iterable[Run], device: str = "cpu") -> Cost:
    """Of the runs that are not finished, each counted once."""
    left = [run for run in {run.path: run for run in runs}.values() if not is_over(run)]
    return sum((run_cost(run.config) for run in left), Cost())


def is_over(run: Run) -> bool:
    """Whether there is nothing left to train of it."""
    return InContextFolder(run.path).status()["state"] in ("finished", "diverged")
