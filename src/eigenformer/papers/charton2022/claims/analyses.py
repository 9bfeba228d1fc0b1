"""C11, C12 and C35: how models fail, and whether they remember. None is refuted by its analysis."""

from ...claims import Claim, Evidence
from ...findings import Finding
from ...judging import Part, bounded, conclude, jointly, of_full_size, part
from ...sides import SEEDS
from ..memorisation import Memorisation, kept_memorisation

_DEPENDS = 0.1
"""Rank correlation of error and distance from which on a model leans on its training matrices."""


def _memorises(evidence: Evidence) -> Finding:
    records = kept_memorisation()
    if not records:
        return _no_analysis(evidence, "memorisation", "table06")
    all_seeds = jointly([leans(found) for found in records.values()])
    if all_seeds.holds and len(records) < SEEDS:
        all_seeds = part(None, "seeds", all_seeds.text, ())
    return conclude(evidence, all_seeds, beyond=of_full_size(evidence, "table06"))


def leans(found: Memorisation) -> Part:
    """Whether a model's errors depend on how near its training matrices lie."""
    excess, advantage = found.excess, found.advantage["0.05"]
    text = (
        f"{found.model}, {found.n:,} matrices: rank correlation of error and distance to the "
        f"nearest of {found.training_matrices:,} training matrices {found.correlation.value:+.3f}, "
        f"{excess.value:+.3f} ({excess.low:+.3f} to {excess.high:+.3f}) beyond that to as many "
        f"others; a look-up would have {found.lookup.value:+.3f}; training matrices are right "
        f"{100 * advantage.value:+.2f} points ({100 * advantage.low:+.2f} to "
        f"{100 * advantage.high:+.2f}) more often"
    )
    if found.lookup.low < 2 * _DEPENDS:
        return part(None, "missing", text, ())
    inside = excess.low > -_DEPENDS and excess.high < _DEPENDS and advantage.low <= 0.01
    return bounded(text, inside, excess.low > _DEPENDS, "seeds")


def _no_analysis(evidence: Evidence, name: str, table: str) -> Finding:
    text = f"the analysis of {name} has not been kept"
    return conclude(evidence, part(None, "missing", text, ()), beyond=of_full_size(evidence, table))


CLAIMS = (
    Claim(
        id="C11",
        text="Where eigenvectors fail, eigenvalues are right and columns have unit norm, only "
        "orthogonality is lost; the condition number of the predicted basis tells failures.",
        where="section 4.5",
        figures="eigenvalues 100% and norms 99.9% within 5%; 98% of successes below 1.035, 98% of "
        "failures above 1.04",
        limits="the paper's architecture and size: grid transformers of 3x3, which read and write "
        "its tokens",
        studies=("grid-failures",),
    ),
    Claim(
        id="C12",
        text="Inversion fails on ill-conditioned matrices, which their condition number tells; "
        "measured against the true inverse it is far more accurate.",
        where="section 4.6",
        figures="51.5 separates 98% of successes from 98% of failures; 98.2 against 89.6% within "
        "5%",
        limits="the paper's architecture and size: grid transformers of 3x3, which read and write "
        "its tokens",
        studies=("grid-failures",),
    ),
    Claim(
        id="C35",
        text="Models don't memorise: errors do not depend on the distance to the nearest training "
        "matrix.",
        where="section 7",
        figures="no number",
        limits="models that saw each training matrix once",
        studies=("memorisation",),
        decide=_memorises,
    ),
)
