"""The training loop: step, log, evaluate, save; stop early, on a signal, or at the end."""

import math
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NoReturn

import torch
from rich.console import Console
from torch import nn

from ..core import InputError
from ..core.checks import check_finite
from ..models import tune_cpu
from ..models.cpu import one_thread
from .distributed import Ranks, joined, pick_device
from .environment import environment
from .execution import Execution, check_tracker
from .folder import RunFolder
from .progress import Display, make_display
from .run import Run, Share
from .signals import stop_signals
from .tracking import Mirror
from .trainer import Trainer

LOG_STEPS = 50
LEAST_FILES = 64
MAX_SKIPPED = 10


class Interrupted(Exception):
    """A signal stopped the run; its state is saved."""

    def __init__(self, folder: Path, number: int) -> None:
        super().__init__(f"stopped and saved; go on with: eigenformer resume {folder}")
        self.exit_status = 128 + number


def fit(run: Run, model: nn.Module | None = None) -> nn.Module:
    """Train in memory, without a folder, and give the model.

    `model` is where to start from, in place of the run's own; it is trained in place.
    """
    trainer = Trainer(run, model=model)
    for batch in trainer.batches():
        trainer.step(batch)
    return trainer.model.eval()


def train(
    run: Run,
    path: str | Path,
    execution: Execution | None = None,
    console: Console | None = None,
) -> RunFolder:
    """Train `run` in the folder `path`: begin it, go on with it, or see that it is done.

    A run that was killed and started again gives the same metrics (but for times), bit for bit, on
    the same kind of machine. Raises `Interrupted` after saving on SIGINT or SIGTERM, and
    `InputError` if the run diverges: its folder then has the last good model and state.
    """
    execution = execution or Execution()
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files < LEAST_FILES:  # loaders would wait for ever for theirs
        raise InputError(
            f"at most {files} files may be open here; allow {LEAST_FILES} (ulimit -n {LEAST_FILES})"
        )
    check_tracker(execution.track)
    device = pick_device(execution.device)
    with joined(device) as ranks, ExitStack() as after:
        if run.step_examples % ranks.size:
            raise InputError(
                f"batch size {run.step_examples} does not divide by {ranks.size} processes"
            )
        if run.threads == 1:
            after.enter_context(one_thread())
        folder = RunFolder(Path(path))
        display, mirror = Display(), None
        if ranks.first:
            display = make_display(console or Console(), execution.quiet)
        if ranks.agree(ranks.first and folder.ended(run)):
            if ranks.first and not folder.has_environment():
                folder.save_environment(environment(device, ranks.size))
            if ranks.first:  # a tracker that failed can be told now
                Mirror(folder, execution.track, display).finish()
            display.note(f"{folder.path} is finished; nothing to do")
            return folder
        if ranks.first:
            check_finite(run)
            run.check()
        tune_cpu()
        after.callback(torch.set_flush_denormal, False)  # it would change other computations here
        # What cannot be built is refused here, before there is a folder.
        trainer = Trainer(run, device, ranks)
        if ranks.first:
            folder.create(run, environment(device, ranks.size))
            after.callback(folder.lock().release)
            mirror = Mirror(folder, execution.track, display)
            after.callback(display.stop)
            after.callback(mirror.finish)
        _Loop(trainer, folder, execution, device, ranks, display, mirror).run()
    return folder


class _Loop:
    def __init__(
        self,
        trainer: Trainer,
        folder: RunFolder,
        execution: Execution,
        device: torch.device,
        ranks: Ranks,
        display: Display,
        mirror: Mirror | None,
    ) -> None:
        self._run = trainer.run
        self.trainer = trainer
        self.folder = folder
        self.execution = execution
        self.device = device
        self.ranks = ranks
        self.display = display
        self.mirror = mirror

    def run(self) -> None:
        """Go on from the newest state, to the end."""
        self._restore()
        if self.ranks.first:
            self.folder.save_status("running")
        try:
            self._go_on()
        except Interrupted:
            raise
        except Exception as error:
            if self.ranks.first and self.folder.status()["state"] == "running":
                with suppress(OSError):
                    self.folder.save_status("failed", why=_first_line(error))
            raise

    def _go_on(self) -> None:
        progress = self.trainer.progress
        self.display.start(self._run, str(self.folder.path), progress.examples)
        asked = self.execution.workers
        stream = self.trainer.batches(self._run.loaders if asked == "auto" else asked)
        with stop_signals() as received:
            if progress.step == 0:
                self._snapshot()
                if self._run.evaluates(0):
                    self._evaluate()
            self._train(stream, received)

    def _restore(self) -> None:
        """Take the newest state, if there is one, and check what belongs to it."""
        saved = self.folder.load_state(self.device)
        metrics_size, examples = 0, 0
        if saved is not None:
            state, note = saved
            if note:
                self.display.note(f"passed over a damaged state: {note}")
            self.trainer.restore(state)
            if self.ranks.first and (restored := self.folder.check(state)):
                self.display.note(restored)
            metrics_size = self.trainer.progress.metrics_size
            examples = self.trainer.progress.examples
        if self.ranks.first:
            self.folder.rewind(metrics_size, examples)

    def _train(self, stream: Iterator[Share], received: list[int]) -> None:
        progress, run = self.trainer.progress, self._run
        saved = mark = time.monotonic()
        examples = progress.examples
        while not progress.done:
            self.trainer.step(next(stream))
            if progress.skipped_in_a_row >= MAX_SKIPPED:
                self._diverged()
            last = progress.step == run.steps
            if progress.step % LOG_STEPS == 0 or last:
                now = time.monotonic()
                self._log((progress.examples - examples) / (now - mark))
                mark, examples = now, progress.examples
            self._snapshot()
            due = last or run.evaluates(progress.step)
            if due:
                progress.done = self._evaluate() or ("all examples used" if last else "")
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
        norm = float(self.trainer.gradient_norm)
        if self.ranks.first:
            self.folder.append_metrics(
                {
                    "kind": "train",
                    "step": progress.step,
                    "examples": progress.examples,
                    "loss": loss,
                    "gradient_norm": norm if math.isfinite(norm) else None,
                    "rate_multiple": self.trainer.rate_multiple(),
                    "skipped": progress.skipped,
                    "rejected": progress.rejected,
                    "examples_per_second": rate,
                    "time": time.time(),
                }
            )
        self.display.step(progress.examples, rate, loss)

    def _snapshot(self) -> None:
        step = self.trainer.progress.step
        if self.ranks.first and step in self._run.snapshot_steps:
            self.folder.save_snapshot(step, self.trainer.weights())

    def _evaluate(self) -> str:
        """Score the model and keep it if it is the best; why the run may end, or ""."""
        progress = self.trainer.progress
        if not self.ranks.first:
            return "told to end" if self.ranks.agree(False) else ""
        begun = time.monotonic()
        score = self._run.score(self.trainer.model)
        self.trainer.model.train()
        if score is None:
            self._diverged()
        for name, result in score.results.items():
            self.folder.save_evaluation(progress.examples, name, result)
        line = {
            "kind": "evaluation",
            "step": progress.step,
            "examples": progress.examples,
            **score.line,
            "seconds": time.monotonic() - begun,
            "time": time.time(),
        }
        self.folder.append_metrics(line)
        if score.quality is None or score.quality >= progress.best:  # of equals the later
            progress.best, progress.best_at = score.quality or 0.0, progress.examples
            self.folder.save_model(self.trainer.weights())
        self.display.evaluated(line)
        self.ranks.agree(bool(score.done))
        return score.done

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

    def _diverged(self) -> NoReturn:
        step = self.trainer.progress.step
        if self.ranks.first:
            self.folder.save_status("diverged", step=step)
        raise InputError(
            f"the loss or its gradient was not finite up to step {step}, so training stopped and "
            f"the last good model and state were kept in {self.folder.path}; train again with a "
            "lower learning rate (--optimizer.rate)"
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
