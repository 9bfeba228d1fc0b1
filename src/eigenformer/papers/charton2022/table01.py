"""Table 1: the four encodings."""

import numpy as np

from ... import encodings
from ...ensembles import Matrices
from ...runs import Label, Measured, Scale
from ..study import Table, Value

ENCODINGS = ("P10", "P1000", "B1999", "FP15")
_EXAMPLES = {"example_3.14": 3.14, "example_-6.02e23": -6.02e23}


def spelled(encoding: encodings.Encoding, number: float) -> str:
    """The words of a coefficient, or that the encoding has none for it."""
    ids, ok = encoding.try_encode(Matrices.of(np.array([[[number]]])))
    return " ".join(encoding.words(ids)[0][encoding.prefix :]) if ok.all() else "out of range"


def _values(name: str) -> list[Value]:
    encoding = encodings.get(name)
    spellings: dict[str, Label] = {
        field: spelled(encoding, number) for field, number in _EXAMPLES.items()
    }
    counts = {
        "tokens_per_coefficient": encoding.tokens_per_number,
        "vocabulary_size": len(encoding.vocabulary) - encoding.first_number,
        "vocabulary_size_with_dimensions": len(encoding.vocabulary),
    }
    return [
        Value(
            labels={"encoding": name, **spellings, "field": field},
            measured=Measured(value=count, unit="count"),
            paper=None
            if field == "vocabulary_size_with_dimensions"
            else {"encoding": name, "field": field},
        )
        for field, count in counts.items()
    ]


def _computed(scale: Scale) -> list[Value]:
    return [value for name in ENCODINGS for value in _values(name)]


TABLE = Table(
    name="table01",
    title="Four encodings for matrix coefficients",
    section="2.1",
    rows=("encoding", *_EXAMPLES),
    columns=("field",),
    computed=_computed,
    note="The same at every scale: computed from the encodings. The paper's vocabulary sizes are "
    "rounded; ours count the words that spell numbers (mantissas start at 0, so that digits can be "
    "spelled one by one), and beside them those for dimensions, <eos> and <pad> too. FP15 has no "
    "word for -6.02e23, which the paper's table prints all the same.",
)
