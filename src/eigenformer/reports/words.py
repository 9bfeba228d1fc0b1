"""Words that all reports share."""

from ..papers import State

STATES: dict[State, str] = {"holds": "holds", "fails": "fails", "undecided": "not decided"}
"""Verdicts in words, in the order in which they are shown."""


def verdict_word(state: State, number: int) -> str:
    """The state in words after a number: "1 holds", "2 hold"."""
    words = STATES[state]
    return words if number == 1 else words.removesuffix("s")


def short_version(version: str) -> str:
    """A commit's hash in ten characters, with "-dirty" if it was; a version number as it is."""
    commit, dash, rest = version.partition("-")
    is_hash = len(commit) == 40 and set(commit) <= set("0123456789abcdef")
    return commit[:10] + dash + rest if is_hash else version
