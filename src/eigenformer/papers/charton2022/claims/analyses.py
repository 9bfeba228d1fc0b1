"""C11, C12 and C35: decided by kept analyses of models that come with the package.

One model a claim: it shows what it shows, and its failure to show something refutes nothing.
"""

from ...claims import Claim, Evidence
from ...findings import Finding
from ...judging import Part, bounded, conclude, of_full_size, part
from ...sides import proportion
from ..failures import FailureRecord, Measure, kept_failures
from ..memorisation import Memorisation, kept_memorisation
from ..separate import Separation

_SEPARATES, _DOES_NOT = 0.98, 0.9
"""Shares of successes and of failures on their sides of a threshold: the paper's, and too few."""
_SURVIVES = 0.9
_LOST = 0.5
_FEW = 50
"""Failures that their properties are judged by, at least."""
_DEPENDS = 0.1
"""Rank correlation of error and distance from which on a model leans on its training matrices."""


def _eigenvectors_fail(evidence: Evidence) -> Finding:
    found = kept_failures().get("eigenvectors-2x2")
    if found is None:
        return _no_analysis(evidence, "failures of eigenvectors-2x2", "table08")
    failures = found.n - found.right.count
    text = f"{found.model}, {failures:,} failures of {found.n:,}"
    if failures < _FEW:
        return _few_failures(evidence, text, "table08")
    survive = [
        _survives(found, name, words)
        for name, words in (("eigenvalues", "eigenvalues"), ("column_norms", "norms of columns"))
    ]
    orthogonal = found.measures["column_dots"].failures["0.05"]
    lost = bounded(
        f"failures with orthogonal columns {proportion(orthogonal)}, below 50% expected",
        orthogonal.interval[1] <= _LOST,
        orthogonal.interval[0] > _LOST,
        "size",  # one angle makes both columns of a basis of the plane
    )
    separated = _separated(found.predictors["basis_condition"].separation, "the basis's")
    first = part(survive[0].holds, survive[0].why, f"{text}: {survive[0].text}", ())
    return conclude(
        evidence, first, *survive[1:], lost, separated, beyond=of_full_size(evidence, "table08")
    )


def _survives(found: FailureRecord, name: str, words: str) -> Part:
    right = found.measures[name].failures["0.05"]
    low, high = right.interval
    text = f"failures with right {words} {proportion(right)}, at least 90% expected"
    return bounded(text, low >= _SURVIVES, high < _SURVIVES, "size")


def _separated(found: Separation | None, whose: str) -> Part:
    if found is None:
        return part(None, "missing", f"{whose} condition number has nothing to separate", ())
    text = (
        f"{whose} condition number {found.threshold:.4g} has {proportion(found.successes_below)} "
        f"of successes below and {proportion(found.failures_above)} of failures above"
    )
    shares = (found.successes_below, found.failures_above)
    return bounded(
        text,
        all(one.interval[0] >= _SEPARATES for one in shares),
        any(one.interval[1] < _DOES_NOT for one in shares),
        "seeds",
    )


def _inversions_fail(evidence: Evidence) -> Finding:
    found = kept_failures().get("inverse-2x2")
    if found is None:
        return _no_analysis(evidence, "failures of inverse-2x2", "table09")
    failures = found.n - found.right.count
    text = f"{found.model}, {failures:,} failures of {found.n:,}"
    if failures < _FEW:
        return _few_failures(evidence, text, "table09")
    separated = _separated(found.predictors["condition"].separation, "the matrix's")
    distance: Measure = found.measures["distance"]
    near = distance.everywhere["0.05"]
    wrong, far = 1 - found.right.value, 1 - near.value
    truth = bounded(
        f"within 5% of the true inverse {proportion(near)}, right by the paper's score "
        f"{proportion(found.right)}: {100 * far:.1f} of {100 * wrong:.1f}% failures remain",
        far <= wrong / 2 and near.interval[0] > found.right.interval[1],
        near.interval[1] < found.right.interval[1],
        "seeds",
    )
    first = part(separated.holds, separated.why, f"{text}: {separated.text}", ())
    return conclude(evidence, first, truth, beyond=of_full_size(evidence, "table09"))


def _memorises(evidence: Evidence) -> Finding:
    records = kept_memorisation()
    if not records:
        return _no_analysis(evidence, "memorisation", "table06")
    return conclude(
        evidence,
        *(_leans(found) for found in records.values()),
        beyond=of_full_size(evidence, "table06"),
    )


def _leans(found: Memorisation) -> Part:
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


def _few_failures(evidence: Evidence, text: str, table: str) -> Finding:
    return conclude(evidence, part(None, "size", text, ()), beyond=of_full_size(evidence, table))


CLAIMS = (
    Claim(
        id="C11",
        text="Where eigenvectors fail, eigenvalues are right and columns have unit norm, only "
        "orthogonality is lost; the condition number of the predicted basis tells failures.",
        where="section 4.5",
        figures="eigenvalues 100% and norms 99.9% within 5%; 98% of successes below 1.035, 98% of "
        "failures above 1.04",
        limits="one 2x2 model of `fast`, a basis of which has one angle",
        studies=("failures",),
        decide=_eigenvectors_fail,
    ),
    Claim(
        id="C12",
        text="Inversion fails on ill-conditioned matrices, which their condition number tells; "
        "measured against the true inverse it is far more accurate.",
        where="section 4.6",
        figures="51.5 separates 98% of successes from 98% of failures; 98.2 against 89.6% within "
        "5%",
        limits="one 2x2 model of `fast`",
        studies=("failures",),
        decide=_inversions_fail,
    ),
    Claim(
        id="C35",
        text="Models don't memorise: errors do not depend on the distance to the nearest training "
        "matrix.",
        where="section 7",
        figures="no number",
        limits="one model, which saw each training matrix once",
        studies=("memorisation",),
        decide=_memorises,
    ),
)
