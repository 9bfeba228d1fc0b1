"""Li et al. (2024), "Learning on transformers is provable low-rank and sparse"."""

from pathlib import Path

from ..claims import Claim
from ..paper import Paper, by_id, by_name
from ..references import REFERENCES
from .updates import UPDATES

PAPER = Paper(
    name="li2024",
    title="Learning on transformers is provable low-rank and sparse",
    citation="Li et al. (2024)",
    reference=REFERENCES["li2024"],
    studies=by_name(UPDATES),
    claims=by_id(
        Claim(
            id="N14",
            text="The updates of a one-layer transformer are of low rank and its neurons sparse: "
            "pruning the small ones is free.",
            limits="weights that start at 0.1 in place of 0.05, with which the same rule says "
            "undecided; the rank's 0.093 is at the edge of the 0.1 that is asked",
            studies=("li2024-updates",),
        ),
    ),
    records=Path(__file__).with_name("records"),
)
