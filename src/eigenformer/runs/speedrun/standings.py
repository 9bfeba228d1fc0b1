"""What is kept of a race: one JSON file an entry, and how it is compared with another run of it."""

import re
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from ...core import InputError, from_json, load_json, save_json, to_json
from .tracks import TRACKS, Track, track_of

SEEDS = 3
FOLDER = Path(__file__).with_name("records")
_JOINS = "-"


@dataclass(frozen=True, kw_only=True)
class Lap:
    """One training from nothing."""

    seed: int
    """Of the initial weights and of the training examples."""
    test_seed: int
    """Of the matrices that it was judged by; drawn when the configuration was fixed."""
    reached: bool
    why: str
    """How it ended, in a few words."""
    accuracy: float
    """At the end, on `matrices` that no look before had seen; a fraction."""
    matrices: int
    examples: int
    """Processed, a repeated one counted again."""
    seconds: float
    """Processor time of training on one thread, without the referee's looks."""
    wall_seconds: float
    product_seconds: float
    """Processor time of the fixed product, timed before, between and after: the median."""

    @property
    def products(self) -> float:
        """Fixed products that could have been computed in its time: what is raced for."""
        return self.seconds / self.product_seconds


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An entry's race on one track: a row of the table."""

    track: str
    entry: str
    """The recipe's name, or that of its file."""
    who: str
    date: str
    commit: str
    machine: str
    command: str
    seed: int
    """With --seed: the same training, with the same examples and accuracies."""
    told: str
    """What the network is told of the problem; "" if nothing."""
    source: str | None
    """The text of the entry's file."""
    config: dict[str, Any]
    laps: tuple[Lap, ...]

    def __post_init__(self) -> None:
        track_of(self.track)
        if not self.laps:
            raise InputError(f"a record of {self.entry} on {self.track} has no laps")

    @property
    def reached(self) -> bool:
        """Whether every lap did, and there are as many as are asked for."""
        return len(self.laps) >= SEEDS and all(lap.reached for lap in self.laps)

    @property
    def products(self) -> float:
        """The median of the laps: the score, where the target was reached."""
        return median(lap.products for lap in self.laps)

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the most of the laps."""
        every = [lap.products for lap in self.laps]
        return min(every), max(every)

    @property
    def file(self) -> str:
        """The name of its file: a later record of the same entry takes its place."""
        return f"{self.track}-{re.sub('[^A-Za-z0-9]+', _JOINS, self.entry)}.json"

    def reproduced_by(self, again: "Standing") -> bool:
        """Whether another run of the same entry ended as this one.

        Both reached the target, and their spreads overlap; or neither reached it.
        """
        if not (self.reached and again.reached):
            return self.reached == again.reached
        (low, high), (least, most) = self.spread, again.spread
        return least <= high and low <= most


def read_standings(*folders: Path) -> list[Standing]:
    """The records of these folders: by track, who is not there yet first, then the slowest.

    The order in which records were broken, so that the best is the last.
    """
    found = [
        from_json(Standing, load_json(file), str(file))
        for folder in folders
        for file in sorted(folder.glob("*.json"))
    ]
    order = [track.name for track in TRACKS]
    return sorted(found, key=lambda s: (order.index(s.track), s.reached, -s.products, s.entry))


def best(standings: list[Standing], track: Track) -> Standing | None:
    """The record of a track; None where nobody has reached it."""
    there = [s for s in standings if s.track == track.name and s.reached]
    return min(there, key=lambda standing: standing.products, default=None)


def save_standing(standing: Standing, folder: Path) -> Path:
    """Write the record's file, and say where."""
    folder.mkdir(parents=True, exist_ok=True)
    save_json(folder / standing.file, to_json(standing))
    return folder / standing.file
