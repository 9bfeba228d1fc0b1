"""Where eigenvectors and inverses of 3x3 matrices fail (4.5 and 4.6), by three grid transformers.

They read and write the paper's tokens. Seq2seq models of the laptop's size learn neither at 3x3,
and a basis of the plane has one angle, so that at 2x2 there is little orthogonality to lose.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ...evaluation import Proportion
from ...runs import SCALES, Experiment, Scale
from ...runs.recipes import grid
from ...training import TokenFolder
from ...zoo.load import load
from ..findings import Finding, Findings, Number, State, Why
from ..judging import Part, part
from ..sides import proportion
from ..study import Analysis
from .failures import FailureRecord, failures

SEEDS = (0, 1, 2)
_EXAMPLES = {"eigenvectors": 60_000, "inverse": 150_000}
_MATRICES = 10_000
_FEW = 50
"""Failures that their properties are judged by, at least."""
_SEPARATES, _DOES_NOT = 0.98, 0.9
"""Shares of successes and of failures on their sides of a threshold: the paper's, and too few."""
_SURVIVES, _LOST = 0.9, 0.5


def _runs(scale: Scale) -> Sequence[Experiment]:
    return [
        Experiment(
            name=f"{problem}-3x3-{seed}",
            config=grid(problem, "3x3", layers=4, examples=examples, seed=seed),
        )
        for problem, examples in _EXAMPLES.items()
        for seed in SEEDS
    ]


def analyse(scale: Scale, folders: Mapping[str, Any]) -> Findings:
    found = {
        problem: [failures_of(folders[f"{problem}-3x3-{seed}"]) for seed in SEEDS]
        for problem in _EXAMPLES
    }
    return Findings(
        numbers=tuple(
            number
            for problem, records in found.items()
            for number in shares(f"{problem} 3x3", records)
        ),
        verdicts={
            "C11": verdict([eigenvectors_fail(one) for one in found["eigenvectors"]]),
            "C12": verdict([inversions_fail(one) for one in found["inverse"]]),
        },
    )


def failures_of(folder: TokenFolder, *settings: str) -> FailureRecord:
    """Of the model of a run, with settings that its weights don't depend on."""
    solver = load(str(folder.path), settings=settings)
    return failures(solver, solver.task, _MATRICES)


def verdict(seeds: Sequence[Sequence[Part]]) -> Finding:
    """From the parts that each seed's model has: one holds if it does in every seed.

    None fails: how a model fails that was trained for longer is not known.
    """
    parts = [_agreed(same) for same in zip(*seeds, strict=True)]
    state: State = "holds" if all(one.holds for one in parts) else "undecided"
    return Finding(
        state=state,
        sentence="; ".join(one.sentence for one in parts),
        would_decide="" if state == "holds" else "the same runs at twice the length, and more",
        parts=tuple(one.found for one in parts),
    )


def _agreed(seeds: Sequence[Part]) -> Part:
    whys = {one.why for one in seeds}
    text = "; ".join(f"seed {at}: {one.text}" for at, one in enumerate(seeds))
    holds = all(one.holds for one in seeds)
    return part(holds or None, "edge" if len(whys) > 1 else whys.pop(), text, ())


def eigenvectors_fail(found: FailureRecord) -> list[Part]:
    """Eigenvalues and norms survive, orthogonality does not, and a condition number tells."""
    values, norms, dots = (
        found.measures[name].failures["0.05"]
        for name in ("eigenvalues", "column_norms", "column_dots")
    )
    return [
        _survives(f"{_count(found)}, with right eigenvalues", found, values),
        _survives("with right norms of columns", found, norms),
        _told(
            f"with orthogonal columns {proportion(dots)}",
            found,
            dots.interval[1] <= _LOST,
            dots.interval[0] > _LOST,
        ),
        _separated(found, "basis_condition", "the basis's"),
    ]


def inversions_fail(found: FailureRecord) -> list[Part]:
    """A condition number tells; half of the failures are near the true inverse."""
    near = found.measures["distance"].everywhere["0.05"]
    wrong, far = 1 - found.right.value, 1 - near.value
    text = (
        f"within 5% of the true inverse {proportion(near)}, right by the paper's score "
        f"{proportion(found.right)}"
    )
    holds = far <= wrong / 2 and near.interval[0] > found.right.interval[1]
    return [
        _separated(found, "condition", f"{_count(found)}; the matrix's"),
        _told(text, found, holds, near.interval[1] < found.right.interval[1]),
    ]


def _count(found: FailureRecord) -> str:
    return f"{found.n - found.right.count:,} failures of {found.n:,}"


def _survives(what: str, found: FailureRecord, share: Proportion) -> Part:
    low, high = share.interval
    return _told(f"{what} {proportion(share)}", found, low >= _SURVIVES, high < _SURVIVES)


def _separated(found: FailureRecord, name: str, whose: str) -> Part:
    split = found.predictors[name].separation
    if split is None:  # all are right
        return part(None, "size", f"{whose} condition number has nothing to separate", ())
    shares = (split.successes_below, split.failures_above)
    return _told(
        f"{whose} condition number {split.threshold:.4g} has {proportion(shares[0])} of successes "
        f"below and {proportion(shares[1])} of failures above",
        found,
        all(one.interval[0] >= _SEPARATES for one in shares),
        any(one.interval[1] < _DOES_NOT for one in shares),
    )


def _told(text: str, found: FailureRecord, yes: bool, no: bool) -> Part:
    few = found.n - found.right.count < _FEW
    why: Why = "size" if few else "learning" if no else "edge"
    return part(True if yes and not few else None, why, text, ())


def shares(name: str, records: Sequence[FailureRecord]) -> list[Number]:
    """What is right, and of the failures what still is: means and ranges over the seeds."""
    found = {"right within 5%": [one.right.value for one in records]}
    for measure in records[0].measures:
        of_failures = [one.measures[measure].failures["0.05"].value for one in records]
        found[f"failures with {measure.replace('_', ' ')} within 5%"] = of_failures
    return [
        Number(name=f"{name}: {key}", value=sum(v) / len(v), low=min(v), high=max(v))
        for key, v in found.items()
    ]


TABLE = Analysis(
    name="grid-failures",
    title="Where eigenvectors and inverses of 3x3 matrices fail, by grid transformers",
    section="4.5 and 4.6",
    runs=_runs,
    analyse=analyse,
    scales=SCALES,  # the same at each
    note="Grid transformers of 4 layers, P1000 in and out, three training seeds, 3x3 in place of "
    "5x5. Right is what the paper calls so, which for eigenvectors leaves orthogonality out.",
)
