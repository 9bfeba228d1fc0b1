"""Drops of a loss curve and the plateaus between them, without knowing where they should be."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

_WINDOW = 8
"""Steps between points over which a slope is taken: one point's noise is no drop."""
_FLAT = 0.05
"""Of the whole fall: where the loss falls by less in an e-fold of time it is flat."""
_LEAST = 0.03
"""Of the whole fall: a stretch that falls by less is no drop."""


@dataclass(frozen=True, kw_only=True)
class Staircase:
    """What a curve consists of."""

    drops: tuple[float, ...]
    """When it falls fastest, drop by drop."""
    plateaus: tuple[float, ...]
    """The median loss between each two drops."""
    places: tuple[int, ...]
    """The point in the middle, in log time, between each two drops."""


def staircase(times: Sequence[float], losses: Sequence[float]) -> Staircase:
    """Drops are stretches that are not flat (times above 0, points close in log time)."""
    log, loss = np.log(times), np.asarray(losses)
    fall = loss.max() - loss.min()
    speed = (loss[:-_WINDOW] - loss[_WINDOW:]) / (log[_WINDOW:] - log[:-_WINDOW])
    steep = np.concatenate([[False], speed > _FLAT * fall, [False]])
    starts, ends = (np.flatnonzero(np.diff(steep.astype(int)) == way) for way in (1, -1))
    # A slope from i to i + window belongs to its middle; the stretch reaches from end to end.
    stretches = [
        (first, last - 1 + _WINDOW)
        for first, last in zip(starts.tolist(), ends.tolist(), strict=True)
        if loss[first] - loss[last - 1 + _WINDOW] > _LEAST * fall
    ]
    drops = [
        first + int(np.argmax(speed[first : last - _WINDOW + 1])) + _WINDOW // 2
        for first, last in stretches
    ]
    gaps = [sorted((before[1], after[0])) for before, after in pairwise(stretches)]
    return Staircase(
        drops=tuple(float(times[place]) for place in drops),
        plateaus=tuple(float(np.median(loss[first : last + 1])) for first, last in gaps),
        places=tuple((first + last) // 2 for first, last in gaps),
    )
