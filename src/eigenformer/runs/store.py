"""The run store: runs by the hash of their configuration; finished ones are not run again."""

import os
from pathlib import Path

from rich.console import Console

from .. import incontext as incontext  # whose runs are a kind
from ..core import InputError
from ..training import KINDS, Execution, Run, RunFolder, train


def runs_root() -> Path:
    """Where runs are kept: the folder `runs` here, or the one that EIGENFORMER_RUNS names."""
    return Path(os.environ.get("EIGENFORMER_RUNS", "runs"))


def stored(run: Run, root: Path | None = None) -> RunFolder:
    """The folder of a run in the store, whether it is there or not."""
    return RunFolder((root or runs_root()) / run.group / run.id)


def run(
    config: Run,
    execution: Execution | None = None,
    root: Path | None = None,
    console: Console | None = None,
) -> RunFolder:
    """Train `config` in its folder of the store; a finished run is returned as it is."""
    return train(config, stored(config, root).path, execution, console)


def stored_runs() -> list[RunFolder]:
    """Every run of the store, kind by kind."""
    groups = dict.fromkeys(getattr(KINDS.item(name), "group", "") for name in KINDS.names())
    paths = [path for group in groups for path in sorted((runs_root() / group).glob("*"))]
    return [RunFolder(path) for path in paths if (path / "config.json").exists()]


def fitting_runs(text: str) -> list[RunFolder]:
    """Runs of the store by the beginning or the hash of a name, or the beginning of a path."""
    return [
        folder
        for folder in stored_runs()
        if folder.path.name.startswith(text)
        or folder.path.name.endswith(text)
        or (os.sep in text and str(folder.path).startswith(os.path.normpath(text)))
    ]


def find_run(text: str) -> RunFolder:
    """The run called `text`: a path or its beginning, or the beginning or the hash of a name."""
    if Path(text).is_dir():
        return RunFolder(Path(text))
    fitting = fitting_runs(text)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(folder.path.name for folder in fitting)
        raise InputError(f"{text!r} fits several runs: {names}; give more of the name")
    raise InputError(
        f"no run folder {text!r}, here or in {runs_root()}; `eigenformer runs list` names them"
    )
