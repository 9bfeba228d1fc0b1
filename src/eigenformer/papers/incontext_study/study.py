"""A study: the runs that it trains at a scale, and what is measured of them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from ...core import InputError, content_hash, to_json
from ...incontext import InContextFolder, RunConfig
from ...runs.store import stored
from .findings import Findings

Scale = Literal["laptop", "paper"]
"""laptop: sizes at which the finding can show within minutes on two CPU cores; paper: the paper's
own settings."""
SCALES: tuple[Scale, ...] = get_args(Scale)


@dataclass(frozen=True, kw_only=True)
class Run:
    """A training of a study."""

    name: str
    """Unique within its study and scale; lower-case letters, digits and hyphens."""
    config: RunConfig

    def __post_init__(self) -> None:
        _check_name("run", self.name)

    @property
    def path(self) -> Path:
        """Its folder in the run store; studies that share a configuration share the run."""
        return stored(self.config).path

    @cached_property
    def examples(self) -> int:
        """Prompts that training processes; a batch that is used again counts again."""
        return self.config.steps * self.config.batch


@dataclass(frozen=True, kw_only=True)
class Study:
    """The main figure or table of a paper."""

    name: str
    """As on the command line, such as giannou2024-regression."""
    title: str
    paper: str
    """Such as "Giannou et al. (2024)"."""
    section: str
    """Where the paper speaks of it, such as "6, figure 8"."""
    claims: tuple[str, ...]
    """Those that it bears on, such as ("N04",)."""
    runs: Callable[[Scale], Sequence[Run]]
    analyse: Callable[[Scale, Mapping[str, InContextFolder]], Findings]
    """From the finished runs by name to the findings; deterministic, and without training."""
    note: str = ""
    """What differs from the paper at the laptop's scale, and why the finding can show all the
    same."""
    version: int = 1
    """Raised when `analyse` measures something else, so that kept findings are made again."""

    def __post_init__(self) -> None:
        _check_name("study", self.name)

    def planned(self, scale: Scale) -> list[Run]:
        """Its runs, checked to have names of their own."""
        found = list(self.runs(scale))
        if len({run.name for run in found}) < len(found):
            raise InputError(f"{self.name} has two runs of one name at scale {scale}")
        return found

    def identity(self, scale: Scale) -> str:
        """The hash of what the findings depend on."""
        runs = {run.name: to_json(run.config) for run in self.planned(scale)}
        return content_hash({"study": self.name, "version": self.version, "runs": runs})


def _check_name(kind: str, name: str) -> None:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise InputError(
            f"a {kind} is called {name!r}; give lower-case letters and digits, with hyphens between"
        )
