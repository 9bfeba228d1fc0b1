"""Encodings again, with embeddings that start at random: what C02, C05 and C07 are judged by too.

The laptop's runs of tables 2, 4 and 6 start each token from the number that it stands for, which
tells a model much of what an encoding should. The paper's do not.
"""

from dataclasses import replace

from ...models import TransformerConfig
from ...runs import Cell, Experiment, Label, Scale
from ..study import Table
from . import table02, table04, table06

_ALIKE = (
    ("transposition", table02.TABLE, {"dims": "3x3"}),
    ("matrix-vector product", table04.TABLE, {"dims": "2x2", "seed": 0}),
    ("eigenvalues", table06.TABLE, {"dims": "2x2"}),
)


def _experiments(scale: Scale) -> list[Experiment]:
    """Of each such run of those tables the one that starts at random; at full size the tables' own
    runs of scale paper do."""
    if scale != "laptop":
        return []
    return [
        _at_random(task, run)
        for task, table, labels in _ALIKE
        for run in table.planned(scale)
        if labels.items() <= run.cells[0].labels.items()
    ]


def _at_random(task: str, run: Experiment) -> Experiment:
    config = run.tokens
    model = TransformerConfig.like(config.model, embedding="random")

    def labels(cell: Cell) -> dict[str, Label]:
        kept = {key: cell.labels.get(key, 0) for key in ("encoding", "tolerance")}
        return {"task": task, **kept}

    return Experiment(
        name=f"{task.split()[-1]}-{run.name}",
        config=replace(config, model=model),
        cells=[replace(cell, labels=labels(cell), paper=None) for cell in run.cells],
    )


TABLE = Table(
    name="random-embeddings",
    label="Random embeddings",
    title="Transposition, products and eigenvalues, with embeddings that start at random",
    section="4.1, 4.3 and 4.4",
    rows=("encoding",),
    columns=("task", "tolerance"),
    runs=_experiments,
    note="The runs of tables 2 (3x3), 4 and 6 (2x2) at the laptop's scale, whose embeddings start "
    "from the numbers that tokens stand for, with such that start at random, as the paper's do; "
    "all else is the same.",
)
