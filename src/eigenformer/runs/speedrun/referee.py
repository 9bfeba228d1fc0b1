"""The referee: trains an entry with the clock running, and looks with the clock stopped.

Test matrices are drawn from seeds that are drawn when the configuration is fixed; each look has
new ones, so that nothing is gained by looking often, and a target reached by luck at a look has to
be reached again on twenty times as many.
"""

import datetime
import math
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from statistics import median

import torch

from ... import problems
from ...core import InputError, at_least, positive, rng, to_json
from ...evaluation import TrainedSolver, evaluate
from ...models import tune_cpu
from ...models.cpu import one_thread
from ...training import TrainConfig, Trainer
from ...training.environment import environment
from ...training.loop import MAX_SKIPPED
from .entries import Entrant
from .standings import SEEDS, Lap, Standing
from .tracks import Track

PRODUCT = 512
"""Rows and columns of the fixed product's factors, float32."""
_TIMED = 10
GLANCE, LOOK, JUDGE = 50, 500, 10_000
"""Matrices of a look: a glance that is not half way there ends it, and so does a look that is not
there. Models that write token after token take minutes to answer hundreds."""
_LARGEST = 2**62
_WARM = 3


def standing_of(
    track: Track,
    entry: Entrant,
    config: TrainConfig,
    *,
    who: str,
    command: str,
    seed: int | None = None,
    laps: int = SEEDS,
    limit: float | None = None,
    told: Callable[[int, Lap], None] = lambda _, lap: None,
) -> Standing:
    """Race, as `race` does, and say all that a record says."""
    chosen, made = race(track, config, seed=seed, laps=laps, limit=limit, told=told)
    here = environment(torch.device("cpu"), 1)
    return Standing(
        track=track.name,
        entry=entry.name,
        who=who,
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        commit=here["git"] or here["eigenformer"],
        machine=here["device_name"],
        command=command,
        seed=chosen,
        told=config.model.told,
        source=entry.source,
        config=to_json(config),
        laps=made,
    )


def race(
    track: Track,
    config: TrainConfig,
    *,
    seed: int | None = None,
    laps: int = SEEDS,
    limit: float | None = None,
    told: Callable[[int, Lap], None] = lambda _, lap: None,
) -> tuple[int, tuple[Lap, ...]]:
    """The seed, and the laps of a run that `entries.checked` has passed.

    `seed` is that of the seeds; without it, it is drawn from the system's entropy. `limit`: seconds
    of processor time after which a lap is given up. The first lap that does not reach the target is
    the last.
    """
    at_least(0, _LARGEST, seed=seed)
    at_least(1, laps=laps)
    positive(limit=limit)
    tune_cpu()
    _warm_up(config)
    chosen = secrets.randbelow(_LARGEST) if seed is None else seed
    made: list[Lap] = []
    for number in range(laps):
        own, test = map(int, rng(chosen, "speedrun", number).integers(_LARGEST, size=2))
        lap = _lap(track, replace(config, seed=own), test, limit)
        told(number + 1, lap)
        made.append(lap)
        if not lap.reached:
            break
    return chosen, tuple(made)


def _warm_up(config: TrainConfig) -> None:
    """The first steps of a process also load and set up what the later ones find there."""
    with one_thread():
        trainer = Trainer(config)
        for index in range(_WARM):
            trainer.step(config.draw(index, 0, 1, torch.float32))


class _Clock:
    """Time of the training alone, of the processor and of the wall."""

    def __init__(self) -> None:
        self.processor = self.wall = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        processor, wall = time.process_time(), time.perf_counter()
        try:
            yield
        finally:
            self.processor += time.process_time() - processor
            self.wall += time.perf_counter() - wall


def _lap(track: Track, config: TrainConfig, test_seed: int, limit: float | None) -> Lap:
    judge = _Judge(track, config, test_seed)
    clock, products = _Clock(), [*_product_times()]
    limit = math.inf if limit is None else limit
    with one_thread():
        with clock.running():
            trainer = Trainer(config)
            stream = trainer.batches()
        untrained = judge.right(trainer, GLANCE)
        if untrained >= track.accuracy:
            raise InputError(
                f"before any training the network of {config.recipe} is right in "
                f"{100 * untrained:.0f}%; an entry learns what it answers"
            )
        progress, reached, why = trainer.progress, False, ""
        accuracy, matrices = 0.0, 0
        while not why:
            with clock.running():
                due = False
                begun = time.process_time() - clock.processor
                while not due and time.process_time() - begun < limit:
                    trainer.step(next(stream))
                    if progress.skipped_in_a_row >= MAX_SKIPPED:
                        raise InputError(
                            f"the loss of {config.recipe} or its gradient was not finite up to "
                            f"step {progress.step}; race with a lower learning rate"
                        )
                    due = config.evaluates(progress.step) or progress.step == config.steps
            products += _product_times()
            for matrices, least in (
                (GLANCE, track.accuracy / 2),
                (LOOK, track.accuracy),
                (JUDGE, track.accuracy),
            ):
                accuracy = judge.right(trainer, matrices)
                if accuracy < least:
                    break
            else:
                reached = True
            if reached:
                why = "reached"
            elif progress.step == config.steps:
                why = f"not reached by its {config.examples:,} examples"
            elif not due:
                why = f"not reached in {limit:g} seconds"
    return Lap(
        seed=config.seed,
        test_seed=test_seed,
        reached=reached,
        why=why,
        accuracy=accuracy,
        matrices=matrices,
        examples=progress.examples,
        seconds=clock.processor,
        wall_seconds=clock.wall,
        product_seconds=median(products),
    )


class _Judge:
    """Scores a network on matrices that nothing has seen, each time others."""

    def __init__(self, track: Track, config: TrainConfig, seed: int) -> None:
        self.track = track
        self.task = config.task
        self.seed = seed
        self.looks = 0

    def right(self, trainer: Trainer, matrices: int) -> float:
        """The fraction of right answers."""
        track, model = self.track, trainer.model
        self.looks += 1
        result = evaluate(
            TrainedSolver(model, self.task),  # type: ignore[arg-type]
            problems.get(track.problem),
            track.ensemble,
            matrices,
            self.seed,
            (track.tolerance,),
            cautions=False,
            name=f"speedrun-{self.looks}",
        )
        model.train()
        return result.at(track.tolerance)


def _product_times() -> list[float]:
    """Processor seconds of the fixed product, some times."""
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(PRODUCT, PRODUCT, generator=generator) for _ in range(2))
    with one_thread():
        a @ b
        times = []
        for _ in range(_TIMED):
            begun = time.process_time()
            a @ b
            times.append(time.process_time() - begun)
    return times
