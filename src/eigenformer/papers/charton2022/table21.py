"""Table 21: sums of matrices by LSTM and GRU."""

from collections.abc import Mapping

from ...runs import Experiment, Label, Scale
from ...training import TrainConfig
from ..study import Table
from .architectures import CELLS, recurrent
from .full_size import full_size
from .settings import as_printed, at_tolerances, models_of, paper_tokens, slug
from .small_runs import inverse_2x2

_PROBLEMS = {"addition": "add", "inversion": "inverse"}
_ENCODING = "P1000"
"""The paper doesn't say which; this one is in table 22 too."""
_SMALL = (
    ("addition", "2x2", "2/2", 256),
    ("addition", "3x3", "2/2", 256),
    ("inversion", "2x2", "2/2", 256),
)
"""Task, size, layers and hidden units."""


def _experiments(scale: Scale) -> list[Experiment]:
    if scale == "laptop":
        return [*_small_recurrent(), *_small_transformers()]
    printed = [
        Experiment(
            name=slug(*model.labels.values()),
            config=_full_recurrent(
                scale,
                "addition",
                model["architecture"],
                model["layers"],
                int(model["hidden"]),
                int(model["embedding"]),
            ),
            cells=as_printed(model),
        )
        for model in models_of("table21", "tolerance")
    ]
    inversion = [
        _added(
            _full_recurrent(scale, "inversion", cell, "2/2", 2048, 512),
            _labels(cell, "inversion", "5x5", "2/2", 2048, 512),
        )
        for cell in CELLS
    ]
    transformers = [
        _added(_full(scale, task), _labels("transformer", task, "5x5", "2/2", None, 512))
        for task in _PROBLEMS
    ]
    return [*printed, *inversion, *transformers]


def _full(scale: Scale, task: str) -> TrainConfig:
    """A transformer's run."""
    return full_size(
        scale, _PROBLEMS[task], "5x5", encoding=_ENCODING, layers="2/2", ours=paper_tokens
    )


def _full_recurrent(
    scale: Scale, task: str, cell: str, layers: str, hidden: int, embedding: int
) -> TrainConfig:
    plain = _full(scale, task)
    return recurrent(plain, cell, layers=layers, hidden=hidden, embedding=embedding)


def _small(task: str, dims: str) -> TrainConfig:
    """A transformer's run; the one for inversion is of table 9."""
    if task == "inversion":
        return inverse_2x2(_ENCODING)
    return paper_tokens(
        "add", dims, encoding=_ENCODING, layers=(2, 2), examples=60_000, evaluations=2
    )


def _small_recurrent() -> list[Experiment]:
    return [
        _added(
            recurrent(_small(task, dims), cell, layers=layers, hidden=hidden, embedding=128),
            _labels(cell, task, dims, layers, hidden, 128),
            {"hidden": 1024, "embedding": 256}
            if (dims, layers, hidden) == ("3x3", "2/2", 256)
            else None,
        )
        for cell in CELLS
        for task, dims, layers, hidden in _SMALL
    ]


def _small_transformers() -> list[Experiment]:
    return [
        _added(_small(task, dims), _labels("transformer", task, dims, layers, None, 128))
        for task, dims, layers in (
            ("addition", "2x2", "2/2"),
            ("addition", "3x3", "2/2"),
            ("inversion", "2x2", "3/1"),
        )
    ]


def _labels(
    architecture: str, task: str, dims: str, layers: str, hidden: int | None, embedding: int
) -> dict[str, Label]:
    return {
        "architecture": architecture,
        "task": task,
        "dims": dims,
        "layers": layers,
        "hidden": hidden,
        "embedding": embedding,
    }


def _added(
    config: TrainConfig, labels: Mapping[str, Label], paper: Mapping[str, Label] | None = None
) -> Experiment:
    return Experiment(
        name=slug(*labels.values()), config=config, cells=at_tolerances(labels, paper)
    )


TABLE = Table(
    name="table21",
    title="Sums of two matrices by LSTM and GRU",
    section="E.1",
    rows=("architecture", "tolerance"),
    columns=("task", "dims", "layers", "hidden", "embedding"),
    runs=_experiments,
    note="3x3 stands for the paper's 5x5, 256 hidden units for 1024. In P1000; the paper names no "
    "encoding. Inversion, which its text says cannot be learned, and transformers with the same "
    "tokens and examples are ours to add. The paper's tokens; the optimizer is that of `fast`.",
)
