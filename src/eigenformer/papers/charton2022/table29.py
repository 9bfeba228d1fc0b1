"""Table 29: numbers of parameters."""

from ... import encodings
from ...models import StackConfig, TransformerConfig, parameter_count
from ...runs import Label, Measured, Scale
from ..study import Table, Value
from .full_size import pair
from .settings import models_of

PAPER_WORDS = {"P10": 331, "P1000": 1231, "B1999": 2322, "FP15": 29121}
"""Sizes of vocabularies at which appendix G's formula gives the printed numbers, all of them, to
the last digit; they contain words that the paper does not list."""


def _config(layers: str, width: int) -> TransformerConfig:
    encoder, decoder = (
        StackConfig(layers=int(count), width=width, heads=8) for count in pair(layers)
    )
    return TransformerConfig(encoder=encoder, decoder=decoder)


def _computed(scale: Scale) -> list[Value]:
    our_words = {name: len(encodings.get(name).vocabulary) for name in PAPER_WORDS}
    found = []
    for model in models_of("table29"):
        config = _config(model["layers"], int(model["dim"]))
        reads, writes = pair(model["encoding"])
        for metric, words in (("parameters", PAPER_WORDS), ("our parameters", our_words)):
            labels: dict[str, Label] = {**model.labels, "metric": metric}
            count = parameter_count(config, words[reads], words[writes])
            found.append(
                Value(
                    labels=labels,
                    measured=Measured(value=count, unit="count"),
                    paper=labels if metric == "parameters" else None,
                )
            )
    return found


TABLE = Table(
    name="table29",
    title="Numbers of parameters",
    section="G",
    rows=("task", "layers", "dim", "encoding"),
    columns=("metric",),
    computed=_computed,
    note="The same at every scale: counted with the sizes of the paper's vocabularies, then with "
    "those of ours (which `eigenformer paper report table01` gives).",
)
