"""The training loop: step, log, evaluate, save; stop early, on a signal, or at the end."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Literal

import torch
from rich.console import Console

from ..core import InputError
from ..evaluation import TrainedSolver, evaluate
from ..models import tune_cpu
from .config import TrainConfig
from .distributed import Ranks, joined, pick_device
from .environment import environment
from .folder import RunFolder
from .progress import Display, make_display
from .stream import TokenBatch, batches
from .tracking import Library, Mirror, check_tracker
from .trainer import Trainer

LOG_STEPS = 50
MAX_SKIPPED = 10


class Interrupted(Exception):
    """A signal stopped the run; its state is saved."""

    def __init__(self, folder: Path, number: int) -> None:
        super().__init__(f"stopped and saved; go on with: eigenformer resume {folder}")
        self.exit_status = 128 + number


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How a run is executed: nothing here changes its result."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto takes a CUDA device if there is one."""
    workers: int = 1
    """Background processes that make batches ahead; 0 makes them in the training process."""
    save_seconds: float = 60.0
    """Time between saved states; one is also saved at each evaluation."""
    quiet: bool = False
    """Report nothing but the result."""
    track: Library = "none"
    """Mirror the metrics in trackio (extra `track`) or wandb."""

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise InputError(f"workers is {self.workers}; give 0 or more")


def train(
    config: TrainConfig,
    path: Path,
    execution: Execution | None = None,
    console: Console | None = None,
) -> RunFolder:
    """Train the run `config` in the folder `path`: begin it, go on with it, or see that it is done.

    A run that was killed and started again gives the same metrics (but for times), bit for bit, on
    the same kind of machine. Raises `Interrupted` after saving on SIGINT or SIGTERM.
    """
    execution = execution or Execution()
    check_tracker(execution.track)
    device = pick_device(execution.device)
    with joined(device) as ranks:
        if config.batch_size % ranks.size:
            raise InputError(
                f"batch size {config.batch_size} does not divide by {ranks.size} processes"
            )
        folder = RunFolder(path)
        if not ranks.first:
            tune_cpu()
            _Loop(config, folder, execution, device, ranks, Display()).run()
            return folder
        display = make_display(console or Console(), execution.quiet)
        config.task.examples(config.seed, "train", 0, 1)  # refused here, before there is a folder
        folder.create(config, environment(device, ranks.size))
        lock = folder.lock()
        mirror = Mirror(folder, execution.track, display)
        try:
            tune_cpu()
            _Loop(config, folder, execution, device, ranks, display, mirror).run()
        finally:
            mirror.finish()
            display.stop()
            lock.release()
            torch.set_flush_denormal(False)  # tune_cpu's; it would change other computations here
    return folder


class _Loop:
    def __init__(
        self,
        config: TrainConfig,
        folder: RunFolder,
        execution: Execution,
        device: torch.device,
        ranks: Ranks,
        display: Display,
        mirror: Mirror | None = None,
    ) -> None:
        self.config = config
        self.folder = folder
        self.execution = execution
        self.device = device
        self.ranks = ranks
        self.display = display
        self.mirror = mirror

    def run(self) -> None:
        if self.ranks.agree(self.ranks.first and self.folder.finished):
            self.display.note(f"{self.folder.path} is finished; nothing to do")
            return
        self.trainer = Trainer(self.config, self.device, self.ranks)
        self.solver = TrainedSolver(self.trainer.model, self.config.task)
        self._restore()
        progress = self.trainer.progress
        if self.ranks.first:
            self.folder.save_status("running")
        self.display.start(self.config, str(self.folder.path), progress.examples)
        stream = batches(
            self.config,
            progress.step,
            workers=self.execution.workers,
            rank=self.ranks.rank,
            ranks=self.ranks.size,
            pin=self.device.type == "cuda",
        )
        with _signals() as received:
            self._train(stream, received)

    def _restore(self) -> None:
        found = self.folder.load_state(self.device)
        metrics_size, examples = 0, 0
        if found is not None:
            state, note = found
            if note:
                self.display.note(f"passed over a damaged state: {note}")
            self.trainer.restore(state)
            metrics_size = self.trainer.progress.metrics_size
            examples = self.trainer.progress.examples
        if self.ranks.first:
            self.folder.rewind(metrics_size, examples)

    def _train(self, stream: Iterator[TokenBatch], received: list[int]) -> None:
        progress, config = self.trainer.progress, self.config
        saved = mark = time.monotonic()
        examples = progress.examples
        while not progress.done:
            self.trainer.step(next(stream))
            if progress.skipped_in_a_row >= MAX_SKIPPED:
                self._diverged()
            last = progress.step == config.steps
            if progress.step % LOG_STEPS == 0 or last:
                now = time.monotonic()
                self._log((progress.examples - examples) / (now - mark))
                mark, examples = now, progress.examples
            every = config.evaluation.every
            due = last or progress.examples // every > progress.evaluated_at // every
            if due:
                if self._evaluate():
                    progress.done = "target reached"
                elif last:
                    progress.done = "all examples used"
                mark, examples = time.monotonic(), progress.examples
            stop, late = self._asked(received, saved)
            if due or stop or late:
                self._save()
                saved = time.monotonic()
            if stop and not progress.done:
                if self.ranks.first:
                    self.folder.save_status("stopped", examples=progress.examples)
                raise Interrupted(self.folder.path, received[0] if received else signal.SIGTERM)
        self._finish()

    def _asked(self, received: list[int], saved: float) -> tuple[bool, bool]:
        """Whether a signal asks to stop, and whether it is time to save; the same on every rank."""
        late = time.monotonic() - saved > self.execution.save_seconds
        if self.ranks.size == 1:
            return bool(received), late
        if self.trainer.progress.step % LOG_STEPS:
            return False, False
        return self.ranks.any(bool(received)), self.ranks.agree(late)

    def _log(self, rate: float) -> None:
        loss = self.trainer.take_loss()
        progress = self.trainer.progress
        if self.ranks.first:
            self.folder.append_metrics(
                {
                    "kind": "train",
                    "step": progress.step,
                    "examples": progress.examples,
                    "loss": loss,
                    "rate_multiple": self.trainer.rate_multiple(),
                    "skipped": progress.skipped,
                    "rejected": progress.rejected,
                    "examples_per_second": rate,
                    "time": time.time(),
                }
            )
        self.display.step(progress.examples, rate, loss)

    def _evaluate(self) -> bool:
        """Score every test set; whether the target accuracy is reached."""
        progress, options = self.trainer.progress, self.config.evaluation
        progress.evaluated_at = progress.examples
        if not self.ranks.first:
            return self.ranks.agree(False)
        begun = time.monotonic()
        task = self.config.task
        results = {
            test.name: evaluate(
                self.solver,
                task.problem,
                test.ensemble or task.ensemble,
                test.size,
                test.seed,
                options.tolerances,
                noise=task.noise,
                score=options.score,
                name=test.name,
            )
            for test in options.tests
        }
        for name, result in results.items():
            self.folder.save_evaluation(progress.examples, name, result.to_dict())
        self.folder.append_metrics(
            {
                "kind": "evaluation",
                "step": progress.step,
                "examples": progress.examples,
                "accuracy": {
                    name: {f"{t:g}": result.at(t) for t in options.tolerances}
                    for name, result in results.items()
                },
                "valid": {name: result.valid.value for name, result in results.items()},
                "seconds": time.monotonic() - begun,
                "time": time.time(),
            }
        )
        first = next(iter(results.values()))
        score = sum(first.at(t) for t in options.tolerances) / len(options.tolerances)
        if score > progress.best:
            progress.best, progress.best_at = score, progress.examples
            self.folder.save_model(self.trainer.weights())
        self.display.evaluated(progress.examples, results)
        reached = (
            options.target is not None and first.at(options.target_tolerance) >= options.target
        )
        return self.ranks.agree(reached)

    def _save(self) -> None:
        if self.ranks.first and self.folder.metrics_file.exists():
            self.trainer.progress.metrics_size = self.folder.metrics_file.stat().st_size
        state = self.trainer.state()
        if self.ranks.first:
            self.folder.save_state(state)
        if self.mirror is not None:
            self.mirror.update()

    def _finish(self) -> None:
        progress = self.trainer.progress
        if self.ranks.first:
            self.folder.save_status(
                "finished", why=progress.done, examples=progress.examples, best_at=progress.best_at
            )

    def _diverged(self) -> None:
        step = self.trainer.progress.step
        if self.ranks.first:
            self.folder.save_status("diverged", step=step)
        raise InputError(
            f"the gradient was not finite in {MAX_SKIPPED} steps in a row up to step {step}, so "
            f"training stopped and the last good state was kept in {self.folder.path}; "
            "train again with a lower learning rate (--optimizer.rate)"
        )


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM instead of dying, so that the loop can save first.

    A second Ctrl-C ends the process at once. Only a main thread can catch signals; in another the
    list stays empty.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return

    before: dict[int, Any] = {
        number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)
    }

    def remember(number: int, frame: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1 and number == signal.SIGINT:
            raise KeyboardInterrupt
        # Whoever called may have more to stop than this run, which may be done already.
        if callable(outer := before[number]) and outer is not signal.default_int_handler:
            outer(number, frame)

    for number in before:
        signal.signal(number, remember)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
