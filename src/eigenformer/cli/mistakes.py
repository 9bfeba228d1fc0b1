"""From the box in which tyro reports a wrong option to one sentence.

tyro has no public way to learn what went wrong, so this reads its words. Where they are not as
expected, because another version words them otherwise, they are passed on as they are.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from itertools import takewhile

_KINDS = {"INT": "whole numbers", "FLOAT": "numbers"}
_RULE = "---"


def explain(box: str, args: Sequence[str], known: Iterable[str], help: str) -> str:
    """One sentence on what is wrong with `args`, where `known` are the options that exist.

    `help` is the command that lists the options.
    """
    hint = f"`{help}` lists the options"
    names = sorted(known)
    for word in args:
        option = word.split("=")[0]
        if option.startswith("--") and option.replace("_", "-") not in names:
            near = difflib.get_close_matches(option, names, n=1, cutoff=0.65)
            meant = f"did you mean {near[0]}? " if near else ""
            return f"unknown option {option}: {meant}{hint}"
    lines = _plain(box).split(_RULE)[0].splitlines()
    first = " ".join(line.strip() for line in lines)
    if first.startswith("Missing from"):
        # Indented by four: the option; by more: its help.
        missing = [line.strip() for line in lines if re.match(r" {4}\S", line)]
        return f"{' and '.join(missing)} must be given; {hint}"
    if found := re.match(r"Missing value for argument '(\S+)'. Expected (\d+)", first):
        count = "a value" if found[2] == "1" else f"{found[2]} values"
        return f"{found[1]} needs {count}; {hint}"
    if found := re.match(r"Unrecognized options: (.*)", first):
        return f"{found[1]} is more than this command takes; {hint}"
    if found := re.match(r"invalid choice '(.*)' for argument '(\S+)'\D+of \((.*)\)", first):
        return f"{found[2]} is {found[1]!r}, but it takes one of {found[3]}"
    if found := re.match(r"Error parsing (--[^\s:/]+)", first):
        kind = re.search(rf"{re.escape(found[1])} \W*(\w+)", _plain(box).split(_RULE, 1)[-1])
        what = _KINDS.get(kind[1], kind[1]) if kind else "something else"
        return f"{found[1]} is {_value(found[1], args)!r}, but it takes {what}; {hint}"
    if found := re.match(r"Error parsing ([\w.<>'-]+): (.*)", first):
        nested = any(name.startswith(f"--{found[1]}.") for name in names)
        return f"{found[1]}: {found[2]}" if nested else found[2]
    return (first or "the options cannot be understood").rstrip(".") + f"; {hint}"


def _plain(box: str) -> str:
    """The text in a box, without colours, frame (which not every terminal gets) and title."""
    bare = re.sub(r"\x1b\[[0-9;]*m", "", box).splitlines()[1:]
    lines = [re.sub(r"^(│ |  ?)|\s*│?$", "", line) for line in bare if not line.startswith("╰")]
    marked = [_RULE if re.fullmatch("[─-]{3,}", line) else line for line in lines]
    return "\n".join(marked[1:] if marked[:1] == [_RULE] else marked)


def _value(option: str, args: Sequence[str]) -> str:
    """What follows `option`, up to the next option."""
    for i, word in enumerate(args):
        name, _, value = word.partition("=")
        if name.replace("_", "-") == option:
            rest = takewhile(lambda word: not word.startswith("--"), args[i + 1 :])
            return value or " ".join(rest)
    return ""
