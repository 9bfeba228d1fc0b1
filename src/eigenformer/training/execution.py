"""How a run is executed: nothing here changes its result."""

import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Annotated, Literal

import tyro

from ..core import InputError, at_least

Library = Literal["none", "trackio", "wandb"]
"""What metrics can be mirrored in."""
_INSTALL = {"trackio": "pip install 'eigenformer[track]'", "wandb": "pip install wandb"}


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How a run is executed: nothing here changes its result."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto takes a CUDA device if there is one."""
    workers: Annotated[int | Literal["auto"], tyro.conf.arg(aliases=["--loaders"])] = "auto"
    """Background processes that make batches ahead: --loaders, where --workers are runs side by
    side. 0 makes them in the training process. auto: as the kind of run asks for: 1 for token
    models, 0 for prompts, which are cheap to draw."""
    save_seconds: float = 60.0
    """Time between saved states; one is also saved at each evaluation."""
    quiet: bool = False
    """Report nothing but the result."""
    track: Library = "none"
    """Mirror the metrics in trackio (extra `track`) or wandb."""

    def __post_init__(self) -> None:
        # More than that is no faster, and each takes memory of its own.
        if self.workers != "auto":
            at_least(0, max(64, 4 * (os.cpu_count() or 1)), workers=self.workers)
        if not self.save_seconds >= 0:
            raise InputError(f"save_seconds is {self.save_seconds}; give 0 or more")


def check_tracker(library: Library) -> None:
    """An `InputError` if a tracker is asked for that is not installed."""
    if library != "none" and find_spec(library) is None:
        raise InputError(f"--track {library} needs {library}: {_INSTALL[library]}")
