"""The one exception that a user's mistake raises."""

import difflib
import errno
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


def system_error(error: OSError) -> str | None:
    """One sentence about a file or disk; None if the error does not say enough for one."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" (writing {error.filename})" if error.filename else ""
        return f"the disk is full{where}; free some space: nothing already saved is lost"
    if error.errno is None:
        return None
    reason = (error.strerror or type(error).__name__).lower()
    if error.filename is None:
        return f"the system refuses to read or write: {reason}; nothing already saved is lost"
    if isinstance(error, PermissionError):
        return f"cannot use {error.filename}: {reason}; check who owns it, or name another place"
    return f"cannot use {error.filename}: {reason}; check the path"
