"""Checks of numbers that a caller gave, by name: `at_least(1, layers=self.layers)`."""

import dataclasses
import math
import os
import re
from collections.abc import Sequence
from typing import Any

from .errors import InputError

MOST = 1e20
"""Where no field says less: above it nothing has a meaning, and squares leave float32's range."""
COUNT = 10**12
"""The most of anything that is counted one by one."""
MOST_LAYERS, MOST_WIDTH, MOST_PLACES = 1000, 100_000, 10**6
"""Of a model: beyond these it could not be built in a day. Places have a vector each."""


def at_least(least: float, most: float = math.inf, **numbers: float | None) -> None:
    """Refuse a number below `least` or above `most`, infinite or nan.

    None stands for one that was left out.
    """
    for name, number in numbers.items():
        if number is None or least <= number <= min(most, MOST):
            continue
        high = number == number and number > least
        bound = f"at most {min(most, MOST):,g}" if high else f"at least {least:g}"
        raise InputError(f"{name} is {_short(number)}; give {bound}")


def positive(most: float = MOST, **numbers: float | None) -> None:
    """Refuse a number that is not positive, or above `most`; None stands for one left out."""
    for name, number in numbers.items():
        if number is not None and not 0 < number <= most:
            above = number == number and 0 < most < number < math.inf
            wanted = f"at most {most:,g}" if above else "a positive number"
            raise InputError(f"{name} is {_short(number)}; give {wanted}")


def fraction(least: float = 0.0, below: bool = False, **numbers: float | None) -> None:
    """Refuse a number outside of `least` to 1; `below`: 1 itself too."""
    for name, number in numbers.items():
        if number is not None and not (least <= number < 1 or (number == 1 and not below)):
            end = "below 1" if below else "to 1"
            raise InputError(f"{name} is {_short(number)}; give a number from {least:g} {end}")


def file_name(**texts: str) -> None:
    """Refuse a text that is to be (part of) a file's name and cannot be."""
    for name, text in texts.items():
        if not re.fullmatch(r"[\w(\[][^/\\\0\n]{0,99}", text):
            raise InputError(f"{name} is {text!r}; give a short name without slashes")


def check_finite(config: object, where: str = "") -> None:
    """Refuse a configuration with a nan, an infinite number, or one beyond 64 bits anywhere in it.

    What a class of one's own doesn't check itself is found here, before anything is written.
    """
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        for field in dataclasses.fields(config):
            check_finite(getattr(config, field.name), f"{where}.{field.name}".lstrip("."))
    elif isinstance(config, tuple | list):
        for i, item in enumerate(config):
            check_finite(item, f"{where}.{i}")
    elif isinstance(config, float) and not math.isfinite(config):
        raise InputError(f"{where} is {config}; give a finite number")
    elif isinstance(config, int) and abs(config) >= 2**63:
        raise InputError(f"{where} is {_short(config)}; give a number of at most 64 bits")


def check_memory(needed: float, what: str) -> None:
    """Refuse what takes more memory than this machine has, with both figures; `what` takes it."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if not needed <= there:
        raise InputError(
            f"{what} would take at least {needed / 2**30:,.0f} GB of memory, and this machine has "
            f"{there / 2**30:,.0f} GB; give smaller sizes"
        )


def _short(number: Any) -> str:
    text = str(number)
    return text if len(text) <= 24 else f"{float(number):.3g}"


def check_tolerances(tolerances: Sequence[float]) -> None:
    """Refuse what is no relative error: what is not positive, and 1, which an answer of 0 has."""
    if not tolerances or not all(0 < tolerance < math.inf for tolerance in tolerances):
        raise InputError(f"tolerances are {tuple(tolerances)}; give positive numbers such as 0.05")
    if max(tolerances) >= 1:
        most = max(tolerances)
        raise InputError(
            f"a tolerance is {most:g}, and from 1 on, which is 100%, an answer of zeros is right; "
            f"for {most:g}% give {most / 100:g}"
        )
