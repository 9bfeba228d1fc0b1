"""The one exception that a user's mistake raises."""

import difflib
from collections.abc import Iterable

_MOST_NAMES = 60
"""Known names that are listed; deep networks have thousands of activations."""


class InputError(ValueError):
    """Something the caller gave cannot be used.

    The message is one sentence that names the offending value and says what to do; the command line
    prints it alone, without a traceback, and exits with status 2.
    """


def unknown(kind: str, name: str, allowed: Iterable[str]) -> InputError:
    """An `InputError` for an unknown name, with the nearest known one."""
    names = sorted(allowed)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    known = ", ".join(names[:_MOST_NAMES]) or "none"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return InputError(f"unknown {kind} {name!r}: {hint}known are {known}{more}")
