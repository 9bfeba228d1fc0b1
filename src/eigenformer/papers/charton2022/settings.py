"""What the runs of a scale share; cells of tables, and the models that a table of the paper tells
apart."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...models import TransformerConfig
from ...runs import Cell, Label, accuracy
from ...runs.recipes import fast
from ...training import EvaluationConfig, LossConfig, TestSet, TrainConfig
from ..sides import TOLERANCES
from .results import paper_table


def paper_tokens(
    problem: str,
    dims: str,
    *,
    encoding: str = "P1000",
    layers: tuple[int, int] = (2, 1),
    width: int = 128,
    heads: int | None = None,
    examples: int = 60_000,
    evaluations: int = 10,
    **others: Any,
) -> TrainConfig:
    """`fast` with the paper's tokens: one position a token, an answer token by token, hard targets.

    For claims about encodings, architectures, norms or learning curves, which `fast`'s one position
    a coefficient and soft targets would decide in another way. Number-aware initialisation, Muon,
    small batches, layer norms before each block, GELU and the short schedule stay. `others` are
    parameters of `fast`.
    """
    config = fast(
        problem,
        dims,
        encoding=encoding,
        layers=layers,
        width=width,
        heads=heads,
        examples=examples,
        **others,
    )
    return replace(
        with_tests(config, evaluations=evaluations),
        recipe="fast-paper-tokens",
        model=TransformerConfig.like(config.model, norm="pre", embedding="number"),
        loss=LossConfig(soft_width=0.0),
    )


def with_tests(
    config: TrainConfig, *tests: TestSet, evaluations: int = 1, score: str | None = None
) -> TrainConfig:
    """`config` scored `evaluations` times on `tests`, or on 10,000 matrices of its ensemble."""
    return replace(
        config,
        evaluation=EvaluationConfig(
            every=max(1, -(-config.examples // evaluations)),
            tests=tests or (TestSet(),),
            score=score or config.evaluation.score,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class PaperModel:
    """A model of the paper, by what its cells share, and the labels of its cells."""

    labels: dict[str, Label]
    cells: tuple[dict[str, Label], ...]

    def __getitem__(self, key: str) -> str:
        """A label as text, which is what most are."""
        return str(self.labels[key])


def models_of(name: str, *within: str) -> list[PaperModel]:
    """The models of the paper's table `name`, in its order.

    Cells that differ in the keys `within` only, such as "tolerance", are of one model.
    """
    found: dict[str, list[dict[str, Label]]] = {}
    for cell in paper_table(name).cells:
        found.setdefault(repr(_without(cell.labels, within)), []).append(cell.labels)
    return [
        PaperModel(labels=_without(cells[0], within), cells=tuple(cells))
        for cells in found.values()
    ]


def as_printed(model: PaperModel, score: str | None = None) -> tuple[Cell, ...]:
    """A cell for each of the model's, which must be accuracies at tolerances."""
    return tuple(
        Cell(labels=labels, read=accuracy(as_fraction(labels["tolerance"]), score=score), paper={})
        for labels in model.cells
    )


def at_tolerances(
    labels: Mapping[str, Label],
    paper: Mapping[str, Label] | None = None,
    *,
    tolerances: Sequence[float] = TOLERANCES,
    test: str = "test",
    score: str | None = None,
) -> tuple[Cell, ...]:
    """A cell for each tolerance (percent), beside the paper's with `labels` changed by `paper`."""
    return tuple(
        Cell(
            labels={"tolerance": tolerance, **labels},
            read=accuracy(as_fraction(tolerance), test, score),
            paper=paper,
        )
        for tolerance in tolerances
    )


def as_fraction(label: Label) -> float:
    """A label in percent, such as a tolerance, as a fraction."""
    assert isinstance(label, int | float)
    return label / 100


def slug(*parts: Label) -> str:
    """A name for an experiment: lower-case letters, digits and hyphens."""
    return re.sub("[^a-z0-9]+", "-", "-".join(str(part) for part in parts).lower()).strip("-")


def _without(labels: Mapping[str, Label], keys: Sequence[str]) -> dict[str, Label]:
    return {key: value for key, value in labels.items() if key not in keys}
