"""Gatmiry et al. (2024), on looped transformers that learn gradient descent."""

from pathlib import Path

from ..claims import Claim
from ..paper import Paper, by_id, by_name
from ..references import REFERENCES
from .interventions import INTERVENTIONS
from .loops import LOOPING
from .optimum import OPTIMUM

PAPER = Paper(
    name="gatmiry2024",
    title="Can looped transformers learn to implement multi-step gradient descent for in-context "
    "learning?",
    citation="Gatmiry et al. (2024)",
    reference=REFERENCES["gatmiry2024"],
    studies=by_name(OPTIMUM, LOOPING, INTERVENTIONS),
    claims=by_id(
        Claim(
            id="N12",
            text="Looped models learn preconditioned gradient descent of several steps, A near the "
            "inverse covariance; more loops than in training lower the loss.",
            studies=(
                "gatmiry2024-optimum",
                "gatmiry2024-loops",
                "gatmiry2024-interventions",
            ),
        ),
    ),
    records=Path(__file__).with_name("records"),
)
