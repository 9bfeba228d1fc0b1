"""Table 18: the configurations of large models."""

from ...runs import Label, Measured, Scale
from ..study import Table, Value
from .large_models import LARGE_MODELS


def _computed(scale: Scale) -> list[Value]:
    found = []
    for model in LARGE_MODELS:
        numbers = {
            "base_dim": model.base.width,
            "base_heads": model.base.heads,
            "larger_dimension_dim": model.wider.width,
            "more_heads_heads": model.more_heads.heads,
            "more_heads_dim": model.more_heads.width,
        }
        for field, number in numbers.items():
            labels: dict[str, Label] = {
                "model_size": model.name,
                "deep_layers": model.base.layers,
                "field": field,
            }
            found.append(
                Value(
                    labels=labels,
                    measured=Measured(value=number, unit="count"),
                    paper=None if field == "more_heads_dim" else labels,
                )
            )
    return found


TABLE = Table(
    name="table18",
    title="Configurations of large models",
    section="D.3",
    rows=("model_size", "deep_layers"),
    columns=("field",),
    computed=_computed,
    note="The same at every scale: the sizes of the deep side; the shallow side has 1 layer of "
    "width 512 with 8 heads. With more heads the width becomes the nearest that these divide, as "
    "in table 19, which has the models among these that did best.",
)
