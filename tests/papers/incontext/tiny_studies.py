"""Runs of studies made with a few steps, to see that what is measured of them fits together."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from eigenformer.core import from_json, to_json
from eigenformer.incontext import Evaluation, InContextFolder, train
from eigenformer.papers import Findings
from eigenformer.papers.study import Run


def shrunk(
    runs: Sequence[Run], folder: Path, *, steps: int = 2, batch: int = 8
) -> dict[str, InContextFolder]:
    """The runs by name, each trained with `steps` steps of `batch` examples."""
    return {
        run.name: train(
            dataclasses.replace(
                run.config,
                steps=steps,
                batch=batch,
                snapshots=tuple(sorted({min(step, steps) for step in run.config.snapshots})),
                evaluation=Evaluation(every=steps, size=batch),
            ),
            folder / run.name,
        )
        for run in runs
    }


def there_and_back(findings: Findings) -> Findings:
    """The findings as read from their JSON."""
    text = json.dumps(to_json(findings), allow_nan=False)
    return from_json(Findings, json.loads(text), "findings")
