"""C32 and C33: claims of our own, decided by rounding and by the runs of the efficiency study."""

from collections.abc import Mapping
from functools import cache

from .... import encodings, ensembles, problems
from ....core import rng
from ....core.display import duration
from ....core.places import shipped_models
from ....encodings import draw_pairs
from ....evaluation import TOLERANCES, Proportion
from ....runs import Records
from ....training import RunFolder
from ....zoo.facts import FRESH
from ...claims import Claim, Evidence
from ...efficiency import PAPER as EFFICIENCY
from ...efficiency import Amount, Case, Entry, ablation_of, accuracies
from ...findings import Finding
from ...judging import Part, bounded, conclude, of_full_size, part
from ...sides import SEEDS, percent, proportion
from ..results import paper_table

_AT_CEILING, _BELOW = 0.05, 0.15
"""Differences from the ceiling: within the one a model is at it, beyond the other it is not."""
_LIFT = 0.2
_TIMES = 10
_BEST = {"encoding": "FP15/P1000", "heads": "12/8", "layers": "6/1"}


def _ceiling(evidence: Evidence) -> Finding:
    reached = {
        f"{100 * tolerance:g}%": (paper_value(tolerance), ceilings()["P1000"][tolerance])
        for tolerance in TOLERANCES
    }
    gaps = [ceiling.value - value for value, ceiling in reached.values()]
    told = ", ".join(
        f"{100 * value:.1f} of {proportion(ceiling)} at {at}"
        for at, (value, ceiling) in reached.items()
    )
    at_ceiling = bounded(
        f"the paper's best 5x5 model reaches {told}",
        all(abs(gap) <= _AT_CEILING for gap in gaps),
        max(gaps) >= _BELOW,
    )
    tight = min(TOLERANCES)
    three, four = (ceilings()[name][tight] for name in ("P1000", "P10000"))
    lifted = bounded(
        f"with four digits the ceiling is {proportion(four)} in place of {proportion(three)} at "
        f"{100 * tight:g}%",
        four.interval[0] - three.interval[1] >= _LIFT,
        four.interval[1] <= three.interval[0],
    )
    told = "a 5x5 model with more digits passes the ceiling of three"
    shipped = shipped_inversion()
    if shipped is not None:
        ours, ceiling = shipped
        told += f"; our 2x2 model has {proportion(ours)} of {proportion(ceiling)} within 5%"
    passed = part(None, "missing", told, ())
    return conclude(evidence, at_ceiling, lifted, passed, beyond=of_full_size(evidence, "table09"))


def paper_value(tolerance: float) -> float:
    """The paper's best accuracy on 5x5 inverses, a fraction."""
    found = paper_table("table09").value({**_BEST, "tolerance": 100 * tolerance})
    assert found is not None
    return found / 100


@cache
def ceilings(n: int = 10_000, seed: int = 0) -> Mapping[str, Mapping[float, Proportion]]:
    """Accuracy of true 5x5 inverses, by encoding and tolerance, when all is rounded to it.

    As `evaluate` finds it: inverses, rounded, are judged by what they do to rounded matrices. FP15
    has as many digits as P1000.
    """
    problem = problems.get("inverse")
    ensemble = ensembles.get("iid-uniform", dims="5x5")
    inputs, answers = draw_pairs(problem, ensemble, rng(seed, "test:ceilings"), n, 0.0)
    found = {}
    for name in ("P1000", "P10000"):
        encoding = encodings.get(name)
        seen, readable = encoding.rounded(inputs)
        best, writable = encoding.rounded(answers)
        kept = readable & writable
        error = problem.errors(seen[kept], answers[kept], best[kept]).scores["l1"]
        found[name] = {
            t: Proportion(count=int((error < t).sum()), n=len(error)) for t in TOLERANCES
        }
    return found


def shipped_inversion() -> tuple[Proportion, Proportion] | None:
    """Accuracy within 5% of the shipped 2x2 model, and its ceiling."""
    path = shipped_models().get("inverse-2x2")
    if path is None:
        return None
    evaluations = RunFolder(path).evaluations(FRESH)
    result = evaluations[max(evaluations)]
    ours, ceiling = (
        Proportion(count=of["count"], n=of["n"])
        for of in (result[key][result["score"]]["0.05"] for key in ("accuracy", "ceiling"))
    )
    return ours, ceiling


def _initialisation(evidence: Evidence) -> Finding:
    ablation = ablation_of(Records(EFFICIENCY.records))
    pairs = (
        (
            "`fast` with tokens embedded in place of values, whose positions are sums of tokens",
            ablation.without["value-features"],
            ablation.without["number-embeddings"],
        ),
        ("the paper's recipe", ablation.alone["number-embeddings"], ablation.nothing),
    )
    twin = "`fast-same-tokens`: number-aware against random initialisation"
    parts = [
        part(None, "missing", twin, ()),
        *(_initialised(ablation.case, *pair) for pair in pairs),
    ]
    case = ablation.case
    longer = _TIMES * case.fast
    kept = [record for _, *pair in pairs for entry in pair for record in entry.records.values()]
    pace = max((one.seconds / one.examples for one in kept if one.examples), default=0.0)
    return conclude(
        evidence,
        *parts,
        beyond=f"{case.name} with each initialisation, three seeds a side, until "
        f"{percent(case.target)}% are right, the random one for {_TIMES} times the examples of the "
        f"other: {longer:,} and more a run, about {duration(longer * pace)}",
    )


def _initialised(case: Case, name: str, aware: Entry, random: Entry) -> Part:
    """Examples until the target with both initialisations; accuracies beside them say nothing."""
    ours, theirs = accuracies(aware), accuracies(random)
    if ours is None or theirs is None:
        return part(None, "missing", f"{name}: number-aware against random initialisation", ())
    key = f"{case.tolerance:g}"
    seeds = min(len(aware.records), len(random.records))
    text = (
        f"{name}, {case.name}, {seeds} seed{'s' * (seeds > 1)}: number-aware initialisation "
        f"{percent(ours[key])}, random {percent(theirs[key])} within {100 * case.tolerance:g}% "
        f"after {case.fast:,} examples"
    )
    ratio = _ratio(aware.needed(), random.needed())
    if ratio is None:
        return part(None, "learning", text, ())
    text += f"; {'at least ' * ratio.at_least}{ratio.value:.1f} times fewer"
    if ratio.value < _TIMES and ratio.at_least:
        return part(None, "learning", text, ())
    return part(ratio.value >= _TIMES if seeds >= SEEDS else None, "seeds", text, ())


def _ratio(ours: Amount | None, theirs: Amount | None) -> Amount | None:
    return None if ours is None or theirs is None else theirs.over(ours)


CLAIMS = (
    Claim(
        id="C32",
        text="Inversion is limited by the digits of its encoding, not by the model: the best 5x5 "
        "result is the rounding ceiling, which more digits lift.",
        where="ours; table 9",
        figures="90.0, 81.8, 60.0 and 24.7% within 5, 2, 1 and 0.5%",
        studies=("table09",),
        decide=_ceiling,
    ),
    Claim(
        id="C33",
        text="Initialising embeddings by the numbers that tokens stand for, with the same tokens "
        "and architecture, cuts the examples needed by an order of magnitude.",
        where="ours",
        figures="none",
        studies=("efficiency",),
        decide=_initialisation,
    ),
)
