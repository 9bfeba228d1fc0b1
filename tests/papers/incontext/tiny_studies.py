"""Runs of studies made with a few steps, to see that what is measured of them fits together."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from eigenformer.core import from_json, to_json
from eigenformer.incontext import Evaluation, InContextFolder, RunConfig
from eigenformer.papers import Findings
from eigenformer.runs import Experiment
from eigenformer.training import Execution, train


def shrunk(
    runs: Sequence[Experiment], folder: Path, *, steps: int = 2, batch: int = 8
) -> dict[str, InContextFolder]:
    """The runs by name, each trained with `steps` steps of `batch` examples."""
    found = {}
    for run in runs:
        config = RunConfig.of(run.config, run.name)
        tiny = dataclasses.replace(
            config,
            steps=steps,
            batch=batch,
            snapshots=tuple(sorted({min(step, steps) for step in config.snapshots})),
            evaluation=Evaluation(every=steps, size=batch),
        )
        found[run.name] = trained(tiny, folder / run.name)
    return found


def trained(config: RunConfig, folder: Path) -> InContextFolder:
    """A run in a folder of its own."""
    train(config, folder, Execution(quiet=True))
    return InContextFolder(folder)


def there_and_back(findings: Findings) -> Findings:
    """The findings as read from their JSON."""
    text = json.dumps(to_json(findings), allow_nan=False)
    return from_json(Findings, json.loads(text), "findings")
