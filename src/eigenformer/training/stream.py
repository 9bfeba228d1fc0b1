"""The batches of a run, made ahead in background processes or as they are asked for."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch.utils.data import DataLoader, Dataset

from .distributed import Ranks
from .run import Run, Share


@dataclass(frozen=True, eq=False)
class _Shares(Dataset[Share]):
    run: Run
    ranks: Ranks
    dtype: torch.dtype

    def __getitem__(self, index: int) -> Share:
        return self.run.draw(index, self.ranks.rank, self.ranks.size, self.dtype)


def _quiet(_: int) -> None:
    """Ctrl-C and `timeout` reach the whole process group; the main process ends the loaders."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def batches(
    run: Run,
    start: int,
    *,
    loaders: int = 0,
    ranks: Ranks | None = None,
    dtype: torch.dtype = torch.float32,
    pin: bool = False,
) -> Iterator[Share]:
    """Batches `start`, `start` + 1, ... of the run, made by `loaders` processes ahead of time."""
    made = _Shares(run, ranks or Ranks(), dtype)
    if not loaders:
        return map(made.__getitem__, range(start, run.steps))
    loader = DataLoader(
        made,
        batch_size=None,
        sampler=range(start, run.steps),
        num_workers=loaders,
        prefetch_factor=8,
        worker_init_fn=_quiet,
        pin_memory=pin,
    )
    return iter(loader)
