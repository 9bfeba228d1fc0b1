"""Where grids and size-free networks fail, what tells it, and whether they remember."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...core import InputError
from ...evaluation import Proportion
from ...runs import Experiment, Scale
from ...runs.recipes import grid, sizefree
from ...training import TokenFolder
from ...zoo.load import load
from ..charton2022.failures import FailureRecord, failures
from ..charton2022.memorisation import Memorisation, memorisation
from ..findings import Finding, Findings, Number
from ..judging import Part, answer, part
from ..sides import proportion
from ..study import Analysis
from .data import run as eigenvalue_run

SEEDS = (0, 1, 2)
_MATRICES = 10_000
_NEIGHBOURS = 2_000
_FEW = 50
"""Failures that their properties are judged by, at least."""
_SURVIVES, _LOST = 0.9, 0.5
_SEPARATES, _DOES_NOT = 0.98, 0.9
_DEPENDS = 0.1
# As in the claims of Charton's that these repeat: C11, C12 and C35.


def _runs(scale: Scale) -> Sequence[Experiment]:
    found = []
    for seed in SEEDS:
        vectors = grid("eigenvectors", "3x3", layers=4, examples=60_000, seed=seed)
        inverses = sizefree("inverse", "5x5", examples=1_000_000, seed=seed)
        values = eigenvalue_run("grid", "Wigner").repeated(seed=seed)
        found += [
            Experiment(name=f"eigenvectors-3x3-{seed}", config=vectors),
            Experiment(name=f"inverse-5x5-{seed}", config=inverses),
            Experiment(name=f"eigenvalues-5x5-{seed}", config=values.config),
        ]
    return found


def analyse(scale: Scale, folders: Mapping[str, Any]) -> Findings:
    vectors = [_failures(folders[f"eigenvectors-3x3-{seed}"]) for seed in SEEDS]
    # Repeated until a residual is small, hardly an inverse fails.
    inverses = [_failures(folders[f"inverse-5x5-{seed}"], "passes=1") for seed in SEEDS]
    remembered = [_memory(folders[f"eigenvalues-5x5-{seed}"]) for seed in SEEDS]
    numbers = [
        *_numbers("eigenvectors 3x3, grid", vectors),
        *_numbers("inverse 5x5, blocks in one pass", inverses),
    ]
    return Findings(
        numbers=tuple(numbers),
        verdicts={
            "O04": _finding(_of_seeds([_eigenvectors_fail(one) for one in vectors])),
            "O05": _finding(_of_seeds([_inversions_fail(one) for one in inverses])),
            "O06": _finding([[_leans(one) for one in remembered]]),
        },
    )


def _failures(folder: TokenFolder, *settings: str) -> FailureRecord:
    solver = load(str(folder.path), settings=settings)
    found = failures(solver, solver.task, _MATRICES)
    if found.n - found.right.count < _FEW:
        raise InputError(
            f"{folder.path.name} fails on {found.n - found.right.count} of {found.n} matrices, too "
            f"few to say how; give it fewer examples"
        )
    return found


def _memory(folder: TokenFolder) -> Memorisation:
    return memorisation(load(str(folder.path)), folder.config(), _NEIGHBOURS)


def _of_seeds(parts: Sequence[Sequence[Part]]) -> list[list[Part]]:
    """Part by part, what each seed says."""
    return [list(same) for same in zip(*parts, strict=True)]


def _finding(parts: Sequence[Sequence[Part]]) -> Finding:
    """A part holds or fails if it does in every seed; nothing of it is a question of accuracy."""
    joined = [_agreed(seeds) for seeds in parts]
    states = {one.state for one in joined}
    state = states.pop() if len(states) == 1 else "fails" if "fails" in states else "undecided"
    return Finding(
        state=state,
        sentence="; ".join(one.sentence for one in joined),
        would_decide="more training seeds" if state == "undecided" else "",
        parts=tuple(one.found for one in joined),
    )


def _agreed(seeds: Sequence[Part]) -> Part:
    answers = {one.holds for one in seeds}
    text = "; ".join(f"seed {seed}: {one.text}" for seed, one in zip(SEEDS, seeds, strict=True))
    return part(answers.pop() if len(answers) == 1 else None, "close", text, ())


def _eigenvectors_fail(found: FailureRecord) -> list[Part]:
    text = f"{found.n - found.right.count:,} failures of {found.n:,}"
    values, norms, dots = (
        found.measures[name].failures["0.05"]
        for name in ("eigenvalues", "column_norms", "column_dots")
    )
    return [
        _bounded(f"{text}, with right eigenvalues {proportion(values)}", values, _SURVIVES),
        _bounded(f"with right norms of columns {proportion(norms)}", norms, _SURVIVES),
        part(
            answer(dots.interval[1] <= _LOST, dots.interval[0] > _LOST),
            "edge",
            f"with orthogonal columns {proportion(dots)}",
            (),
        ),
    ]


def _bounded(text: str, share: Proportion, bound: float) -> Part:
    low, high = share.interval
    return part(answer(low >= bound, high < bound), "edge", text, ())


def _inversions_fail(found: FailureRecord) -> list[Part]:
    split = found.predictors["condition"].separation
    assert split is not None  # there are right answers and wrong ones
    shares = (split.successes_below, split.failures_above)
    told = part(
        answer(
            all(one.interval[0] >= _SEPARATES for one in shares),
            any(one.interval[1] < _DOES_NOT for one in shares),
        ),
        "edge",
        f"the condition number {split.threshold:.4g} has {proportion(shares[0])} of successes "
        f"below and {proportion(shares[1])} of failures above",
        (),
    )
    near = found.measures["distance"].everywhere["0.05"]
    wrong, far = 1 - found.right.value, 1 - near.value
    truth = part(
        answer(
            far <= wrong / 2 and near.interval[0] > found.right.interval[1],
            near.interval[1] < found.right.interval[1],
        ),
        "edge",
        f"within 5% of the true inverse {proportion(near)}, right by the residual "
        f"{proportion(found.right)}",
        (),
    )
    return [told, truth]


def _leans(found: Memorisation) -> Part:
    excess, advantage = found.excess, found.advantage["0.05"]
    return part(
        answer(
            excess.low > -_DEPENDS and excess.high < _DEPENDS and advantage.low <= 0.01,
            excess.low > _DEPENDS,
        ),
        "edge",
        f"rank correlation of error and distance to the nearest of {found.training_matrices:,} "
        f"training matrices {found.correlation.value:+.3f}, {excess.value:+.3f} "
        f"({excess.low:+.3f} to {excess.high:+.3f}) beyond that to as many others; a look-up "
        f"would have {found.lookup.value:+.3f}",
        (),
    )


def _numbers(name: str, records: Sequence[FailureRecord]) -> list[Number]:
    """What is right, and of the failures what still is: means and ranges of the seeds."""
    shares = {f"{name}: right within 5%": [one.right.value for one in records]}
    for measure in records[0].measures:
        found = [one.measures[measure].failures["0.05"].value for one in records]
        shares[f"{name}: failures with {measure.replace('_', ' ')} within 5%"] = found
    return [
        Number(name=key, value=sum(values) / len(values), low=min(values), high=max(values))
        for key, values in shares.items()
    ]


STUDY = Analysis(
    name="matrices-failures",
    title="Where networks that read a matrix fail, and whether they remember",
    section="",
    runs=_runs,
    analyse=analyse,
    scales=("laptop",),
    note="Eigenvectors of 3x3 by grids, inverses of 5x5 by blocks in one pass, eigenvalues of 5x5 "
    "by grids; three training seeds each. Eigenvectors are right by the paper's score, which leaves "
    "orthogonality out, inverses by what they do to the matrix.",
)
