"""Table 2: exact transposition."""

from dataclasses import replace

from ...runs import Cell, Experiment, Label, Scale, exact
from ..study import Table
from .full_size import full_size
from .results import paper_table
from .settings import models_of, paper_tokens, slug, with_tests
from .shapes import dims_of

# Ours at laptop scale, the paper's counterpart, the encodings.
_SIZES = (
    ("3x3", "5x5", ("P10", "P1000", "B1999", "FP15")),
    ("2-4 square", "5-15 square", ("P10", "P1000", "B1999", "FP15")),
    ("2-4 rect", "5-15 rect", ("P10", "P1000")),
)
_GPU_BATCH = 64


def _experiments(scale: Scale) -> list[Experiment]:
    if scale == "laptop":
        return [
            _small(encoding, dims, theirs)
            for dims, theirs, encodings in _SIZES
            for encoding in encodings
        ]
    printed = paper_table("table02")
    # Without a number: not run, as its sequences are longer than the paper's 2,000 tokens.
    return [
        _full(scale, model.labels)
        for model in models_of("table02")
        if printed.value(model.labels) is not None
    ]


def _small(encoding: str, dims: str, theirs: str) -> Experiment:
    return Experiment(
        name=slug(dims, encoding),
        config=paper_tokens(
            "transpose",
            dims_of(dims),
            encoding=encoding,
            layers=(1, 1),
            examples=60_000,
            evaluations=2,
        ),
        cells=[
            Cell(
                labels={"encoding": encoding, "dims": dims, "variable": "-" in dims},
                read=exact(),
                paper={"dims": theirs},
            )
        ],
    )


def _full(scale: Scale, labels: dict[str, Label]) -> Experiment:
    dims, encoding = str(labels["dims"]), str(labels["encoding"])
    config = full_size(
        scale, "transpose", dims, encoding=encoding, layers="1/1", dim=256, ours=paper_tokens
    )
    if scale == "gpu":
        # More answers of 900 words out of 29,101 do not fit into its memory.
        config = with_tests(replace(config, batch_size=_GPU_BATCH), evaluations=2)
    return Experiment(
        name=slug(dims, encoding),
        config=config,
        cells=[Cell(labels=labels, read=exact(), paper={})],
    )


TABLE = Table(
    name="table02",
    title="Exact transposition (0% tolerance), for different sizes",
    section="4.1",
    rows=("encoding",),
    columns=("dims",),
    runs=_experiments,
    note="3x3 stands for the paper's fixed sizes, 2 to 4 rows and columns for 5 to 15; width 128 "
    "in place of 256. The paper's tokens: a position for each, hard targets.",
)
