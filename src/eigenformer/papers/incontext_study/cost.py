"""What runs are expected to take on this machine, from a few of their own steps."""

import dataclasses
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import torch

from ...incontext import Evaluation, InContextFolder, Optimizer, RunConfig, Trainer
from ...models.cpu import one_thread
from ...runs.cost import duration
from ..study import Run

_STEPS = 5
_ENOUGH_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What some runs take, one after the other; the analysis comes on top."""

    runs: int
    prompts: int
    seconds: float
    """On this machine with nothing else on it: an estimate, good to a factor of two."""

    def __str__(self) -> str:
        runs = "1 run" if self.runs == 1 else f"{self.runs} runs"
        return f"{runs}, {self.prompts:,} prompts, about {duration(self.seconds)} on this machine"


def cost(runs: Iterable[Run], device: str = "cpu") -> Cost:
    """Of the runs that are not finished, each counted once."""
    left = [run for run in {run.path: run for run in runs}.values() if not is_over(run)]
    return Cost(
        runs=len(left),
        prompts=sum(run.examples for run in left),
        seconds=sum(_seconds(run.config, device) for run in left),
    )


def is_over(run: Run) -> bool:
    """Whether there is nothing left to train of it."""
    return InContextFolder(run.path).status()["state"] in ("finished", "diverged")


def _seconds(config: RunConfig, device: str) -> float:
    # What doesn't change the time of a step is taken out, so that many runs share one timing. A
    # curriculum is timed at its end, where its steps are longest.
    alike = dataclasses.replace(
        config,
        optimizer=Optimizer(kind=config.optimizer.kind),
        steps=1,
        reuse=1,
        seed=0,
        curriculum=None,
        evaluation=Evaluation(),
        snapshots=(),
    )
    draw, step = _timed(alike, device)
    evaluations = config.steps // config.evaluation.every + 2
    # A forward pass is a third of a step.
    evaluating = evaluations * config.evaluation.size / config.batch * step / 3
    return config.steps * (step + draw / config.reuse) + evaluating


@cache
def _timed(config: RunConfig, device: str) -> tuple[float, float]:
    """Seconds to draw a batch, and seconds of a step with a batch at hand."""
    # Processor time leaves out the turns of other processes; a GPU's work is not in it.
    clock = time.process_time if device == "cpu" else time.perf_counter
    with one_thread():
        trainer = Trainer(dataclasses.replace(config, reuse=1 << 40), device=torch.device(device))
        begun = clock()
        trainer.batch()
        draw = clock() - begun
        float(trainer.step()[0])
        times: list[float] = []
        while len(times) < _STEPS and sum(times) < _ENOUGH_SECONDS:
            begun = clock()
            float(trainer.step()[0])  # reading the loss waits for an accelerator
            times.append(clock() - begun)
        return draw, min(times)
