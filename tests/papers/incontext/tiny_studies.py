"""Runs of studies made with a few steps, to see that what is measured of them fits together."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from eigenformer.core import from_json, to_json
from eigenformer.incontext import Evaluation, InContextFolder, load_run
from eigenformer.papers.incontext_study import Findings, Run
from eigenformer.training import Execution, train


def shrunk(
    runs: Sequence[Run], folder: Path, *, steps: int = 2, batch: int = 8
) -> dict[str, InContextFolder]:
    """The runs by name, each trained with `steps` steps of `batch` examples."""
    made = {}
    for run in runs:
        short = dataclasses.replace(
            run.config,
            steps=steps,
            batch=batch,
            snapshots=tuple(sorted({min(step, steps) for step in run.config.snapshots})),
            evaluation=Evaluation(every=steps, size=batch),
        )
        train(short, folder / run.name, Execution(quiet=True))
        made[run.name] = load_run(folder / run.name)
    return made


def there_and_back(findings: Findings) -> Findings:
    """The findings as read from their JSON."""
    text = json.dumps(to_json(findings), allow_nan=False)
    return from_json(Findings, json.loads(text), "findings")
