"""Settings of models for eigenvalues, eigenvectors, inverses and SVD, typed from the paper."""

from dataclasses import dataclass, field
from typing import Any

EPOCH = 300_000
SIGNS = {"signs": "lapack"}
SYMMETRIC = {"symmetric": True}


@dataclass(frozen=True, kw_only=True)
class Typed:
    """Settings of a model as the paper prints them."""

    table: str
    name: str
    problem: str
    dims: str
    encodings: tuple[str, str]
    layers: tuple[int, int]
    widths: tuple[int, int] = (512, 512)
    heads: tuple[int, int] = (8, 8)
    examples: int | None = None
    law: str = "iid-uniform"
    scale: float | tuple[float, float] = 10.0
    noise: float = 0.0
    options: dict[str, Any] = field(default_factory=dict)


def typed(table: str, name: str, model: str, **others: Any) -> Typed:
    """`model` is such as "inverse 5x5 FP15/P1000 6/1 510/512 10/4".

    These are problem, sizes, encodings, layers, widths (512 each) and heads (8 each).
    """
    problem, dims, encodings, *sizes = model.split()
    first, *second = encodings.split("/")
    names = ("layers", "widths", "heads")
    return Typed(
        table=table,
        name=name,
        problem=problem,
        dims=dims,
        encodings=(first, *(second or [first])),
        **{
            name: tuple(map(int, text.split("/"))) for name, text in zip(names, sizes, strict=False)
        },
        **others,
    )


FROM_THE_PAPER = (
    # Table 6, and the text: 360 million examples for 10x10.
    typed("table06", "5x5-p10-6-6", "eigenvalues 5x5 P10 6/6"),
    typed("table06", "8x8-p1000-6-1", "eigenvalues 8x8 P1000 6/1"),
    typed(
        "table06",
        "10x10-fp15-1-6",
        "eigenvalues 10x10 FP15 1/6 516/516 12/12",
        examples=360_000_000,
    ),
    typed("table06", "5-20-square-fp15-4-4", "eigenvalues 5-20 FP15 4/4"),
    # Tables 7 and 19.
    typed("table07", "8x8-1-8", "eigenvalues 8x8 FP15/P1000 1/8 512/960 8/10"),
    typed("table07", "10x10-1-12", "eigenvalues 10x10 FP15/P1000 1/12 512/1152 8/12"),
    typed("table07", "12x12-1-24", "eigenvalues 12x12 FP15/P1000 1/24 512/1024 8/16"),
    typed("table07", "12x12-1-8", "eigenvalues 12x12 FP15 1/8 512/645 8/15"),
    typed("table19", "8x8-6-1-768-512-heads-8-8-p1000", "eigenvalues 8x8 P1000 6/1 768/512"),
    typed(
        "table19",
        "10x10-1-6-512-516-heads-8-12-fp15-p1000",
        "eigenvalues 10x10 FP15/P1000 1/6 512/516 8/12",
    ),
    typed(
        "table19", "8x8-1-24-512-1032-heads-8-24-fp15", "eigenvalues 8x8 FP15 1/24 512/1032 8/24"
    ),
    # Table 8; signs are LAPACK's.
    typed("table08", "5x5-fp15-p1000-6-1", "eigenvectors 5x5 FP15/P1000 6/1", options=SIGNS),
    typed("table08", "5x5-fp15-1-6", "eigenvectors 5x5 FP15 1/6", options=SIGNS),
    typed("table08", "6x6-p1000-6-1", "eigenvectors 6x6 P1000 6/1", options=SIGNS),
    # Table 9, and section 4.6: 250 million examples.
    typed("table09", "p10-heads-8-8-layers-6-1", "inverse 5x5 P10 6/1", examples=250_000_000),
    typed("table09", "p1000-heads-10-8-layers-6-6", "inverse 5x5 P1000 6/6 510/512 10/8"),
    typed("table09", "fp15-p1000-heads-12-8-layers-6-1", "inverse 5x5 FP15/P1000 6/1 516/512 12/8"),
    typed("table09", "fp15-p1000-heads-10-4-layers-6-1", "inverse 5x5 FP15/P1000 6/1 510/512 10/4"),
    # Table 10; symmetric matrices.
    typed("table10", "singular-values-p10", "singular_values 4x4 P10 2/2", options=SYMMETRIC),
    typed("table10", "svd-p10", "svd 4x4 P10 1/6", options={**SYMMETRIC, **SIGNS}),
    typed("table10", "svd-p1000", "svd 4x4 P1000 6/6", options={**SYMMETRIC, **SIGNS}),
    # Table 12.
    typed("table12", "wigner-a-10", "eigenvalues 5x5 P1000 4/1"),
    typed("table12", "wigner-a-in-1-100", "eigenvalues 5x5 P1000 4/1", scale=(1.0, 100.0)),
    typed("table12", "laplace", "eigenvalues 5x5 P1000 4/1", law="spectrum-laplace"),
    # Table 14: after 60 million examples.
    typed("table14", "p100", "eigenvalues 5x5 P100 4/1", examples=60_000_000),
    typed("table14", "p1000", "eigenvalues 5x5 P1000 4/1", examples=60_000_000),
    typed("table14", "p10000", "eigenvalues 5x5 P10000 4/1", examples=60_000_000),
    # Table 20.
    typed(
        "table20", "uniform-iid-a-1-1000-fp15-6-1", "eigenvalues 5x5 FP15 6/1", scale=(1.0, 1000.0)
    ),
    typed("table20", "positive-a-10-fp15-4-1", "eigenvalues 5x5 FP15 4/1", law="spectrum-positive"),
    typed(
        "table20", "gaussian-iid-a-10-p1000-6-1", "eigenvalues 5x5 P1000 6/1", law="iid-gaussian"
    ),
    # Table 25: then 5-6 and 5-7, for 25 million examples at most.
    typed("table25", "5-7-square-p10", "eigenvalues 5-7 P10 6/6", examples=30_000_000),
    typed("table25", "5-6-square-p1000", "eigenvalues 5-6 P1000 4/1"),
    typed("table25", "5-6-square-p10", "eigenvalues 5-6 P10 6/6"),
    # Table 28.
    typed("table28", "0-01-fp15-4-4-512", "eigenvalues 5x5 FP15 4/4", noise=0.01),
    typed("table28", "0-02-p1000-6-6-1024", "eigenvalues 5x5 P1000 6/6 1024/1024", noise=0.02),
    typed("table28", "0-05-fp15-6-6-512", "eigenvalues 5x5 FP15 6/6", noise=0.05),
    # Figures 1 and 2; epochs on their axes.
    typed("figure1", "eigenvalues-5-15", "eigenvalues 5-15 FP15 6/6", examples=800 * EPOCH),
    typed("figure1", "transposition-5-15-rectangular", "transpose 5-15x5-15 B1999 1/1 256/256"),
    typed(
        "figure1",
        "singular-values-4x4",
        "singular_values 4x4 P1000 4/4",
        examples=300 * EPOCH,
        options=SYMMETRIC,
    ),
    typed(
        "figure2", "addition-10x10-b1999-1-1-layers", "add 10x10 B1999 1/1", examples=140 * EPOCH
    ),
    typed(
        "figure2",
        "eigenvalues-5x5-p1000-2-2-layers",
        "eigenvalues 5x5 P1000 2/2",
        examples=200 * EPOCH,
    ),
    typed(
        "figure2",
        "eigenvectors-5x5-fp15-6-1-layers",
        "eigenvectors 5x5 FP15 6/1",
        examples=500 * EPOCH,
        options=SIGNS,
    ),
)
