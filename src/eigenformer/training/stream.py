"""Training batches, made ahead in background processes.

Batch k is a pure function of (seed, k), so the stream is the same for any number of workers or
ranks, and a resumed run continues exactly where it stopped.
"""

import signal
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Int64
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ..encodings import PAD
from .config import TrainConfig
from .data_file import FileExamples


@dataclass(frozen=True, eq=False, slots=True)
class TokenBatch:
    """One rank's share of batch `index`. B examples, L input tokens, T output tokens with <eos>."""

    index: int
    inputs: Int64[Tensor, "B L"]
    outputs: Int64[Tensor, "B T"]
    padded: bool
    tokens: int
    """Target tokens of the whole batch, over all ranks."""
    rejected: int

    def to(self, device: torch.device) -> "TokenBatch":
        if device.type == "cpu":
            return self
        inputs = self.inputs.to(device, non_blocking=True)
        outputs = self.outputs.to(device, non_blocking=True)
        return TokenBatch(self.index, inputs, outputs, self.padded, self.tokens, self.rejected)

    def pin_memory(self) -> "TokenBatch":
        inputs, outputs = self.inputs.pin_memory(), self.outputs.pin_memory()
        return TokenBatch(self.index, inputs, outputs, self.padded, self.tokens, self.rejected)


class _Batches(Dataset[TokenBatch]):
    """Batch k of a run, cut to one rank's share."""

    def __init__(self, config: TrainConfig, rank: int, ranks: int) -> None:
        self.config = config
        self.rank = rank
        self.ranks = ranks
        self.file = None if config.data is None else FileExamples(config.data, config.task)

    def __getitem__(self, index: int) -> TokenBatch:
        config = self.config
        if self.file is None:
            found = config.task.examples(config.seed, "train", index, config.batch_size)
        else:
            found = self.file.batch(config.seed, index, config.batch_size)
        tokens = int((found.output_ids != PAD).sum())
        share = slice(
            self.rank * config.batch_size // self.ranks,
            (self.rank + 1) * config.batch_size // self.ranks,
        )
        return TokenBatch(
            index,
            torch.from_numpy(found.input_ids[share]),
            torch.from_numpy(found.output_ids[share]),
            found.padded,
            tokens,
            found.rejected,
        )


def _quiet(_: int) -> None:
    """Ctrl-C and `timeout` reach the whole process group; the main process ends the workers."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def batches(
    config: TrainConfig,
    start: int,
    *,
    workers: int,
    rank: int = 0,
    ranks: int = 1,
    pin: bool = False,
) -> Iterator[TokenBatch]:
    """Batches `start`, `start` + 1, ... of the run, made by `workers` processes ahead of time."""
    loader = DataLoader(
        _Batches(config, rank, ranks),
        batch_size=None,
        sampler=range(start, config.steps),
        num_workers=workers,
        prefetch_factor=8 if workers else None,
        worker_init_fn=_quiet,
        pin_memory=pin,
    )
    return iter(loader)
