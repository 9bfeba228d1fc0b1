"""The command line: `eigenformer COMMAND ...`.

In: the words after `eigenformer`. Out: an exit status, 0 for success, 1 for trouble with a file or
the disk, 2 for a mistake in what the user gave, 130 after Ctrl-C.

Each sub-command is one file here with `main(args) -> int` and no logic of its own; this file finds
it, and turns the errors that a user can mend into one sentence. It imports nothing heavy itself, so
that the overview answers at once.
"""

import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

COMMANDS = {
    "demo": "train a small model here, score it, solve a matrix with it",
    "train": "train a model by a recipe, into a run folder",
    "resume": "go on with an interrupted training, exactly where it stood",
    "runs": "the runs that were made here: list them, show, curves, remove",
    "sweep": "train a recipe for each combination of some values, side by side",
    "paper": "Charton (2022) table by table: run, report, what holds",
    "incontext": "papers on in-context learning: studies, reports, what holds",
    "evaluate": "score a run or a model on seeded test sets",
    "explain": "what a model of any size learned, beside the classical algorithms",
    "solve": "answer a matrix from a file, and say whether to believe it",
    "construct": "networks with computed weights: list, show, check, run, plot",
    "circuits": "networks whose truth is known, to score methods that look for it",
    "app": "the playground: a page to ask models, build networks and compare",
    "export-page": "a page for any browser: networks answer and can be looked into",
    "models": "the trained models that come along: list, show a card, add one",
    "cite": "what to cite for a run, a model, a study or a claim, as BibTeX",
    "data": "export problems and answers as files, or look into such files",
    "info": "show versions, the machine, and what is registered",
    "bench": "benchmarks: speed, sample efficiency, inference, start",
    "speedrun": "the race: who trains to an accuracy in the least time; enter it",
    "completion": "a script for the shell, which completes commands and options",
}
"""Every sub-command, in the order of the overview; each is a module here, `x-y` as `x_y`."""

LEAST_COLUMNS = 40
"""Narrower than that no table can be laid out, and trying takes minutes."""

OVERVIEW = """\
usage: eigenformer COMMAND [options]

Transformers that do linear algebra, learned or constructed, beside LAPACK.

commands:
{commands}

options:
  --help     show this text; after a command, what that command takes
  --version  show the version
  --debug    show the traceback of an error
  --plugin   a Python file that registers models, problems, ... of your own

examples:
  eigenformer demo
  eigenformer solve inverse "4 1; 2 3"
  eigenformer solve eigenvalues matrix.csv
"""


def overview() -> str:
    width = max(map(len, COMMANDS))
    lines = (f"  {name:<{width}}  {summary}" for name, summary in COMMANDS.items())
    return OVERVIEW.format(commands="\n".join(lines))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (the process's own by default) and return its exit status."""
    # With contended cores, threads that spin while they wait cost up to 10x. OpenMP reads this
    # once, when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    args = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in args
    _mend_surroundings()
    args = [arg for arg in args if arg != "--debug"]
    try:
        status = _dispatch(args, debug)
        sys.stdout.flush()  # Here, so that a closed pipe shows up where it is handled.
    except KeyboardInterrupt:
        if debug:
            raise
        return _complain("interrupted", 130)
    except BrokenPipeError:
        # The reader (`| head`) has left. Python flushes once more at exit, into nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + 13
    except OSError as error:
        from ..core import system_error

        sentence = system_error(error)
        if debug or sentence is None:
            raise
        return _complain(f"error: {sentence}", 1)
    return status


def _mend_surroundings() -> None:
    """A terminal of no width, and standard streams that were closed (`>&-`)."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) < LEAST_COLUMNS:
        os.environ["COLUMNS"] = str(LEAST_COLUMNS)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, io.StringIO())


def _dispatch(args: list[str], debug: bool) -> int:
    if not args or args[0] in ("--help", "-h", "help"):
        print(overview(), end="")
        return 0
    if args[0] == "--version":
        from importlib.metadata import version

        print(f"eigenformer {version('eigenformer')}")
        return 0

    from ..core import InputError, unknown

    try:
        command, *rest = _with_plugins(args)
        if command not in COMMANDS:
            raise unknown("command", command, COMMANDS)
        status: int = module_of(command).main(rest)
    except SystemExit as done:  # After `COMMAND --help`.
        return int(done.code or 0)
    except InputError as error:
        if debug:
            raise
        return _complain(f"error: {error}", 2)
    return status


def module_of(command: str) -> ModuleType:
    """The file behind a sub-command; it has `main`."""
    return importlib.import_module(f".{command.replace('-', '_')}", __name__)


def _with_plugins(args: list[str]) -> list[str]:
    """The words without each --plugin FILE, which this process and its children now know."""
    from ..core.registry import add_plugin_file

    kept, words = [], iter(args)
    for word in words:
        option, equals, file = word.partition("=")
        if option == "--plugin":
            add_plugin_file(Path(file if equals else next(words, "")))
        else:
            kept.append(word)
    return kept


def _complain(message: str, status: int) -> int:
    print(f"eigenformer: {message}", file=sys.stderr)
    return status
