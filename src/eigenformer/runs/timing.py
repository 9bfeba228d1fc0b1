"""How long a run takes on this machine, from a few of its own steps."""

import time
from collections.abc import Callable
from functools import cache

import torch

from ..models.cpu import one_thread
from ..training import Run, Trainer

_STEPS = 5
_ENOUGH_SECONDS = 0.2


def timed_seconds(run: Run) -> float:
    """Seconds of a whole run with nothing else on the machine, good to a factor of two."""
    draw, step = _timed(run.alike)
    every = next((at for at in range(1, run.steps) if run.evaluates(at)), run.steps)
    evaluations = run.steps // every + 2
    # A forward pass is a third of a step.
    evaluating = evaluations * run.score_examples / run.step_examples * step / 3
    return run.steps * (step + draw / run.repeats) + evaluating


def least_seconds(
    act: Callable[[], object],
    clock: Callable[[], float],
    *,
    enough: float,
    least: int = 1,
    most: float = float("inf"),
) -> float:
    """The shortest of several times of `act`, by `clock`, after one that is not counted.

    The first is slow, and one alone may have waited for a core: at least `least` are timed, and
    then more until they took `enough` seconds together, or there are `most`.
    """
    act()
    times: list[float] = []
    while len(times) < least or (len(times) < most and sum(times) < enough):
        begun = clock()
        act()
        times.append(clock() - begun)
    return min(times)


@cache
def _timed(run: Run) -> tuple[float, float]:
    """Seconds to draw a batch, and seconds of a step with a batch at hand."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    # Processor time leaves out the turns of other processes; a GPU's work is not in it.
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    with one_thread():
        trainer = Trainer(run, device)
        begun = clock()
        share = run.draw(0, 0, 1, torch.float32)
        draw = clock() - begun
        # A step looks at the gradient, and so waits for an accelerator.
        step = least_seconds(
            lambda: trainer.step(share), clock, enough=_ENOUGH_SECONDS, most=_STEPS
        )
        return draw, step
