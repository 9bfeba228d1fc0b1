"""Vladymyrov et al. (2024), "Linear transformers are versatile in-context learners"."""

from pathlib import Path

from ..claims import Claim
from ..paper import Paper, by_id, by_name
from ..references import REFERENCES
from .mixed_noise import MIXED_NOISE
from .structure import STRUCTURE

PAPER = Paper(
    name="vladymyrov2024",
    title="Linear transformers are versatile in-context learners",
    citation="Vladymyrov et al. (2024)",
    reference=REFERENCES["vladymyrov2024"],
    studies=by_name(MIXED_NOISE, STRUCTURE),
    claims=by_id(
        Claim(
            id="N11",
            text="Linear transformers adapt to mixed noise and match tuned ridge regression with "
            "five layers or more; diagonal ones suffice.",
            studies=("vladymyrov2024-mixed-noise",),
        ),
    ),
    records=Path(__file__).with_name("records"),
)
