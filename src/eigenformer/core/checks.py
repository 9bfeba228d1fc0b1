"""Checks of numbers that a caller gave, by name: `at_least(1, layers=self.layers)`."""

from .errors import InputError


def at_least(least: float, **numbers: float | None) -> None:
    """Refuse a number below `least`, or nan; None stands for one that was left out."""
    for name, number in numbers.items():
        if number is not None and not number >= least:
            raise InputError(f"{name} is {number}; give at least {least}")


def positive(**numbers: float | None) -> None:
    """Refuse a number that is not positive and finite; None stands for one that was left out."""
    for name, number in numbers.items():
        if number is not None and not 0 < number < float("inf"):
            raise InputError(f"{name} is {number}; give a positive number")
