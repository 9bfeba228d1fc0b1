"""Ahn et al. (2024), "Linear attention is (maybe) all you need": how training goes."""

from pathlib import Path

from ..claims import Claim
from ..paper import Paper, by_id, by_name
from ..references import REFERENCES
from .optimisation import OPTIMISATION

PAPER = Paper(
    name="ahn2024",
    title="Linear attention is (maybe) all you need",
    citation="Ahn et al. (2024)",
    reference=REFERENCES["ahn2024"],
    studies=by_name(OPTIMISATION),
    claims=by_id(
        Claim(
            id="N10",
            text="Shallow linear transformers show what training of large ones does: Adam far "
            "ahead of SGD, heavy-tailed gradient noise, a larger robust condition number.",
            studies=("ahn2024-optimisation",),
        ),
    ),
    records=Path(__file__).with_name("records"),
)
