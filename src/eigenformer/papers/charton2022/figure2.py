"""Figure 2: learning curves, loss and accuracy."""

from typing import Any

from ...runs import Cell, Experiment, Label, Scale, accuracy
from ...training import TrainConfig
from ..study import Table
from .full_size import full_size
from .settings import paper_tokens, slug
from .small_runs import eigenvalues_3x3

_ADDITION = (
    ("P10", "2/2"),
    ("P1000", "2/2"),
    ("B1999", "2/2"),
    ("B1999", "1/1"),
    ("FP15", "2/2"),
    ("FP15", "1/1"),
)
_EIGENVALUES = (
    ("P10", "6/6"),
    ("P10", "4/1"),
    ("P1000", "4/1"),
    ("P1000", "2/2"),
    ("B1999", "6/6"),
    ("FP15", "6/1"),
)
_EIGENVECTORS = (
    ("P10", "4/4"),
    ("P10", "6/6"),
    ("P1000", "4/4"),
    ("P1000", "6/1"),
    ("FP15/P1000", "6/1"),
    ("FP15", "6/1"),
)
_INVERSION = (
    ("P10", "6/1", "8/8"),
    ("P1000", "6/1", "8/8"),
    ("P1000", "6/6", "10/8"),
    ("P1000", "6/1", "12/8"),
    ("FP15/P1000", "6/1", "10/4"),
    ("FP15/P1000", "6/1", "12/8"),
)
"""Layers as in table 9, the caption of the figure has 6/1 for all."""
_LAPTOP = (("P1000", "2/1"), ("P1000", "4/1"), ("FP15", "2/1"))


def _experiments(scale: Scale) -> list[Experiment]:
    if scale == "laptop":
        return [
            _experiment(
                "eigenvalues 3x3",
                eigenvalues_3x3(encoding, layers),
                f"{encoding} {layers} layers",
            )
            for encoding, layers in _LAPTOP
        ]
    vectors: dict[str, Any] = {"score": "paper"}
    if scale == "paper":
        vectors["signs"] = "lapack"
    return [
        *(_full(scale, "add", "addition 10x10", *model) for model in _ADDITION),
        *(_full(scale, "eigenvalues", "eigenvalues 5x5", *model) for model in _EIGENVALUES),
        *(
            _full(scale, "eigenvectors", "eigenvectors 5x5", *model, **vectors)
            for model in _EIGENVECTORS
        ),
        *(_full(scale, "inverse", "inversion 5x5", *model) for model in _INVERSION),
    ]


def _full(
    scale: Scale,
    problem: str,
    panel: str,
    encoding: str,
    layers: str,
    heads: str = "8/8",
    **options: Any,
) -> Experiment:
    config = full_size(
        scale,
        problem,
        panel.split()[-1],
        encoding=encoding,
        layers=layers,
        heads=heads,
        ours=paper_tokens,
        **options,
    )
    of_what = f"{heads} heads" if problem == "inverse" else f"{layers} layers"
    return _experiment(panel, config, f"{encoding} {of_what}")


def _experiment(panel: str, config: TrainConfig, model: str) -> Experiment:
    """Final accuracies; the curves are in the record."""
    labels: dict[str, Label] = {"panel": panel, "model": model}
    return Experiment(
        name=slug(panel, model),
        config=config,
        cells=tuple(
            Cell(labels={**labels, "tolerance": tolerance}, read=accuracy(tolerance / 100))
            for tolerance in (5, 1)
        ),
    )


TABLE = Table(
    name="figure2",
    title="Learning curves: loss, and accuracy within 5% and 1%",
    section="D.1",
    rows=("panel", "model"),
    columns=("tolerance",),
    runs=_experiments,
    curves="learning",
    note="3x3 eigenvalues by three models of tables 6 and 7, scored 25 times on 2,000 matrices. "
    "Losses are those of training, per token; as no example comes twice, they are those of a test "
    "too. Numbers are those at the end of the curves.",
)
