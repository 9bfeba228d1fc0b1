"""Lutz et al. (2025), "Linear transformers implicitly discover unified numerical algorithms".

arXiv 2509.19702. Only its abstract and summaries could be read here: the claims are those of the
abstract, the law of matrices and the sizes are ours.
"""

from pathlib import Path

from ..claims import Claim
from ..paper import Paper, by_id, by_name
from ..references import REFERENCES
from .interventions import INTERVENTIONS
from .study import COMPLETION

PAPER = Paper(
    name="lutz2025",
    title="Linear transformers implicitly discover unified numerical algorithms",
    citation="Lutz et al. (2025)",
    reference=REFERENCES["lutz2025"],
    studies=by_name(COMPLETION, INTERVENTIONS),
    claims=by_id(
        Claim(
            id="N15",
            text="Linear attention trained on block completion converges as a second-order method.",
            where="abstract",
            studies=("lutz2025-completion", "lutz2025-interventions"),
        ),
        Claim(
            id="N16",
            text="The update rule is the same with full visibility, distributed rows and "
            "rank-limited attention.",
            where="abstract",
            studies=("lutz2025-completion",),
        ),
    ),
    records=Path(__file__).with_name("records"),
)
