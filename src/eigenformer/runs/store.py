"""The run store: runs by the hash of their configuration; finished ones are not run again."""

import os
from pathlib import Path

from rich.console import Console

from ..core import InputError, content_hash, to_json
from ..training import Execution, RunFolder, TrainConfig, train


def runs_root() -> Path:
    """Where runs are kept: the folder `runs` here, or the one that EIGENFORMER_RUNS names."""
    return Path(os.environ.get("EIGENFORMER_RUNS", "runs"))


def run_id(config: TrainConfig) -> str:
    """A readable name with the hash of the resolved configuration."""
    task = config.task
    problem = task.problem.name
    identity = to_json(config)
    # A data file, or another run's model, is the same file wherever it lies.
    if config.data is not None:
        identity["data"] = config.data.sha256
    if config.start is not None:
        identity["start"] = config.start.sha256
    return f"{config.recipe}-{problem}-{task.ensemble.dims}-{content_hash(identity)}"


def run(
    config: TrainConfig,
    execution: Execution | None = None,
    root: Path | None = None,
    console: Console | None = None,
) -> RunFolder:
    """Train `config` in its folder of the store; a finished run is returned as it is."""
    folder = (root or runs_root()) / run_id(config)
    return train(config, folder, execution, console)


def find_run(text: str) -> RunFolder:
    """The run called `text`: a path, or the beginning or the hash of a name in the store."""
    if Path(text).is_dir():
        return RunFolder(Path(text))
    root = runs_root()
    found = [p for p in sorted(root.glob("*")) if p.name.startswith(text) or p.name.endswith(text)]
    if len(found) == 1:
        return RunFolder(found[0])
    if found:
        names = ", ".join(path.name for path in found)
        raise InputError(f"{text!r} fits several runs: {names}; give more of the name")
    raise InputError(
        f"no run folder {text!r}, here or in {root}; `eigenformer info` lists the runs"
    )
