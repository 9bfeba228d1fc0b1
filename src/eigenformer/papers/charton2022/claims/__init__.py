"""What Charton (2022) claims, C01 to C36, and what decides it.

In: `Evidence`, the numbers of tables at a scale. Out: `Finding`s. A claim consists of parts, each a
comparison of trained models or a bound on one of them: it holds if all do, fails if one does, and
is undecided else. Equality is claimed within 10 points, or within a factor of two of examples.
"""

from ...claims import Claim
from . import (
    analyses,
    architectures,
    basics,
    decompositions,
    eigenvalues,
    learning,
    ours,
    robustness,
)

_THEMES = (
    basics,
    eigenvalues,
    decompositions,
    analyses,
    learning,
    robustness,
    architectures,
    ours,
)
CLAIMS: dict[str, Claim] = {
    claim.id: claim
    for claim in sorted(
        (claim for theme in _THEMES for claim in theme.CLAIMS), key=lambda claim: claim.id
    )
}
"""The claims by number, in order."""
