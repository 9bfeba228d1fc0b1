"""Fu et al. (2024), "Transformers learn to achieve second-order convergence rates".

Layers of a trained causal softmax transformer matched with steps of Newton's iteration and of
gradient descent, on isotropic and on ill-conditioned data.
"""

from pathlib import Path

from ..claims import Claim
from ..paper import Paper, by_id, by_name
from ..references import REFERENCES
from .ill_conditioned import STUDY as ILL_CONDITIONED
from .similarity import STUDY as SIMILARITY

PAPER = Paper(
    name="fu2024",
    title="Transformers learn to achieve second-order convergence rates",
    citation="Fu et al. (2024)",
    reference=REFERENCES["fu2024"],
    studies=by_name(SIMILARITY, ILL_CONDITIONED),
    claims=by_id(
        Claim(
            id="N06",
            text="Layers of a trained softmax transformer match steps of Newton's iteration "
            "linearly (about three a layer), and those of gradient descent exponentially.",
            studies=("fu2024-similarity",),
        ),
        Claim(
            id="N07",
            text="On ill-conditioned data transformers keep Newton's rate, where gradient descent "
            "needs about a hundred times as many steps.",
            studies=("fu2024-ill-conditioned",),
        ),
    ),
    records=Path(__file__).with_name("records"),
)
