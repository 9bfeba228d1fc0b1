"""`eigenformer resume RUN`: go on with an interrupted run, exactly where it stood."""

import tyro

from ..runs import find_run
from ..training import Execution
from .parse import parse
from .train import execute


def main(args: list[str]) -> int:
    return parse(resume, args, prog="resume")


def resume(
    run: tyro.conf.Positional[str],
    execution: tyro.conf.OmitArgPrefixes[Execution] = Execution(),  # noqa: B008  (frozen)
) -> int:
    """Go on with an interrupted training; the result is that of a run never interrupted.

    Args:
        run: run folder, or the name or hash of a run in the store.
        execution: nothing here changes the result.
    """
    folder = find_run(run)
    return execute(folder.config(), execution, folder.path)
