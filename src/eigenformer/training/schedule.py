"""The learning rate's multiple at a step."""

import math

from .config import ScheduleConfig


def rate_multiple(schedule: ScheduleConfig, step: int, steps: int) -> float:
    """The multiple of the full rate for step `step` (from 0) of `steps`."""
    warmup = schedule.warmup_steps
    warm = min(1.0, (step + 1) / warmup) if warmup else 1.0
    if schedule.shape == "constant":
        return warm
    start = min(warmup, steps - 1) if schedule.falls == "after-warmup" else 0
    done = min(1.0, max(0.0, (step - start) / (steps - start)))
    left = 1 - done if schedule.shape == "linear" else 0.5 * (1 + math.cos(math.pi * done))
    return warm * (schedule.floor + (1 - schedule.floor) * left)
