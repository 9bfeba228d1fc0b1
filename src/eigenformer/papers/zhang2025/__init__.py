"""Zhang et al. (2025), "Training dynamics of in-context learning in linear attention".

arXiv 2501.16265. Its abstract and the authors' program could be read here, its text could not: the
claims are those of the abstract, derivations (`theory`) and most sizes are ours. The losses of the
plateaus are those that the authors' program draws.
"""

from pathlib import Path

from ..claims import Claim
from ..paper import Paper, by_id, by_name
from ..references import REFERENCES
from .study import DYNAMICS

PAPER = Paper(
    name="zhang2025",
    title="Training dynamics of in-context learning in linear attention",
    citation="Zhang et al. (2025)",
    reference=REFERENCES["zhang2025"],
    studies=by_name(DYNAMICS),
    claims=by_id(
        Claim(
            id="N17",
            text="With keys and queries merged the loss of linear attention has one abrupt drop, "
            "whose course is known in closed form.",
            where="abstract",
            studies=("zhang2025-dynamics",),
        ),
        Claim(
            id="N18",
            text="With separate keys and queries the loss falls from plateau to plateau, a "
            "principal component a step.",
            where="abstract",
            studies=("zhang2025-dynamics",),
        ),
    ),
    records=Path(__file__).with_name("records"),
)
