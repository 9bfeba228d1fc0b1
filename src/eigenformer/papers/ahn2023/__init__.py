"""Ahn et al. (2023), "Transformers learn to implement preconditioned gradient descent"."""

from pathlib import Path

from ..claims import Claim
from ..paper import Paper, by_id, by_name
from ..references import REFERENCES
from .depth import DEPTH
from .interventions import INTERVENTIONS
from .minimiser import MINIMISER
from .preconditioner import PRECONDITIONER

PAPER = Paper(
    name="ahn2023",
    title="Transformers learn to implement preconditioned gradient descent",
    citation="Ahn et al. (2023)",
    reference=REFERENCES["ahn2023"],
    studies=by_name(MINIMISER, PRECONDITIONER, DEPTH, INTERVENTIONS),
    claims=by_id(
        Claim(
            id="N09",
            text="Trained linear transformers of several layers do preconditioned gradient "
            "descent: Sigma^(1/2) A Sigma^(1/2) tends to a multiple of the identity.",
            studies=(
                "ahn2023-minimiser",
                "ahn2023-preconditioner",
                "ahn2023-depth",
                "ahn2023-interventions",
            ),
        ),
    ),
    records=Path(__file__).with_name("records"),
)
