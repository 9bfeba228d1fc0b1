"""Wu et al. (2026), "Looped transformers with layer normalization provably learn the power method".

arXiv 2606.00605. Only its abstract could be read here: the claim is the abstract's, the law of
matrices, the layer and the sizes are ours.
"""

from pathlib import Path

from ..claims import Claim
from ..paper import Paper, by_id, by_name
from ..references import REFERENCES
from .study import POWER

PAPER = Paper(
    name="wu2026",
    title="Looped transformers with layer normalization provably learn the power method",
    citation="Wu et al. (2026)",
    reference=REFERENCES["wu2026"],
    studies=by_name(POWER),
    claims=by_id(
        Claim(
            id="N19",
            text="A looped linear transformer with layer norm that is trained on principal "
            "components alone learns the power method, an iteration a layer; without layer norm "
            "it does not.",
            where="abstract",
            studies=("wu2026-power",),
            limits="directions without layer norm: our layer, which keeps z beside S W z, misses "
            "them too; one that does not keep z can have them, with lengths that are wrong",
        ),
    ),
    records=Path(__file__).with_name("records"),
)
