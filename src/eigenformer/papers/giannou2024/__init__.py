"""Giannou et al. (2024), "How well can transformers emulate in-context Newton's method?"

Trained linear self-attention beside Newton's iteration, layer norm in and out of distribution,
logistic regression, and the constructed networks of the paper's lemma and theorems measured.
"""

from pathlib import Path

from ..claims import Claim
from ..paper import Paper, by_id, by_name
from ..references import REFERENCES
from .constructions import STUDY as CONSTRUCTIONS
from .interventions import STUDY as INTERVENTIONS
from .layer_norm import STUDY as LAYER_NORM
from .logistic import STUDY as LOGISTIC
from .regression import STUDY as REGRESSION

PAPER = Paper(
    name="giannou2024",
    title="How well can transformers emulate in-context Newton's method?",
    citation="Giannou et al. (2024)",
    reference=REFERENCES["giannou2024"],
    studies=by_name(CONSTRUCTIONS, REGRESSION, LAYER_NORM, LOGISTIC, INTERVENTIONS),
    claims=by_id(
        Claim(
            id="N01",
            where="lemma 4.1",
            text="Two layers of linear attention with two heads and width 4d make one step of "
            "Newton's iteration for any matrix; one layer does if it is symmetric.",
            studies=("giannou2024-constructions",),
        ),
        Claim(
            id="N02",
            where="theorem 4.2",
            text="T + 3 layers of width 4d + 3 predict by T steps of Newton's iteration; the depth "
            "grows as log kappa + log log 1/eps.",
            studies=("giannou2024-constructions",),
        ),
        Claim(
            id="N03",
            where="theorem 5.1",
            text="Damped Newton on the regularised logistic loss is a transformer of 11 + 2k "
            "layers a step; k + 6 suffice.",
            studies=("giannou2024-constructions",),
        ),
        Claim(
            id="N04",
            where="figure 8",
            text="Trained linear self-attention lies between Newton's iterations of order 2 and "
            "order 3; gains stop after about four layers.",
            limits="the authors' model, which was not trained: this one has one head, full P and "
            "Q, and half the size, d = 5; it is better than order 3, and Newton starts at "
            "S / (lmax^2 + lmin^2)",
            studies=("giannou2024-regression", "giannou2024-interventions"),
        ),
        Claim(
            id="N05",
            where="figure 9",
            text="Layer norm helps in distribution; far out of distribution depth hurts.",
            studies=("giannou2024-layer-norm",),
        ),
    ),
    records=Path(__file__).with_name("records"),
)
