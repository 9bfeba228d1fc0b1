"""Where size-free inverses fail, and whether grids remember what they were trained on."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...runs import SCALES, Experiment, Scale
from ...runs.recipes import sizefree
from ...training import TokenFolder
from ...zoo.load import load
from ..charton2022.claims.analyses import leans
from ..charton2022.grid_failures import SEEDS, failures_of, inversions_fail, shares, verdict
from ..charton2022.memorisation import Memorisation, memorisation
from ..findings import Findings
from ..study import Analysis
from .data import run as eigenvalue_run

_MATRICES = 2_000


def _runs(scale: Scale) -> Sequence[Experiment]:
    found = []
    for seed in SEEDS:
        inverses = sizefree("inverse", "5x5", examples=1_000_000, seed=seed)
        values = eigenvalue_run("grid", "Wigner").repeated(seed=seed)
        found += [
            Experiment(name=f"inverse-5x5-{seed}", config=inverses),
            Experiment(name=f"eigenvalues-5x5-{seed}", config=values.config),
        ]
    return found


def analyse(scale: Scale, folders: Mapping[str, Any]) -> Findings:
    # Repeated until a residual is small, hardly an inverse fails.
    inverses = [failures_of(folders[f"inverse-5x5-{seed}"], "passes=1") for seed in SEEDS]
    remembered = [_memory(folders[f"eigenvalues-5x5-{seed}"]) for seed in SEEDS]
    return Findings(
        numbers=tuple(shares("inverse 5x5, one pass", inverses)),
        verdicts={
            "O04": verdict([inversions_fail(one) for one in inverses]),
            "O05": verdict([[leans(one)] for one in remembered]),
        },
    )


def _memory(folder: TokenFolder) -> Memorisation:
    return memorisation(load(str(folder.path)), folder.config(), _MATRICES)


STUDY = Analysis(
    name="matrices-failures",
    title="Where size-free inverses fail, and whether grids remember",
    section="",
    runs=_runs,
    analyse=analyse,
    scales=SCALES,  # the same at each
    note="Inverses of 5x5 by blocks in one pass, eigenvalues of 5x5 by grids; three training "
    "seeds each. Inverses are right by what they do to the matrix.",
)
