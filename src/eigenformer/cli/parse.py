"""One way for every sub-command to read its options: tyro, always with the same settings."""

import functools
import inspect
import io
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import tyro

from ..core import InputError, unknown
from .mistakes import explain

T = TypeVar("T")

JsonFlag = Annotated[bool, tyro.conf.arg(name="json")]
"""The option --json, for a parameter `as_json`."""

_CONFIG = (
    # A union field keeps the type of its default, so that `--model.width 64` needs no sub-command.
    tyro.conf.AvoidSubcommands,
    # Only docstrings are help; comments in our code say why, to whoever changes it.
    tyro.conf.HelptextFromCommentsOff,
    # A field that no word can stand for is set in Python, so the help leaves it out.
    tyro.conf.SuppressFixed,
)
_COMMAND = (
    *_CONFIG,
    # `--json` needs no `--no-json`, and `--output None` is a file called None.
    tyro.conf.FlagCreatePairsOff,
    tyro.conf.DisallowNone,
    tyro.conf.PositionalMetavarFromFieldName,
)


def parse(command: Callable[..., int], args: Sequence[str], *, prog: str) -> int:
    """Call `command`, a sub-command's body, with the options that `args` give; its exit status.

    The parameters become the options, underscores as hyphens; the docstring becomes the help.
    Options cannot be abbreviated. Wrong ones are an `InputError`; `--help` raises `SystemExit`.
    """
    ready = _read(_postponed(command), args, prog, config=_COMMAND)
    return cast(int, ready())


def run_one_of(
    commands: Mapping[str, Callable[..., int]], args: Sequence[str], *, prog: str, usage: str
) -> int:
    """Run the one of `commands` that `args` begin with; print `usage` if they ask for help."""
    if not args or args[0] in ("--help", "-h"):
        print(usage, end="")
        return 0 if args else 2
    name, *rest = args
    if name not in commands:
        raise unknown(f"{prog} command", name, commands)
    return parse(commands[name], rest, prog=f"{prog} {name}")


def parse_known(
    command: Callable[..., T], args: Sequence[str], *, prog: str
) -> tuple[T, list[str]]:
    """Like `parse`, for any function; the words that it has no use for come back too."""
    ready, rest = _read(_postponed(command), args, prog, config=_COMMAND, return_unknown_args=True)
    return ready(), rest


def override(config: T, args: Sequence[str], *, prog: str, also: Iterable[str] = ()) -> T:
    """`config`, an instance of a dataclass, with fields as `args` give them, nested ones with dots.

    `also` are names of options that were read before, which a misspelt one may have meant.
    """
    return cast(T, _read(type(config), args, prog, config=_CONFIG, also=also, default=config))


def check_output(path: Path | None, *suffixes: str) -> None:
    """Refuse a file that cannot be written, before the work and not after it."""
    if path is None:
        return
    if path.suffix not in suffixes:
        raise InputError(f"--output {path} must end in {' or '.join(suffixes)}")
    if path.is_dir():
        raise InputError(f"--output {path} is a folder; give the name of a file")
    if not path.parent.is_dir():
        raise InputError(f"--output {path}: the folder {path.parent} does not exist; make it first")


def option_names(command: Callable[..., Any]) -> set[str]:
    """Every option of a sub-command's body, such as --batch-size."""
    return _names(_postponed(command), config=_COMMAND)


def _read(
    target: Any, args: Sequence[str], prog: str, also: Iterable[str] = (), **settings: Any
) -> Any:
    help, report = _Capture(), io.StringIO()
    try:
        with redirect_stdout(help), redirect_stderr(report):
            return tyro.cli(target, prog=f"eigenformer {prog}", args=args, **settings)
    except SystemExit as stop:
        if not stop.code:
            print(_folded(help.getvalue()), end="")
            raise
    others_may_follow = settings.pop("return_unknown_args", False)
    known = _names(target, **settings) | set(also)
    if others_may_follow:  # then an option that is not known is not what is wrong
        known |= {word.split("=")[0].replace("_", "-") for word in args}
    raise InputError(explain(report.getvalue(), args, known, f"eigenformer {prog} --help"))


class _Capture(io.StringIO):
    """Takes what is printed, which looks as it would on the real standard output."""

    def __init__(self) -> None:
        super().__init__()
        self._real = sys.stdout

    def isatty(self) -> bool:
        return self._real.isatty()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._real.encoding or "utf-8"


def _names(target: Any, **settings: Any) -> set[str]:
    text = io.StringIO()
    with redirect_stdout(text), suppress(SystemExit):
        tyro.cli(target, args=["--help"], **settings)
    return set(re.findall(r"(?<!\S)--[a-z0-9][a-z0-9.-]*", text.getvalue()))


def _folded(help: str) -> str:
    """`help` with its prose in lines that fit; tyro folds only what is in frames."""
    width = min(80, shutil.get_terminal_size().columns)
    return "\n\n".join(
        part
        if part.startswith(" ") or "╭" in part
        else textwrap.fill(part, width, break_on_hyphens=False, break_long_words=False)
        for part in help.split("\n\n")
    )


def _postponed(command: Callable[..., T]) -> Callable[..., Callable[[], T]]:
    """`command` in two steps, so that reading its options and running it fail separately."""

    @functools.wraps(command)
    def ready(*args: Any, **options: Any) -> Callable[[], T]:
        return functools.partial(command, *args, **options)

    # The help does not say "(default: None)": what happens then is in the docstring.
    unset = tyro.conf.arg(help_behavior_hint="")
    signature = inspect.signature(command, eval_str=True)
    parameters = [
        p.replace(annotation=Annotated[p.annotation, unset]) if p.default is None else p
        for p in signature.parameters.values()
    ]
    ready.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    ready.__annotations__ = {p.name: p.annotation for p in parameters}
    del ready.__wrapped__  # tyro would read its annotations instead
    return ready
