"""`eigenformer completion bash|zsh|words`: what the shell offers after Tab."""

import contextlib
import io
import re
from collections.abc import Sequence

from ..core import unknown

USAGE = """\
usage: eigenformer completion bash|zsh

Prints a script that completes commands, options, models and runs. For bash:

  eval "$(eigenformer completion bash)"     (a line for ~/.bashrc)
"""
_SCRIPT = """\
_eigenformer() {
  local word="${COMP_WORDS[COMP_CWORD]}"
  local before=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
  COMPREPLY=($(compgen -W "$(eigenformer completion words "${before[@]}" 2>/dev/null)" -- "$word"))
}
complete -o default -F _eigenformer eigenformer
"""


def main(args: list[str]) -> int:
    if not args or args[0] in ("--help", "-h"):
        print(USAGE, end="")
        return 0 if args else 2
    kind, *before = args
    if kind == "words":
        print(*words(before))
    elif kind in ("bash", "zsh"):
        start = "autoload -U +X bashcompinit && bashcompinit\n" if kind == "zsh" else ""
        print(start + _SCRIPT, end="")
    else:
        raise unknown("shell", kind, ("bash", "zsh"))
    return 0


def words(before: Sequence[str]) -> list[str]:
    """What can stand after these words: commands, or sub-commands, options and names."""
    from . import COMMANDS

    if not before:
        return [*COMMANDS, "--help", "--version", "--plugin"]
    command, *rest = before
    if command not in COMMANDS:
        return []
    helped = _help(command, [*rest[:1], "--help"]) if rest else ""
    usage = _help(command, ["--help"])
    inner = re.findall(rf"^(?:usage:)? +eigenformer {command} ([a-z][a-z-]*)", usage, re.MULTILINE)
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9.-]*", helped or usage))
    names = () if rest and inner and rest[0] not in inner else _names(before)
    return [*sorted(options), *([] if rest else dict.fromkeys(inner)), *names]


def _help(command: str, args: list[str]) -> str:
    from . import module_of

    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit, ValueError):
        module_of(command).main(args)
    return text.getvalue()


def _names(before: Sequence[str]) -> list[str]:
    """Names that the last word asks for."""
    from .. import problems
    from ..core.places import shipped_models

    command, last = before[0], before[-1]
    if last == "--problem" or before == ["solve"]:
        return list(problems.names())
    if last == "--model" or command in ("evaluate", "explain") or [*before] == ["models", "card"]:
        return list(shipped_models())
    if [*before] == ["circuits", "show"] or last == "--circuits":
        from ..circuits.members import names

        return list(names())
    if command == "cite":
        from ..papers.citing import known_names

        return known_names()
    if command == "train" and len(before) == 1:
        from ..runs.recipes.listing import recipe_names

        return recipe_names()
    return []
