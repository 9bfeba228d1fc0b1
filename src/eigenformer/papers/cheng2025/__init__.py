"""Cheng, Carin and Sra (2025), "Graph transformers dream of electric flow"."""

from pathlib import Path

from ..claims import Claim
from ..paper import Paper, by_id, by_name
from ..references import REFERENCES
from .interventions import INTERVENTIONS
from .study import STUDIES

PAPER = Paper(
    name="cheng2025",
    title="Graph transformers dream of electric flow",
    citation="Cheng et al. (2025)",
    reference=REFERENCES["cheng2025"],
    studies=by_name(*STUDIES, INTERVENTIONS),
    claims=by_id(
        Claim(
            id="N13",
            text="Linear graph transformers solve electric flow and other Laplacian problems, with "
            "the error of the algorithm underneath.",
            studies=(
                "cheng2025-potentials",
                "cheng2025-embedding",
                "cheng2025-heat",
                "cheng2025-interventions",
            ),
        ),
    ),
    records=Path(__file__).with_name("records"),
)
