"""Words that all reports share."""

from collections.abc import Iterable

from ..papers import State

STATES: dict[State, str] = {"holds": "holds", "fails": "fails", "undecided": "not decided"}
"""Verdicts in words, in the order in which they are shown."""


def counted(states: Iterable[State]) -> list[tuple[State, str, str]]:
    """Each state, how many there are, and the word after the number: "1 holds", "2 hold"."""
    known = list(states)
    numbers = {state: known.count(state) for state in STATES}
    return [
        (state, str(number), STATES[state] if number == 1 else STATES[state].removesuffix("s"))
        for state, number in numbers.items()
    ]


def short_version(version: str) -> str:
    """A commit's hash in ten characters, with "-dirty" if it was; a version number as it is."""
    commit, dash, rest = version.partition("-")
    is_hash = len(commit) == 40 and set(commit) <= set("0123456789abcdef")
    return commit[:10] + dash + rest if is_hash else version
