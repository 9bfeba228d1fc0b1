"""One way for every sub-command to read its options: tyro, always with the same settings."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, overload

import tyro

T = TypeVar("T")

SETTINGS = (
    # A union field keeps the type of its default, so that `--model.width 64` needs no sub-command.
    tyro.conf.AvoidSubcommands,
    # Only docstrings are help; comments in our code say why, to whoever changes it.
    tyro.conf.HelptextFromCommentsOff,
    # A field that no word can stand for is set in Python, so the help leaves it out.
    tyro.conf.SuppressFixed,
)


@overload
def parse(target: Callable[..., T], args: Sequence[str], *, prog: str) -> T: ...
@overload
def parse(target: type[T], args: Sequence[str], *, prog: str, default: T) -> T: ...
def parse(
    target: Any, args: Sequence[str], *, prog: str, default: Any = tyro.MISSING_NONPROP
) -> Any:
    """Call `target` with the options that `args` give, and return what it returns.

    `target` is a dataclass, or a function (a sub-command's body). Its fields or parameters become
    the options, underscores as hyphens, nested ones with dots; their docstrings become the help.
    With `default`, an instance of the dataclass `target`, options override that instance. Options
    cannot be abbreviated.

    `--help` and wrong options end the process (`SystemExit` with status 0 and 2); an `InputError`
    raised by a *function* comes through.
    """
    return tyro.cli(target, prog=f"eigenformer {prog}", args=args, config=SETTINGS, default=default)
