"""`eigenformer resume RUN`: go on with an interrupted run, exactly where it stood."""

from typing import Literal

import tyro

from ..experiments import find_run
from ..training import Execution
from .parse import parse
from .train import execute


def main(args: list[str]) -> int:
    return parse(resume, args, prog="resume")


def resume(
    run: tyro.conf.Positional[str],
    device: Literal["auto", "cpu", "cuda"] = "auto",
    workers: int = 1,
    save_seconds: float = 60.0,
    quiet: bool = False,
) -> int:
    """Go on with an interrupted training; the result is that of a run never interrupted.

    Args:
        run: run folder, or the name or hash of a run in the store.
        device: auto, cpu or cuda.
        workers: background processes that make batches ahead; 0 for none.
        save_seconds: time between saved states.
        quiet: report nothing but the result.
    """
    folder = find_run(run)
    execution = Execution(device=device, workers=workers, save_seconds=save_seconds, quiet=quiet)
    return execute(folder.config(), execution, str(folder.path))
