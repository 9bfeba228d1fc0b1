"""von Oswald et al. (2023), "Transformers learn in-context by gradient descent"."""

from pathlib import Path

from ..claims import Claim
from ..paper import Paper, by_id, by_name
from ..references import REFERENCES
from .deeper import DEEPER
from .interventions import INTERVENTIONS
from .one_layer import ONE_LAYER

PAPER = Paper(
    name="vonoswald2023",
    title="Transformers learn in-context by gradient descent",
    citation="von Oswald et al. (2023)",
    reference=REFERENCES["vonoswald2023"],
    studies=by_name(ONE_LAYER, DEEPER, INTERVENTIONS),
    claims=by_id(
        Claim(
            id="N08",
            text="A trained layer of linear self-attention is a step of gradient descent; deeper "
            "models are GD++.",
            studies=(
                "vonoswald2023-one-layer",
                "vonoswald2023-deeper",
                "vonoswald2023-interventions",
            ),
        ),
    ),
    records=Path(__file__).with_name("records"),
)
