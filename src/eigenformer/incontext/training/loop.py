"""The training loop: step, log, evaluate, save."""

import math
import time
from pathlib import Path

import torch

from ...training.environment import environment
from ..models import InContextModel
from .config import RunConfig
from .folder import InContextFolder
from .trainer import Trainer

LOG_STEPS = 100
SAVE_SECONDS = 60.0


def fit(config: RunConfig, model: InContextModel | None = None) -> InContextModel:
    """Train in memory, without a folder, and give the model.

    `model` is where to start from, such as `from_construction(net)`; it is trained in place.
    """
    trainer = Trainer(config, model)
    while trainer.steps < config.steps:
        trainer.step()
    return trainer.model.eval()


def train(config: RunConfig, path: str | Path, device: str = "cpu") -> InContextFolder:
    """Train the run `config` in the folder `path`: begin it, go on with it, or see that it is done.

    A run that was killed and started again gives the same metrics (but for times) and weights, bit
    for bit, on the same kind of machine. A run whose loss is no longer finite ends there, with
    status "diverged" and the weights of the last evaluation: see `folder.status()`.
    """
    folder = InContextFolder(Path(path))
    where = torch.device(device)
    folder.create(config, environment(where, 1))
    with folder.lock():
        if folder.status()["state"] in ("finished", "diverged"):
            return folder
        _Loop(config, folder, where).run()
    return folder


class _Loop:
    def __init__(self, config: RunConfig, folder: InContextFolder, device: torch.device) -> None:
        self.config = config
        self.folder = folder
        self.trainer = Trainer(config, device=device)
        self.test = self.trainer.test_batches()
        self.loss_sum = torch.zeros((), dtype=torch.float64, device=device)
        """Of the steps since the last line of metrics."""

    def run(self) -> None:
        config, trainer, folder = self.config, self.trainer, self.folder
        self._restore()
        folder.save_status("running")
        if trainer.steps == 0:
            self._keep()
            self._evaluate()
        saved = mark = time.monotonic()
        marked = trainer.steps
        while trainer.steps < config.steps:
            loss, norm = trainer.step()
            self.loss_sum += loss
            step = trainer.steps
            last = step == config.steps
            if step % LOG_STEPS == 0 or last:
                if not (math.isfinite(float(self.loss_sum)) and math.isfinite(float(norm))):
                    self._diverged()
                    return
                now = time.monotonic()
                self._log(float(norm), (step - marked) / (now - mark))
                mark, marked = now, step
            self._keep()
            if step % config.evaluation.every == 0 or last:
                if not self._evaluate():
                    self._diverged()
                    return
                mark, marked = time.monotonic(), step
            if last or time.monotonic() - saved > SAVE_SECONDS:
                self._save()
                saved = time.monotonic()
        folder.save_status("finished", why="all steps done", step=trainer.steps)

    def _restore(self) -> None:
        found = self.folder.load_state(self.trainer.device)
        size = 0
        if found is not None:
            state, _ = found
            self.trainer.restore(state)
            self.loss_sum.copy_(state.tensors["loss_sum"])
            size = state.progress["metrics_size"]
        self.folder.rewind(size, 0)

    def _save(self) -> None:
        state = self.trainer.state(metrics_size=self.folder.metrics_file.stat().st_size)
        state.tensors["loss_sum"] = self.loss_sum
        self.folder.save_state(state)

    def _keep(self) -> None:
        if self.trainer.steps in self.config.snapshots:
            self.folder.save_snapshot(self.trainer.steps, self.trainer.weights())

    def _log(self, norm: float, rate: float) -> None:
        step = self.trainer.steps
        count = (step - 1) % LOG_STEPS + 1
        self.folder.append_metrics(
            {
                "kind": "train",
                "step": step,
                "examples": step * self.config.batch,
                "loss": float(self.loss_sum) / count,
                "gradient_norm": norm,
                "rate_multiple": self.trainer.rate_multiple(),
                "examples_per_second": rate * self.config.batch,
                "time": time.time(),
            }
        )
        self.loss_sum.zero_()

    def _diverged(self) -> None:
        self.folder.save_status("diverged", step=self.trainer.steps)

    def _evaluate(self) -> bool:
        """Keep the model and its test loss, if that is a number; false if not."""
        begun = time.monotonic()
        loss = self.trainer.test_loss(self.test)
        if not math.isfinite(loss):
            return False
        self.folder.save_model(self.trainer.weights())
        self.folder.append_metrics(
            {
                "kind": "evaluation",
                "step": self.trainer.steps,
                "examples": self.trainer.steps * self.config.batch,
                "loss": loss,
                "seconds": time.monotonic() - begun,
                "time": time.time(),
            }
        )
        return True
